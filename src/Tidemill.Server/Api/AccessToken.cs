using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Tidemill.Server.Api;

/// <summary>
/// The secret that requests carry when the server asks for one: programs as <c>Authorization: Bearer</c>, browsers as a
/// cookie that holds a value derived from it, so that the token itself is never kept in a browser. Compared in constant time.
/// </summary>
internal sealed class AccessToken
{
    public const string Cookie = "tidemill";

    private const string Scheme = "Bearer ";
    private readonly byte[]? _expected;

    /// <param name="token">Null: everybody is let in.</param>
    public AccessToken(string? token)
    {
        if (token is not null)
        {
            _expected = Digest(token);
            CookieValue = Convert.ToHexStringLower(HMACSHA256.HashData(_expected, "console cookie"u8));
        }
    }

    public bool IsAsked => _expected is not null;

    /// <summary>What the cookie of a signed-in browser holds.</summary>
    public string CookieValue { get; } = "";

    public bool Is(string candidate) => _expected is null || CryptographicOperations.FixedTimeEquals(Digest(candidate), _expected);

    public bool IsHeldBy(HttpRequest request)
    {
        var header = request.Headers.Authorization.ToString();
        return !IsAsked
            || (header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) && Is(header[Scheme.Length..].Trim()))
            || (request.Cookies.TryGetValue(Cookie, out var value)
                && CryptographicOperations.FixedTimeEquals(Digest(value), Digest(CookieValue)));
    }

    private static byte[] Digest(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
