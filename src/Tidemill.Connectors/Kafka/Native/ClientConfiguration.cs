using System.Text;
using Tidemill.Core.Errors;

namespace Tidemill.Connectors.Kafka.Native;

/// <summary>Properties as librdkafka's configuration object.</summary>
internal static unsafe class ClientConfiguration
{
    private const int ErrorBytes = 512;

    /// <summary>A new configuration object; the caller frees it or passes it on.</summary>
    /// <exception cref="TidemillException">ConfigurationInvalid, naming the property that does not exist or whose value is
    /// refused.</exception>
    public static nint Create(IReadOnlyDictionary<string, string> properties)
    {
        nint configuration = KafkaApi.ConfNew();
        try
        {
            foreach (var (name, value) in properties) Set(configuration, name, value);
            return configuration;
        }
        catch
        {
            KafkaApi.ConfDestroy(configuration);
            throw;
        }
    }

    /// <summary>Checks the properties without connecting.</summary>
    public static void Check(IReadOnlyDictionary<string, string> properties) => KafkaApi.ConfDestroy(Create(properties));

    private static void Set(nint configuration, string name, string value)
    {
        byte* error = stackalloc byte[ErrorBytes];
        // SAFETY: librdkafka copies name and value, and writes at most ErrorBytes with an end mark.
        fixed (byte* key = Bytes(name), text = Bytes(value))
        {
            int result = KafkaApi.ConfSet(configuration, key, text, error, ErrorBytes);
            if (result == KafkaApi.ConfOk) return;
            // The library's own text repeats the value, which may be a secret.
            throw new TidemillException(ErrorCode.ConfigurationInvalid, result == KafkaApi.ConfUnknown
                ? $"The Kafka connection's option {name} is not a property of this librdkafka ({KafkaLibrary.LoadedVersion})."
                : $"The Kafka connection's option {name} has a value that librdkafka does not take.");
        }
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text + '\0');
}
