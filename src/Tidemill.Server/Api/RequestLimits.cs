namespace Tidemill.Server.Api;

internal static class RequestLimits
{
    /// <summary>Largest request body. A larger one is answered 413 and nothing of it is kept.</summary>
    public const long BodyBytes = 64L << 20;

    /// <summary>Most rows of a list in one answer.</summary>
    public const int PageSize = 1000;

    /// <summary>Reads a list's size within its bounds.</summary>
    public static int Page(int? limit, int standard = 100) => Math.Clamp(limit ?? standard, 1, PageSize);
}
