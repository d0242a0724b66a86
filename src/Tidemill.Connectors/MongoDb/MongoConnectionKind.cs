using Tidemill.Core.Components;
using Tidemill.Core.Configuration;
using Tidemill.Core.Configuration.Binding;
using Tidemill.Core.Configuration.Shapes;
using Tidemill.Core.Documents;

namespace Tidemill.Connectors.MongoDb;

/// <summary>A MongoDB server or replica set.</summary>
public sealed class MongoConnectionKind : IConnectionKind
{
    public static readonly MongoConnectionKind Instance = new();

    public string Key => "mongodb";

    public string Description => "A MongoDB server or replica set: a document store.";

    public Type Store => typeof(IDocumentStore);

    public ObjectShape Shape { get; } = new(
        new Property(
            "uri",
            new TextShape("^mongodb(\\+srv)?://.+", "mongodb://HOST:PORT/?OPTIONS or mongodb+srv://HOST/?OPTIONS") { Secret = true },
            "MongoDB's connection string; user, TLS and timeouts are its parts. Keep secrets out of the file with ${NAME} or "
                + "${file:path}."),
        new Property("database", new TextShape("^[^/\\\\. \"$\\x00]{1,63}$", "a database name of at most 63 characters, without /, \\, "
            + "'.', space, quotes and $"), "Database used. Default: the one that the uri names."));

    public Connection Bind(Section connection)
    {
        if (connection.Text("uri") is null && connection.Node.Find("uri") is null)
            connection.Error("uri", "Nothing says where MongoDB is.", "Add `uri: mongodb://HOST:27017`, or `uri: ${MONGODB_URI}`.");

        return new DocumentsConnection
        {
            Type = DocumentsType.MongoDb,
            Uri = connection.Text("uri"),
            Database = connection.Text("database"),
        };
    }
}
