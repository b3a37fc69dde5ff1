with source as (
    select * from {{ source('landing', 'invoices') }}
),

final as (
    select
        order_id,
        customer_id,
        day as local_date,
        ordered_at,
        dollars,
        known_at,
        superseded_at
    from source
)

select * from final
