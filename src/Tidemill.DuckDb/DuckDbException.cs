using System.Globalization;
using System.Text;
using Tidemill.DuckDb.Native;

namespace Tidemill.DuckDb;

/// <summary>
/// An error that DuckDB reports. <see cref="Exception.Message"/> is DuckDB's text without the excerpt of the SQL; it
/// may quote cell values where the error is about data, so logs take <see cref="LogText"/>.
/// </summary>
public sealed class DuckDbException : Exception
{
    private const string ExcerptMark = "\n\nLINE ";

    private static readonly Dictionary<string, DuckDbErrorType> TypesByPrefix = new(StringComparer.Ordinal)
    {
        ["Out of Range"] = DuckDbErrorType.OutOfRange,
        ["Conversion"] = DuckDbErrorType.Conversion,
        ["Mismatch Type"] = DuckDbErrorType.MismatchType,
        ["Divide by Zero"] = DuckDbErrorType.DivideByZero,
        ["Object Size"] = DuckDbErrorType.ObjectSize,
        ["Invalid type"] = DuckDbErrorType.InvalidType,
        ["Serialization"] = DuckDbErrorType.Serialization,
        ["TransactionContext"] = DuckDbErrorType.Transaction,
        ["Not implemented"] = DuckDbErrorType.NotImplemented,
        ["Expression"] = DuckDbErrorType.Expression,
        ["Catalog"] = DuckDbErrorType.Catalog,
        ["Parser"] = DuckDbErrorType.Parser,
        ["Syntax"] = DuckDbErrorType.Syntax,
        ["Planner"] = DuckDbErrorType.Planner,
        ["Executor"] = DuckDbErrorType.Executor,
        ["Constraint"] = DuckDbErrorType.Constraint,
        ["Connection"] = DuckDbErrorType.Connection,
        ["Settings"] = DuckDbErrorType.Settings,
        ["Binder"] = DuckDbErrorType.Binder,
        ["IO"] = DuckDbErrorType.IO,
        ["INTERRUPT"] = DuckDbErrorType.Interrupt,
        ["FATAL"] = DuckDbErrorType.Fatal,
        ["INTERNAL"] = DuckDbErrorType.Internal,
        ["Invalid Input"] = DuckDbErrorType.InvalidInput,
        ["Out of Memory"] = DuckDbErrorType.OutOfMemory,
        ["Permission"] = DuckDbErrorType.Permission,
        ["Parameter Not Resolved"] = DuckDbErrorType.ParameterNotResolved,
        ["Parameter Not Allowed"] = DuckDbErrorType.ParameterNotAllowed,
        ["Dependency"] = DuckDbErrorType.Dependency,
        ["HTTP"] = DuckDbErrorType.Http,
        ["Missing Extension"] = DuckDbErrorType.MissingExtension,
        ["Extension Autoloading"] = DuckDbErrorType.Autoload,
        ["Sequence"] = DuckDbErrorType.Sequence,
        ["Invalid Configuration"] = DuckDbErrorType.InvalidConfiguration,
    };

    internal DuckDbException(DuckDbErrorType type, string message, Exception? inner = null)
        : base(WithoutSql(message), inner) => (ErrorType, SqlLine) = (type, LineOf(message));

    /// <summary>The kind of error; Invalid where DuckDB names none.</summary>
    public DuckDbErrorType ErrorType { get; }

    /// <summary>The line of the SQL that the error is about, from 1; 0 when DuckDB names none.</summary>
    public int SqlLine { get; }

    /// <summary>The message fit for logs: where the error is about data, all that is quoted in it is left out.</summary>
    public string LogText => IsAboutData ? WithoutQuotes(Message) : Message;

    private bool IsAboutData => ErrorType is DuckDbErrorType.Conversion or DuckDbErrorType.Constraint
        or DuckDbErrorType.OutOfRange or DuckDbErrorType.InvalidInput or DuckDbErrorType.MismatchType
        or DuckDbErrorType.Invalid or DuckDbErrorType.InvalidType;

    /// <summary>Some calls report text only; its prefix ("Binder Error: ...") names the type.</summary>
    internal static DuckDbException FromText(string? text)
    {
        if (string.IsNullOrEmpty(text)) return new(DuckDbErrorType.Invalid, "DuckDB failed without a message.");
        var end = text.IndexOf(" Error: ", StringComparison.Ordinal);
        var type = end > 0 && TypesByPrefix.TryGetValue(text[..end], out var known) ? known : DuckDbErrorType.Invalid;
        return new(type, text);
    }

    /// <summary>Takes ownership of a duckdb_error_data.</summary>
    internal static DuckDbException FromErrorData(nint errorData)
    {
        if (errorData == 0) return FromText(null);
        var type = (DuckDbErrorType)DuckDbApi.duckdb_error_data_error_type(errorData);
        var text = NativeText.Borrowed(DuckDbApi.duckdb_error_data_message(errorData));
        DuckDbApi.duckdb_destroy_error_data(ref errorData);
        return type == DuckDbErrorType.Invalid ? FromText(text) : new(type, text ?? "");
    }

    private static int LineOf(string message)
    {
        var excerpt = message.IndexOf(ExcerptMark, StringComparison.Ordinal);
        if (excerpt < 0) return 0;
        var digits = message.AsSpan(excerpt + ExcerptMark.Length);
        var end = digits.IndexOf(':');
        return end > 0 && int.TryParse(digits[..end], NumberStyles.None, CultureInfo.InvariantCulture, out var line) ? line : 0;
    }

    private static string WithoutSql(string message)
    {
        var excerpt = message.IndexOf(ExcerptMark, StringComparison.Ordinal);
        return (excerpt < 0 ? message : message[..excerpt]).TrimEnd();
    }

    private static string WithoutQuotes(string message)
    {
        var text = new StringBuilder(message.Length);
        for (var i = 0; i < message.Length; i++)
        {
            var c = message[i];
            text.Append(c);
            if (c is not ('\'' or '"')) continue;
            var end = message.IndexOf(c, i + 1);
            text.Append('…');
            if (end < 0) break;
            text.Append(c);
            i = end;
        }
        return text.ToString();
    }
}
