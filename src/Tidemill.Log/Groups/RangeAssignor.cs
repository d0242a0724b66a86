using Tidemill.Core.Logs;

namespace Tidemill.Log.Groups;

/// <summary>
/// Shares each topic's partitions in runs among the members that read it, in joining order, the first ones getting
/// one more where they do not divide evenly: Kafka's range assignment.
/// </summary>
internal static class RangeAssignor
{
    /// <returns>Members by index, as given.</returns>
    public static IReadOnlyList<IReadOnlyList<TopicPartition>> Assign(
        IReadOnlyList<IReadOnlyCollection<string>> topicsOfMembers, IReadOnlyDictionary<string, int> partitionsOfTopics)
    {
        var assignment = topicsOfMembers.Select(_ => new List<TopicPartition>()).ToList();
        foreach (var (topic, partitions) in partitionsOfTopics)
        {
            int[] readers = [.. Enumerable.Range(0, topicsOfMembers.Count).Where(m => topicsOfMembers[m].Contains(topic))];
            int next = 0;
            for (int i = 0; i < readers.Length; i++)
            {
                int share = (partitions / readers.Length) + (i < partitions % readers.Length ? 1 : 0);
                for (int end = next + share; next < end; next++) assignment[readers[i]].Add(new TopicPartition(topic, next));
            }
        }

        return assignment;
    }
}
