using Tidemill.Core.Components;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Schemas;
using Tidemill.Core.Streams;
using Tidemill.Core.Warehouses;
using Tidemill.Streaming.Decoding;
using Tidemill.Streaming.Pipeline;

namespace Tidemill.Streaming.Drift;

/// <summary>
/// Works out which fields and types a batch needs and takes them up: tables and decision log change in one transaction,
/// before any record that needs the change is written.
/// </summary>
internal sealed class SchemaEvolution(StreamServices services)
{
    /// <summary>Records whose names are data would give ever more columns; PostgreSQL ends at 1,600.</summary>
    private const int MaxFields = 500;

    private const string LargestExact = "9007199254740992";

    private readonly HashSet<(string Field, FieldType Type)> _settled = [];

    public static SchemaChange Misfit(StreamDefinition stream, RejectedRecord rejected, SchemaDecision decision, DateTimeOffset now)
    {
        var failure = rejected.Failure;
        var field = stream.Decode!.Fields.First(f => f.Name == failure.Field);
        return new SchemaChange
        {
            Stream = stream.Name,
            Kind = SchemaChangeKind.Widened,
            Path = field.Path,
            Column = field.Name,
            OldType = failure.Type?.ToString(),
            NewType = failure.Wider?.ToString(),
            Decision = decision,
            Position = rejected.Position,
            At = now,
        };
    }

    /// <summary>
    /// The changes after which all of the batch decodes, save those that were refused before. Records that were rejected
    /// are decoded again with what was found so far, until nothing more is found.
    /// </summary>
    public List<SchemaChange> Propose(StreamDefinition current, MicroBatch batch, DriftSighting sighting, DateTimeOffset now)
    {
        var changes = new List<SchemaChange>();
        var stream = current;
        var unknown = sighting.Unknown;
        IReadOnlyList<RejectedRecord> rejected = batch.Decoded!.Rejected;
        var slices = rejected.Where(r => r.Failure.Wider is not null)
            .Select(r => new FetchedSlice(batch.Records[r.Index.Fetch], r.Index.Record, 1)).ToList<FetchedRecords>();
        while (Add(changes, stream, unknown, rejected, now))
        {
            stream = EvolvedSchema.Merge(current, changes);
            using var decoder = new BatchDecoder(stream.Decode!, drift: DriftPolicy.Evolve);
            using var decoded = decoder.Decode(slices, CancellationToken.None);
            (unknown, rejected) = (decoder.TakeDrift().Unknown, decoded.Rejected);
        }

        return changes;
    }

    /// <summary>Takes the changes up, or writes down why not. Transient errors are waited out.</summary>
    public async Task ApplyAsync(StreamDefinition current, IReadOnlyList<SchemaChange> changes, CancellationToken cancellationToken)
    {
        var taken = await TryAsync(current, changes, cancellationToken) is null;
        if (taken)
            return;

        foreach (var change in changes)
        {
            if (await TryAsync(current, [change], cancellationToken) is { } reason)
                await RefuseAsync([change], reason, cancellationToken);
            else
                current = EvolvedSchema.Merge(current, [change]);
        }
    }

    private bool Add(
        List<SchemaChange> changes,
        StreamDefinition stream, IReadOnlyList<UnknownField> unknown, IReadOnlyList<RejectedRecord> rejected, DateTimeOffset now)
    {
        var before = changes.Count;
        var decode = stream.Decode!;
        Dictionary<string, string> columns = new(StringComparer.Ordinal);
        foreach (var field in unknown.Where(u => u.Type is { } type && !_settled.Contains((u.Field, type)))
            .DistinctBy(u => (u.Field, u.Type)))
        {
            // Paths that differ in case or in what names cannot hold give columns of their own.
            var path = string.Join('\0', field.Path);
            if (!columns.TryGetValue(path, out var column))
                columns.Add(path, column = ColumnNames.For(field.Path, decode, columns.Values));

            changes.Add(new SchemaChange
            {
                Stream = stream.Name,
                Kind = SchemaChangeKind.Added,
                Path = field.Path,
                Column = column,
                NewType = field.Type.ToString(),
                Decision = SchemaDecision.Evolved,
                Position = field.First,
                At = now,
            });
        }

        foreach (var group in rejected.Where(r => r.Failure.Wider is not null).GroupBy(r => r.Failure.Field!))
        {
            var first = Misfit(stream, group.First(), SchemaDecision.Evolved, now);
            var type = group.Aggregate(group.First().Failure.Wider!.Value, (joined, r) => WiderType.Join(joined, r.Failure.Wider!.Value));
            if (!_settled.Contains((first.Field, type)))
                changes.Add(first with { NewType = type.ToString() });
        }

        return changes.Count > before;
    }

    /// <summary>Null when the changes are taken up, else why they cannot be.</summary>
    private async Task<string?> TryAsync(StreamDefinition current, IReadOnlyList<SchemaChange> changes, CancellationToken cancellationToken)
    {
        var candidate = EvolvedSchema.Merge(current, changes);
        if (candidate.Decode!.Fields.Count > MaxFields)
            return $"The stream has {MaxFields} fields.";

        try
        {
            if (StreamValidator.Validate(candidate) is [{ } error, ..])
                return error.Problem;

            using var rows = new RowMaker(candidate);
            var hidden = changes.Where(c => c.Kind == SchemaChangeKind.Added && rows.Output.IndexOf(c.Column!) < 0).ToList();
            if (hidden.Count > 0)
            {
                await RefuseAsync(hidden, "The transform leaves it out: select it, or *.", cancellationToken);
                List<SchemaChange> rest = [.. changes.Except(hidden)];
                return rest.Count == 0 ? null : await TryAsync(current, rest, cancellationToken);
            }

            await RetryPolicy.UntilItWorks(services.Time, _ => { }).ExecuteAsync(
                async token => await CommitAsync(candidate, rows, changes, token), cancellationToken);
            return null;
        }
        catch (TidemillException error) when (error.Rule.Retry != RetryRule.Backoff)
        {
            return error.Message;
        }
        catch (ArgumentException)
        {
            return "The transform's rows would have two columns of one name.";
        }
    }

    private async Task CommitAsync(
        StreamDefinition candidate, RowMaker rows, IReadOnlyList<SchemaChange> changes, CancellationToken cancellationToken)
    {
        var statements = new List<string>();
        foreach (var definition in candidate.Sinks.Where(sink => sink.Output is TableOutput))
        {
            await using var sink = (ITableSink)services.OpenSink(candidate, definition);
            foreach (var spec in sink.Specs(rows.Output, rows.Keys))
            {
                var plan = await services.Warehouse.PlanAsync(spec with { MayWiden = true }, cancellationToken);
                await RequireExactAsync(spec, cancellationToken);
                statements.AddRange(plan.Steps.Select(step => step.Sql));
            }
        }

        statements.AddRange(changes.Select(change => SchemaChangeStore.Insertion(services.Warehouse.Project, change)));
        await services.Warehouse.ExecuteInTransactionAsync(statements, cancellationToken);
    }

    /// <summary>Whole numbers become double only while each of those stored keeps its value.</summary>
    private async Task RequireExactAsync(TableSpec spec, CancellationToken cancellationToken)
    {
        var table = await services.Warehouse.DescribeAsync(spec.Name, cancellationToken);
        foreach (var column in table?.Columns ?? [])
        {
            var at = spec.Schema.IndexOf(column.Name);
            if (at < 0 || spec.Schema.Fields[at].Type.Kind != FieldKind.Double
                || column.Type?.Kind is not (FieldKind.Int64 or FieldKind.UInt64 or FieldKind.HugeInt or FieldKind.Decimal))
            {
                continue;
            }

            var name = SqlName.Quote(column.Name);
            await using var result = await services.Warehouse.QueryAsync(
                $"SELECT count(*) FROM {spec.Name.Quoted} WHERE {name} > {LargestExact} OR {name} < -{LargestExact}",
                [], readOnly: true, cancellationToken);
            await foreach (var row in result.ReadRowsAsync(cancellationToken))
            {
                if (Convert.ToInt64(row[0], System.Globalization.CultureInfo.InvariantCulture) > 0)
                {
                    throw new TidemillException(ErrorCode.SchemaConflict,
                        $"Table {spec.Name}: column {column.Name} holds whole numbers beyond 2^53, which DOUBLE would change.");
                }
            }
        }
    }

    private async Task RefuseAsync(IReadOnlyList<SchemaChange> changes, string reason, CancellationToken cancellationToken)
    {
        foreach (var change in changes)
        {
            if (FieldType.TryParse(change.NewType!, out var type))
                _settled.Add((change.Field, type));
        }

        await RetryPolicy.UntilItWorks(services.Time, _ => { }).ExecuteAsync(
            async token => await new SchemaChangeStore(services.Warehouse).AddAsync(changes.Select(c => c with
            {
                Decision = c.Kind == SchemaChangeKind.Added ? SchemaDecision.LeftOut : SchemaDecision.Quarantined,
                Column = c.Kind == SchemaChangeKind.Added ? null : c.Column,
                Detail = reason,
            }), token), cancellationToken);
    }
}
