with weather as (
    select *
    from {{ ref('stg_weather') }}
    where {{ in_build_range('landing_day', lookback_days=1) }}
),

-- Each observation as it stood at its own moment: what is corrected later was not known.
hours as (
    select
        weather.origin,
        weather.observed_at,
        weather.landing_day as local_date,
        weather.humidity_percent,
        weather.temperature_f - weather.dew_point_f as dew_point_depression_f,
        coalesce(weather.wind_speed_mph, 0) as wind_speed_mph,
        coalesce(weather.wind_gust_mph, 0) as wind_gust_mph,
        weather.precipitation_inches,
        weather.pressure_millibars,
        weather.visibility_miles
    from weather
    where {{ was_known('weather', 'weather.observed_at') }}
),

with_past as (
    select
        *,
        -- In hundredths of an inch, whatever the order in which they are added up.
        round(
            sum(precipitation_inches) over (
                by_airport range between interval '5 hours' preceding and current row
            ), 2
        ) as precipitation_6h,
        max(pressure_millibars) over three_hours_ago as pressure_3h_ago,
        max(visibility_miles) over three_hours_ago as visibility_3h_ago
    from hours
    window
        by_airport as (partition by origin order by observed_at),
        three_hours_ago as (
            partition by origin order by observed_at
            range between interval '3 hours' preceding and interval '3 hours' preceding
        )
),

final as (
    select
        origin || '|' || strftime(timezone('UTC', observed_at), '%Y-%m-%dT%H:%M')
            as observation_id,
        observed_at as event_time,
        local_date,
        origin as airport,
        humidity_percent,
        dew_point_depression_f,
        wind_speed_mph,
        wind_gust_mph,
        precipitation_6h,
        visibility_miles,
        visibility_miles - visibility_3h_ago as visibility_change_3h,
        pressure_millibars - pressure_3h_ago as pressure_change_3h
    from with_past
    where {{ in_build_range('local_date') }}
)

select * from final
