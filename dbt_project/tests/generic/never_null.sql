{#
  None of `columns` is NULL in the build's range (by `day`; in the whole table without it). Returns
  the columns that are, and how often.
#}
{% test never_null(model, columns, day=none) %}

with null_counts as (
    select
        {%- for column in columns %}
        count(*) - count({{ column }}) as {{ column }}{{ "," if not loop.last }}
        {%- endfor %}
    from {{ model }}
    {% if day %}where {{ in_build_range(day) }}{% endif %}
)

select *
from (unpivot null_counts on * into name column_name value null_rows)
where null_rows > 0

{% endtest %}
