/*
Synthetic facts in the columns of the flights, so that the real dbt project and YAML run on them:
`$flights` departures, spread evenly over `$days` days from $first_day on, of `$carriers` carriers
and between `$stations` airports, both skewed; hourly observations of every airport. Everything
follows from the number of a flight, whatever the number of threads.
*/

-- Twice: DuckDB's hash of two values is that of the first, and some bits of it flipped.
CREATE TEMP MACRO share(number, salt) AS
    (hash(hash(number, salt)) >> 11)::DOUBLE / 9007199254740992;
-- Few have most: the first of a hundred have about half.
CREATE TEMP MACRO skewed(number, salt, count) AS
    least(floor(count ** share(number, salt)) - 1, count - 1)::INTEGER;
CREATE TEMP MACRO station(number) AS 'S' || lpad(number::VARCHAR, 3, '0');

CREATE TEMP VIEW stations AS
SELECT
    station(number) AS airport,
    'Airport ' || number AS name,
    25 + 24 * share(number, 'lat') AS latitude,
    -120 + 50 * share(number, 'lon') AS longitude,
    (3000 * share(number, 'alt'))::INTEGER AS altitude_feet,
    CASE
        WHEN share(number, 'zone') < 0.03 THEN NULL
        WHEN share(number, 'zone') < 0.5 THEN 'America/New_York'
        WHEN share(number, 'zone') < 0.8 THEN 'America/Chicago'
        ELSE 'America/Los_Angeles'
    END AS timezone,
    TIMESTAMPTZ '2013-01-01 12:00:00-05' AS registered_at
FROM range(getvariable('stations')) AS numbers (number);

CREATE TEMP VIEW carriers AS
SELECT
    'C' || number AS carrier,
    'Carrier ' || number AS name,
    TIMESTAMPTZ '2013-01-01 12:00:00-05' AS registered_at
FROM range(getvariable('carriers')) AS numbers (number);

-- One in seven is in no register; one in ten of the others has no year.
CREATE TEMP VIEW registered_planes AS
SELECT
    'N' || number AS tail_number,
    CASE
        WHEN share(number, 'year') > 0.1 THEN 1992 + (18 * share(number, 'built'))::INTEGER
    END AS year_built,
    'Fixed wing' AS type,
    'Maker ' || skewed(number, 'maker', 30) AS manufacturer,
    'Model ' || skewed(number, 'model', 120) AS model,
    2 AS engines,
    50 + (180 * share(number, 'seats'))::INTEGER AS seats,
    'Turbo-fan' AS engine,
    TIMESTAMPTZ '2013-01-01 12:00:00-05' AS registered_at
FROM range(getvariable('planes')) AS numbers (number)
WHERE share(number, 'registered') > 1 / 7;

CREATE TEMP MACRO flights_of(first_number, last_number) AS TABLE (
    WITH drawn AS (
        SELECT
            number,
            getvariable('first_day')
            + (number * getvariable('days') // getvariable('flights'))::INTEGER AS local_date,
            skewed(number, 'carrier', getvariable('carriers')) AS carrier_number,
            skewed(number, 'from', getvariable('stations')) AS origin_number,
            skewed(number, 'to', getvariable('stations')) AS destination_number,
            300 + (1040 * share(number, 'minute'))::INTEGER AS minute,
            hash(hash(number, 'tail')) % getvariable('planes') AS plane_number
        FROM range(first_number, last_number) AS numbers (number)
    ),

    planned AS (
        SELECT
            *,
            400 + (hash(origin_number, destination_number) % 1300)::INTEGER AS distance_miles,
            timezone('America/New_York', local_date + to_minutes(minute)) AS departure_at,
            departure_at + to_minutes(45 + distance_miles // 7) AS arrival_at,
            -- Later in the day, and with some carriers and planes, more are late.
            -25 - 8 * ln(1 - share(number, 'delay'))
            * (0.4 + minute / 700 + 1.5 * share(carrier_number, 'habit')) AS delay
        FROM drawn
    )

    SELECT
        number,
        local_date,
        strftime(local_date, '%Y-%m-%d') || '-C' || carrier_number || '-' || number AS flight_id,
        'C' || carrier_number AS carrier,
        (number % 9000)::INTEGER AS flight_number,
        CASE WHEN share(number, 'no tail') > 0.01 THEN 'N' || plane_number END AS tail_number,
        station(origin_number) AS origin,
        station(destination_number) AS destination,
        departure_at AS scheduled_departure_at,
        arrival_at AS scheduled_arrival_at,
        distance_miles,
        least(delay * 1.5, 1200)::INTEGER AS arrival_delay,
        least(greatest(delay, -20), 1200)::INTEGER AS departure_delay,
        CASE
            WHEN share(number, 'status') < 0.024 THEN 'cancelled'
            WHEN share(number, 'status') < 0.027 THEN 'diverted'
            ELSE 'arrived'
        END AS status
    FROM planned
);

CREATE TEMP MACRO schedules_of(first_number, last_number) AS TABLE (
    SELECT
        flight_id,
        carrier,
        flight_number,
        tail_number,
        origin,
        destination,
        scheduled_departure_at,
        scheduled_arrival_at,
        distance_miles
    FROM flights_of(first_number, last_number)
);

CREATE TEMP MACRO outcomes_of(first_number, last_number) AS TABLE (
    SELECT
        flight_id,
        status,
        CASE WHEN status != 'cancelled' THEN departed_at END AS departed_at,
        CASE WHEN status = 'arrived' THEN arrived_at END AS arrived_at,
        CASE WHEN status != 'cancelled' THEN departure_delay END AS departure_delay_minutes,
        CASE WHEN status = 'arrived' THEN arrival_delay END AS arrival_delay_minutes,
        CASE WHEN status = 'arrived' THEN 25 + distance_miles // 7 END AS air_time_minutes,
        CASE status
            WHEN 'arrived' THEN arrived_at
            WHEN 'cancelled' THEN scheduled_departure_at
            ELSE scheduled_arrival_at + to_minutes(greatest(departure_delay, 0))
        END AS known_at
    FROM (
        SELECT
            *,
            scheduled_departure_at + to_minutes(departure_delay) AS departed_at,
            scheduled_arrival_at + to_minutes(arrival_delay) AS arrived_at
        FROM flights_of(first_number, last_number)
    )
);

CREATE TEMP MACRO weather_of(day) AS TABLE (
    SELECT
        station(number) AS origin,
        midnight + to_hours(hour) AS observed_at,
        CASE
            WHEN share(observation, 'none') > 0.02
                THEN 55 - 22 * cos(2 * pi() * (dayofyear(day) - 20) / 365)
                    + 6 * sin(pi() * (hour - 9) / 12) + 6 * share(observation, 'temperature')
        END AS temperature_f,
        temperature_f - 4 - 10 * share(observation, 'dew') AS dew_point_f,
        40 + 55 * share(observation, 'humidity') AS humidity_percent,
        floor(36 * share(observation, 'direction')) * 10 AS wind_direction_degrees,
        round(25 * share(observation, 'wind') ** 2, 1) AS wind_speed_mph,
        CASE WHEN share(observation, 'gusts') < 0.2 THEN wind_speed_mph * 1.5 END AS wind_gust_mph,
        CASE
            WHEN share(observation, 'rain') < 0.06 THEN round(share(observation, 'much'), 2) ELSE 0.0
        END AS precipitation_inches,
        CASE
            WHEN share(observation, 'pressure') > 0.1
                THEN round(1010 + 16 * share(observation, 'high'), 1)
        END AS pressure_millibars,
        least(10.0, round(14 * share(observation, 'visible'), 1)) AS visibility_miles
    FROM (
        SELECT
            number,
            hour,
            timezone('America/New_York', day::TIMESTAMP) AS midnight,
            hash(number, hour, day) AS observation
        FROM range(getvariable('stations')) AS numbers (number), range(25) AS hours (hour)
        -- A day has 23 or 25 of them where clocks change.
        WHERE timezone('America/New_York', midnight + to_hours(hour))::DATE = day
    )
);
