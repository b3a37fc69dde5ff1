{#
  Values lie in [minimum, maximum] of their column; NULL passes. Returns the columns with values
  outside, and how many.

  Args:
      ranges: mapping of column to [minimum, maximum].
#}
{% test within_ranges(model, ranges) %}

with rows_outside as (
    select
        {%- for column, range in ranges.items() %}
        count_if({{ column }} not between {{ range[0] }} and {{ range[1] }}) as {{ column }}
        {{- "," if not loop.last }}
        {%- endfor %}
    from {{ model }}
)

select *
from (unpivot rows_outside on * into name column_name value rows_outside)
where rows_outside > 0

{% endtest %}
