with sorted_mails as (
    select *
    from {{ ref('stg_sorted_mails') }}
    where {{ in_build_range('landing_day') }}
),

final as (
    select
        mail_id,
        local_date,
        is_spam,
        landing_day,
        known_at,
        superseded_at
    from sorted_mails
)

select * from final
