namespace Tidemill.Jinja.Evaluation;

/// <summary>The object of <c>namespace()</c>: the one whose attributes <c>set</c> can change from inner scopes.</summary>
internal sealed class JinjaNamespace(JinjaDict attributes) : IJinjaObject
{
    public JinjaDict Attributes { get; } = attributes;

    public bool TryGetAttribute(string name, out object? value) => Attributes.TryGetValue(name, out value);

    public string ToText() => $"<Namespace {ValueText.Represent(Attributes)}>";
}
