{#
  Share of late flights among the arrivals of one key that became known in
  (event_time - window, event_time], one row per flight; NULL where there were none.

  Counts are cumulative per key over the distinct moments of `known_at`, so a window is the
  difference of two as-of look-ups: integers are exact until the one division, the cost does not
  grow with the window's length, and any number of facts may share a moment.

  The window is given in hours: a day has 23 or 25 of them where the clock changes.

  Args:
      key: columns that `flights` and `arrivals` share.
      hours: length of the window.
      flights: relation with flight_id, event_time and the key.
      arrivals: relation with known_at, is_late and the key.
#}
{% macro rolling_late_rate(key, hours, flights="flights", arrivals="arrivals") %}
    with counts as (
        select
            {{ key | join(", ") }},
            known_at,
            count(*) as arrivals,
            count_if(is_late) as late
        from {{ arrivals }}
        group by all
    ),

    known as (
        select
            {{ key | join(", ") }},
            known_at,
            sum(arrivals) over so_far as arrivals,
            sum(late) over so_far as late
        from counts
        window so_far as (partition by {{ key | join(", ") }} order by known_at)
    )

    select
        flights.flight_id,
        (at_end.late - coalesce(at_start.late, 0))
        / nullif(at_end.arrivals - coalesce(at_start.arrivals, 0), 0) as late_rate
    from {{ flights }} as flights
    asof left join known as at_end
        on
            {% for column in key %}flights.{{ column }} = at_end.{{ column }} and {% endfor %}
            flights.event_time >= at_end.known_at
    asof left join known as at_start
        on
            {% for column in key %}flights.{{ column }} = at_start.{{ column }} and {% endfor %}
            flights.event_time - interval '{{ hours }} hours' >= at_start.known_at
{% endmacro %}
