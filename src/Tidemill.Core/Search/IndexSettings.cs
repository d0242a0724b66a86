using Tidemill.Core.Schemas;

namespace Tidemill.Core.Search;

/// <summary>How an index is made. What a store has no use for it leaves out: the embedded one has no shards.</summary>
public sealed record IndexSettings(IndexMapping Mapping)
{
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>Name of the index template to write; null: none.</summary>
    public string? Template { get; init; }

    /// <summary>Null: the server's default.</summary>
    public int? Shards { get; init; }

    public int? Replicas { get; init; }

    public LifecycleDefinition? Lifecycle { get; init; }
}

/// <summary>Column types as Elasticsearch types.</summary>
public static class IndexTypes
{
    public static IReadOnlyList<string> All { get; } = ["date", "integer", "long", "float", "double", "keyword", "text", "boolean"];

    /// <summary>Null leaves the type to the first value, as for JSON.</summary>
    public static string? Of(FieldType type) => type.Kind switch
    {
        FieldKind.Boolean => "boolean",
        FieldKind.Int8 or FieldKind.Int16 or FieldKind.Int32 or FieldKind.UInt8 or FieldKind.UInt16 => "integer",
        FieldKind.Int64 or FieldKind.UInt32 => "long",
        FieldKind.Float => "float",
        FieldKind.Double or FieldKind.Decimal or FieldKind.HugeInt or FieldKind.UInt64 => "double",
        FieldKind.Date or FieldKind.Timestamp or FieldKind.TimestampTz => "date",
        FieldKind.Json or FieldKind.Blob => null,
        _ => "keyword",
    };
}
