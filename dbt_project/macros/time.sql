{# Wall-clock timestamp of `moment` in `zone` (SQL expressions); NULL where either is NULL. #}
{% macro wall_clock(moment, zone="'America/New_York'") -%}
    timezone({{ zone }}, {{ moment }})
{%- endmacro %}


{# Minutes after midnight of a wall-clock timestamp. #}
{% macro minute_of_day(wall_clock) -%}
    (60 * hour({{ wall_clock }}) + minute({{ wall_clock }}))::double
{%- endmacro %}


{# Minutes from `earlier` to `later`, exact to the microsecond before the one division. #}
{% macro minutes_between(earlier, later) -%}
    (epoch_us({{ later }}) - epoch_us({{ earlier }})) / 60000000
{%- endmacro %}


{# The end of a local day, which is the beginning of the next one. #}
{% macro end_of_day(day, zone="'America/New_York'") -%}
    timezone({{ zone }}, ({{ day }} + 1)::timestamp)
{%- endmacro %}
