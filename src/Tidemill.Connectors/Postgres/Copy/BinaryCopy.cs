using Npgsql;
using Tidemill.Core.Batches;

namespace Tidemill.Connectors.Postgres.Copy;

/// <summary>Sends a batch through COPY ... FROM STDIN (FORMAT BINARY).</summary>
internal static class BinaryCopy
{
    /// <summary>Rows are in the table (uncommitted) on return; on failure the transaction is aborted by the server.</summary>
    public static async Task WriteAsync(
        NpgsqlConnection connection, string sql, RowEncoder encoder, Batch rows, CancellationToken cancellationToken)
    {
        var stream = await connection.BeginRawBinaryCopyAsync(sql, cancellationToken);
        try
        {
            encoder.Clear();
            encoder.WriteHeader();
            foreach (var chunk in rows.Chunks)
            {
                for (var row = 0; row < chunk.Size;)
                {
                    encoder.Encode(chunk, ref row);
                    if (row < chunk.Size)
                    {
                        await stream.WriteAsync(encoder.Written, cancellationToken);
                        encoder.Clear();
                    }
                }
            }

            encoder.WriteTrailer();
            await stream.WriteAsync(encoder.Written, cancellationToken);
        }
        catch
        {
            await CancelAsync(stream);
            throw;
        }

        // Ends the COPY and throws what the server has against it.
        await stream.DisposeAsync();
    }

    private static async Task CancelAsync(NpgsqlRawCopyStream stream)
    {
        try
        {
            await stream.CancelAsync();
        }
        catch (Exception error) when (error is NpgsqlException or IOException or ObjectDisposedException or InvalidOperationException)
        {
            // The connection is gone; the failure that brought us here tells more.
        }
    }
}
