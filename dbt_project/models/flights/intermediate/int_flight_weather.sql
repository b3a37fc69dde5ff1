with flights as (
    select * from {{ ref('int_flights') }}
),

weather as (
    select *
    from {{ ref('stg_weather') }}
    where {{ in_build_range('landing_day', lookback_days=1) }}
),

last_observed as (
    {{ latest_fact('flights', 'flight_id', 'weather', ['origin'], 'observed_at', hours=6) }}
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
)

select * from final
