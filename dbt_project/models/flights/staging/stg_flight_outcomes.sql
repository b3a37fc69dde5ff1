with source as (
    select * from {{ source('landing', 'flight_outcomes') }}
),

final as (
    select
        flight_id,
        day as landing_day,
        status,
        departed_at,
        arrived_at,
        departure_delay_minutes,
        arrival_delay_minutes,
        air_time_minutes,
        delivered_at,
        known_at,
        superseded_at
    from source
)

select * from final
