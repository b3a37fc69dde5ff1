{# From which day until before which day each reference snapshot is the latest one. #}
{% macro snapshot_periods(snapshot) %}
    select
        day as valid_from,
        lead(day, 1, date '9999-12-31') over (order by day) as valid_until
    from {{ snapshot }}
    group by day
{% endmacro %}
