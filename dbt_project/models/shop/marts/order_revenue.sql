-- What a customer spent in the four weeks after an order.
{% set horizon_days = 28 %}

with invoices as (
    select *
    from {{ ref('stg_invoices') }}
    where {{ in_build_range('local_date', lookback_days=horizon_days) }}
),

-- Days whose invoices are known: one on which nothing landed is no day without any.
landed_days as (
    select distinct local_date
    from {{ ref('stg_invoices') }}
    where {{ in_build_range('local_date') }}
),

due as (
    select
        invoices.order_id,
        invoices.customer_id,
        invoices.local_date,
        invoices.local_date + {{ horizon_days }} as known_date,
        {{ end_of_day('invoices.local_date + ' ~ horizon_days) }} as known_at
    from invoices
    where {{ was_known('invoices', 'invoices.ordered_at') }}
),

final as (
    select
        due.order_id,
        due.local_date,
        round(coalesce(sum(later.dollars), 0), 2) as dollars_after,
        due.known_date,
        due.known_at
    from due
    inner join landed_days on due.known_date = landed_days.local_date
    left join invoices as later
        on
            due.customer_id = later.customer_id
            and due.local_date < later.local_date
            and due.known_date >= later.local_date
            and {{ was_known('later', 'due.known_at') }}
    group by all
)

select * from final
