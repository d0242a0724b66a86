namespace Tidemill.Jinja.Evaluation;

/// <summary>A value on its way to the macro that returns it.</summary>
internal sealed class ReturnSignal(object? value) : Exception
{
    public object? Value { get; } = value;
}
