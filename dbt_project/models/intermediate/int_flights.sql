with schedules as (
    select *
    from {{ ref('stg_flight_schedules') }}
    where {{ in_build_range('local_date') }}
),

planes as (
    select * from {{ ref('stg_planes') }}
),

airports as (
    select * from {{ ref('stg_airports') }}
),

airport_timezones as (
    select * from {{ ref('airport_timezones') }}
),

described as (
    select
        schedules.*,
        planes.year_built,
        planes.seats,
        {{ wall_clock('schedules.scheduled_departure_at') }} as departure_wall_clock,
        {{ wall_clock(
            'schedules.scheduled_arrival_at',
            'coalesce(airports.timezone, airport_timezones.timezone)'
        ) }} as arrival_wall_clock
    from schedules
    left join planes
        on
            schedules.tail_number = planes.tail_number
            and schedules.local_date >= planes.valid_from
            and schedules.local_date < planes.valid_until
    left join airports
        on
            schedules.destination = airports.airport
            and schedules.local_date >= airports.valid_from
            and schedules.local_date < airports.valid_until
    left join airport_timezones on schedules.destination = airport_timezones.airport
),

final as (
    select
        flight_id,
        scheduled_departure_at - interval '2 hours' as event_time,
        local_date,
        scheduled_departure_at,
        carrier,
        origin,
        destination,
        tail_number,
        {{ minute_of_day('departure_wall_clock') }} as scheduled_departure_minute,
        {{ minute_of_day('arrival_wall_clock') }} as scheduled_arrival_minute,
        {{ minutes_between('scheduled_departure_at', 'scheduled_arrival_at') }}
            as scheduled_duration_minutes,
        isodow(local_date)::double as day_of_week,
        distance_miles::double as distance_miles,
        (year(local_date) - year_built)::double as plane_age_years,
        seats::double as plane_seats
    from described
)

select * from final
