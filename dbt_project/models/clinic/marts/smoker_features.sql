with smokers as (
    select *
    from {{ ref('stg_smokers') }}
    where
        superseded_at is null
        and {{ in_build_range('landed_day') }}
),

final as (
    select * exclude (died_by_1992, delivered_at, superseded_at)
    from smokers
)

select * from final
