namespace Tidemill.Streaming.Decoding;

/// <summary>Where and why scanning stopped. Scanners return null after setting it.</summary>
internal unsafe struct ScanFailure
{
    public DecodeReason Reason { get; private set; }

    public byte* At { get; private set; }

    /// <summary>Notes the failure and returns null, for the scanner to return in turn.</summary>
    public byte* Set(DecodeReason reason, byte* at)
    {
        Reason = reason;
        At = at;
        return null;
    }
}

/// <summary>What came of reading a value's text.</summary>
internal enum ParseResult : byte
{
    Ok,
    Invalid,
    OutOfRange,
}
