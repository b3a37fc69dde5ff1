{{ config(meta={'dagster': {'ref': {'name': 'flight_features'}}}) }}

-- Every scheduled flight of the build's range has features as of two hours before its departure,
-- and nothing else has: no join may lose or invent a flight, no partition may keep stale ones.
with schedules as (
    select *
    from {{ ref('stg_flight_schedules') }}
    where {{ in_build_range('local_date') }}
),

features as (
    select *
    from {{ ref('flight_features') }}
    where {{ in_build_range('local_date') }}
)

select
    schedules.flight_id as scheduled_flight_id,
    features.flight_id,
    features.event_time
from schedules
full join features on schedules.flight_id = features.flight_id
where schedules.scheduled_departure_at - interval '2 hours' is distinct from features.event_time
