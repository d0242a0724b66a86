namespace Tidemill.Core.Documents.Bson;

/// <summary>Text that is no (Extended) JSON; the message holds no values.</summary>
internal sealed class InvalidJsonException(string message, Exception? innerException = null) : FormatException(message, innerException);
