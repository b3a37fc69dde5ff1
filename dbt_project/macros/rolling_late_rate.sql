{#
  Share of late flights among the arrivals of one key that became known in
  (event_time - window, event_time], one row per flight; NULL where there were none. An arrival
  counts by the moment at which it first became known, with what was known of it at event_time: a
  correction takes the old value out, and puts the new one in.

  Each version counts from when it is known until it is superseded or has left the window. Counts
  are cumulative per key over these moments, so one as-of look-up finds them: integers are exact
  until the one division, the cost does not grow with the window's length, and any number of facts
  may share a moment.

  The window is given in hours: a day has 23 or 25 of them where the clock changes.

  Args:
      key: columns that `flights` and `arrivals` share.
      hours: length of the window.
      flights: relation with flight_id, event_time and the key.
      arrivals: relation with first_known_at, known_at, superseded_at, is_late and the key.
#}
{% macro rolling_late_rate(key, hours, flights="flights", arrivals="arrivals") %}
    {%- set columns = key | join(", ") -%}
    with counted as (
        select
            {{ columns }},
            known_at as counted_from,
            -- Not from infinity: NULL is left out by least.
            least(superseded_at, first_known_at + interval '{{ hours }} hours') as counted_until,
            is_late::integer::double as late
        from {{ arrivals }}
    ),

    steps as (
        select
            {{ columns }},
            counted_from as moment,
            1::double as arrivals,
            late
        from counted
        where counted_from < counted_until
        union all
        select
            {{ columns }},
            counted_until as moment,
            -1::double as arrivals,
            -late as late
        from counted
        where counted_from < counted_until
    ),

    counts as (
        select
            {{ columns }},
            moment,
            sum(arrivals) as arrivals,
            sum(late) as late
        from steps
        group by all
    ),

    in_window as (
        select
            {{ columns }},
            moment,
            sum(arrivals) over so_far as arrivals,
            sum(late) over so_far as late
        from counts
        window so_far as (partition by {{ columns }} order by moment)
    )

    select
        flights.flight_id,
        in_window.late / nullif(in_window.arrivals, 0) as late_rate
    from {{ flights }} as flights
    asof left join in_window
        on
            {% for column in key %}flights.{{ column }} = in_window.{{ column }} and {% endfor %}
            flights.event_time >= in_window.moment
{% endmacro %}
