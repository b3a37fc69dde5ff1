with flights_in_range as (
    select flight_id
    from {{ ref('stg_flight_outcomes') }}
    where {{ in_build_range('landing_day', lookback_days=37) }}
    {{ keys_built_before('flight_labels', 'flight_id') }}
),

-- On whatever day: an outcome may be corrected by one that is delivered weeks later.
all_outcomes as (
    select outcomes.*
    from {{ ref('stg_flight_outcomes') }} as outcomes
    semi join flights_in_range on outcomes.flight_id = flights_in_range.flight_id
),

outcomes as (
    {{ fact_versions('all_outcomes', ['flight_id']) }}
),

-- All schedules, not those of the range: an outcome may become known weeks later.
all_schedules as (
    select schedules.*
    from {{ ref('stg_flight_schedules') }} as schedules
    semi join flights_in_range on schedules.flight_id = flights_in_range.flight_id
),

schedules as (
    {{ fact_versions('all_schedules', ['flight_id'], day='local_date') }}
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
        schedules.scheduled_departure_at,
        outcomes.status,
        outcomes.arrival_delay_minutes::double as arrival_delay_minutes,
        case
            when outcomes.status = 'arrived' then outcomes.arrival_delay_minutes > 15
        end as is_late,
        case
            when outcomes.status = 'arrived' then outcomes.arrival_delay_minutes > 60
        end as is_severely_late,
        case
            when outcomes.status != 'arrived' then outcomes.status
            when outcomes.arrival_delay_minutes > 60 then 'very_late'
            when outcomes.arrival_delay_minutes > 15 then 'late'
            when outcomes.arrival_delay_minutes >= -15 then 'on_time'
            when outcomes.arrival_delay_minutes < -15 then 'early'
        end as punctuality,
        outcomes.first_known_at,
        greatest(outcomes.known_at, schedules.known_at) as known_at,
        least(outcomes.superseded_at, schedules.superseded_at) as superseded_at
    from outcomes
    left join schedules
        on
            outcomes.flight_id = schedules.flight_id
            and coalesce(outcomes.known_at < schedules.superseded_at, true)
            and coalesce(outcomes.superseded_at > schedules.known_at, true)
)

select * from final
