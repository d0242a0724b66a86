using System.Diagnostics;
using Tidemill.Core.Errors;

namespace Tidemill.Core.Telemetry;

/// <summary>The spans of the program, for whoever listens to the activity source <see cref="Name"/>.</summary>
public static class Spans
{
    /// <summary>Name of the activity source.</summary>
    public const string Name = "Tidemill";

    public const string Append = "log append";
    public const string Batch = "stream batch";
    public const string SinkWrite = "sink write";
    public const string Run = "workflow run";
    public const string Attempt = "task attempt";

    private static readonly ActivitySource Source = new(Name, typeof(Spans).Assembly.GetName().Version?.ToString(3));

    /// <summary>True while somebody listens.</summary>
    public static bool Enabled => Source.HasListeners();

    /// <summary>Does the work within a span. A failure gives the span its code; messages may hold cell values and are left out.</summary>
    public static async Task<T> TraceAsync<T>(
        string name, ActivityKind kind, Func<Activity?, Task<T>> work, params KeyValuePair<string, object?>[] tags)
    {
        ArgumentNullException.ThrowIfNull(work);
        using var span = Source.StartActivity(kind, tags: tags, name: name);
        try
        {
            return await work(span);
        }
        catch (Exception error)
        {
            var code = error is TidemillException known ? known.Code.ToString() : error.GetType().Name;
            span?.SetStatus(ActivityStatusCode.Error, code).SetTag("error.type", code);
            throw;
        }
    }
}
