{% set fewest_flights, disrupted_share = 5, 0.3 %}

with hours as (
    select
        weather.origin,
        weather.observed_at,
        weather.landing_day as local_date,
        weather.landing_day + 1 as known_date,
        {{ departures_known_at('weather.landing_day + 1') }} as known_at
    from {{ ref('stg_weather') }} as weather
    where
        {{ was_known('weather', 'weather.observed_at') }}
        and {{ in_build_range('weather.landing_day', lookback_days=1) }}
),

flights as (
    select
        origin,
        scheduled_departure_at,
        known_at,
        superseded_at,
        status = 'cancelled' or is_severely_late as is_disrupted
    from {{ ref('int_flight_outcomes') }}
    where origin is not null
),

-- Each flight with the three hours before it. Not by a join: two of them are put in an order in
-- which airports alone are compared.
hours_of_flights as (
    select
        *,
        date_trunc('hour', scheduled_departure_at)
        - unnest(range(0, 3))::integer * interval '1 hour' as hour_before
    from flights
),

-- Days whose flights are known: one of which nothing landed is no day without flights.
landed_days as (
    select distinct landing_day
    from {{ ref('stg_flight_outcomes') }}
    where {{ in_build_range('landing_day') }}
),

following as (
    select
        hours.origin,
        hours.observed_at,
        count(*) as flights,
        avg(coalesce(flights.is_disrupted, false)::integer) as disrupted_share
    from hours
    inner join hours_of_flights as flights
        on
            hours.origin = flights.origin
            and date_trunc('hour', hours.observed_at) = flights.hour_before
            and hours.observed_at < flights.scheduled_departure_at
            and {{ was_known('flights', 'hours.known_at') }}
    group by all
),

final as (
    select
        hours.origin || '|' || strftime(timezone('UTC', hours.observed_at), '%Y-%m-%dT%H:%M')
            as observation_id,
        hours.local_date,
        case
            when following.flights >= {{ fewest_flights }}
                then following.disrupted_share >= {{ disrupted_share }}
        end as is_disruptive,
        case when following.flights >= {{ fewest_flights }} then following.disrupted_share end
            as disrupted_share,
        hours.known_date,
        hours.known_at
    from hours
    inner join landed_days on hours.known_date = landed_days.landing_day
    left join following
        on
            hours.origin = following.origin
            and hours.observed_at = following.observed_at
)

select * from final
