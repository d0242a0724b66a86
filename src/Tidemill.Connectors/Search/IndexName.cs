using System.Text;
using Tidemill.Core.Errors;

namespace Tidemill.Connectors.Search;

/// <summary>Elasticsearch's rule for index names, so that a project moves there unchanged.</summary>
internal static class IndexName
{
    private const string Forbidden = "\\/*?\"<>| ,#:";

    /// <summary>InvalidRequest when the name breaks the rule.</summary>
    public static void Check(string name)
    {
        if (name is "" or "." or ".." || "-_+".Contains(name[0], StringComparison.Ordinal) || Encoding.UTF8.GetByteCount(name) > 255
            || name.Any(letter => Forbidden.Contains(letter, StringComparison.Ordinal) || char.IsControl(letter) || char.IsUpper(letter)))
        {
            throw new TidemillException(
                ErrorCode.InvalidRequest,
                $"\"{name}\" is no index name: 1 to 255 bytes, lower case, none of {Forbidden} and not beginning with -, _ or +.");
        }
    }
}
