using Tidemill.Core.Components;
using Tidemill.Core.Documents;

namespace Tidemill.Core.Configuration;

public enum DocumentsType
{
    Embedded,
    MongoDb,
}

/// <summary>A file under the data folder by default; the rest belongs to MongoDB.</summary>
public sealed record DocumentsConnection : Connection
{
    public override Type Store => typeof(IDocumentStore);

    public DocumentsType Type { get; init; } = DocumentsType.Embedded;

    /// <summary>mongodb://USER:PASSWORD@HOST:PORT,HOST:PORT/?OPTIONS or mongodb+srv://...; authentication and TLS are its
    /// options.</summary>
    public string? Uri { get; init; }

    /// <summary>Default: the database that the uri names.</summary>
    public string? Database { get; init; }

    protected override bool PrintMembers(System.Text.StringBuilder builder)
    {
        builder.Append(System.Globalization.CultureInfo.InvariantCulture, $"Type = {Type}, Database = {Database}");
        return true;
    }
}
