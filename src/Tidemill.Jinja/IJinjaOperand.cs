namespace Tidemill.Jinja;

/// <summary>A host's object that operators of templates apply to, such as a date.</summary>
public interface IJinjaOperand
{
    /// <summary>The name of its type, as errors give it.</summary>
    string TypeName { get; }

    /// <summary>Applies <c>+ - * / // % **</c>, the object being the left operand or the right one; false where it does not fit.</summary>
    bool TryApply(string sign, object? other, bool isLeft, out object? result);

    /// <summary>Below zero, zero or above by the order of the two, or null when they have none.</summary>
    int? Compare(object? other);
}
