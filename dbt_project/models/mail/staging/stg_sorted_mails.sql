with source as (
    select * from {{ source('landing', 'sorted_mails') }}
),

final as (
    select
        mail_id,
        timezone('Europe/Dublin', arrived_at)::date as local_date,
        is_spam,
        day as landing_day,
        known_at,
        superseded_at
    from source
)

select * from final
