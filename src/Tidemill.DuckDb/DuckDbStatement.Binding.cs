using System.Runtime.InteropServices;
using System.Text;
using Tidemill.DuckDb.Native;

namespace Tidemill.DuckDb;

// Parameters are numbered from 1. DuckDB copies what is bound.
public sealed partial class DuckDbStatement
{
    /// <summary>The number of the parameter <c>$name</c>.</summary>
    public int ParameterIndex(string name) =>
        DuckDbApi.duckdb_bind_parameter_index(_handle, out var index, name) == 0
            ? (int)index
            : throw new DuckDbException(DuckDbErrorType.InvalidInput, $"The statement has no parameter ${name}.");

    public void ClearBindings() => Check(DuckDbApi.duckdb_clear_bindings(_handle), 0);

    public void BindNull(int index) => Check(DuckDbApi.duckdb_bind_null(_handle, (ulong)index), index);

    public void Bind(int index, bool value) =>
        Check(DuckDbApi.duckdb_bind_boolean(_handle, (ulong)index, value ? (byte)1 : (byte)0), index);

    public void Bind(int index, sbyte value) => Check(DuckDbApi.duckdb_bind_int8(_handle, (ulong)index, value), index);

    public void Bind(int index, short value) => Check(DuckDbApi.duckdb_bind_int16(_handle, (ulong)index, value), index);

    public void Bind(int index, int value) => Check(DuckDbApi.duckdb_bind_int32(_handle, (ulong)index, value), index);

    public void Bind(int index, long value) => Check(DuckDbApi.duckdb_bind_int64(_handle, (ulong)index, value), index);

    public void Bind(int index, byte value) => Check(DuckDbApi.duckdb_bind_uint8(_handle, (ulong)index, value), index);

    public void Bind(int index, ushort value) =>
        Check(DuckDbApi.duckdb_bind_uint16(_handle, (ulong)index, value), index);

    public void Bind(int index, uint value) => Check(DuckDbApi.duckdb_bind_uint32(_handle, (ulong)index, value), index);

    public void Bind(int index, ulong value) =>
        Check(DuckDbApi.duckdb_bind_uint64(_handle, (ulong)index, value), index);

    public void Bind(int index, Int128 value) =>
        Check(DuckDbApi.duckdb_bind_hugeint(_handle, (ulong)index, new((UInt128)value)), index);

    public void Bind(int index, UInt128 value) =>
        Check(DuckDbApi.duckdb_bind_uhugeint(_handle, (ulong)index, new(value)), index);

    public void Bind(int index, float value) => Check(DuckDbApi.duckdb_bind_float(_handle, (ulong)index, value), index);

    public void Bind(int index, double value) =>
        Check(DuckDbApi.duckdb_bind_double(_handle, (ulong)index, value), index);

    public void Bind(int index, decimal value) => Bind(index, DuckDbDecimal.FromDecimal(value));

    public void Bind(int index, DuckDbDecimal value) => Check(
        DuckDbApi.duckdb_bind_decimal(
            _handle,
            (ulong)index,
            new() { Width = value.Width, Scale = value.Scale, Value = new((UInt128)value.Unscaled) }),
        index);

    public void Bind(int index, string? value)
    {
        if (value is null) BindNull(index);
        else BindUtf8(index, Encoding.UTF8.GetBytes(value));
    }

    /// <summary>Binds text that is valid UTF-8.</summary>
    public unsafe void BindUtf8(int index, ReadOnlySpan<byte> text)
    {
        // SAFETY: pinned during the call, in which DuckDB copies it; the reference is never null, even when empty.
        fixed (byte* pointer = &MemoryMarshal.GetReference(NonEmpty(text)))
            Check(DuckDbApi.duckdb_bind_varchar_length(_handle, (ulong)index, pointer, (ulong)text.Length), index);
    }

    /// <summary>Binds a BLOB.</summary>
    public unsafe void Bind(int index, ReadOnlySpan<byte> blob)
    {
        // SAFETY: as in BindUtf8.
        fixed (byte* pointer = &MemoryMarshal.GetReference(NonEmpty(blob)))
            Check(DuckDbApi.duckdb_bind_blob(_handle, (ulong)index, pointer, (ulong)blob.Length), index);
    }

    private static ReadOnlySpan<byte> NonEmpty(ReadOnlySpan<byte> bytes) => bytes.IsEmpty ? "\0"u8 : bytes;

    public void Bind(int index, Guid value)
    {
        var native = DuckDbApi.duckdb_create_uuid(new(DuckDbUuid.ToUnsigned(value)));
        var state = DuckDbApi.duckdb_bind_value(_handle, (ulong)index, native);
        DuckDbApi.duckdb_destroy_value(ref native);
        Check(state, index);
    }

    /// <summary>Binds a TIMESTAMP: the date and time as they stand, whatever the kind.</summary>
    public void Bind(int index, DateTime value) =>
        Check(DuckDbApi.duckdb_bind_timestamp(_handle, (ulong)index, DuckDbTimestamp.FromDateTime(value).Micros), index);

    /// <summary>Binds a TIMESTAMP WITH TIME ZONE: the instant.</summary>
    public void Bind(int index, DateTimeOffset value) => Check(
        DuckDbApi.duckdb_bind_timestamp_tz(_handle, (ulong)index, DuckDbTimestamp.FromDateTimeOffset(value).Micros),
        index);

    public void Bind(int index, DuckDbTimestamp value) =>
        Check(DuckDbApi.duckdb_bind_timestamp(_handle, (ulong)index, value.Micros), index);

    public void Bind(int index, DateOnly value) =>
        Check(DuckDbApi.duckdb_bind_date(_handle, (ulong)index, DuckDbDate.FromDateOnly(value).Days), index);

    public void Bind(int index, TimeOnly value) => Check(
        DuckDbApi.duckdb_bind_time(_handle, (ulong)index, value.Ticks / TimeSpan.TicksPerMicrosecond), index);

    public void Bind(int index, DuckDbInterval value) =>
        Check(DuckDbApi.duckdb_bind_interval(_handle, (ulong)index, value), index);

    /// <summary>An INTERVAL of microseconds only.</summary>
    public void Bind(int index, TimeSpan value) =>
        Bind(index, new DuckDbInterval(0, 0, value.Ticks / TimeSpan.TicksPerMicrosecond));

    /// <summary>Binds by the value's run-time type.</summary>
    /// <exception cref="NotSupportedException">There is no overload for that type.</exception>
    public void BindAny(int index, object? value)
    {
        switch (value)
        {
            case null or DBNull: BindNull(index); break;
            case bool typed: Bind(index, typed); break;
            case sbyte typed: Bind(index, typed); break;
            case short typed: Bind(index, typed); break;
            case int typed: Bind(index, typed); break;
            case long typed: Bind(index, typed); break;
            case byte typed: Bind(index, typed); break;
            case ushort typed: Bind(index, typed); break;
            case uint typed: Bind(index, typed); break;
            case ulong typed: Bind(index, typed); break;
            case Int128 typed: Bind(index, typed); break;
            case UInt128 typed: Bind(index, typed); break;
            case float typed: Bind(index, typed); break;
            case double typed: Bind(index, typed); break;
            case decimal typed: Bind(index, typed); break;
            case DuckDbDecimal typed: Bind(index, typed); break;
            case string typed: Bind(index, typed); break;
            case byte[] typed: Bind(index, typed.AsSpan()); break;
            case Guid typed: Bind(index, typed); break;
            case DateTime typed: Bind(index, typed); break;
            case DateTimeOffset typed: Bind(index, typed); break;
            case DuckDbTimestamp typed: Bind(index, typed); break;
            case DateOnly typed: Bind(index, typed); break;
            case TimeOnly typed: Bind(index, typed); break;
            case TimeSpan typed: Bind(index, typed); break;
            case DuckDbInterval typed: Bind(index, typed); break;
            default: throw new NotSupportedException($"A {value.GetType()} cannot be bound to a parameter.");
        }
    }

    private void Check(int state, int index)
    {
        if (state == 0) return;
        throw new DuckDbException(
            DuckDbErrorType.InvalidInput,
            $"Parameter {index} cannot be bound; the statement has {ParameterCount}, numbered from 1.");
    }
}
