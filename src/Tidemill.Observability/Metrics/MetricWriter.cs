using System.Globalization;
using System.Text;

namespace Tidemill.Observability.Metrics;

/// <summary>
/// Prometheus text format 0.0.4: one family at a time, <c># HELP</c> and <c># TYPE</c> before its samples, every sample of a
/// family together, label values escaped, LF line ends.
/// Source: https://prometheus.io/docs/instrumenting/exposition_formats/.
/// </summary>
public sealed class MetricWriter
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly StringBuilder _text = new();
    private readonly HashSet<string> _families = new(StringComparer.Ordinal);
    private string _family = "";

    /// <summary>Begins a counter; the name must end in <c>_total</c>.</summary>
    public MetricWriter Counter(string name, string help)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return name.EndsWith("_total", StringComparison.Ordinal)
            ? Begin(name, help, "counter")
            : throw new ArgumentException($"Counter {name} does not end in _total.", nameof(name));
    }

    public MetricWriter Gauge(string name, string help) => Begin(name, help, "gauge");

    /// <summary>Begins a summary, whose samples are written by <see cref="Quantile"/>.</summary>
    public MetricWriter Summary(string name, string help) => Begin(name, help, "summary");

    /// <summary>One sample of the family begun last.</summary>
    public MetricWriter Sample(double value, params ReadOnlySpan<(string Name, string Value)> labels)
    {
        _text.Append(_family);
        AppendLabels(labels);
        AppendValue(value);
        return this;
    }

    /// <summary>One quantile (0..1) of the summary begun last.</summary>
    public MetricWriter Quantile(double quantile, double value, params ReadOnlySpan<(string Name, string Value)> labels) =>
        Sample(value, [.. labels, ("quantile", quantile.ToString(CultureInfo.InvariantCulture))]);

    public override string ToString() => _text.ToString();

    private MetricWriter Begin(string name, string help, string type)
    {
        if (!_families.Add(name))
            throw new InvalidOperationException($"Metric {name} is written twice.");

        _family = name;
        _text.Append("# HELP ").Append(name).Append(' ')
            .Append(help.Replace("\\", @"\\", StringComparison.Ordinal).Replace("\n", @"\n", StringComparison.Ordinal)).Append('\n')
            .Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
        return this;
    }

    private void AppendLabels(ReadOnlySpan<(string Name, string Value)> labels)
    {
        for (var i = 0; i < labels.Length; i++)
            _text.Append(i == 0 ? '{' : ',').Append(labels[i].Name).Append("=\"").Append(Escape(labels[i].Value)).Append('"');

        if (labels.Length > 0)
            _text.Append('}');
    }

    private void AppendValue(double value)
    {
        _text.Append(' ').Append(value switch
        {
            double.PositiveInfinity => "+Inf",
            double.NegativeInfinity => "-Inf",
            _ when double.IsNaN(value) => "NaN",
            _ => value.ToString("R", CultureInfo.InvariantCulture),
        }).Append('\n');
    }

    private static string Escape(string value) => value
        .Replace("\\", @"\\", StringComparison.Ordinal)
        .Replace("\"", "\\\"", StringComparison.Ordinal)
        .Replace("\n", @"\n", StringComparison.Ordinal);
}
