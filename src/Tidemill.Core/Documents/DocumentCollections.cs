using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Warehouses;

namespace Tidemill.Core.Documents;

/// <summary>What both document stores say alike: names, bounds, refusals.</summary>
public static class DocumentCollections
{
    /// <summary>Where stores keep the positions of sinks.</summary>
    public const string Checkpoints = "tidemill_checkpoints";

    /// <summary>MongoDB's bound for a document.</summary>
    public const int MaxDocumentBytes = 16 << 20;

    /// <summary>MongoDB's code for a document beyond the bound.</summary>
    public const int TooLargeCode = 10334;

    /// <summary>InvalidRequest when a collection cannot have the name.</summary>
    public static void Check(string name)
    {
        if (string.IsNullOrEmpty(name) || name.Length > 120 || name.AsSpan().ContainsAny('$', '\0')
            || name.StartsWith("system.", StringComparison.Ordinal) || name == Checkpoints)
        {
            throw new TidemillException(
                ErrorCode.InvalidRequest, $"\"{name}\" is no collection to write to: 1 to 120 characters without $ and NUL, not "
                    + $"beginning with system. and not {Checkpoints}.");
        }
    }

    /// <summary>The document as refused, when it is beyond <see cref="MaxDocumentBytes"/>.</summary>
    public static RefusedDocument? Oversized(DocumentBatch documents, int index)
    {
        ArgumentNullException.ThrowIfNull(documents);
        var bytes = documents[index].Length;
        return bytes <= MaxDocumentBytes
            ? null
            : new RefusedDocument(index, TooLargeCode, $"it has {bytes} bytes, more than the {MaxDocumentBytes} that a document may have");
    }

    public static TidemillException Fenced(CheckpointOwner owner, OffsetRange range) => new(
        ErrorCode.CheckpointFenced,
        $"Stream {owner.Stream}, sink {owner.Sink}: the checkpoint of {range.Partition} is not at {range.Start}; another writer moved it.");
}
