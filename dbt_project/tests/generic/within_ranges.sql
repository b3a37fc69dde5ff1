{#
  Values lie in [minimum, maximum] of their column in the build's range (by `day`; in the whole table
  without it); NULL passes. Returns the columns with values outside, and how many.

  Args:
      ranges: mapping of column to [minimum, maximum].
#}
{% test within_ranges(model, ranges, day=none) %}

with rows_outside as (
    select
        {%- for column, range in ranges.items() %}
        count_if({{ column }} not between {{ range[0] }} and {{ range[1] }}) as {{ column }}
        {{- "," if not loop.last }}
        {%- endfor %}
    from {{ model }}
    {% if day %}where {{ in_build_range(day) }}{% endif %}
)

select *
from (unpivot rows_outside on * into name column_name value rows_outside)
where rows_outside > 0

{% endtest %}
