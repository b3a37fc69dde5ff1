{#
  Figures of the week that ends on each day of the build's range, one row per column and day: the
  share of NULLs, the mean, and the mean of the 28 days before that week. A single day is too short
  to judge. Only whole weeks appear; `mean_before` is NULL with less than a week to compare with.
#}
{% macro weekly_figures(model, columns, day) %}
    with daily as (
        {% for column in columns %}
        select
            '{{ column }}' as column_name,
            {{ day }} as day,
            count(*) as row_count,
            count({{ column }}) as value_count,
            sum({{ column }}::double) as total
        from {{ model }}
        where {{ in_build_range(day, lookback_days=34) }}
        group by all
        {{ "union all" if not loop.last }}
        {% endfor %}
    ),

    weekly as (
        select
            column_name,
            day,
            1 - sum(value_count) over week / sum(row_count) over week as null_share,
            sum(total) over week / nullif(sum(value_count) over week, 0) as mean,
            case
                when count(*) over before >= 7
                    then sum(total) over before / nullif(sum(value_count) over before, 0)
            end as mean_before
        from daily
        window
            week as (
                partition by column_name order by day
                range between interval '6 days' preceding and current row
            ),
            before as (
                partition by column_name order by day
                range between interval '34 days' preceding and interval '7 days' preceding
            )
        qualify count(*) over week = 7
    )

    select *
    from weekly
    where {{ in_build_range('day') }}
{% endmacro %}
