using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Tidemill.Core.Errors;
using Tidemill.Core.Search;

namespace Tidemill.Connectors.Search.Embedded;

/// <summary>
/// An index's mapping, and documents checked against it as Elasticsearch checks them: values are coerced where its numeric
/// fields coerce them, and unknown fields are mapped by their first value (dynamic mapping with date detection). Fields of
/// objects have dotted names. Used by one caller at a time.
/// </summary>
internal sealed partial class FieldMapper(IReadOnlyDictionary<string, string> fields)
{
    private readonly SortedDictionary<string, string> _known = new(fields.ToDictionary(), StringComparer.Ordinal);

    public IReadOnlyDictionary<string, string> Fields => _known;

    /// <summary>True when fields have been added since the mapping was read.</summary>
    public bool Changed { get; private set; }

    /// <summary>Adds declared fields. InvalidRequest: no such type. SchemaConflict: the field has another type.</summary>
    public void Declare(string index, IReadOnlyDictionary<string, string> declared)
    {
        foreach (var (name, type) in declared)
        {
            if (!IndexTypes.All.Contains(type))
            {
                throw new TidemillException(
                    ErrorCode.InvalidRequest,
                    $"Field {name} of index {index} has type {type}, which is none of {string.Join(", ", IndexTypes.All)}.");
            }

            if (_known.TryGetValue(name, out var present) && present != type)
            {
                throw new TidemillException(
                    ErrorCode.SchemaConflict,
                    $"Field {name} of index {index} is {present} and cannot become {type}; delete the index and fill it again.");
            }

            Changed |= _known.TryAdd(name, type);
        }
    }

    /// <summary>Null when the document fits, and its new fields are mapped; else why not, without the value.</summary>
    public string? Accept(JsonElement document)
    {
        var added = new Dictionary<string, string>();
        if (CheckObject("", document, added) is { } problem)
            return problem;

        foreach (var (name, type) in added)
        {
            _known[name] = type;
            Changed = true;
        }

        return null;
    }

    private string? CheckObject(string prefix, JsonElement value, Dictionary<string, string> added)
    {
        foreach (var property in value.EnumerateObject())
        {
            if (CheckField(prefix + property.Name, property.Value, added) is { } problem)
                return problem;
        }

        return null;
    }

    private string? CheckField(string path, JsonElement value, Dictionary<string, string> added)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Null:
                return null;
            case JsonValueKind.Array:
                return value.EnumerateArray().Select(item => CheckField(path, item, added)).FirstOrDefault(problem => problem is not null);
            case JsonValueKind.Object:
                return TypeOf(path, added) is { } scalar
                    ? $"field {path} is {scalar}, and an object stands there"
                    : CheckObject(path + ".", value, added);
            default:
                return CheckScalar(path, value, added);
        }
    }

    private string? CheckScalar(string path, JsonElement value, Dictionary<string, string> added)
    {
        if (TypeOf(path, added) is { } type)
            return Fits(type, value) ? null : $"field {path} is {type}, and a {Kind(value)} that is none stands there";

        if (_known.Keys.Concat(added.Keys).Any(name => name.StartsWith(path + ".", StringComparison.Ordinal)))
            return $"field {path} is an object, and a {Kind(value)} stands there";

        added[path] = Detect(value);
        return null;
    }

    private string? TypeOf(string path, Dictionary<string, string> added) =>
        _known.GetValueOrDefault(path) ?? added.GetValueOrDefault(path);

    private static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => "string",
        JsonValueKind.Number => "number",
        _ => "boolean",
    };

    private static string Detect(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => IsDate(value.GetString()!) ? "date" : "text",
        JsonValueKind.Number => value.TryGetInt64(out _) ? "long" : "float",
        _ => "boolean",
    };

    private static bool Fits(string type, JsonElement value) => type switch
    {
        // As on a server, an empty text stands for no number.
        "integer" or "long" or "float" or "double" when value.ValueKind == JsonValueKind.String && value.ValueEquals("") => true,
        "integer" => Number(value) is >= int.MinValue and <= int.MaxValue,
        "long" => IsLong(value),
        "float" => Number(value) is { } number && float.IsFinite((float)number),
        "double" => Number(value) is { } number && double.IsFinite(number),
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False
            || (value.ValueKind == JsonValueKind.String && value.GetString() is "true" or "false" or ""),
        "date" => value.ValueKind == JsonValueKind.Number ? value.TryGetInt64(out _)
            : value.ValueKind == JsonValueKind.String && (IsDate(value.GetString()!) || IsEpoch(value.GetString()!)),
        _ => true,
    };

    /// <summary>Fractions are taken, as they would be cut off. A double cannot tell the largest long from the number after it.</summary>
    private static bool IsLong(JsonElement value) =>
        (value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _))
        || (value.ValueKind == JsonValueKind.String && long.TryParse(value.GetString(), CultureInfo.InvariantCulture, out _))
        || Number(value) is > long.MinValue and < long.MaxValue;

    private static double? Number(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Number => value.GetDouble(),
        JsonValueKind.String when double.TryParse(
            value.GetString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) => number,
        _ => null,
    };

    private static bool IsEpoch(string text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _) && text.Length > 4;

    /// <summary>Elasticsearch's strict_date_optional_time: a year, a month, a day or a time of a day, each with a zone or
    /// without.</summary>
    private static bool IsDate(string text)
    {
        var match = DateShape().Match(text);
        if (!match.Success)
            return false;

        var month = match.Groups["month"] is { Success: true } m ? m.Value : "01";
        var day = match.Groups["day"] is { Success: true } d ? d.Value : "01";
        return DateOnly.TryParseExact(
            $"{match.Groups["year"].Value}-{month}-{day}", "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _);
    }

    [GeneratedRegex(
        """^(?<year>\d{4})(-(?<month>\d\d)(-(?<day>\d\d)(T([01]\d|2[0-3])(:[0-5]\d(:[0-5]\d([.,]\d{1,9})?)?)?(Z|[+-]\d\d(:?\d\d)?)?)?)?)?\z""",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex DateShape();
}
