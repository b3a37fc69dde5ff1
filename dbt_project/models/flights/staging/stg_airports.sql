with source as (
    select * from {{ source('landing', 'airports') }}
),

periods as (
    {{ snapshot_periods('source') }}
),

final as (
    select
        source.airport,
        periods.valid_from,
        periods.valid_until,
        source.name,
        source.latitude,
        source.longitude,
        source.altitude_feet,
        source.timezone,
        source.known_at,
        source.superseded_at
    from source
    inner join periods on source.day = periods.valid_from
)

select * from final
