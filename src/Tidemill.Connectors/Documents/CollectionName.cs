using Tidemill.Core.Configuration.Shapes;

namespace Tidemill.Connectors.Documents;

/// <summary>What collections may be called, in sinks and sources alike.</summary>
internal static class CollectionName
{
    public static readonly TextShape Shape =
        new("^[^$\\x00]{1,120}$", "a collection name of at most 120 characters without $");
}
