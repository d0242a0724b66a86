using System.Text.Json;

namespace Tidemill.Workflows.Runs;

/// <summary>Names of statuses as tables, API and console show them: <c>upstream_failed</c>.</summary>
public static class StatusName
{
    public static string Of<T>(T value) where T : struct, Enum =>
        JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());

    internal static T Parse<T>(object? text) where T : struct, Enum =>
        Enum.Parse<T>(((string)text!).Replace("_", "", StringComparison.Ordinal), ignoreCase: true);
}
