{#
  Whether `day` lies in the build's range: `start_day - lookback_days` to `end_day`, both included;
  without `lookback_days` (none) everything up to `end_day`. Applied to a hive column it decides
  which Parquet files are opened. DuckDB refuses a variable that is no day.
#}
{% macro in_build_range(day, lookback_days=0) -%}
    {%- set start_day, end_day = var("start_day", none), var("end_day", none) -%}
    {%- if start_day and end_day and start_day | string > end_day | string -%}
        {{ exceptions.raise_compiler_error(
            "start_day=" ~ start_day ~ " is after end_day=" ~ end_day ~ "; swap them"
        ) }}
    {%- endif -%}
    {%- set bounds = [] -%}
    {%- if start_day and lookback_days is not none -%}
        {%- do bounds.append(day ~ " >= date '" ~ start_day ~ "' - " ~ lookback_days) -%}
    {%- endif -%}
    {%- if end_day -%}
        {%- do bounds.append(day ~ " <= date '" ~ end_day ~ "'") -%}
    {%- endif -%}
    {{ bounds | join(" and ") or "true" }}
{%- endmacro %}
