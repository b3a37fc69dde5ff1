{# Every expression is true for every row of the build's range (by `day`); NULL counts as false. #}
{% test expressions_hold(model, expressions, day=none) %}

select *
from {{ model }}
where
    {% if day %}{{ in_build_range(day) }} and {% endif -%}
    not (
        {%- for expression in expressions %}
        coalesce({{ expression }}, false){{ " and" if not loop.last }}
        {%- endfor %}
    )

{% endtest %}
