{#
  Overrides dbt's freshness query: freshness is measured at the moment `as_of` where that variable
  is set, so that a replay of the past is judged by its own clock. Without it, by today's.
#}
{% macro collect_freshness(source, loaded_at_field, filter) %}
    {% call statement("collect_freshness", fetch_result=True, auto_begin=False) %}
        select
            max({{ loaded_at_field }}) as max_loaded_at,
            {% if var("as_of", none) -%}
                timestamptz '{{ var("as_of") }}'
            {%- else -%}
                {{ current_timestamp() }}
            {%- endif %} as snapshotted_at
        from {{ source }}
        {% if filter %}where {{ filter }}{% endif %}
    {% endcall %}
    {{ return(load_result("collect_freshness")) }}
{% endmacro %}
