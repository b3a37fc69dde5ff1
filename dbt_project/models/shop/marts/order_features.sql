-- What a customer did in the half year up to an order, this one included, as it was known then.
{% set history_days = 182 %}

with orders as (
    select *
    from {{ ref('stg_orders') }}
    where {{ in_build_range('local_date', lookback_days=history_days) }}
),

invoices as (
    select *
    from {{ ref('stg_invoices') }}
    where {{ in_build_range('local_date', lookback_days=history_days) }}
),

events as (
    select
        orders.order_id,
        orders.customer_id,
        orders.local_date,
        orders.ordered_at
    from orders
    where
        {{ was_known('orders', 'orders.ordered_at') }}
        and {{ in_build_range('orders.local_date') }}
),

history as (
    select
        events.order_id,
        events.local_date,
        events.ordered_at,
        past.local_date as past_date,
        past.discs as past_discs,
        invoices.dollars as past_dollars
    from events
    inner join orders as past
        on
            events.customer_id = past.customer_id
            and past.local_date between events.local_date - {{ history_days }} and events.local_date
            and {{ was_known('past', 'events.ordered_at') }}
    left join invoices
        on
            past.order_id = invoices.order_id
            and {{ was_known('invoices', 'events.ordered_at') }}
),

summed as (
    select
        order_id,
        local_date,
        ordered_at,
        sum(case when past_date = local_date then past_discs end) as discs,
        sum(case when past_date = local_date then past_dollars end) as dollars,
        count(*) as orders_26w,
        count(case when past_date > local_date - 28 then 1 end) as orders_4w,
        sum(past_discs) as discs_26w,
        round(sum(past_dollars), 2) as dollars_26w,
        local_date - min(past_date) as days_since_first_26w,
        local_date - max(case when past_date < local_date then past_date end)
            as days_since_previous
    from history
    group by order_id, local_date, ordered_at
),

final as (
    select
        order_id,
        local_date,
        ordered_at,
        discs,
        dollars,
        orders_26w::double as orders_26w,
        orders_4w::double as orders_4w,
        discs_26w,
        dollars_26w,
        days_since_first_26w::double as days_since_first_26w,
        days_since_previous::double as days_since_previous,
        days_since_first_26w / nullif(orders_26w - 1, 0) as mean_gap_days,
        case
            when orders_26w = 1 then 'first'
            when orders_26w < 5 then 'occasional'
            else 'regular'
        end as custom
    from summed
)

select * from final
