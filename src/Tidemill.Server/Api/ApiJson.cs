using System.Text.Json;
using System.Text.Json.Serialization;
using Tidemill.Server.Hosting;

namespace Tidemill.Server.Api;

/// <summary>The API's JSON: camelCase, enums by name, source generated.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(ServerAddress))]
[JsonSerializable(typeof(ServerPing))]
[JsonSerializable(typeof(StatusAnswer))]
[JsonSerializable(typeof(HealthAnswer))]
[JsonSerializable(typeof(IReadOnlyList<TopicAnswer>))]
[JsonSerializable(typeof(AppendAnswer))]
[JsonSerializable(typeof(IReadOnlyList<RecordAnswer>))]
[JsonSerializable(typeof(DeadLetterPage))]
[JsonSerializable(typeof(DeadLetterAnswer))]
[JsonSerializable(typeof(DeadLetterSelection))]
[JsonSerializable(typeof(CountAnswer))]
[JsonSerializable(typeof(QueryRequest))]
[JsonSerializable(typeof(IReadOnlyList<IndexAnswer>))]
[JsonSerializable(typeof(SearchAnswer))]
[JsonSerializable(typeof(JsonElement))]
internal sealed partial class ApiJson : JsonSerializerContext;
