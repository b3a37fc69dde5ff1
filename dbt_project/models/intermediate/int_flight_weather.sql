with flights as (
    select * from {{ ref('int_flights') }}
),

weather as (
    select *
    from {{ ref('stg_weather') }}
    where {{ in_build_range('landing_day', lookback_days=1) }}
),

last_observed as (
    select
        flights.flight_id,
        flights.event_time,
        weather.*
    from flights
    asof inner join weather
        on
            flights.origin = weather.origin
            and flights.event_time >= weather.observed_at
),

final as (
    select
        flight_id,
        temperature_f,
        dew_point_f,
        humidity_percent,
        wind_speed_mph,
        precipitation_inches,
        pressure_millibars,
        visibility_miles,
        {{ minutes_between('observed_at', 'event_time') }} as weather_age_minutes
    from last_observed
    where event_time - interval '6 hours' <= observed_at
)

select * from final
