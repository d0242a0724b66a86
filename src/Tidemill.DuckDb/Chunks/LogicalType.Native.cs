using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Tidemill.DuckDb.Handles;
using Tidemill.DuckDb.Native;

namespace Tidemill.DuckDb;

public sealed partial class LogicalType
{
    /// <summary>Reads and destroys a native type.</summary>
    internal static LogicalType Take(nint native)
    {
        using var handle = new LogicalTypeHandle(native);
        return Read(handle.Value);
    }

    private static LogicalType Read(nint native)
    {
        var id = DuckDbApi.duckdb_get_type_id(native);
        var type = id switch
        {
            DuckDbTypeId.Decimal => Decimal(
                DuckDbApi.duckdb_decimal_width(native), DuckDbApi.duckdb_decimal_scale(native)),
            DuckDbTypeId.List => List(Take(DuckDbApi.duckdb_list_type_child_type(native))),
            DuckDbTypeId.Array => Array(
                Take(DuckDbApi.duckdb_array_type_child_type(native)),
                checked((int)DuckDbApi.duckdb_array_type_array_size(native))),
            DuckDbTypeId.Map => Map(
                Take(DuckDbApi.duckdb_map_type_key_type(native)), Take(DuckDbApi.duckdb_map_type_value_type(native))),
            DuckDbTypeId.Struct => Struct(ReadFields(
                native,
                DuckDbApi.duckdb_struct_type_child_count(native),
                DuckDbApi.duckdb_struct_type_child_name,
                DuckDbApi.duckdb_struct_type_child_type)),
            DuckDbTypeId.Union => Union(ReadFields(
                native,
                DuckDbApi.duckdb_union_type_member_count(native),
                DuckDbApi.duckdb_union_type_member_name,
                DuckDbApi.duckdb_union_type_member_type)),
            DuckDbTypeId.Enum => Enum(ReadLabels(native)),
            _ => Simple(id),
        };
        return NativeText.Taken(DuckDbApi.duckdb_logical_type_get_alias(native)) switch
        {
            null or "" => type,
            "JSON" when id == DuckDbTypeId.Varchar => Json,
            var alias => type.Named(alias),
        };
    }

    private LogicalType Named(string alias) => new(TypeId, alias)
    {
        Alias = alias,
        Width = Width,
        Scale = Scale,
        ArraySize = ArraySize,
        Fields = Fields,
        Labels = Labels,
    };

    private static ImmutableArray<TypeField> ReadFields(
        nint native, ulong count, Func<nint, ulong, nint> name, Func<nint, ulong, nint> type)
    {
        var fields = ImmutableArray.CreateBuilder<TypeField>((int)count);
        for (ulong i = 0; i < count; i++) fields.Add(new(NativeText.Taken(name(native, i)) ?? "", Take(type(native, i))));
        return fields.ToImmutable();
    }

    private static ImmutableArray<string> ReadLabels(nint native)
    {
        var count = DuckDbApi.duckdb_enum_dictionary_size(native);
        var labels = ImmutableArray.CreateBuilder<string>((int)count);
        for (uint i = 0; i < count; i++)
            labels.Add(NativeText.Taken(DuckDbApi.duckdb_enum_dictionary_value(native, i)) ?? "");
        return labels.ToImmutable();
    }

    /// <summary>A native copy for one call; the caller disposes it.</summary>
    internal LogicalTypeHandle ToNative()
    {
        var native = TypeId switch
        {
            DuckDbTypeId.Decimal => DuckDbApi.duckdb_create_decimal_type(Width, Scale),
            DuckDbTypeId.List => WithChild(Element, DuckDbApi.duckdb_create_list_type),
            DuckDbTypeId.Array => WithChild(Element, child => DuckDbApi.duckdb_create_array_type(child, (ulong)ArraySize)),
            DuckDbTypeId.Map => WithChild(
                Fields[0].Type,
                key => WithChild(Fields[1].Type, value => DuckDbApi.duckdb_create_map_type(key, value))),
            DuckDbTypeId.Struct or DuckDbTypeId.Union => CreateWithFields(),
            DuckDbTypeId.Enum => CreateEnum(),
            _ => DuckDbApi.duckdb_create_logical_type(TypeId),
        };
        if (native == 0) throw new NotSupportedException($"DuckDB cannot create the type {this}.");
        if (Alias is not null) DuckDbApi.duckdb_logical_type_set_alias(native, Alias);
        return new(native);
    }

    private static nint WithChild(LogicalType type, Func<nint, nint> create)
    {
        using var child = type.ToNative();
        return create(child.Value);
    }

    private unsafe nint CreateWithFields()
    {
        var handles = Fields.Select(field => field.Type.ToNative()).ToArray();
        var names = Fields.Select(field => Marshal.StringToCoTaskMemUTF8(field.Name)).ToArray();
        try
        {
            var types = handles.Select(handle => handle.Value).ToArray();
            // SAFETY: both arrays are pinned, and what they point to lives until after the call; DuckDB copies it.
            fixed (nint* typePointer = types, namePointer = names)
            {
                return TypeId == DuckDbTypeId.Struct
                    ? DuckDbApi.duckdb_create_struct_type(typePointer, namePointer, (ulong)types.Length)
                    : DuckDbApi.duckdb_create_union_type(typePointer, namePointer, (ulong)types.Length);
            }
        }
        finally
        {
            foreach (var name in names) Marshal.FreeCoTaskMem(name);
            foreach (var handle in handles) handle.Dispose();
        }
    }

    private unsafe nint CreateEnum()
    {
        var labels = Labels.Select(Marshal.StringToCoTaskMemUTF8).ToArray();
        try
        {
            // SAFETY: the array is pinned and its texts live until after the call; DuckDB copies them.
            fixed (nint* pointer = labels) return DuckDbApi.duckdb_create_enum_type(pointer, (ulong)labels.Length);
        }
        finally
        {
            foreach (var label in labels) Marshal.FreeCoTaskMem(label);
        }
    }
}
