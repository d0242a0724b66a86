using Tidemill.Core.Logs;

namespace Tidemill.Core.Streams;

/// <summary>What a pump writes to a topic: an <see cref="ISource"/> or an <see cref="INumberedSource"/>.</summary>
public interface IPumpSource : IAsyncDisposable;

/// <summary>Records that follow from their number: record n is the topic's n-th. Used by one caller at a time.</summary>
public interface INumberedSource : IPumpSource
{
    /// <summary>Records a second.</summary>
    double Rate { get; }

    /// <summary>Stop after so many records. Null: never.</summary>
    long? Limit { get; }

    /// <summary>The record with this number, counted from 0: the same each time, apart from times. Its memory is never written
    /// again.</summary>
    ProducerRecord Next(long n);
}
