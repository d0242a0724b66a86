namespace Tidemill.Jinja;

/// <summary>A host's object with attributes that templates read, as <c>target.schema</c>.</summary>
public interface IJinjaObject
{
    /// <summary>Gives the attribute's value, or false when there is none of that name.</summary>
    bool TryGetAttribute(string name, out object? value);

    /// <summary>What printing the object gives.</summary>
    string ToText();
}
