{#
  Week by week, the share of NULLs stays at or below a column's bound. Returns the columns and the
  days on which a week ends that exceeds it.

  Args:
      bounds: mapping of column to the largest accepted share.
      day: column with the local date.
      after_days: leave out the first days of the table's history, in which rolling features have
          nothing to look back on.
#}
{% test weekly_null_shares_below(model, bounds, day, after_days=0) %}

with figures as (
    {{ weekly_figures(model, bounds, day) }}
)

select
    column_name,
    day,
    null_share
from figures
where
    day >= (select min({{ day }}) + {{ after_days }} + 6 from {{ model }})
    and null_share > case column_name
        {%- for column, largest in bounds.items() %}
        when '{{ column }}' then {{ largest }}
        {%- endfor %}
    end

{% endtest %}
