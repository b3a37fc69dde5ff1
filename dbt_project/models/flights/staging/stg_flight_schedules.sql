with source as (
    select * from {{ source('landing', 'flight_schedules') }}
),

final as (
    select
        flight_id,
        day as local_date,
        carrier,
        flight_number,
        tail_number,
        origin,
        destination,
        scheduled_departure_at,
        scheduled_arrival_at,
        distance_miles,
        delivered_at,
        known_at,
        superseded_at
    from source
)

select * from final
