with flights as (
    select * from {{ ref('int_flights') }}
),

weather as (
    select * from {{ ref('int_flight_weather') }}
),

late_rates as (
    select * from {{ ref('int_late_rates') }}
),

final as (
    select
        flights.flight_id,
        flights.event_time,
        flights.local_date,
        flights.scheduled_departure_minute,
        flights.scheduled_arrival_minute,
        flights.scheduled_duration_minutes,
        flights.day_of_week,
        flights.distance_miles,
        flights.plane_age_years,
        flights.plane_seats,
        weather.temperature_f,
        weather.dew_point_f,
        weather.humidity_percent,
        weather.wind_speed_mph,
        weather.precipitation_inches,
        weather.pressure_millibars,
        weather.visibility_miles,
        weather.weather_age_minutes,
        late_rates.carrier_late_rate_7d,
        late_rates.route_late_rate_28d,
        late_rates.origin_late_rate_24h,
        late_rates.origin_late_rate_3h,
        late_rates.tail_number_late_rate_14d,
        flights.carrier,
        flights.origin,
        flights.destination,
        flights.superseded_at
    from flights
    left join weather on flights.flight_id = weather.flight_id
    left join late_rates on flights.flight_id = late_rates.flight_id
)

select * from final
