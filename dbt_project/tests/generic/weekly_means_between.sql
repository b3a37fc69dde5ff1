{#
  Week by week, the mean lies within a column's bounds. Returns the columns and the days on which a
  week ends whose mean lies outside.

  Args:
      bounds: mapping of column to [smallest, largest] accepted mean.
      day: column with the local date.
#}
{% test weekly_means_between(model, bounds, day) %}

with figures as (
    {{ weekly_figures(model, bounds, day) }}
)

select
    column_name,
    day,
    mean
from figures
where
    case column_name
        {%- for column, bound in bounds.items() %}
        when '{{ column }}' then mean not between {{ bound[0] }} and {{ bound[1] }}
        {%- endfor %}
    end

{% endtest %}
