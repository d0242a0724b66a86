using Npgsql;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;

namespace Tidemill.Connectors.Postgres;

/// <summary>How the driver is set up for a warehouse.</summary>
internal static class PostgresConnections
{
    /// <summary>
    /// Statements have no time limit of their own, callers' tokens have; a connection attempt has five seconds, so that a
    /// server that is away is reported soon. Sessions run in UTC within the connection's schema.
    /// </summary>
    public static NpgsqlDataSource CreateDataSource(WarehouseConnection connection)
    {
        var settings = new NpgsqlConnectionStringBuilder
        {
            Host = connection.Host,
            Port = connection.Port,
            Username = connection.User,
            Password = connection.Password,
            Database = connection.Database,
            SslMode = Ssl(connection.SslMode),
            GssEncryptionMode = GssEncryptionMode.Disable,
            SearchPath = $"\"{connection.Schema.Replace("\"", "\"\"", StringComparison.Ordinal)}\"",
            Timezone = "UTC",
            ApplicationName = "tidemill",
            CommandTimeout = 0,
            Timeout = 5,
            TcpKeepAlive = true,
            IncludeErrorDetail = false,
            WriteBufferSize = 32 * 1024,
        };
        return NpgsqlDataSource.Create(settings);
    }

    private static SslMode Ssl(string name) => name.ToUpperInvariant() switch
    {
        "DISABLE" => SslMode.Disable,
        "ALLOW" => SslMode.Allow,
        "PREFER" => SslMode.Prefer,
        "REQUIRE" => SslMode.Require,
        "VERIFY-CA" => SslMode.VerifyCA,
        "VERIFY-FULL" => SslMode.VerifyFull,
        _ => throw new TidemillException(ErrorCode.ConfigurationInvalid,
            "The warehouse's ssl mode is none of disable, prefer, require, verify-ca and verify-full."),
    };
}
