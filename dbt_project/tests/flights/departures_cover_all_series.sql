{{ config(meta={'dagster': {'ref': {'name': 'departure_features'}}}) }}

-- Every series that departed in the 28 days before an origin of the build's range, as it was known
-- then, has seven forecasts of that origin, and no other series has any.
with origins as (
    select distinct landing_day as local_date
    from {{ ref('stg_flight_outcomes') }}
    where {{ in_build_range('landing_day') }}
),

living as (
    select distinct
        flights.origin || '|' || flights.carrier as series,
        origins.local_date
    from {{ ref('int_flight_outcomes') }} as flights
    inner join origins
        on
            flights.local_date between origins.local_date - 28 and origins.local_date - 1
            and flights.known_at <= {{ departures_known_at('origins.local_date') }}
            and coalesce(
                flights.superseded_at > {{ departures_known_at('origins.local_date') }}, true
            )
    where flights.status != 'cancelled'
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
    series,
    local_date,
    forecast.steps
from living
full join forecast using (series, local_date)
where living.series is null or coalesce(forecast.steps, 0) != 7
