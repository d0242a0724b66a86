using System.Text.Json;
using Tidemill.Core.Warehouses;

namespace Tidemill.Workflows.Runs;

/// <summary>Names of statuses as tables, API and console show them: <c>upstream_failed</c>.</summary>
public static class StatusName
{
    public static string Of<T>(T value) where T : struct, Enum =>
        JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());

    /// <summary>A word that is not known as it is stored.</summary>
    public static string Of<T>(Stored<T> value) where T : struct, Enum => value.Known is { } known ? Of(known) : value.ToString();
}
