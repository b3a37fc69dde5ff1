{{ config(meta={'dagster': {'ref': {'name': 'flight_features'}}}) }}

-- Every flight of the build's range that stood two hours before its departure has features as of
-- then, and nothing else has: no join may lose or invent a flight, no day may keep stale ones.
with schedules as (
    select
        flight_id,
        local_date,
        list(scheduled_departure_at - interval '2 hours') as event_times
    from {{ ref('stg_flight_schedules') }}
    where
        {{ in_build_range('local_date') }}
        and coalesce(superseded_at > scheduled_departure_at - interval '2 hours', true)
    group by all
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
full join features
    on
        schedules.flight_id = features.flight_id
        and schedules.local_date = features.local_date
where coalesce(not list_contains(schedules.event_times, features.event_time), true)
