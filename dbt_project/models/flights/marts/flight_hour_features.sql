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
        -- Year, month, day and hour of the departure, then the airport: 20130101051 is EWR at 5.
        (
            (
                strftime(local_date, '%Y%m%d')::bigint * 100
                + floor(scheduled_departure_minute / 60)
            ) * 10
            + list_position(['EWR', 'JFK', 'LGA'], origin)
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
