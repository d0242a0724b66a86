using Tidemill.Core.Schemas;

namespace Tidemill.Core.Batches;

/// <summary>Rows in columns: a schema and the data chunks that hold them. Dispose frees the chunks.</summary>
public sealed class Batch(Schema schema) : IDisposable
{
    public Schema Schema { get; } = schema;

    public void Dispose()
    {
    }
}
