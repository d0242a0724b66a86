using System.Text;

namespace Tidemill.Server.Api.Ingest;

/// <summary>How records of one request get their keys, and how large they may be.</summary>
internal sealed record IngestOptions
{
    /// <summary>Top-level field whose value becomes the key. Null: none.</summary>
    public string? KeyField { get; init; }

    /// <summary>Key of every record that has no other.</summary>
    public string? Key { get; init; }

    /// <summary>Largest key plus value, as the topic declares it.</summary>
    public required int MaxRecordBytes { get; init; }

    public ReadOnlyMemory<byte>? FixedKey => Key is null ? default(ReadOnlyMemory<byte>?) : Encoding.UTF8.GetBytes(Key);
}
