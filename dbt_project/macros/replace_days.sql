{#
  Incremental strategy `replace_days`: what a build says of its days takes the place of all rows of
  these days, also where it says nothing. With a `unique_key` rows of its keys go as well, on
  whatever day they are.

  The day of a row is `meta.mlops.built_by`, a SQL expression; the partition column without it.
#}
{% macro get_incremental_replace_days_sql(arg_dict) %}
    {%- set target, batch = arg_dict["target_relation"], arg_dict["temp_relation"] -%}
    {%- set columns = get_quoted_csv(arg_dict["dest_columns"] | map(attribute="name")) -%}
    {%- set key = arg_dict["unique_key"] %}
    delete from {{ target }}
    where
        {{ in_build_range(built_by(this.name)) }}
        {%- if key %}
        or {{ key }} in (select {{ key }} from {{ batch }})
        {%- endif %};

    insert into {{ target }} ({{ columns }})
    select {{ columns }}
    from {{ batch }}
{% endmacro %}


{#
  Adds to a query of keys those that a mart has of the build's days, so that what does not follow
  from the landing any more is looked at as well. Not by `ref`: the mart is made from what asks.
#}
{% macro keys_built_before(mart, key) -%}
    {#- A unit test has no `this`. -#}
    {%- set built = adapter.get_relation(this.database, this.schema, mart) if execute and this -%}
    {%- if built and var("start_day", none) -%}
        union
        select {{ key }}
        from {{ built }}
        where {{ in_build_range(built_by(mart)) }}
    {%- endif -%}
{%- endmacro %}


{# The day by which a build replaces the rows of a model. #}
{% macro built_by(model) -%}
    {%- for node in graph.nodes.values() if node.resource_type == "model" and node.name == model -%}
        {%- set declared = node.config.meta["mlops"] -%}
        {{ declared.get("built_by", declared["partition_by"]) }}
    {%- endfor -%}
{%- endmacro %}
