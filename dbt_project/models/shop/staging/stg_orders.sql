with source as (
    select * from {{ source('landing', 'orders') }}
),

final as (
    select
        order_id,
        customer_id,
        day as local_date,
        ordered_at,
        discs::double as discs,
        known_at,
        superseded_at
    from source
)

select * from final
