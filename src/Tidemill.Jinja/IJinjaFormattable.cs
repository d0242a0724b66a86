namespace Tidemill.Jinja;

/// <summary>A host's object that <c>str.format</c> and its mini-language know, as <c>'{:%Y}'.format(date)</c>.</summary>
public interface IJinjaFormattable
{
    string Format(string specification);
}
