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
        weather.pressure_millibars,
        weather.visibility_miles
    from weather
    where {{ was_known('weather', 'weather.observed_at') }}
),

-- Each with the six hours up to it. Not by a range: airports alone would be compared.
hours_up_to as (
    select
        *,
        date_trunc('hour', observed_at)
        - unnest(range(0, 6))::integer * interval '1 hour' as hour_before
    from hours
),

-- What was known of them at its moment, also what became known late.
past as (
    select
        hours.origin,
        hours.observed_at,
        -- In hundredths of an inch, whatever the order in which they are added up.
        round(sum(weather.precipitation_inches), 2) as precipitation_6h,
        max(weather.pressure_millibars) filter (
            where weather.observed_at = hours.observed_at - interval '3 hours'
        ) as pressure_3h_ago,
        max(weather.visibility_miles) filter (
            where weather.observed_at = hours.observed_at - interval '3 hours'
        ) as visibility_3h_ago
    from hours_up_to as hours
    inner join weather
        on
            hours.origin = weather.origin
            and hours.hour_before = date_trunc('hour', weather.observed_at)
            and hours.observed_at - interval '5 hours' <= weather.observed_at
            and hours.observed_at >= weather.observed_at
            and {{ was_known('weather', 'hours.observed_at') }}
    group by all
),

final as (
    select
        hours.origin || '|' || strftime(timezone('UTC', hours.observed_at), '%Y-%m-%dT%H:%M')
            as observation_id,
        hours.observed_at as event_time,
        hours.local_date,
        hours.origin as airport,
        hours.humidity_percent,
        hours.dew_point_depression_f,
        hours.wind_speed_mph,
        hours.wind_gust_mph,
        past.precipitation_6h,
        hours.visibility_miles,
        hours.visibility_miles - past.visibility_3h_ago as visibility_change_3h,
        hours.pressure_millibars - past.pressure_3h_ago as pressure_change_3h
    from hours
    inner join past
        on
            hours.origin = past.origin
            and hours.observed_at = past.observed_at
    where {{ in_build_range('hours.local_date') }}
)

select * from final
