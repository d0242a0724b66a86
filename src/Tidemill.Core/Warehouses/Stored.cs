using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tidemill.Core.Warehouses;

/// <summary>
/// A word of an enumeration as a system table holds it. One that this program does not know, since a newer one wrote it, stays as it is
/// and equals none that it knows.
/// </summary>
/// <typeparam name="T">The enumeration.</typeparam>
[JsonConverter(typeof(StoredConverterFactory))]
[SuppressMessage("Usage", "CA2225", Justification = "Stored.Parse and the conversion are all there is to make one.")]
public readonly struct Stored<T> : IEquatable<Stored<T>> where T : struct, Enum
{
    private readonly T _value;
    private readonly string? _unknown;

    internal Stored(T value, string? unknown) => (_value, _unknown) = (value, unknown);

    /// <summary>The value; null when the program does not know the word.</summary>
    public T? Known => _unknown is null ? _value : null;

    public static implicit operator Stored<T>(T value) => new(value, null);

    public static bool operator ==(Stored<T> left, Stored<T> right) => left.Equals(right);

    public static bool operator !=(Stored<T> left, Stored<T> right) => !left.Equals(right);

    public bool Equals(Stored<T> other) => _unknown == other._unknown && EqualityComparer<T>.Default.Equals(_value, other._value);

    public override bool Equals(object? obj) => obj is Stored<T> other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(_value, _unknown);

    public override string ToString() => _unknown ?? _value.ToString();
}

/// <summary>Makes stored words.</summary>
public static class Stored
{
    /// <summary>Reads a name in any case, with or without underscores.</summary>
    public static Stored<T> Parse<T>(string word) where T : struct, Enum
    {
        ArgumentNullException.ThrowIfNull(word);
        var name = word.Replace("_", "", StringComparison.Ordinal);
        return name.All(char.IsAsciiLetter) && Enum.TryParse<T>(name, true, out var value) ? new(value, null) : new(default, word);
    }
}

/// <summary>In JSON the value's name, or the word that is not known.</summary>
public sealed class StoredConverterFactory : JsonConverterFactory
{
    public override bool CanConvert(Type typeToConvert) =>
        typeToConvert.IsGenericType && typeToConvert.GetGenericTypeDefinition() == typeof(Stored<>);

    public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options) =>
        (JsonConverter)Activator.CreateInstance(typeof(Converter<>).MakeGenericType(typeToConvert.GetGenericArguments()))!;

    private sealed class Converter<T> : JsonConverter<Stored<T>> where T : struct, Enum
    {
        public override Stored<T> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            Stored.Parse<T>(reader.GetString()!);

        public override void Write(Utf8JsonWriter writer, Stored<T> value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.ToString());
    }
}
