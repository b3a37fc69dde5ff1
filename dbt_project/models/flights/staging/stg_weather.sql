with source as (
    select * from {{ source('landing', 'weather') }}
),

final as (
    select
        origin,
        observed_at,
        day as landing_day,
        temperature_f,
        dew_point_f,
        humidity_percent,
        wind_direction_degrees,
        wind_speed_mph,
        wind_gust_mph,
        precipitation_inches,
        pressure_millibars,
        visibility_miles,
        delivered_at,
        known_at,
        superseded_at
    from source
)

select * from final
