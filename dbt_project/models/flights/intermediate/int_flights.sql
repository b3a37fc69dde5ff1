with schedules as (
    select
        *,
        scheduled_departure_at - interval '2 hours' as event_time
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

known_schedules as (
    {{ known_at_event('schedules', ['flight_id', 'local_date']) }}
),

described as (
    select
        known_schedules.*,
        planes.year_built,
        planes.seats,
        {{ wall_clock('known_schedules.scheduled_departure_at') }} as departure_wall_clock,
        {{ wall_clock(
            'known_schedules.scheduled_arrival_at',
            'coalesce(airports.timezone, airport_timezones.timezone)'
        ) }} as arrival_wall_clock
    from known_schedules
    left join planes
        on
            known_schedules.tail_number = planes.tail_number
            and known_schedules.local_date >= planes.valid_from
            and known_schedules.local_date < planes.valid_until
            and {{ was_known('planes', 'known_schedules.event_time') }}
    left join airports
        on
            known_schedules.destination = airports.airport
            and known_schedules.local_date >= airports.valid_from
            and known_schedules.local_date < airports.valid_until
            and {{ was_known('airports', 'known_schedules.event_time') }}
    left join airport_timezones on known_schedules.destination = airport_timezones.airport
),

final as (
    select
        flight_id,
        event_time,
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
        seats::double as plane_seats,
        superseded_at
    from described
)

select * from final
