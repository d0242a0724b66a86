using Tidemill.Core.Components;
using Tidemill.Core.Configuration;
using Tidemill.Core.Configuration.Binding;
using Tidemill.Core.Configuration.Shapes;
using Tidemill.Core.Warehouses;

namespace Tidemill.Connectors.Postgres;

/// <summary>A PostgreSQL server.</summary>
public sealed class PostgresConnectionKind : IConnectionKind
{
    public static readonly PostgresConnectionKind Instance = new();

    public string Key => "postgres";

    public string Description => "A PostgreSQL server: a warehouse.";

    public Type Store => typeof(IWarehouse);

    public ObjectShape Shape { get; } = new(
        Of("host", new TextShape(), "Server's name or address.", "localhost"),
        Of("port", new NumberShape(1, 65535, Whole: true), "Server's TCP port.", "5432"),
        Of("user", new TextShape(), "Role to connect as.", "postgres"),
        Of(
            "password",
            new TextShape { Secret = true },
            "The role's password; keep it out of the file with ${NAME} or ${file:path}.",
            null),
        Of("database", new TextShape(), "Database to connect to.", "postgres"),
        Of("schema", CommonShapes.Column, "Schema of unqualified tables.", "public"),
        Of("ssl_mode", new ChoiceShape("disable", "prefer", "require", "verify-ca", "verify-full"), "TLS, as in libpq.", "prefer"));

    public Connection Bind(Section connection)
    {
        var defaults = new WarehouseConnection();
        return new WarehouseConnection
        {
            Type = WarehouseType.Postgres,
            Host = connection.Text("host") ?? defaults.Host,
            Port = connection.Integer("port", defaults.Port),
            User = connection.Text("user") ?? defaults.User,
            Password = connection.Text("password"),
            Database = connection.Text("database") ?? defaults.Database,
            Schema = connection.Text("schema") ?? defaults.Schema,
            SslMode = connection.Text("ssl_mode") ?? defaults.SslMode,
        };
    }

    private static Property Of(string key, Shape shape, string description, string? value) =>
        new(key, shape, description) { Default = value };
}
