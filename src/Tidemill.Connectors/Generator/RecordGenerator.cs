using System.Buffers;
using System.Text.Json;
using Tidemill.Core.Configuration;
using Tidemill.Core.Logs;

namespace Tidemill.Connectors.Generator;

/// <summary>
/// Makes JSON records up. Record n is a function of the definition, n and, for its time fields, the clock: who asks again
/// gets the same record. Returned memory is never written again, so that records may be kept and batched at will.
/// Used by one caller at a time.
/// </summary>
public sealed class RecordGenerator : IDisposable
{
    private const int SlabBytes = 64 << 10;

    private readonly RecordPlanner planner;
    private readonly TimeProvider clock;
    private readonly GeneratedField[] fields;
    private readonly GeneratedField? key;
    private readonly GeneratedField? spoiled;
    private readonly ArrayBufferWriter<byte> scratch = new(1024);
    private readonly Utf8JsonWriter writer;
    private Memory<byte> slab;

    /// <param name="definition">What to make; taken as valid.</param>
    /// <param name="clock">Gives the time of time fields.</param>
    public RecordGenerator(GeneratorSourceDefinition definition, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(definition);
        ArgumentNullException.ThrowIfNull(clock);
        this.clock = clock;
        planner = new RecordPlanner(definition);
        fields = [.. definition.Fields.Select((f, i) => new GeneratedField(f, definition.Seed, i))];
        key = Array.Find(fields, f => f.Name == definition.Key);
        spoiled = fields.Where(f => f.SpoilOrder > 0).OrderBy(f => f.SpoilOrder).FirstOrDefault();
        writer = new Utf8JsonWriter(scratch, new JsonWriterOptions { SkipValidation = true });
    }

    /// <summary>Record <paramref name="n"/>, counted from 0: value and key, no timestamp and no partition.</summary>
    public ProducerRecord Next(long n)
    {
        var plan = planner.Plan(n);
        var moment = clock.GetUtcNow() - plan.Delay;
        var malformation = plan.Malformation == Malformation.WrongType && spoiled is null ? Malformation.Cut : plan.Malformation;
        Write(plan.Identity, moment, malformation);
        var value = scratch.WrittenSpan;
        if (malformation == Malformation.Cut)
            value = value[..(value.Length / 2)];

        var record = new ProducerRecord { Value = Keep(value) };
        if (key is null)
            return record;

        Span<byte> buffer = stackalloc byte[GeneratedField.MaxTextBytes];
        return key.TryFormat(plan.Identity, moment, buffer, out var length)
            ? record with { Key = Keep(buffer[..length]) }
            : record with { Key = key.LongText(plan.Identity) };
    }

    public void Dispose() => writer.Dispose();

    /// <summary>What record <paramref name="n"/> is: whose fields it holds, how late, and whether broken.</summary>
    internal RecordPlan Plan(long n) => planner.Plan(n);

    private void Write(long identity, DateTimeOffset moment, Malformation malformation)
    {
        scratch.ResetWrittenCount();
        if (malformation == Malformation.NotJson)
        {
            scratch.Write("<html><body>503 Service Unavailable</body></html>"u8);
            return;
        }

        var dropped = malformation == Malformation.MissingField ? key ?? fields[0] : null;
        writer.Reset();
        writer.WriteStartObject();
        foreach (var field in fields)
        {
            if (field == dropped)
                continue;

            if (malformation == Malformation.WrongType && field == spoiled)
                writer.WriteBoolean(field.Encoded, true);
            else
                field.Write(writer, identity, moment);
        }

        writer.WriteEndObject();
        writer.Flush();
    }

    /// <summary>A copy in the current slab. Slabs are small enough to stay out of the large object heap.</summary>
    private ReadOnlyMemory<byte> Keep(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > slab.Length)
            slab = new byte[Math.Max(SlabBytes, bytes.Length)];

        var kept = slab[..bytes.Length];
        bytes.CopyTo(kept.Span);
        slab = slab[bytes.Length..];
        return kept;
    }
}
