{# The columns together identify a row. Returns the keys that repeat. #}
{% test unique_together(model, columns, day=none) %}

select
    {{ columns | join(", ") }},
    count(*) as rows_with_this_key
from {{ model }}
{% if day %}where {{ in_build_range(day) }}{% endif %}
group by all
having count(*) > 1

{% endtest %}
