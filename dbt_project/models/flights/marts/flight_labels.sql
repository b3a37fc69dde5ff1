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

versions_in_range as (
    select outcomes.*
    from outcomes
    semi join flights_in_range on outcomes.flight_id = flights_in_range.flight_id
),

labels as (
    {{ merged_versions(
        'versions_in_range', ['flight_id'], ['local_date', 'status', 'arrival_delay_minutes']
    ) }}
),

final as (
    select
        flight_id,
        local_date,
        status,
        arrival_delay_minutes,
        is_late,
        is_severely_late,
        punctuality,
        landing_day,
        known_at,
        superseded_at
    from labels
)

select * from final
