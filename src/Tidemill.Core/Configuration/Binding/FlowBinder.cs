using Tidemill.Core.Components;
using Tidemill.Core.Configuration.Shapes;
using Tidemill.Core.Configuration.Yaml;
using Tidemill.Core.Logs;

namespace Tidemill.Core.Configuration.Binding;

/// <summary>Turns one streams/*.yaml into its record: a pump where the source is of an installed kind, else a stream.</summary>
internal static class FlowBinder
{
    private static readonly string[] TopicKeys = ["start", "on_out_of_range", "connection"];

    public static FlowDefinition Bind(Section root, string defaultName)
    {
        var source = root.Object("source", root.Context.Kinds.Files.Stream.Source);
        var kinds = root.Context.Kinds.Sources.Where(kind => source.Has(kind.Key)).ToList();
        var topic = BindTopic(source);
        if (kinds.Count == 0)
        {
            CheckIsNamed(source);
            return StreamBinder.Bind(root, defaultName, topic);
        }

        CheckIsAlone(source, kinds, topic);
        return PumpBinder.Bind(root, defaultName, kinds[^1].Bind(source));
    }

    /// <summary>The entries of <c>sinks</c>, each by its kind.</summary>
    /// <param name="columns">Columns that reach the sinks. Null: not known before the SQL is planned.</param>
    public static List<SinkDefinition> BindSinks(Section root, List<string>? columns)
    {
        var sinks = new List<SinkDefinition>();
        var items = root.Items("sinks");
        for (var i = 0; i < items.Count; i++)
        {
            if (items[i] is not MappingNode node)
                continue;

            var sink = new Section(node, root.Context.Kinds.Files.Stream.Sink, $"sinks[{i}]", root.Context);
            sinks.AddRange(root.Context.Kinds.Sinks.Where(kind => sink.Has(kind.Key)).Select(kind => kind.Bind(sink, columns)));
        }

        return sinks;
    }

    private static TopicSourceDefinition BindTopic(Section source) =>
        new(source.Text("topic") ?? "", source.Choice("start", StartPosition.Earliest))
        {
            Connection = source.Text("connection"),
            OnOutOfRange = source.Choice("on_out_of_range", OutOfRangePolicy.Halt),
        };

    private static void CheckIsNamed(Section source)
    {
        if (source.Has("topic") || source.Node.Entries.Count == 0 || source.Node.Find("topic") is not null)
            return;

        var kinds = source.Context.Kinds.Sources;
        List<string> forms = ["`source: {topic: NAME}`", .. kinds.Select(k => $"`source: {{{k.Key}: {Example(k)}}}`")];
        source.Error(
            "topic", source.Node.Line, $"The source is neither a topic{string.Concat(kinds.Select(k => $" nor a {k.Key}"))}.",
            $"Write {string.Join(", ", forms.SkipLast(1))} or {forms[^1]}.");
    }

    private static string Example(IComponentKind kind) => kind.Shape is EitherShape { Scalar: not null } ? "NAME" : "...";

    private static void CheckIsAlone(Section source, List<ISourceKind> kinds, TopicSourceDefinition topic)
    {
        var kind = kinds[^1];
        foreach (var other in kinds.SkipLast(1))
            source.Error(other.Key, $"The source is both a {other.Key} and a {kind.Key}.", "Keep one of the two.");

        if (topic.Topic.Length > 0)
        {
            source.Error(
                kind.Key,
                $"The source is both a topic and a {kind.Key}.", $"Keep one of the two; a {kind.Key}'s topic is named in its sink.");
            return;
        }

        foreach (var key in TopicKeys.Where(source.Has))
            source.Error(key, $"'{key}' belongs to topics.", $"Remove '{key}'.");
    }
}
