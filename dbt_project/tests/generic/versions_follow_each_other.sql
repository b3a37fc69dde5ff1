{#
  At each moment a key has one version at most, of the keys that have a version on the build's days.
  Returns versions that begin before the last one has ended, or end before they begin.
#}
{% test versions_follow_each_other(model, key, day) %}
    {%- set columns = key | join(", ") %}

with keys_in_range as (
    select {{ columns }}
    from {{ model }}
    where {{ in_build_range(day) }}
),

versions as (
    select
        {{ columns }},
        known_at,
        superseded_at,
        lag(coalesce(superseded_at, 'infinity')) over (
            partition by {{ columns }} order by known_at
        ) as ended_at
    from {{ model }}
    semi join keys_in_range using ({{ columns }})
)

select *
from versions
where ended_at > known_at or superseded_at <= known_at

{% endtest %}
