using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Schemas;
using Tidemill.Core.Search;
using Tidemill.Core.Warehouses;

namespace Tidemill.Workflows.Tasks;

/// <summary>
/// Writes a query's rows as documents whose id is the id column's text, so that running twice or backfilling replaces
/// documents by themselves. Records are the rows written. RowRejected, after all other rows are written, when the search
/// store refuses some.
/// </summary>
public sealed class IndexTaskExecutor(IWarehouse warehouse, ISearchStore search) : ITaskExecutor
{
    private const int DocumentsPerRequest = 1000;

    public Type ActionType => typeof(IndexAction);

    public async Task<long> ExecuteAsync(TaskContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var action = (IndexAction)context.Action;
        await using var result = await warehouse.QueryAsync(action.Query.Text, [], readOnly: true, cancellationToken);
        RequireDistinctNames(action, result.Columns);
        var writer = new RowDocumentWriter(result.Columns, IdColumn(action, result.Columns));
        await search.EnsureIndexAsync(action.Index, Mapping(action, result.Columns), cancellationToken);
        var batch = new List<SearchDocument>(DocumentsPerRequest);
        var outcome = new IndexingOutcome();
        await foreach (var row in result.ReadRowsAsync(cancellationToken))
        {
            batch.Add(writer.Write(row));
            if (batch.Count < DocumentsPerRequest)
                continue;

            outcome.Add(await search.BulkAsync(action.Index, batch, cancellationToken));
            batch.Clear();
        }

        if (batch.Count > 0)
            outcome.Add(await search.BulkAsync(action.Index, batch, cancellationToken));

        return outcome.Rejected == 0
            ? outcome.Written
            : throw new TidemillException(
                ErrorCode.RowRejected,
                $"Index {action.Index} refused {outcome.Rejected} of {outcome.Rejected + outcome.Written} documents; the first reason: "
                    + $"{outcome.FirstReason}");
    }

    private static void RequireDistinctNames(IndexAction action, IReadOnlyList<QueryColumn> columns)
    {
        if (columns.GroupBy(column => column.Name, StringComparer.Ordinal).FirstOrDefault(same => same.Count() > 1) is not { } repeated)
            return;

        throw new TidemillException(
            ErrorCode.SqlInvalid,
            $"{action.Query.File}:{action.Query.Line}: The query has {repeated.Count()} columns named {repeated.Key}; a document has one "
                + "field of a name. Give each another name with AS.");
    }

    private static int IdColumn(IndexAction action, IReadOnlyList<QueryColumn> columns)
    {
        for (var i = 0; i < columns.Count; i++)
        {
            if (columns[i].Name.Equals(action.IdColumn, StringComparison.OrdinalIgnoreCase))
                return i;
        }

        throw new TidemillException(
            ErrorCode.ConfigurationInvalid,
            $"{action.Query.File}:{action.Query.Line}: The query has no column {action.IdColumn} to take document ids from; it has: "
                + $"{string.Join(", ", columns.Select(column => column.Name))}.");
    }

    private static IndexMapping Mapping(IndexAction action, IReadOnlyList<QueryColumn> columns) => new(
        columns.Select(column => (column.Name, Type: action.Mapping.GetValueOrDefault(column.Name) ?? SearchType(column.SqlType)))
            .Where(field => field.Type is not null)
            .ToDictionary(field => field.Name, field => field.Type!));

    /// <summary>The Elasticsearch type of a SQL type; null leaves it to the first value.</summary>
    private static string? SearchType(string sqlType) => FieldType.TryParse(sqlType, out var type) ? IndexTypes.Of(type) : null;

    private sealed class IndexingOutcome
    {
        public long Written { get; private set; }

        public long Rejected { get; private set; }

        public string? FirstReason { get; private set; }

        public void Add(IReadOnlyList<IndexedDocument> documents)
        {
            foreach (var document in documents)
            {
                if (document.Outcome != IndexOutcome.Rejected)
                {
                    Written++;
                    continue;
                }

                Rejected++;
                FirstReason ??= document.Reason;
            }
        }
    }
}
