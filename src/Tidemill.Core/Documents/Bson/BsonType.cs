namespace Tidemill.Core.Documents.Bson;

/// <summary>What a BSON element holds; numbers are the format's (bsonspec.org, version 1.1).</summary>
public enum BsonType : byte
{
    Double = 0x01,
    Text = 0x02,
    Document = 0x03,
    Array = 0x04,
    Binary = 0x05,
    Undefined = 0x06,
    ObjectId = 0x07,
    Boolean = 0x08,

    /// <summary>Milliseconds since 1970-01-01T00:00:00Z.</summary>
    Date = 0x09,
    Null = 0x0A,
    Regex = 0x0B,
    DbPointer = 0x0C,
    Code = 0x0D,
    Symbol = 0x0E,
    CodeWithScope = 0x0F,
    Int32 = 0x10,

    /// <summary>u32 counter, u32 seconds: the server's own kind of time.</summary>
    Timestamp = 0x11,
    Int64 = 0x12,
    Decimal128 = 0x13,
    MaxKey = 0x7F,
    MinKey = 0xFF,
}
