with outcomes as (
    select *
    from {{ ref('stg_flight_outcomes') }}
    where {{ in_build_range('landing_day', lookback_days=30) }}
),

-- All schedules so far, not those of the range: an outcome may become known weeks later.
schedules as (
    select *
    from {{ ref('stg_flight_schedules') }}
    where {{ in_build_range('local_date', lookback_days=none) }}
),

final as (
    select
        outcomes.flight_id,
        outcomes.landing_day,
        schedules.local_date,
        schedules.carrier,
        schedules.origin,
        schedules.destination,
        schedules.tail_number,
        outcomes.status,
        outcomes.arrival_delay_minutes::double as arrival_delay_minutes,
        case
            when outcomes.status = 'arrived' then outcomes.arrival_delay_minutes > 15
        end as is_late,
        case
            when outcomes.status = 'arrived' then outcomes.arrival_delay_minutes > 60
        end as is_severely_late,
        outcomes.known_at
    from outcomes
    left join schedules on outcomes.flight_id = schedules.flight_id
)

select * from final
