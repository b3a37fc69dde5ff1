-- What became of a customer in the four weeks after an order.
{% set horizon_days = 28 %}

with orders as (
    select *
    from {{ ref('stg_orders') }}
    where {{ in_build_range('local_date', lookback_days=horizon_days) }}
),

-- Days whose orders are known: one on which nothing landed is no day without orders.
landed_days as (
    select distinct local_date
    from {{ ref('stg_orders') }}
    where {{ in_build_range('local_date') }}
),

due as (
    select
        orders.order_id,
        orders.customer_id,
        orders.local_date,
        orders.local_date + {{ horizon_days }} as known_date,
        {{ end_of_day('orders.local_date + ' ~ horizon_days) }} as known_at
    from orders
    where {{ was_known('orders', 'orders.ordered_at') }}
),

final as (
    select
        due.order_id,
        due.local_date,
        count(later.order_id) = 0 as has_lapsed,
        due.known_date,
        due.known_at
    from due
    inner join landed_days on due.known_date = landed_days.local_date
    left join orders as later
        on
            due.customer_id = later.customer_id
            and due.local_date < later.local_date
            and due.known_date >= later.local_date
            and {{ was_known('later', 'due.known_at') }}
    group by all
)

select * from final
