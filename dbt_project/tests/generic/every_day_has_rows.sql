{#
  Every day of the build's range (of what has landed, where the range is open) has rows: a missing
  or empty partition would pass for a quiet day. Returns the days without rows.
#}
{% test every_day_has_rows(model, day) %}
{%- set start_day, end_day = var("start_day", none), var("end_day", none) %}

with landed as (
    select distinct {{ day }} as day
    from {{ model }}
    where {{ in_build_range(day) }}
),

bounds as (
    select
        coalesce({{ "date '" ~ start_day ~ "'" if start_day else "null" }}, min(day)) as first_day,
        coalesce({{ "date '" ~ end_day ~ "'" if end_day else "null" }}, max(day)) as last_day
    from landed
),

expected as (
    select unnest(range(first_day, last_day + 1, interval '1 day'))::date as day
    from bounds
)

select expected.day
from expected
anti join landed on expected.day = landed.day

{% endtest %}
