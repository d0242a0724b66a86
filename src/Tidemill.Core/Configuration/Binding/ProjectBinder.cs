using Tidemill.Core.Configuration.Shapes;
using Tidemill.Core.Configuration.Yaml;
using Tidemill.Core.Logs;

namespace Tidemill.Core.Configuration.Binding;

/// <summary>Turns the topics of tidemill.yaml into records.</summary>
internal static class ProjectBinder
{
    public static IReadOnlyList<TopicSpec> BindTopics(Section root)
    {
        var topics = new List<TopicSpec>();
        foreach (var entry in root.Entries("topics"))
        {
            var node = entry.Value as MappingNode ?? new MappingNode(entry.Value.Line, []);
            topics.Add(BindTopic(entry.Key, new Section(node, ProjectShapes.Topic, $"topics.{entry.Key}", root.Context)));
        }

        return topics;
    }

    private static TopicSpec BindTopic(string name, Section topic)
    {
        var defaults = new TopicSpec(name);
        var retention = topic.Object("retention", ProjectShapes.Retention);
        return defaults with
        {
            Partitions = topic.Integer("partitions", defaults.Partitions),
            RetentionTime = retention.Duration("time"),
            RetentionBytes = retention.Size("bytes"),
            MaxRecordBytes = (int)(topic.Size("max_record_bytes") ?? defaults.MaxRecordBytes),
            ReplicationFactor = topic.Has("replication_factor") ? topic.Integer("replication_factor", 1) : null,
            Options = topic.TextMap("options"),
        };
    }
}
