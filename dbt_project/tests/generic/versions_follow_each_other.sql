{# At each moment a key has one version at most. Returns versions that begin before the last ended. #}
{% test versions_follow_each_other(model, key) %}

select *
from (
    select
        {{ key | join(", ") }},
        known_at,
        superseded_at,
        lag(coalesce(superseded_at, 'infinity')) over (
            partition by {{ key | join(", ") }} order by known_at
        ) as ended_at
    from {{ model }}
)
where ended_at > known_at or superseded_at <= known_at

{% endtest %}
