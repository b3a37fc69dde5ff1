with years as (
    select *
    from {{ ref('stg_person_years') }}
    where {{ in_build_range('landed_day') }}
),

final as (
    select
        person_year_id,
        landed_day,
        doctor_visits,
        delivered_at,
        superseded_at
    from years
)

select * from final
