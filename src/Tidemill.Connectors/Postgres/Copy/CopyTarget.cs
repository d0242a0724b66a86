using Tidemill.Connectors.Tables;
using Npgsql;
using Tidemill.Core.Batches;
using Tidemill.Core.Errors;
using Tidemill.Core.Schemas;
using Tidemill.Core.Warehouses;

namespace Tidemill.Connectors.Postgres.Copy;

/// <summary>
/// How batches of one schema reach one table: straight by COPY when every field has its column's binary form, and by a
/// temporary staging table, emptied at each commit, whose rows are numbered so that later SQL knows their order.
/// </summary>
internal sealed class CopyTarget : IDisposable
{
    public const string Ordinal = "tidemill_ordinal";

    private readonly Schema _schema;
    private readonly RowEncoder? _direct;
    private readonly RowEncoder _staged;
    private readonly string _createStage;
    private readonly string _stage;
    private bool _stageExists;
    private bool _stageIsNew;

    private CopyTarget(TableName table, Schema schema, IReadOnlyList<PostgresColumn> columns, string stage)
    {
        (Table, _schema, _stage) = (table, schema, SqlName.Quote(stage));
        var direct = new List<CopyColumn>();
        var staged = new List<CopyColumn>();
        var (definitions, selected) = (new List<string>(), new List<string>());
        for (var i = 0; i < schema.Fields.Count; i++)
        {
            var field = schema.Fields[i];
            var column = columns.FirstOrDefault(c => c.Name.Equals(field.Name, StringComparison.OrdinalIgnoreCase))
                ?? throw new TidemillException(
                    ErrorCode.SchemaConflict, $"Table {table} has no column {field.Name}. Add it, or leave the field out.");
            var name = SqlName.Quote(column.Name);
            var own = CellEncodings.Find(field.Type.Kind, column.TypeName);
            if (own is { } encoding)
                direct.Add(new CopyColumn(column.Name, i, encoding));

            var stageType = own is null ? PostgresDialect.BaseName(field.Type) : column.TypeName;
            staged.Add(new CopyColumn(column.Name, i, CellEncodings.Find(field.Type.Kind, stageType)!.Value));
            definitions.Add($"{name} {stageType}");
            // A cast without length modifiers never cuts text; the assignment to the column then checks the length.
            selected.Add(own is not null || column.TypeName is "character" or "bit" ? name : $"CAST({name} AS {column.TypeName})");
        }

        Names = [.. staged.Select(column => column.Name)];
        Selected = string.Join(", ", selected);
        _direct = direct.Count == schema.Fields.Count ? new RowEncoder(direct) : null;
        _staged = new RowEncoder(staged);
        _createStage = $"CREATE TEMP TABLE {_stage} ({Ordinal} integer, {string.Join(", ", definitions)}) ON COMMIT DELETE ROWS";
    }

    public TableName Table { get; }

    /// <summary>The table's names of the batch's columns, in the batch's order.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>The staging table's columns as the table takes them, in the batch's order.</summary>
    public string Selected { get; }

    public ConflictTactic Tactic { get; } = new();

    public bool CanCopyDirectly => _direct is not null;

    /// <summary>The staged rows of the last <see cref="StageAsync"/>.</summary>
    public string StagedRows => $"{_stage} WHERE {Ordinal} >= {FirstOrdinal}";

    public int FirstOrdinal { get; private set; }

    public static async Task<CopyTarget> CreateAsync(
        NpgsqlConnection connection, TableName table, Schema schema, string stage, CancellationToken cancellationToken)
    {
        var columns = await PostgresCatalog.ColumnsAsync(connection, table, cancellationToken);
        return columns.Count == 0
            ? throw new TidemillException(ErrorCode.NotFound, $"There is no table {table}.")
            : new CopyTarget(table, schema, columns, stage);
    }

    public bool Fits(TableName table, Schema schema) => Table == table && (ReferenceEquals(_schema, schema) || _schema.Equals(schema));

    public Task CopyDirectlyAsync(NpgsqlConnection connection, Batch rows, CancellationToken cancellationToken) =>
        BinaryCopy.WriteAsync(
            connection, $"COPY {Table.Quoted} ({SqlName.List(Names)}) FROM STDIN (FORMAT BINARY)", _direct!, rows, cancellationToken);

    /// <summary>Brings the rows into the staging table, behind those of the same transaction.</summary>
    public async Task StageAsync(NpgsqlConnection connection, Batch rows, CancellationToken cancellationToken)
    {
        if (!_stageExists)
        {
            await PostgresCommands.ExecuteAsync(connection, null, _createStage, [], cancellationToken);
            (_stageExists, _stageIsNew) = (true, true);
        }

        FirstOrdinal = _staged.Ordinal ?? 0;
        _staged.Ordinal = FirstOrdinal;
        await BinaryCopy.WriteAsync(
            connection, $"COPY {_stage} ({Ordinal}, {SqlName.List(Names)}) FROM STDIN (FORMAT BINARY)", _staged, rows, cancellationToken);
    }

    /// <summary>A rolled-back transaction takes the staging table along that it made.</summary>
    public void TransactionEnded(bool committed)
    {
        _stageExists &= committed || !_stageIsNew;
        _stageIsNew = false;
        _staged.Ordinal = null;
    }

    public void Dispose()
    {
        _direct?.Dispose();
        _staged.Dispose();
    }
}
