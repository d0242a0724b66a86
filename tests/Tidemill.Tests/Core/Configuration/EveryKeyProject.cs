namespace Tidemill.Tests.Core.Configuration;

/// <summary>A valid project in which every key of every file stands.</summary>
internal static class EveryKeyProject
{
    public static ProjectFolder Write() => new ProjectFolder()
        .With("tidemill.yaml", """
            name: all
            default_target: dev
            targets:
              dev: {connections: {other: {type: kafka, bootstrap_servers: "c:3"}}}
              prod:
                log:
                  type: kafka
                  bootstrap_servers: "a:1,b:2"
                  security: {sasl: scram-sha-512, user: u, password: p, tls: true, ca: ca.pem, certificate: c.pem, key: k.pem, key_password: x}
                  replication_factor: 3
                  options: {linger.ms: 7}
                connections:
                  other:
                    type: kafka
                    bootstrap_servers: [c:3, d:4]
                    security: {sasl: plain, user: u, password: p}
                    replication_factor: 2
                    options: {fetch.min.bytes: 1000}
                  pg: {type: postgres, host: h, port: 1, user: u, password: p, database: d, schema: s, ssl_mode: require}
                  docs: {type: mongodb, uri: "mongodb://u:p@h:27017", database: d}
                  es: {type: elasticsearch, url: "http://h:9200", api_key: k, options: {timeout: 10s}}
                  os: {type: opensearch, url: ["https://a:9200"], user: u, password: p, ca: ca.pem, prefix: x-, options: {compress: true}}
                warehouse: {type: postgres, host: h, port: 1, user: u, password: p, database: d, schema: s, ssl_mode: require, memory_limit: 1GiB, threads: 2, files: [data, /shared]}
                search: {type: opensearch, url: ["https://a:9200", "https://b:9200"], user: u, password: p, ca: ca.pem, prefix: all-, options: {timeout: 10s, bulk_bytes: 1MiB, compress: true}}
                documents: {type: mongodb, uri: "mongodb://u:p@h:27017/?tls=true", database: d}
              named:
                connections: {bus: {type: kafka, bootstrap_servers: "c:3"}, pg: {type: postgres, host: h}}
                log: bus
                warehouse: {connection: pg, schema: x, threads: 3}
              other:
                search: {type: elasticsearch, url: "http://h:9200", api_key: k}
            topics:
              events: {partitions: 3, retention: {time: 1d, bytes: 1GB}, max_record_bytes: 512KiB, replication_factor: 3, options: {segment.ms: 60000}}
              plain:
            """)
        .With("streams/reader.yaml", """
            name: reader
            enabled: false
            source: {topic: events, start: latest, on_out_of_range: earliest, connection: other}
            decode:
              format: json
              lenient: true
              extra: _extra
              ignore: [debug, meta.host]
              fields:
                id: {type: uuid, required: true}
                amount: {type: "decimal(18,2)", path: payment.amount, default: 0.50}
                at: {type: timestamp, path: [meta, "sent.at"], format: epoch_milliseconds}
                tags: {type: json, default: [a, {b: 1}, null, "2"]}
                note: text
            transform: |
              SELECT *
              FROM batch
            deduplicate: [id]
            on_drift: quarantine
            dead_letters: {topic: broken}
            batch: {max_records: 10, max_bytes: 1MiB, max_wait: 1s}
            sinks:
              - warehouse:
                  table: s.events
                  name: main
                  on_conflict: merge
                  key: [id]
                  merge: {amount: sum}
                  columns: {amount: "decimal(20,2)"}
                  indexes: [[at], {columns: [note, at], unique: true}]
              - collection: {collection: events, name: copies, id: [id], order: unordered}
              - index:
                  index: "events-{at:yyyy.MM}"
                  name: documents
                  id: [id]
                  version: at
                  delete: gone
                  action: index
                  mapping: {amount: double}
                  aliases: [events]
                  template: events
                  shards: 2
                  replicas: 0
                  lifecycle: {policy: events, read_only_after: 7d, delete_after: 30d, optional: true}
            """)
        .With("streams/maker.yaml", """
            source:
              generator:
                seed: 7
                rate: 1.5
                limit: 100
                key: id
                fields:
                  id: uuid
                  user: {uuid_pool: 5}
                  amount: {amount: {min: 1, max: 2, scale: 3}}
                  count: {integer: {min: -5, max: 5}}
                  kind: {choice: {values: [a, b], weights: [1, 0.5]}}
                  short: {choice: [x, y]}
                  at: now
                  n: sequence
                late: {share: 0.1, by: 5m}
                duplicates: 0.2
                malformed: 0.3
            sinks:
              - topic: {name: events}
            """)
        .With("streams/documents.yaml", """
            source: {collection: {collection: orders, field: changed.at, overlap: 1m, types: canonical, poll: 5s}}
            sinks:
              - topic: events
            """)
        .With("workflows/all.yaml", """
            name: all
            schedule: "0 * * * *"
            timezone: Europe/Berlin
            targets:
              prod: {schedule: }
              dev: {schedule: "@daily"}
            tasks:
              - name: models
                models: +a
                retries: 3
                retry_delay: 1m
                timeout: PT1H
              - name: statements
                depends_on: models
                sql:
                  - DELETE FROM x
                  - |
                    INSERT INTO x
                    SELECT 1
              - name: index
                depends_on: [models, statements]
                index: {name: x, query: SELECT 1 AS id, id: id, mapping: {id: keyword}}
            """)
        .With("dashboards/all.yaml", """
            name: all
            tiles:
              - {title: Orders, query: SELECT 1, format: percent}
            charts:
              - title: By hour
                query: SELECT 1 AS hour, 2 AS n
                x: hour
                series: [{column: n, title: N, kind: bar, axis: left, format: number}]
            """);
}
