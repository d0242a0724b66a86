using Tidemill.Core.Components;
using Tidemill.Core.Configuration;
using Tidemill.Core.Configuration.Binding;
using Tidemill.Core.Configuration.Shapes;
using Tidemill.Core.Configuration.Yaml;
using Tidemill.Core.Errors;
using Tidemill.Core.Schemas;
using Tidemill.Core.Search;
using Tidemill.Core.Warehouses;

namespace Tidemill.Workflows.Tasks.Index;

/// <summary>A query's rows as documents; the id column makes running twice change nothing.</summary>
/// <param name="Index">Index name.</param>
/// <param name="Query">SELECT on the warehouse.</param>
/// <param name="IdColumn">Column whose text is the document id.</param>
/// <param name="Mapping">Column to Elasticsearch type; columns left out are mapped by their SQL type.</param>
public sealed record IndexAction(string Index, SqlText Query, string IdColumn, IReadOnlyDictionary<string, string> Mapping)
    : TaskAction(IndexTaskKind.Instance);

/// <summary>
/// Writes a query's rows as documents whose id is the id column's text, so that running twice or backfilling replaces
/// documents by themselves. Records are the rows written. RowRejected, after all other rows are written, when the search
/// store refuses some.
/// </summary>
public sealed class IndexTaskKind : TaskKind<IndexAction>
{
    private const int DocumentsPerRequest = 1000;

    private static readonly ObjectShape Keys = new(
        new Property(
            "name",
            new TextShape("^[a-z0-9][a-z0-9._-]{0,254}$", "an index name of lower-case letters, digits, '.', - and _"),
            "Index written.")
        { Required = true },
        new Property("query", CommonShapes.Sql, "SELECT whose rows become documents.") { Required = true },
        new Property("id", CommonShapes.Column, "Column whose text is the document's id.") { Required = true },
        new Property(
            "mapping",
            new MapShape(CommonShapes.Column, CommonShapes.SearchType),
            "Elasticsearch type by column. Default: by the column's SQL type."));

    private IndexTaskKind()
    {
    }

    public static IndexTaskKind Instance { get; } = new();

    public override string Key => "index";

    public override string Description => "Writes a query's rows as documents; running it twice changes nothing.";

    public override Shape Shape => Keys;

    public override TaskAction Bind(Section task)
    {
        ArgumentNullException.ThrowIfNull(task);
        var index = task.Object(Key, Keys);
        var mapping = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var entry in index.Entries("mapping"))
        {
            if (entry.Value is ScalarNode scalar && !mapping.TryAdd(entry.Key, scalar.Text))
                index.Error($"mapping.{entry.Key}", entry.KeyLine, $"The column '{entry.Key}' stands here twice.", "Keep one of the two.");
        }

        var query = index.Sql("query") ?? new SqlText("", index.Context.Report.File, index.Node.Line);
        return new IndexAction(index.Text("name") ?? "", query, index.Text("id") ?? "", mapping);
    }

    protected override string Describe(IndexAction action)
    {
        ArgumentNullException.ThrowIfNull(action);
        return $"write documents to index {action.Index}, id from {action.IdColumn}";
    }

    protected override IReadOnlyList<StoreUse> Uses(IndexAction action) => [StoreUse.Of<IWarehouse>(), StoreUse.Of<ISearchStore>()];

    protected override async Task<TaskOutcome> RunAsync(IndexAction action, TaskContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(action);
        ArgumentNullException.ThrowIfNull(context);
        var (warehouse, search) = (context.Stores.Get<IWarehouse>(), context.Stores.Get<ISearchStore>());
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
            ? new TaskOutcome(outcome.Written)
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
