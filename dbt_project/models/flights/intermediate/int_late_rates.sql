with events as (
    select * from {{ ref('int_flights') }}
),

outcomes as (
    select *
    from {{ ref('int_flight_outcomes') }}
    where status = 'arrived'
),

carrier_7d as (
    {{ rolling_mean(['carrier'], hours=7 * 24, id='flight_id', outcome='is_late') }}
),

route_28d as (
    {{ rolling_mean(['origin', 'destination'], hours=28 * 24, id='flight_id', outcome='is_late') }}
),

origin_24h as (
    {{ rolling_mean(['origin'], hours=24, id='flight_id', outcome='is_late') }}
),

origin_3h as (
    {{ rolling_mean(['origin'], hours=3, id='flight_id', outcome='is_late') }}
),

tail_number_14d as (
    {{ rolling_mean(['tail_number'], hours=14 * 24, id='flight_id', outcome='is_late') }}
),

final as (
    select
        events.flight_id,
        carrier_7d.rolling_mean as carrier_late_rate_7d,
        route_28d.rolling_mean as route_late_rate_28d,
        origin_24h.rolling_mean as origin_late_rate_24h,
        origin_3h.rolling_mean as origin_late_rate_3h,
        tail_number_14d.rolling_mean as tail_number_late_rate_14d
    from events
    left join carrier_7d on events.flight_id = carrier_7d.flight_id
    left join route_28d on events.flight_id = route_28d.flight_id
    left join origin_24h on events.flight_id = origin_24h.flight_id
    left join origin_3h on events.flight_id = origin_3h.flight_id
    left join tail_number_14d on events.flight_id = tail_number_14d.flight_id
)

select * from final
