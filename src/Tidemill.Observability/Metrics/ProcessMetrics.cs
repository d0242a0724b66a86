using System.Diagnostics;

namespace Tidemill.Observability.Metrics;

/// <summary>The process and its garbage collector, under the names that Prometheus' client libraries use.</summary>
public static class ProcessMetrics
{
    public static void Write(MetricWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        using var process = Process.GetCurrentProcess();
        var started = new DateTimeOffset(process.StartTime).ToUnixTimeMilliseconds() / 1000.0;
        writer.Counter("process_cpu_seconds_total", "User and system CPU time spent, in seconds.")
            .Sample(process.TotalProcessorTime.TotalSeconds);
        writer.Gauge("process_resident_memory_bytes", "Resident memory, in bytes.").Sample(process.WorkingSet64);
        writer.Gauge("process_virtual_memory_bytes", "Virtual memory, in bytes.").Sample(process.VirtualMemorySize64);
        writer.Gauge("process_start_time_seconds", "Start of the process since the epoch, in seconds.").Sample(started);
        writer.Gauge("process_threads", "Operating system threads.").Sample(process.Threads.Count);
        writer.Gauge("process_open_fds", "Open file descriptors or handles.").Sample(OpenFiles(process));
        WriteRuntime(writer);
    }

    private static void WriteRuntime(MetricWriter writer)
    {
        writer.Counter("dotnet_gc_collections_total", "Garbage collections by generation.");
        for (var generation = 0; generation <= GC.MaxGeneration; generation++)
        {
            writer.Sample(
                GC.CollectionCount(generation), ("generation", generation.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        }

        writer.Counter("dotnet_gc_pause_seconds_total", "Time spent in garbage collection pauses, in seconds.")
            .Sample(GC.GetTotalPauseDuration().TotalSeconds);
        writer.Counter("dotnet_gc_allocated_bytes_total", "Managed bytes allocated.").Sample(GC.GetTotalAllocatedBytes());
        writer.Gauge("dotnet_gc_heap_bytes", "Managed heap, in bytes.").Sample(GC.GetTotalMemory(forceFullCollection: false));
        writer.Gauge(
            "dotnet_gc_committed_bytes", "Memory that the managed heap takes, free parts included, at the last collection, in bytes.")
            .Sample(GC.GetGCMemoryInfo().TotalCommittedBytes);
        writer.Gauge("dotnet_thread_pool_threads", "Threads of the pool.").Sample(ThreadPool.ThreadCount);
        writer.Gauge("dotnet_thread_pool_queue_length", "Work items waiting for a thread.").Sample(ThreadPool.PendingWorkItemCount);
    }

    private static int OpenFiles(Process process) => Directory.Exists("/proc/self/fd")
        ? Directory.EnumerateFileSystemEntries("/proc/self/fd").Count()
        : process.HandleCount;
}
