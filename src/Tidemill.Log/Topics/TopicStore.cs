using System.Globalization;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Log.Partitions;
using Tidemill.Log.Recovery;
using Tidemill.Log.Storage;

namespace Tidemill.Log.Topics;

/// <summary>
/// Topics on disk: <c>topics/NAME/topic.json</c> and <c>topics/NAME/PARTITION/</c>. Creation ends with writing
/// topic.json and deletion begins with renaming it, so that a crash leaves a topic either whole or to be swept away.
/// </summary>
internal sealed class TopicStore(IFileSystem files, string root, EmbeddedLogOptions options)
{
    private const string DeletedName = "topic.deleted";

    private readonly string _topics = Path.Combine(root, "topics");

    /// <summary>Sweeps away halves of topics and opens the others; reports what recovery cut off.</summary>
    public IReadOnlyList<Topic> OpenAll(ICollection<TailTruncation> truncations, CancellationToken cancellationToken)
    {
        files.CreateFolder(_topics);
        files.FlushFolder(root);
        List<Topic> opened = [];
        try
        {
            foreach (string name in files.Folders(_topics).Order(StringComparer.Ordinal))
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (!SweepHalfTopic(name)) opened.Add(Open(TopicMetadata.Read(files, Folder(name), name), truncations));
            }

            return opened;
        }
        catch
        {
            foreach (var partition in opened.SelectMany(t => t.Partitions)) partition.Dispose();
            throw;
        }
    }

    public Topic Create(TopicMetadata metadata)
    {
        string folder = Folder(metadata.Name);
        if (files.FileExists(Path.Combine(folder, TopicMetadata.FileName)))
        {
            throw new TidemillException(
                ErrorCode.InvalidRequest,
                $"Topic {metadata.Name} differs from an existing one only in upper and lower case, which this file system does not "
                    + $"tell apart.");
        }

        if (files.Folders(_topics).Contains(metadata.Name)) files.DeleteFolder(folder);
        files.CreateFolder(folder);
        files.FlushFolder(_topics);
        for (int i = 0; i < metadata.Partitions; i++) files.CreateFolder(PartitionFolder(metadata.Name, i));
        files.FlushFolder(folder);
        var topic = Open(metadata, []);
        metadata.Write(files, folder);
        return topic;
    }

    /// <summary>The topic's partitions must have been closed.</summary>
    public void Delete(string name)
    {
        string folder = Folder(name);
        files.Rename(Path.Combine(folder, TopicMetadata.FileName), Path.Combine(folder, DeletedName));
        files.FlushFolder(folder);
        DeleteMarked(name);
    }

    private Topic Open(TopicMetadata metadata, ICollection<TailTruncation> truncations)
    {
        var partitions = new PartitionLog?[metadata.Partitions];
        try
        {
            Parallel.For(0, partitions.Length, i => partitions[i] = OpenPartition(new TopicPartition(metadata.Name, i), truncations));
        }
        catch (AggregateException error)
        {
            foreach (var partition in partitions) partition?.Dispose();
            throw error.InnerExceptions.OfType<TidemillException>().FirstOrDefault() ?? error.InnerExceptions[0];
        }

        return new Topic(metadata, partitions!, options.BatchBytes);
    }

    private PartitionLog OpenPartition(TopicPartition partition, ICollection<TailTruncation> truncations)
    {
        string folder = PartitionFolder(partition.Topic, partition.Partition);
        var recovered = new PartitionRecovery(files, folder, partition, options).Run();
        if (recovered.Truncation is { } truncation)
        {
            lock (truncations) truncations.Add(truncation);
        }

        return new PartitionLog(files, folder, partition, options, recovered);
    }

    // True when the folder was the rest of a creation or deletion that a crash cut short.
    private bool SweepHalfTopic(string name)
    {
        string folder = Folder(name);
        if (files.FileExists(Path.Combine(folder, TopicMetadata.FileName))) return false;
        if (!files.FileExists(Path.Combine(folder, DeletedName)) && HoldsRecords(folder))
        {
            throw new TidemillException(
                ErrorCode.DataCorrupt, $"Topic {name}: {Path.Combine(folder, TopicMetadata.FileName)} is missing, but records are there.");
        }

        DeleteMarked(name);
        return true;
    }

    private bool HoldsRecords(string folder) => files.Folders(folder)
        .Select(p => Path.Combine(folder, p))
        .SelectMany(p => files.Files(p).Where(f => f.EndsWith(Segments.Segment.FileSuffix, StringComparison.Ordinal)), Path.Combine)
        .Any(f => Length(f) > 0);

    private long Length(string path)
    {
        using var file = files.Open(path, FileOpen.Read);
        return file.Length;
    }

    // The mark goes last: without it, a crash halfway would look like a topic whose metadata was lost.
    private void DeleteMarked(string name)
    {
        string folder = Folder(name);
        foreach (string partition in files.Folders(folder)) files.DeleteFolder(Path.Combine(folder, partition));
        files.FlushFolder(folder);
        files.DeleteFolder(folder);
        files.FlushFolder(_topics);
    }

    private string Folder(string name) => Path.Combine(_topics, name);

    private string PartitionFolder(string name, int partition) =>
        Path.Combine(Folder(name), partition.ToString(CultureInfo.InvariantCulture));
}
