with smokers as (
    select *
    from {{ ref('stg_smokers') }}
    where {{ in_build_range('landed_day') }}
),

final as (
    select
        person_id,
        landed_day,
        died_by_1992,
        delivered_at,
        superseded_at
    from smokers
)

select * from final
