using System.Buffers;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tidemill.Connectors.Cells;
using Tidemill.Core.Batches;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Schemas;
using Tidemill.Core.Streams;

namespace Tidemill.Tests.Core.Components;

/// <summary>
/// <c>row LF row LF ... {"_held": {"topic/partition": offset}} LF</c>: a batch ends with the positions that it reaches. Lines behind the
/// last such line are of a batch that a crash cut; they are cut off when the file is opened.
/// </summary>
internal sealed class FileSink(FileSinkDefinition definition) : IDocumentSink
{
    private CellWriter[] _cells = [];

    public string Name => definition.Name;

    public async Task OpenAsync(Schema schema, CancellationToken cancellationToken)
    {
        _cells = [.. schema.Fields.Select(f => new CellWriter(f))];
        if (!File.Exists(definition.Path))
            return;

        var lines = await File.ReadAllLinesAsync(definition.Path, cancellationToken);
        var whole = Array.FindLastIndex(lines, IsHeld) + 1;
        await File.WriteAllLinesAsync(definition.Path, lines[..whole], cancellationToken);
    }

    public async Task<IReadOnlyDictionary<TopicPartition, LogOffset>> ReadPositionsAsync(
        IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken)
    {
        var held = new Dictionary<TopicPartition, LogOffset>();
        foreach (var line in File.Exists(definition.Path) ? await File.ReadAllLinesAsync(definition.Path, cancellationToken) : [])
        {
            if (!IsHeld(line))
                continue;

            foreach (var (key, value) in JsonNode.Parse(line)!["_held"]!.AsObject())
            {
                var parts = key.Split('/');
                held[new TopicPartition(parts[0], int.Parse(parts[1], CultureInfo.InvariantCulture))] = new LogOffset(
                    value!.GetValue<long>());
            }
        }

        return held;
    }

    public async Task<long> WriteAsync(SinkBatch batch, CancellationToken cancellationToken)
    {
        var held = await ReadPositionsAsync([], cancellationToken);
        if (batch.Ranges.Any(r => held.TryGetValue(r.Partition, out var at) && at != r.Start))
            throw new TidemillException(ErrorCode.CheckpointFenced, $"File {definition.Path} was written by another process.");

        var text = new ArrayBufferWriter<byte>();
        Encode(batch.Rows!, text);
        var next = new JsonObject();
        foreach (var range in batch.Ranges)
            next[$"{range.Partition.Topic}/{range.Partition.Partition}"] = range.End.Value;

        text.Write(JsonSerializer.SerializeToUtf8Bytes(new JsonObject { ["_held"] = next }));
        text.Write("\n"u8);
        await using var file = new FileStream(definition.Path, FileMode.Append, FileAccess.Write, FileShare.Read);
        await file.WriteAsync(text.WrittenMemory, cancellationToken);
        file.Flush(flushToDisk: true);
        return batch.Rows!.RowCount;
    }

    public async IAsyncEnumerable<JsonElement> ReadDocumentsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var line in File.ReadLinesAsync(definition.Path, cancellationToken))
        {
            if (!IsHeld(line))
                yield return JsonDocument.Parse(line).RootElement;
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static bool IsHeld(string line) => line.StartsWith("{\"_held\":", StringComparison.Ordinal);

    private void Encode(Batch rows, ArrayBufferWriter<byte> text)
    {
        using var json = new Utf8JsonWriter(text, new JsonWriterOptions { Encoder = CellWriter.Escaping, SkipValidation = true });
        foreach (var chunk in rows.Chunks)
        {
            for (var i = 0; i < _cells.Length; i++)
                _cells[i].Attach(chunk[i]);

            for (var row = 0; row < chunk.Size; row++)
            {
                json.Reset();
                json.WriteStartObject();
                foreach (var cell in _cells)
                {
                    if (cell.Write(json, row) is { } problem)
                        throw new TidemillException(ErrorCode.RowRejected, $"Column {cell.Field.Name} holds {problem}.");
                }

                json.WriteEndObject();
                json.Flush();
                text.Write("\n"u8);
            }
        }
    }
}
