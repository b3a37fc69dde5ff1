{#
  Mean of an outcome over the facts of one key that became known in (event_time - window,
  event_time], one row per event: `rolling_mean`, NULL where there were none, and `rolling_count`,
  how many there were. A fact counts by the moment at which it first became known, with what was
  known of it at event_time: a correction takes the old value out, and puts the new one in. Facts
  whose outcome is NULL do not count.

  Each version counts from when it is known until it is superseded or has left the window. Sums are
  cumulative per key over these moments, so one as-of look-up finds them: the cost does not grow
  with the window's length, and any number of facts may share a moment. They are exact until the one
  division, or they would depend on where a build begins: whole numbers are summed up as they are,
  others as decimal numbers.

  The window is given in hours: a day has 23 or 25 of them where the clock changes.

  Args:
      key: columns that `events` and `outcomes` share; none for all facts.
      hours: length of the window.
      id: column that identifies an event.
      outcome: SQL over `outcomes` of what is averaged: a number or a boolean, whose mean is a share.
      events: relation with the id, event_time and the key.
      outcomes: relation with first_known_at, known_at, superseded_at, the outcome and the key.
      decimals: digits to which outcomes are rounded; 0 of whole numbers and booleans.
#}
{% macro rolling_mean(key, hours, id, outcome, events="events", outcomes="outcomes", decimals=0) %}
    {%- set type = "decimal(38, " ~ decimals ~ ")" if decimals else "double" -%}
    {%- set columns = key | join(", ") -%}
    {%- set keyed = columns ~ "," if key else "" -%}
    with counted as (
        select
            {{ keyed }}
            known_at as counted_from,
            -- Not from infinity: NULL is left out by least.
            least(superseded_at, first_known_at + interval '{{ hours }} hours') as counted_until,
            cast({{ outcome }} as {{ type }}) as outcome
        from {{ outcomes }}
    ),

    steps as (
        select
            {{ keyed }}
            counted_from as moment,
            1::double as facts,
            outcome
        from counted
        where
            counted_from < counted_until
            and outcome is not null
        union all
        select
            {{ keyed }}
            counted_until as moment,
            -1::double as facts,
            -outcome as outcome
        from counted
        where
            counted_from < counted_until
            and outcome is not null
    ),

    sums as (
        select
            {{ keyed }}
            moment,
            sum(facts) as facts,
            sum(outcome) as outcome
        from steps
        group by all
    ),

    in_window as (
        select
            {{ keyed }}
            moment,
            sum(facts) over so_far as facts,
            sum(outcome) over so_far as outcome
        from sums
        window so_far as ({{ "partition by " ~ columns if key }} order by moment)
    )

    select
        {{ events }}.{{ id }},
        in_window.outcome::double / nullif(in_window.facts, 0) as rolling_mean,
        coalesce(in_window.facts, 0) as rolling_count
    from {{ events }}
    asof left join in_window
        on
            {% for column in key %}{{ events }}.{{ column }} = in_window.{{ column }} and {% endfor %}
            {{ events }}.event_time >= in_window.moment
{% endmacro %}
