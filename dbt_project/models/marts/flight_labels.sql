{{ config(unique_key='flight_id') }}

with outcomes as (
    select *
    from {{ ref('int_flight_outcomes') }}
    where local_date is not null
),

-- All versions of the flights of which one is of the range.
flights_in_range as (
    select flight_id
    from outcomes
    where {{ in_build_range('landing_day') }}
    {{ keys_built_before('flight_labels', 'flight_id') }}
),

marked as (
    select
        outcomes.*,
        -- What does not change the label is no version of it.
        not coalesce(
            lag(outcomes.superseded_at) over chain = outcomes.known_at
            and lag(outcomes.local_date) over chain = outcomes.local_date
            and lag(outcomes.status) over chain = outcomes.status
            and lag(outcomes.arrival_delay_minutes) over chain
            is not distinct from outcomes.arrival_delay_minutes,
            false
        ) as begins
    from outcomes
    semi join flights_in_range on outcomes.flight_id = flights_in_range.flight_id
    window chain as (partition by outcomes.flight_id order by outcomes.known_at)
),

numbered as (
    select
        *,
        count_if(begins) over (partition by flight_id order by known_at) as number
    from marked
),

final as (
    select
        flight_id,
        local_date,
        status,
        arrival_delay_minutes,
        is_late,
        is_severely_late,
        landing_day,
        known_at,
        last_value(superseded_at) over (
            partition by flight_id, number order by known_at
            rows between unbounded preceding and unbounded following
        ) as superseded_at
    from numbered
    qualify begins
)

select * from final
