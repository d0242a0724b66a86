{{ config(materialized='table') }}
SELECT date_trunc('hour', occurred_at) AS hour, kind, count(*) AS events
FROM {{ source('raw', 'events') }}
GROUP BY 1, 2
