with flights as (
    select * from {{ ref('int_flights') }}
),

arrivals as (
    select *
    from {{ ref('int_flight_outcomes') }}
    where status = 'arrived'
),

carrier_7d as (
    {{ rolling_late_rate(['carrier'], hours=7 * 24) }}
),

route_28d as (
    {{ rolling_late_rate(['origin', 'destination'], hours=28 * 24) }}
),

origin_24h as (
    {{ rolling_late_rate(['origin'], hours=24) }}
),

origin_3h as (
    {{ rolling_late_rate(['origin'], hours=3) }}
),

tail_number_14d as (
    {{ rolling_late_rate(['tail_number'], hours=14 * 24) }}
),

final as (
    select
        flights.flight_id,
        carrier_7d.late_rate as carrier_late_rate_7d,
        route_28d.late_rate as route_late_rate_28d,
        origin_24h.late_rate as origin_late_rate_24h,
        origin_3h.late_rate as origin_late_rate_3h,
        tail_number_14d.late_rate as tail_number_late_rate_14d
    from flights
    left join carrier_7d on flights.flight_id = carrier_7d.flight_id
    left join route_28d on flights.flight_id = route_28d.flight_id
    left join origin_24h on flights.flight_id = origin_24h.flight_id
    left join origin_3h on flights.flight_id = origin_3h.flight_id
    left join tail_number_14d on flights.flight_id = tail_number_14d.flight_id
)

select * from final
