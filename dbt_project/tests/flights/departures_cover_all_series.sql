{{ config(meta={'dagster': {'ref': {'name': 'departure_features'}}}) }}

-- Every series that departed in the 28 days before an origin of the build's range, as it was known
-- then, has seven forecasts of that origin, and no other series has any.
with origins as (
    select distinct landing_day as local_date
    from {{ ref('stg_flight_outcomes') }}
    where {{ in_build_range('landing_day') }}
),

departed as (
    select
        origin || '|' || carrier as series,
        known_at,
        superseded_at,
        local_date + unnest(range(1, 29))::integer as local_date
    from {{ ref('int_flight_outcomes') }}
    where status != 'cancelled'
),

living as (
    select distinct
        departed.series,
        departed.local_date
    from departed
    inner join origins on departed.local_date = origins.local_date
    where
        departed.known_at <= {{ departures_known_at('departed.local_date') }}
        and coalesce(
            departed.superseded_at > {{ departures_known_at('departed.local_date') }}, true
        )
),

forecast as (
    select
        series,
        local_date,
        count(distinct step) as steps
    from {{ ref('departure_features') }}
    where {{ in_build_range('local_date') }}
    group by all
)

select
    forecast.steps,
    coalesce(living.series, forecast.series) as series,
    coalesce(living.local_date, forecast.local_date) as local_date
from living
full join forecast
    on
        living.series = forecast.series
        and living.local_date = forecast.local_date
where living.series is null or coalesce(forecast.steps, 0) != 7
