{{ config(
    materialized='table',
    indexes=[
      {'columns': ['event_time']},
      {'columns': ['user_id']},
      {'columns': ['is_late']}
    ]
) }}

with transactions as (
    select
        transaction_id,
        user_id,
        amount,
        currency,
        status,
        event_time,
        processing_time,
        cast(extract(epoch from (processing_time - event_time)) as double precision) as latency_seconds
    from {{ source('raw', 'transactions') }}
)

select
    transaction_id,
    user_id,
    amount,
    currency,
    status,
    event_time,
    processing_time,
    cast(event_time as date) as event_date,
    date_trunc('hour', event_time) as event_hour,
    latency_seconds,
    latency_seconds > 120 as is_late
from transactions
