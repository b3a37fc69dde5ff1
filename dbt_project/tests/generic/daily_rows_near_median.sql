{#
  The number of rows of every day of the build's range is near the median of the 28 days before.
  Returns the days that are not; days with less than a week before them are not judged.

  Args:
      day: column with the local date.
      ratio: [smallest, largest] accepted ratio to the median.
#}
{% test daily_rows_near_median(model, day, ratio) %}

with daily as (
    select
        {{ day }} as day,
        count(*) as row_count
    from {{ model }}
    where {{ in_build_range(day, lookback_days=28) }}
    group by all
),

compared as (
    select
        day,
        row_count,
        median(row_count) over before as usual
    from daily
    window before as (
        order by day
        range between interval '28 days' preceding and interval '1 day' preceding
    )
    qualify count(*) over before >= 7
)

select *
from compared
where
    {{ in_build_range('day') }}
    and row_count / usual not between {{ ratio[0] }} and {{ ratio[1] }}

{% endtest %}
