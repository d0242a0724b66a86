using System.Collections.Frozen;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;

namespace Tidemill.Server.Console.Assets;

/// <summary>
/// The console's scripts and styles, out of this assembly: they are there however the program was built, published or
/// started. Each address carries a hash of the content, so browsers may keep it for ever.
/// </summary>
internal sealed class EmbeddedAssets
{
    private const string Prefix = "assets/";

    private readonly FrozenDictionary<string, string> _versions = typeof(EmbeddedAssets).Assembly.GetManifestResourceNames()
        .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
        .ToFrozenDictionary(name => name[Prefix.Length..], Version);

    /// <summary>The asset's address, with its version.</summary>
    public string Url(string name) => $"/{Prefix}{name}?v={_versions[name]}";

    public void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet($"/{Prefix}{{name}}", (string name, HttpContext context) => Send(name, context)).ExcludeFromDescription();

    private IResult Send(string name, HttpContext context)
    {
        if (!_versions.TryGetValue(name, out var version))
            return Results.NotFound();

        context.Response.Headers.CacheControl = "public, max-age=31536000, immutable";
        return Results.Stream(Open(name), TypeOf(name), entityTag: new EntityTagHeaderValue($"\"{version}\""));
    }

    private static Stream Open(string name) => typeof(EmbeddedAssets).Assembly.GetManifestResourceStream(Prefix + name)!;

    private static string Version(string resource)
    {
        using var content = Open(resource[Prefix.Length..]);
        return Convert.ToHexStringLower(SHA256.HashData(content).AsSpan(0, 8));
    }

    private static string TypeOf(string name) => Path.GetExtension(name) switch
    {
        ".css" => "text/css; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".svg" => "image/svg+xml",
        _ => "application/octet-stream",
    };
}
