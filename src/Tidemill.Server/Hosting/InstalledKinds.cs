using Tidemill.Connectors.Documents;
using Tidemill.Connectors.Generator;
using Tidemill.Connectors.Kafka;
using Tidemill.Connectors.MongoDb;
using Tidemill.Connectors.Postgres;
using Tidemill.Connectors.Search.Elasticsearch;
using Tidemill.Connectors.Search.Streams;
using Tidemill.Connectors.Topics;
using Tidemill.Core.Components;
using Tidemill.Models.Tasks;
using Tidemill.Streaming.Sinks;
using Tidemill.Workflows.Tasks.Index;
using Tidemill.Workflows.Tasks.Sql;

namespace Tidemill.Server.Hosting;

/// <summary>Every kind of part that the program has, one line each. A new kind is its own folder and a line here.</summary>
public static class InstalledKinds
{
    public static ComponentKinds All { get; } = new()
    {
        Sinks =
        [
            WarehouseSinkKind.Instance,
            IndexSinkKind.Instance,
            CollectionSinkKind.Instance,
            TopicSinkKind.Instance,
        ],
        Sources =
        [
            GeneratorSourceKind.Instance,
            CollectionSourceKind.Instance,
        ],
        Tasks =
        [
            ModelsTaskKind.Instance,
            SqlTaskKind.Instance,
            IndexTaskKind.Instance,
        ],
        Connections =
        [
            KafkaConnectionKind.Instance,
            PostgresConnectionKind.Instance,
            MongoConnectionKind.Instance,
            SearchConnectionKind.Elasticsearch,
            SearchConnectionKind.OpenSearch,
        ],
    };
}
