using Tidemill.Core.Components;
using Tidemill.Core.Configuration.Shapes;

namespace Tidemill.Core.Configuration.Binding;

/// <summary>Turns a streams/*.yaml whose source is no topic into its record.</summary>
internal static class PumpBinder
{
    private static readonly string[] RowKeys = ["decode", "transform", "deduplicate", "on_drift", "dead_letters"];

    public static PumpDefinition Bind(Section root, string defaultName, SourceDefinition source)
    {
        var kind = source.Kind.Key;
        foreach (var key in RowKeys.Where(root.Has))
        {
            root.Error(
                key, $"A {kind}'s records are written as they are; '{key}' has no effect.",
                $"Remove '{key}', and put it into the stream that reads the topic.");
        }

        StreamBinder.BindBatch(root.Object("batch", StreamShapes.Batch), []);
        return new PumpDefinition
        {
            Name = root.Text("name") ?? defaultName,
            File = root.Context.Report.File,
            Enabled = root.Flag("enabled", true),
            Source = source,
            Topic = BindTopic(root, kind),
        };
    }

    /// <summary>The topic of the only sink; empty when there is another, which is reported.</summary>
    private static string BindTopic(Section root, string kind)
    {
        var sinks = FlowBinder.BindSinks(root, columns: null);
        var topics = sinks.Select(sink => sink.Output as TopicOutput).ToList();
        if (topics.Contains(null))
        {
            root.Error("sinks", $"A {kind} writes to a topic only.", "Write `- topic: NAME`, and read that topic in another stream.");
        }
        else if (sinks.Count > 1)
        {
            root.Error("sinks", $"A {kind} writes to one topic.", "Keep one sink.");
        }
        else if (topics is [{ } topic] && topic is not { Connection: null, OnlyNamed: true })
        {
            root.Error(
                "sinks", $"The records of a {kind} go to a topic of the target's log as they are: '{sinks[0].Name}' takes only a name.",
                "Write `- topic: NAME`, and read that topic in a stream that passes the records on.");
        }

        return topics.FirstOrDefault()?.Topic ?? "";
    }
}
