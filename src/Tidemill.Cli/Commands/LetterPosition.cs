using System.Globalization;
using System.Text.Json;
using Tidemill.Core.Errors;

namespace Tidemill.Cli.Commands;

/// <summary>A record's address as commands take and print it: <c>topic/partition/offset</c>.</summary>
internal sealed record LetterPosition(string Topic, int Partition, long Offset)
{
    public static LetterPosition Parse(string text)
    {
        var parts = text.Split('/');
        return parts.Length == 3
            && int.TryParse(parts[1], CultureInfo.InvariantCulture, out var partition)
            && long.TryParse(parts[2], CultureInfo.InvariantCulture, out var offset)
            ? new LetterPosition(parts[0], partition, offset)
            : throw new TidemillException(ErrorCode.InvalidRequest, $"'{text}' is no position; write TOPIC/PARTITION/OFFSET.");
    }

    public static LetterPosition Of(JsonElement letter) => new(
        letter.GetProperty("topic").GetString()!, letter.GetProperty("partition").GetInt32(), letter.GetProperty("offset").GetInt64());

    public string Path(string stream) => string.Create(
        CultureInfo.InvariantCulture,
        $"/api/dead-letters/{Uri.EscapeDataString(stream)}/{Uri.EscapeDataString(Topic)}/{Partition}/{Offset}");

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Topic}/{Partition}/{Offset}");
}
