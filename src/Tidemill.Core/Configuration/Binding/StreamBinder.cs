using Tidemill.Core.Configuration.Shapes;
using Tidemill.Core.Configuration.Yaml;
using Tidemill.Core.Logs;

namespace Tidemill.Core.Configuration.Binding;

/// <summary>Turns one streams/*.yaml into its record and checks what shapes cannot say.</summary>
internal static class StreamBinder
{
    private static readonly string[] OtherSourceKeys = ["topic", "start", "on_out_of_range", "connection", "generator"];
    private static readonly string[] ReaderKeys = ["decode", "transform", "deduplicate", "on_drift", "dead_letters"];
    private static readonly string[] TopicKeys = ["start", "on_out_of_range", "connection"];

    public static StreamDefinition Bind(Section root, string defaultName)
    {
        var decode = root.Has("decode") ? DecodeBinder.Bind(root.Object("decode", StreamShapes.Decode)) : null;
        var source = BindSource(root.Object("source", root.Context.Kinds.Files.Stream.Source));
        var transform = root.Sql("transform");
        var columns = SinkColumns(decode, transform);
        var sinks = BindSinks(root, columns);
        var stream = new StreamDefinition
        {
            Name = root.Text("name") ?? defaultName,
            File = root.Context.Report.File,
            Enabled = root.Flag("enabled", true),
            Source = source,
            Decode = decode,
            Transform = transform,
            Deduplicate = BindDeduplicate(root, decode),
            OnDrift = root.Choice("on_drift", DriftPolicy.Ignore),
            DeadLetterTopic = BindDeadLetterTopic(root),
            Batch = BindBatch(root.Object("batch", StreamShapes.Batch), sinks),
            Sinks = sinks,
        };
        if (source is GeneratorSourceDefinition or PolledSourceDefinition)
            CheckPump(root, stream, source is GeneratorSourceDefinition ? "generator" : "collection");
        else
            CheckTopicReader(root, stream);

        CheckSinkNames(root, stream);
        if (stream.DeadLetterTopic is { } letters && source is TopicSourceDefinition { Topic: var read } && letters == read)
            root.Error("dead_letters", "Dead letters would go back into the topic that the stream reads.", "Name another topic.");

        return stream;
    }

    private static string? BindDeadLetterTopic(Section root) => root.Value("dead_letters") is MappingNode node
        ? new Section(node, StreamShapes.DeadLetters, "dead_letters", root.Context).Text("topic")
        : null;

    private static SourceDefinition BindSource(Section source)
    {
        var topic = source.Text("topic");
        var start = source.Choice("start", StartPosition.Earliest);
        var connection = source.Text("connection");
        var policy = source.Choice("on_out_of_range", OutOfRangePolicy.Halt);
        if (source.Value("collection") is { } collection)
        {
            foreach (var other in OtherSourceKeys.Where(source.Has))
                source.Error(other, $"The source is a collection, beside which '{other}' has no meaning.", $"Remove '{other}'.");

            return BindCollection(new Section(
                SinkBinder.AsMapping(collection, "collection"), StreamShapes.CollectionSource, "source.collection", source.Context));
        }

        if (!source.Has("generator"))
        {
            if (topic is null && source.Node.Entries.Count > 0 && source.Node.Find("topic") is null)
            {
                source.Error(
                    "topic",
                    source.Node.Line,
                    "The source is neither a topic nor a generator nor a collection.",
                    "Write `source: {topic: NAME}`, `source: {generator: ...}` or `source: {collection: NAME}`.");
            }

            return new TopicSourceDefinition(topic ?? "", start) { Connection = connection, OnOutOfRange = policy };
        }

        if (topic is not null)
        {
            source.Error(
                "generator",
                "The source is both a topic and a generator.",
                "Keep one of the two; a generator's topic is named in its sink.");
        }

        foreach (var key in TopicKeys.Where(k => topic is null && source.Has(k)))
            source.Error(key, $"'{key}' belongs to topics.", $"Remove '{key}'.");

        return GeneratorBinder.Bind(source.Object("generator", StreamShapes.Generator));
    }

    private static CollectionSourceDefinition BindCollection(Section section)
    {
        var defaults = new CollectionSourceDefinition(section.Text("collection") ?? "");
        return defaults with
        {
            Field = section.Text("field") ?? defaults.Field,
            Overlap = section.Duration("overlap") ?? defaults.Overlap,
            Types = section.Choice("types", defaults.Types),
            Poll = section.Duration("poll") ?? defaults.Poll,
        };
    }

    private static BatchDefinition BindBatch(Section batch, List<SinkDefinition> sinks)
    {
        var defaults = new BatchDefinition();
        if (sinks.Exists(sink => sink is CollectionSinkDefinition))
            defaults = defaults with { MaxRecords = CollectionSinkDefinition.BatchRecords };

        return new BatchDefinition
        {
            MaxRecords = batch.Integer("max_records", defaults.MaxRecords),
            MaxBytes = batch.Size("max_bytes") ?? defaults.MaxBytes,
            MaxWait = batch.Duration("max_wait") ?? defaults.MaxWait,
        };
    }

    private static IReadOnlyList<string> BindDeduplicate(Section root, DecodeDefinition? decode)
    {
        var names = root.Texts("deduplicate");
        ColumnCheck.Names(names, "deduplicate", decode?.Fields.Select(f => f.Name).ToList(), root);
        return [.. names.Select(n => n.Text)];
    }

    /// <summary>Columns that reach the sinks; null when only the SQL engine knows them, or no field could be read.</summary>
    private static List<string>? SinkColumns(DecodeDefinition? decode, SqlText? transform)
    {
        if (decode is not { Fields.Count: > 0 } || transform is not null)
            return null;

        var columns = decode.Fields.Select(f => f.Name).ToList();
        if (decode.ExtraColumn is { } extra)
            columns.Add(extra);

        return columns;
    }

    private static List<SinkDefinition> BindSinks(Section root, List<string>? columns)
    {
        var sinks = new List<SinkDefinition>();
        var items = root.Items("sinks");
        for (var i = 0; i < items.Count; i++)
        {
            if (items[i] is MappingNode node)
                sinks.AddRange(SinkBinder.Bind(new Section(node, root.Context.Kinds.Files.Stream.Sink, $"sinks[{i}]", root.Context), columns));
        }

        return sinks;
    }

    private static void CheckPump(Section root, StreamDefinition stream, string source)
    {
        foreach (var key in ReaderKeys.Where(root.Has))
        {
            root.Error(
                key,
                $"A {source}'s records are written as they are; '{key}' has no effect.",
                $"Remove '{key}', and put it into the stream that reads the topic.");
        }

        if (stream.Sinks.Any(s => s is not TopicSinkDefinition))
            root.Error("sinks", $"A {source} writes to a topic only.", "Write `- topic: NAME`, and read that topic in another stream.");
        else if (stream.Sinks.Count > 1)
            root.Error("sinks", $"A {source} writes to one topic.", "Keep one sink.");
        else if (stream.Sinks is [TopicSinkDefinition topic])
            TopicSinkBinder.CheckGenerator(root, source, topic);
    }

    private static void CheckTopicReader(Section root, StreamDefinition stream)
    {
        if (stream.Decode is null && stream.Sinks.Any(s => s is not TopicSinkDefinition))
            root.Error("decode", root.Node.Line, "Nothing says how records become rows.", "Add `decode:` with the fields and their types.");
        else
            TopicSinkBinder.CheckReader(root, stream);
    }

    private static void CheckSinkNames(Section root, StreamDefinition stream)
    {
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var sink in stream.Sinks.Where(s => s.Name.Length > 0 && !seen.Add(s.Name)))
            root.Error("sinks", $"Two sinks are named '{sink.Name}'.", "Give one of them another `name`; checkpoints are kept under it.");
    }
}
