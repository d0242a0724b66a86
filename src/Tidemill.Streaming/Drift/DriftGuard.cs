using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Warehouses;
using Tidemill.Streaming.Decoding;
using Tidemill.Streaming.Pipeline;

namespace Tidemill.Streaming.Drift;

/// <summary>
/// Compares what a stream's records have with its declared schema, batch by batch, and carries the stream's policy out.
/// Lives as long as the stream is supervised; used by one caller at a time.
/// </summary>
internal sealed class DriftGuard(StreamServices services, StreamDefinition stream)
{
    private readonly SchemaChangeStore _log = new(services.Warehouse);
    private readonly HashSet<(Stored<SchemaChangeKind>, string, string?, Stored<SchemaDecision>)> _reported = [];
    private readonly DroppedFields _dropped = new();
    private readonly SchemaEvolution _evolution = new(services);
    private readonly StreamDefinition _declared = stream;
    private List<SchemaChange> _pending = [];
    private HashSet<(Stored<SchemaChangeKind>, string, string?)> _carriedOut = [];

    /// <summary>The stream as it decodes now.</summary>
    public StreamDefinition Current { get; private set; } = stream;

    /// <summary>Carries out what the last batch asked for, then reads the schema as the decision log has it.</summary>
    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        if (_pending.Count > 0)
        {
            await _evolution.ApplyAsync(Current, _pending, cancellationToken);
            _carriedOut = [.. _pending.Select(Identity)];
            _pending = [];
        }

        Current = await EvolvedSchema.ResolveAsync(services.Warehouse, _declared, cancellationToken);
    }

    /// <summary>Looks at a decoded batch before it goes on. The common case, no drift, costs next to nothing.</summary>
    public async ValueTask<DriftVerdict> InspectAsync(MicroBatch batch, RowMaker rows, CancellationToken cancellationToken)
    {
        if (Current.Decode is null)
            return DriftVerdict.Continue;

        var sighting = rows.TakeDrift();
        var drifted = batch.Decoded!.Rejected.Where(r => r.Failure.Code == ErrorCode.SchemaDrift).ToList();
        var dropped = _dropped.Count(Current.Decode, sighting.Unmet, batch.Count);
        if (sighting.Unknown.Count == 0 && drifted.Count == 0 && dropped.Count == 0)
            return DriftVerdict.Continue;

        return Current.OnDrift switch
        {
            DriftPolicy.Evolve => await EvolveAsync(batch, sighting, dropped, cancellationToken),
            DriftPolicy.Halt => await HaltAsync(batch, sighting, drifted, dropped, cancellationToken),
            DriftPolicy.Quarantine => await QuarantineAsync(batch, sighting, drifted, dropped, cancellationToken),
            _ => await IgnoreAsync(batch, sighting, dropped, cancellationToken),
        };
    }

    private async Task<DriftVerdict> IgnoreAsync(
        MicroBatch batch, DriftSighting sighting, List<DecodeField> dropped, CancellationToken cancellationToken)
    {
        await ReportAsync(
        [
            .. sighting.Unknown.Where(u => u.Type is not null)
                .SelectMany(u => Seen(u, batch, SchemaDecision.LeftOut, "on_drift is ignore.")),
            .. dropped.Select(field => Missing(field, batch, SchemaDecision.Kept)),
        ], cancellationToken);
        return DriftVerdict.Continue;
    }

    private async Task<DriftVerdict> QuarantineAsync(
        MicroBatch batch,
        DriftSighting sighting, List<RejectedRecord> drifted, List<DecodeField> dropped, CancellationToken cancellationToken)
    {
        await ReportAsync(
        [
            .. sighting.Unknown.SelectMany(u => Seen(u, batch, SchemaDecision.Quarantined, null)),
            .. drifted.Where(r => r.Failure.Wider is not null).Select(r => Misfit(r, SchemaDecision.Quarantined)),
            .. dropped.Select(field => Missing(field, batch, SchemaDecision.Quarantined)),
        ], cancellationToken);
        return dropped.Count == 0 ? DriftVerdict.Continue : DriftVerdict.Restart;
    }

    private async Task<DriftVerdict> HaltAsync(
        MicroBatch batch,
        DriftSighting sighting, List<RejectedRecord> drifted, List<DecodeField> dropped, CancellationToken cancellationToken)
    {
        if (drifted.Count == 0 && dropped.Count == 0)
            return DriftVerdict.Continue;

        // What was missing for long is missing from the batch's first record on.
        var first = dropped.Count > 0 ? null : drifted[0];
        List<SchemaChange> changes = first is null ? [.. dropped.Select(field => Missing(field, batch, SchemaDecision.Halted))]
            : first.Failure.Wider is not null ? [Misfit(first, SchemaDecision.Halted)]
            : [.. sighting.Unknown.Where(u => u.First == first.Position).SelectMany(u => Seen(u, batch, SchemaDecision.Halted, null))];
        await ReportAsync(changes, cancellationToken);
        var position = first?.Position ?? changes[0].Position;
        var problem = first is null
            ? $"Field {changes[0].Field} came with earlier records and not with the last {DroppedFields.After}."
            : first.Failure.Message;
        var hint = changes.FirstOrDefault(c => c.Kind == SchemaChangeKind.Renamed)?.Detail;
        return new DriftVerdict(DriftAction.Halt, first is null ? 0 : NumberOf(batch, first.Index), new TidemillException(
            ErrorCode.SchemaDrift, $"Stream {Current.Name} stands in front of {position}. {problem} {hint}".TrimEnd()));
    }

    private async Task<DriftVerdict> EvolveAsync(
        MicroBatch batch, DriftSighting sighting, List<DecodeField> dropped, CancellationToken cancellationToken)
    {
        await ReportAsync([.. dropped.Select(field => Missing(field, batch, SchemaDecision.Kept))], cancellationToken);
        var found = _evolution.Propose(Current, batch, sighting, services.Time.GetUtcNow());
        if (found.Count == 0)
            return DriftVerdict.Continue;

        // Changes that were carried out and are asked for again would be asked for without end.
        if (found.TrueForAll(change => _carriedOut.Contains(Identity(change))))
        {
            var names = string.Join(", ", found.Select(change => change.Field).Distinct());
            return new DriftVerdict(DriftAction.Halt, 0, new TidemillException(
                ErrorCode.SchemaDrift,
                $"Stream {Current.Name} stands in front of {found[0].Position}: its fields were changed for {names}, and its records "
                    + "still do not fit. Declare these fields, or name them in `decode.ignore`."));
        }

        await ReportAsync(
            [.. sighting.Unknown.SelectMany(u => Seen(u, batch, SchemaDecision.Kept, null)).Where(c => c.Kind == SchemaChangeKind.Renamed)],
            cancellationToken);
        _pending = found;
        return DriftVerdict.Restart;
    }

    private static (Stored<SchemaChangeKind> Kind, string Field, string? Type) Identity(SchemaChange change) =>
        (change.Kind, change.Field, change.NewType);

    /// <summary>The entry of a new property, and one more when it looks like a declared field's new name.</summary>
    private IEnumerable<SchemaChange> Seen(UnknownField unknown, MicroBatch batch, SchemaDecision decision, string? detail)
    {
        var now = services.Time.GetUtcNow();
        yield return new SchemaChange
        {
            Stream = Current.Name,
            Kind = SchemaChangeKind.Added,
            Path = unknown.Path,
            NewType = unknown.Type?.ToString(),
            Decision = decision,
            Detail = detail,
            Position = unknown.First,
            At = now,
        };
        if (Suspect(unknown, batch) is { } field)
        {
            yield return new SchemaChange
            {
                Stream = Current.Name,
                Kind = SchemaChangeKind.Renamed,
                Path = field.Path,
                Column = field.Name,
                OldType = field.Type.ToString(),
                Decision = decision,
                Position = unknown.First,
                At = now,
                Detail = $"Field {field.Name} is missing where {unknown.Field} stands: if that is its new name, declare `{field.Name}: "
                    + $"{{type: ..., path: {unknown.Field}}}`.",
            };
        }
    }

    private DecodeField? Suspect(UnknownField unknown, MicroBatch batch)
    {
        foreach (var run in batch.Records.Where(r => r.Partition == unknown.First.Partition))
        {
            foreach (ref readonly var record in run.Records)
            {
                if (record.Offset == unknown.First.Offset.Value)
                    return RenamedField.Suspect(unknown.Path, record.Value, Current.Decode!);
            }
        }

        return null;
    }

    private SchemaChange Misfit(RejectedRecord rejected, SchemaDecision decision) => SchemaEvolution.Misfit(
        Current, rejected, decision, services.Time.GetUtcNow());

    private SchemaChange Missing(DecodeField field, MicroBatch batch, SchemaDecision decision)
    {
        var run = batch.Records.First(r => r.Records.Length > 0);
        return new SchemaChange
        {
            Stream = Current.Name,
            Kind = SchemaChangeKind.Dropped,
            Path = field.Path,
            Column = field.Name,
            OldType = field.Type.ToString(),
            Decision = decision,
            At = services.Time.GetUtcNow(),
            Detail = field.Required ? "The field is required: records without it are dead letters." : null,
            Position = new RecordPosition(run.Partition, new LogOffset(run.Records[0].Offset)),
        };
    }

    /// <summary>Writes entries that were not written yet. While the warehouse is away they are left for later: rows count more.</summary>
    private async Task ReportAsync(List<SchemaChange> changes, CancellationToken cancellationToken)
    {
        var fresh = changes.Where(c => !_reported.Contains((c.Kind, c.Field, c.NewType, c.Decision))).ToList();
        if (fresh.Count == 0)
            return;

        try
        {
            await _log.AddAsync(fresh, cancellationToken);
            _reported.UnionWith(fresh.Select(c => (c.Kind, c.Field, c.NewType, c.Decision)));
        }
        catch (TidemillException error) when (error.Rule.Retry == RetryRule.Backoff)
        {
            // The stages meet the same outage and report it.
        }
    }

    private static int NumberOf(MicroBatch batch, RecordIndex index) =>
        batch.Records.Take(index.Fetch).Sum(r => r.Records.Length) + index.Record;
}
