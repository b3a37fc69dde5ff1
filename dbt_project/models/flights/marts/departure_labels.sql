with history as (
    select * from {{ ref('int_departure_history') }}
),

-- The day before, as it is known in the morning.
actual as (
    select
        series,
        local_date,
        departures
    from history
    where days_before = 1
),

steps as (
    select unnest(range(1, 8))::integer as step
),

forecasts as (
    select distinct
        history.series,
        history.local_date,
        steps.step,
        history.local_date + steps.step as target_date,
        history.local_date + steps.step + 1 as known_date
    from history
    cross join steps
),

-- Days whose departures are known: a day of which nothing landed is no day without departures.
landed_days as (
    select distinct landing_day
    from {{ ref('stg_flight_outcomes') }}
    where {{ in_build_range('landing_day') }}
),

final as (
    select
        forecasts.series || '|' || forecasts.local_date || '|' || forecasts.step as forecast_id,
        forecasts.local_date,
        forecasts.target_date,
        coalesce(actual.departures, 0) as departures,
        forecasts.known_date,
        {{ departures_known_at('forecasts.known_date') }} as known_at
    from forecasts
    inner join landed_days on forecasts.known_date = landed_days.landing_day
    left join actual
        on
            forecasts.series = actual.series
            and forecasts.known_date = actual.local_date
)

select * from final
