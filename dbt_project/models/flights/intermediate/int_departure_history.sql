-- The label of a day of the build's range may be of an origin up to 8 days before it.
{% set longest_label_days = 8 %}

with landed_days as (
    select distinct landing_day as local_date
    from {{ ref('stg_flight_outcomes') }}
    where {{ in_build_range('landing_day', lookback_days=longest_label_days) }}
),

origins as (
    select
        local_date,
        {{ departures_known_at('local_date') }} as event_time
    from landed_days
),

flights as (
    select
        origin as airport,
        carrier,
        local_date as departure_date,
        status,
        known_at,
        superseded_at
    from {{ ref('int_flight_outcomes') }}
    where local_date is not null
),

all_series as (
    select distinct
        airport,
        carrier
    from flights
),

distances as (
    select unnest(range(1, 29))::integer as days_before
),

past_days as (
    select
        all_series.airport,
        all_series.carrier,
        origins.local_date,
        origins.event_time,
        distances.days_before,
        origins.local_date - distances.days_before as departure_date
    from all_series
    cross join origins
    cross join distances
),

known as (
    select
        past_days.airport,
        past_days.carrier,
        past_days.local_date,
        past_days.event_time,
        past_days.days_before,
        count(flights.status) as flights,
        count(case when flights.status != 'cancelled' then 1 end) as departures
    from past_days
    left join flights
        on
            past_days.airport = flights.airport
            and past_days.carrier = flights.carrier
            and past_days.departure_date = flights.departure_date
            and {{ was_known('flights', 'past_days.event_time') }}
    group by all
),

-- A series begins with its first departure of these days; without any there is none.
final as (
    select
        airport || '|' || carrier as series,
        airport,
        carrier,
        local_date,
        event_time,
        days_before,
        flights::double as flights,
        departures::double as departures
    from known
    qualify
        days_before <= max(case when departures > 0 then days_before end) over (
            partition by airport, carrier, local_date
        )
)

select * from final
