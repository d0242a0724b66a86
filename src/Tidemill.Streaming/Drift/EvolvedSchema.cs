using Tidemill.Core.Configuration;
using Tidemill.Core.Schemas;
using Tidemill.Core.Warehouses;
using Tidemill.Streaming.Decoding;

namespace Tidemill.Streaming.Drift;

/// <summary>
/// A stream's declaration with what its decision log has added to it. The log's entries are joined, whatever their order,
/// so that all processes come to the same schema.
/// </summary>
internal static class EvolvedSchema
{
    /// <summary>The stream as it decodes now; reads the decision log.</summary>
    public static async Task<StreamDefinition> ResolveAsync(
        IWarehouse warehouse, StreamDefinition stream, CancellationToken cancellationToken) =>
        stream.Decode is null
            ? stream
            : Merge(stream, await new SchemaChangeStore(warehouse).ListAsync(stream.Name, int.MaxValue, cancellationToken));

    public static StreamDefinition Merge(StreamDefinition stream, IEnumerable<SchemaChange> changes)
    {
        var decode = stream.Decode!;
        var fields = decode.Fields.ToList();
        var ignore = decode.Ignore.ToHashSet(StringComparer.Ordinal);
        foreach (var change in changes.OrderBy(c => c.Kind.Known).ThenBy(c => c.At).ThenBy(c => c.Column, StringComparer.Ordinal))
        {
            var at = fields.FindIndex(f => f.Path.SequenceEqual(change.Path, StringComparer.Ordinal));
            var isDeclared = at >= 0 && at < decode.Fields.Count;
            if (change.Kind == SchemaChangeKind.Dropped && change.Decision.Known is SchemaDecision.Quarantined or SchemaDecision.Halted)
            {
                if (isDeclared && stream.OnDrift is DriftPolicy.Quarantine or DriftPolicy.Halt && fields[at].Default is null)
                    fields[at] = fields[at] with { Dropped = true };
            }
            else if (change.Decision == SchemaDecision.Evolved && change.NewType is { } name && FieldType.TryParse(name, out var type)
                && !ignore.Contains(change.Field))
            {
                Evolve(fields, at, isDeclared, change, type);
            }
        }

        return stream with { Decode = decode with { Fields = fields } };
    }

    /// <summary>The field with a type that also holds values of this one.</summary>
    public static DecodeField Widened(DecodeField field, FieldType type)
    {
        var joined = WiderType.Join(field.Type, type);
        return field with
        {
            Type = joined,
            AnyValue = joined.Kind == FieldKind.Text,
            TimestampFormat = joined == field.Type ? field.TimestampFormat : TimestampFormat.Iso8601,
        };
    }

    private static void Evolve(List<DecodeField> fields, int at, bool isDeclared, SchemaChange change, FieldType type)
    {
        if (change.Kind == SchemaChangeKind.Added)
        {
            // Once a person declares the field, the declaration counts.
            if (at < 0 && change.Column is { } column && !fields.Exists(f => f.Name.Equals(column, StringComparison.OrdinalIgnoreCase)))
                fields.Add(new DecodeField(column, type) { Path = change.Path, AnyValue = type.Kind == FieldKind.Text });
            else if (at >= 0 && !isDeclared)
                fields[at] = Widened(fields[at], type);
        }
        else if (change.Kind == SchemaChangeKind.Widened && at >= 0)
        {
            fields[at] = Widened(fields[at], type);
        }
    }
}
