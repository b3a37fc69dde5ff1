{#
  From the 28 days before to a week, the mean changes by no more than a column's bound. Returns the
  columns and the days on which a week ends that jumped.

  Args:
      bounds: mapping of column to the largest accepted absolute change.
      day: column with the local date.
#}
{% test weekly_means_steady(model, bounds, day) %}

with figures as (
    {{ weekly_figures(model, bounds, day) }}
)

select
    column_name,
    day,
    mean,
    mean_before
from figures
where
    abs(mean - mean_before) > case column_name
        {%- for column, largest in bounds.items() %}
        when '{{ column }}' then {{ largest }}
        {%- endfor %}
    end

{% endtest %}
