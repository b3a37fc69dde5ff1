with source as (
    select * from {{ source('landing', 'mails') }}
),

final as (
    select
        mail_id,
        day as local_date,
        arrived_at,
        subject,
        body,
        known_at,
        superseded_at
    from source
)

select * from final
