using System.Buffers;
using System.Text.Json;
using Tidemill.Core.Logs;
using Tidemill.Core.Streams;

namespace Tidemill.Connectors.Generator;

/// <summary>
/// Makes JSON records up. Record n is a function of the definition, n and, for its time fields, the clock: who asks again
/// gets the same record. Returned memory is never written again, so that records may be kept and batched at will.
/// Used by one caller at a time.
/// </summary>
public sealed class RecordGenerator : INumberedSource, IDisposable
{
    private const int SlabBytes = 64 << 10;

    private readonly GeneratorSourceDefinition _definition;
    private readonly RecordPlanner _planner;
    private readonly TimeProvider _clock;
    private readonly GeneratedField[] _fields;
    private readonly GeneratedField? _key;
    private readonly GeneratedField? _spoiled;
    private readonly ArrayBufferWriter<byte> _scratch = new(1024);
    private readonly Utf8JsonWriter _writer;
    private Memory<byte> _slab;

    /// <param name="definition">What to make; taken as valid.</param>
    /// <param name="clock">Gives the time of time fields.</param>
    public RecordGenerator(GeneratorSourceDefinition definition, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(definition);
        ArgumentNullException.ThrowIfNull(clock);
        this._clock = clock;
        _definition = definition;
        _planner = new RecordPlanner(definition);
        _fields = [.. definition.Fields.Select((f, i) => new GeneratedField(f, definition.Seed, i))];
        _key = Array.Find(_fields, f => f.Name == definition.Key);
        _spoiled = _fields.Where(f => f.SpoilOrder > 0).OrderBy(f => f.SpoilOrder).FirstOrDefault();
        _writer = new Utf8JsonWriter(_scratch, new JsonWriterOptions { SkipValidation = true });
    }

    public double Rate => _definition.Rate;

    public long? Limit => _definition.Limit;

    /// <summary>Record <paramref name="n"/>, counted from 0: value and key, no timestamp and no partition.</summary>
    public ProducerRecord Next(long n)
    {
        var plan = _planner.Plan(n);
        var moment = _clock.GetUtcNow() - plan.Delay;
        var malformation = plan.Malformation == Malformation.WrongType && _spoiled is null ? Malformation.Cut : plan.Malformation;
        Write(plan.Identity, moment, malformation);
        var value = _scratch.WrittenSpan;
        if (malformation == Malformation.Cut)
            value = value[..(value.Length / 2)];

        var record = new ProducerRecord { Value = Keep(value) };
        if (_key is null)
            return record;

        Span<byte> buffer = stackalloc byte[GeneratedField.MaxTextBytes];
        return _key.TryFormat(plan.Identity, moment, buffer, out var length)
            ? record with { Key = Keep(buffer[..length]) }
            : record with { Key = _key.LongText(plan.Identity) };
    }

    public void Dispose() => _writer.Dispose();

    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>What record <paramref name="n"/> is: whose fields it holds, how late, and whether broken.</summary>
    internal RecordPlan Plan(long n) => _planner.Plan(n);

    private void Write(long identity, DateTimeOffset moment, Malformation malformation)
    {
        _scratch.ResetWrittenCount();
        if (malformation == Malformation.NotJson)
        {
            _scratch.Write("<html><body>503 Service Unavailable</body></html>"u8);
            return;
        }

        var dropped = malformation == Malformation.MissingField ? _key ?? _fields[0] : null;
        _writer.Reset();
        _writer.WriteStartObject();
        foreach (var field in _fields)
        {
            if (field == dropped)
                continue;

            if (malformation == Malformation.WrongType && field == _spoiled)
                _writer.WriteBoolean(field.Encoded, true);
            else
                field.Write(_writer, identity, moment);
        }

        _writer.WriteEndObject();
        _writer.Flush();
    }

    /// <summary>A copy in the current slab. Slabs are small enough to stay out of the large object heap.</summary>
    private ReadOnlyMemory<byte> Keep(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > _slab.Length)
            _slab = new byte[Math.Max(SlabBytes, bytes.Length)];

        var kept = _slab[..bytes.Length];
        bytes.CopyTo(kept.Span);
        _slab = _slab[bytes.Length..];
        return kept;
    }
}
