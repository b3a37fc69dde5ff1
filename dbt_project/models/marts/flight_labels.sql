{{ config(unique_key='flight_id') }}

with outcomes as (
    select *
    from {{ ref('int_flight_outcomes') }}
    where
        {{ in_build_range('landing_day') }}
        and local_date is not null
),

final as (
    select
        flight_id,
        local_date,
        status,
        arrival_delay_minutes,
        is_late,
        is_severely_late,
        known_at
    from outcomes
)

select * from final
