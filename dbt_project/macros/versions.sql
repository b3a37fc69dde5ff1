{# Whether the version `fact` is what was known of its fact at `moment` (a SQL expression). #}
{% macro was_known(fact, moment) -%}
    {{ fact }}.known_at <= {{ moment }}
    and coalesce({{ fact }}.superseded_at > {{ moment }}, true)
{%- endmacro %}


{#
  Versions of which one follows another at once, with the same values, as one version.

  Args:
      versions: relation with the key, known_at and superseded_at; of a key one at a time.
      values: columns in which two versions differ; what differs in others only is no version.
#}
{% macro merged_versions(versions, key, values) %}
    {%- set columns = key | join(", ") -%}
    with marked as (
        select
            *,
            not coalesce(
                lag(superseded_at) over chain = known_at
                {%- for value in values %}
                and lag({{ value }}) over chain is not distinct from {{ value }}
                {%- endfor %},
                false
            ) as begins
        from {{ versions }}
        window chain as (partition by {{ columns }} order by known_at)
    ),

    numbered as (
        select
            *,
            count_if(begins) over (partition by {{ columns }} order by known_at) as number
        from marked
    )

    select
        * exclude (begins, number, superseded_at),
        last_value(superseded_at) over (
            partition by {{ columns }}, number order by known_at
            rows between unbounded preceding and unbounded following
        ) as superseded_at
    from numbered
    qualify begins
{% endmacro %}


{#
  One chain of versions per key, of rows that may come from several days: at each moment the row
  that was known last, of those that stood. Where it is taken back, the one before it counts again.

  Adds `first_known_at`: since when anything was known of the key.

  Args:
      facts: relation with the key, known_at, superseded_at, delivered_at and `day`.
      key: columns that identify a fact, on whatever day it was delivered.
      day: the landing day of a row.
#}
{% macro fact_versions(facts, key, day="landing_day") %}
    {%- set columns = key | join(", ") -%}
    with repeated as (
        select {{ columns }}
        from {{ facts }}
        group by all
        having count(*) > 1
    ),

    -- Nearly all facts: nothing is to be put in order.
    alone as (
        select
            facts.*,
            facts.known_at as first_known_at
        from {{ facts }} as facts
        anti join repeated using ({{ columns }})
    ),

    together as (
        select facts.*
        from {{ facts }} as facts
        semi join repeated using ({{ columns }})
    ),

    moments as (
        select
            {{ columns }},
            known_at as moment
        from together
        union
        select
            {{ columns }},
            superseded_at as moment
        from together
        where superseded_at is not null
    ),

    slices as (
        select
            *,
            lead(moment) over (partition by {{ columns }} order by moment) as until
        from moments
    ),

    newest as (
        select
            together.* exclude (known_at, superseded_at),
            together.known_at as row_known_at,
            slices.moment as known_at,
            slices.until as superseded_at
        from slices
        inner join together
            on
                {% for column in key %}slices.{{ column }} = together.{{ column }} and {% endfor %}
                together.known_at <= slices.moment
                and coalesce(together.superseded_at > slices.moment, true)
        qualify
            row_number() over (
                partition by {% for column in key %}slices.{{ column }}, {% endfor %}slices.moment
                order by
                    together.known_at desc,
                    together.delivered_at desc,
                    together.{{ day }} desc
            ) = 1
    ),

    merged as (
        {{ merged_versions("newest", key, [day, "row_known_at"]) }}
    ),

    chained as (
        select
            * exclude (row_known_at),
            min(known_at) over (partition by {{ columns }}) as first_known_at
        from merged
    )

    select * from alone
    union all by name
    select * from chained
{% endmacro %}


{#
  One row per key: the version that was known at the row's own event time, the newest of them; where
  all came later, the first. What was taken back before its event time has none. `superseded_at` is
  when the key was taken back, NULL while it stands.

  Args:
      facts: relation with the key, event_time, known_at and superseded_at.
#}
{% macro known_at_event(facts, key) %}
    {%- set columns = key | join(", ") -%}
    select
        * exclude (superseded_at),
        case
            when count(*) over (partition by {{ columns }})
                = count(superseded_at) over (partition by {{ columns }})
                then max(superseded_at) over (partition by {{ columns }})
        end as superseded_at
    from {{ facts }}
    where
        (known_at <= event_time and coalesce(superseded_at > event_time, true))
        or known_at > event_time
    qualify
        row_number() over (
            partition by {{ columns }}
            order by
                known_at <= event_time desc,
                case when known_at <= event_time then known_at end desc,
                known_at asc
        ) = 1
{% endmacro %}


{#
  For each moment the fact of its key that happened last, of those that were known, no more than
  `hours` before.

  Facts that were known as they happened, and never changed, are found by one as-of look-up. The
  others are few: each is compared.

  Args:
      moments: relation with `id`, the key and event_time.
      facts: relation with the key, `happened_at`, known_at and superseded_at.
#}
{% macro latest_fact(moments, id, facts, key, happened_at, hours) %}
    with steady as (
        select *
        from {{ facts }}
        where
            superseded_at is null
            and known_at <= {{ happened_at }}
    ),

    others as (
        select *
        from {{ facts }}
        where
            superseded_at is not null
            or known_at > {{ happened_at }}
    ),

    found as (
        select
            moments.{{ id }},
            moments.event_time,
            steady.*
        from {{ moments }} as moments
        asof inner join steady
            on
                {% for column in key %}moments.{{ column }} = steady.{{ column }} and {% endfor %}
                moments.event_time >= steady.{{ happened_at }}
        union all
        select
            moments.{{ id }},
            moments.event_time,
            others.*
        from {{ moments }} as moments
        inner join others
            on
                {% for column in key %}moments.{{ column }} = others.{{ column }} and {% endfor %}
                moments.event_time >= others.{{ happened_at }}
                and {{ was_known("others", "moments.event_time") }}
    )

    select *
    from found
    where event_time - interval '{{ hours }} hours' <= {{ happened_at }}
    qualify row_number() over (partition by {{ id }} order by {{ happened_at }} desc) = 1
{% endmacro %}
