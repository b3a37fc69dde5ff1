with history as (
    select *
    from {{ ref('int_departure_history') }}
    where {{ in_build_range('local_date') }}
),

holidays as (
    select * from {{ ref('us_holidays') }}
),

steps as (
    select unnest(range(1, 8))::integer as step
),

levels as (
    select
        series,
        airport,
        carrier,
        local_date,
        event_time,
        max(case when days_before = 1 then departures end) as departures_1d,
        avg(case when days_before <= 7 then departures end) as departures_7d,
        avg(departures) as departures_28d
    from history
    group by all
),

-- Of each day of the week, by how many days the last one lies back.
weekdays as (
    select
        series,
        local_date,
        (days_before - 1) % 7 + 1 as days_back,
        avg(departures) as weekday_departures_28d,
        median(departures) as weekday_median_28d,
        arg_min(departures, days_before) as value_7d_ago,
        arg_min(flights, days_before) as flights_7d_ago
    from history
    group by all
),

airports as (
    select
        airport,
        local_date,
        sum(case when days_before <= 7 then departures end) / 7 as airport_departures_7d
    from history
    group by all
),

targets as (
    select
        origins.local_date,
        steps.step,
        origins.local_date + steps.step as target_date
    from (select distinct local_date from history) as origins
    cross join steps
),

calendar as (
    select
        targets.local_date,
        targets.step,
        targets.target_date,
        arg_min(
            targets.target_date - holidays.day, abs(targets.target_date - holidays.day)
        )::double as days_from_holiday
    from targets
    left join holidays
        on holidays.day between targets.target_date - 3 and targets.target_date + 3
    group by all
),

final as (
    select
        levels.series || '|' || calendar.local_date || '|' || calendar.step as forecast_id,
        levels.event_time,
        calendar.local_date,
        levels.series,
        calendar.step::double as step,
        calendar.target_date,
        levels.airport,
        levels.carrier,
        levels.departures_1d,
        levels.departures_7d,
        levels.departures_28d,
        levels.departures_7d - levels.departures_28d as departures_trend,
        weekdays.weekday_departures_28d,
        weekdays.weekday_median_28d,
        weekdays.value_7d_ago,
        weekdays.flights_7d_ago,
        weekdays.flights_7d_ago - weekdays.value_7d_ago as cancelled_7d_ago,
        weekdays.weekday_median_28d - weekdays.value_7d_ago as weekday_median_excess,
        airports.airport_departures_7d,
        isodow(calendar.target_date)::double as day_of_week,
        month(calendar.target_date)::double as month_of_year,
        coalesce(calendar.days_from_holiday = 0, false) as is_holiday,
        calendar.days_from_holiday
    from levels
    inner join calendar on levels.local_date = calendar.local_date
    left join weekdays
        on
            levels.series = weekdays.series
            and levels.local_date = weekdays.local_date
            and weekdays.days_back = 7 - calendar.step % 7
    left join airports
        on
            levels.airport = airports.airport
            and levels.local_date = airports.local_date
)

select * from final
