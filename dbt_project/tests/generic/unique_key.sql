{#
  The keys of the build's range (by `day`) identify a row, on whatever days: no key of it is on
  another row. Returns those that are.
#}
{% test unique_key(model, column_name, day) %}

with keys_in_range as (
    select {{ column_name }}
    from {{ model }}
    where {{ in_build_range(day) }}
)

select
    {{ column_name }},
    count(*) as rows_with_this_key
from {{ model }}
semi join keys_in_range using ({{ column_name }})
group by all
having count(*) > 1

{% endtest %}
