using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Tidemill.Server.Hosting;
using Tidemill.Server.Topics;
using Tidemill.Streaming.Status;

namespace Tidemill.Server.Api;

/// <summary>The API's JSON: camelCase, enums by name, absent instead of null, source generated. NaN is null.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(ServerAddress))]
[JsonSerializable(typeof(ServerPing))]
[JsonSerializable(typeof(StatusAnswer))]
[JsonSerializable(typeof(HealthAnswer))]
[JsonSerializable(typeof(IReadOnlyList<TopicAnswer>))]
[JsonSerializable(typeof(AppendAnswer))]
[JsonSerializable(typeof(IReadOnlyList<RecordAnswer>))]
[JsonSerializable(typeof(DeadLettersAnswer))]
[JsonSerializable(typeof(DeadLetterAnswer))]
[JsonSerializable(typeof(DeadLetterSelection))]
[JsonSerializable(typeof(CountAnswer))]
[JsonSerializable(typeof(LetterEdit))]
[JsonSerializable(typeof(LetterPreviewAnswer))]
[JsonSerializable(typeof(IReadOnlyList<SchemaChangeAnswer>))]
[JsonSerializable(typeof(ReplayRangeRequest))]
[JsonSerializable(typeof(ReplayPlanAnswer))]
[JsonSerializable(typeof(ReplayOutcomeAnswer))]
[JsonSerializable(typeof(QueryRequest))]
[JsonSerializable(typeof(IReadOnlyList<IndexAnswer>))]
[JsonSerializable(typeof(SearchAnswer))]
[JsonSerializable(typeof(IReadOnlyList<StreamStatus>))]
[JsonSerializable(typeof(IReadOnlyList<WorkflowAnswer>))]
[JsonSerializable(typeof(RunAnswer))]
[JsonSerializable(typeof(IReadOnlyList<RunAnswer>))]
[JsonSerializable(typeof(IReadOnlyList<ModelStepAnswer>))]
[JsonSerializable(typeof(ModelRunRequest))]
[JsonSerializable(typeof(ModelRunAnswer))]
[JsonSerializable(typeof(ReplayRequest))]
[JsonSerializable(typeof(ReplayAnswer))]
[JsonSerializable(typeof(VerifyRequest))]
[JsonSerializable(typeof(VerifyAnswer))]
[JsonSerializable(typeof(GenerateRequest))]
[JsonSerializable(typeof(GenerateAnswer))]
[JsonSerializable(typeof(DoctorAnswer))]
[JsonSerializable(typeof(TopicDetail))]
[JsonSerializable(typeof(CreateTopicRequest))]
[JsonSerializable(typeof(RecordsAnswer))]
[JsonSerializable(typeof(TailAnswer))]
[JsonSerializable(typeof(ProduceRequest))]
[JsonSerializable(typeof(IReadOnlyList<GroupAnswer>))]
[JsonSerializable(typeof(PositionsRequest))]
[JsonSerializable(typeof(PlanAnswer))]
[JsonSerializable(typeof(StreamDetail))]
[JsonSerializable(typeof(JsonElement))]
internal sealed partial class ApiJson : JsonSerializerContext
{
    /// <summary>What everything that reads or writes the API's JSON uses.</summary>
    public static ApiJson Web { get; } = new(Configure(new JsonSerializerOptions(JsonSerializerDefaults.Web)));

    public static JsonSerializerOptions Configure(JsonSerializerOptions options)
    {
        options.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
        // Answers are application/json, never part of a page: text stays readable.
        options.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
        options.Converters.Add(new NotANumberConverter());
        return options;
    }

    /// <summary>JSON has no NaN: where there is no value yet, there is null.</summary>
    private sealed class NotANumberConverter : JsonConverter<double>
    {
        public override bool HandleNull => true;

        public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.Null ? double.NaN : reader.GetDouble();

        public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
        {
            if (double.IsFinite(value))
                writer.WriteNumberValue(value);
            else
                writer.WriteNullValue();
        }
    }
}
