with flights as (
    select *
    from {{ ref('flight_features') }}
    where {{ in_build_range('local_date') }}
),

final as (
    select
        flight_id,
        event_time,
        local_date,
        -- Up to 2^53 a double holds every whole number.
        (
            md5_number_lower(
                concat_ws('|', local_date, floor(scheduled_departure_minute / 60), origin)
            ) % 9007199254740992
        )::double as departure_hour_key,
        scheduled_departure_minute,
        scheduled_duration_minutes,
        day_of_week,
        distance_miles,
        plane_age_years,
        plane_seats,
        wind_speed_mph,
        precipitation_inches,
        visibility_miles,
        carrier_late_rate_7d,
        route_late_rate_28d,
        origin_late_rate_24h,
        origin_late_rate_3h,
        tail_number_late_rate_14d,
        carrier,
        origin,
        destination,
        superseded_at
    from flights
)

select * from final
