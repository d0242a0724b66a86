{{ config(materialized='view') }}

select
    event_hour,
    count(*) as total_transactions,
    sum(amount) as total_amount,
    cast(sum(case when is_late then 1 else 0 end) as bigint) as late_transactions,
    cast(sum(case when is_late then 1 else 0 end) as double precision) / count(*) as late_ratio
from {{ ref('transactions_clean') }}
group by event_hour
