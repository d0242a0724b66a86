using Microsoft.Extensions.Logging;
using Tidemill.Core.Configuration;
using Tidemill.Core.Logs;
using Tidemill.Core.Warehouses;

namespace Tidemill.Streaming;

/// <summary>What streams run on. Owned by the caller, who disposes it after the streams have stopped.</summary>
/// <param name="Project">The project's name: part of the consumer groups' names.</param>
/// <param name="Generator">Makes the function from record number to record for a generator source.</param>
public sealed record StreamServices(
    string Project,
    ILog Log,
    IWarehouse Warehouse,
    TimeProvider Time,
    ILoggerFactory Loggers,
    Func<GeneratorSourceDefinition, Func<long, ProducerRecord>> Generator);
