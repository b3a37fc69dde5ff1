with source as (
    select * from {{ source('landing', 'planes') }}
),

periods as (
    {{ snapshot_periods('source') }}
),

final as (
    select
        source.tail_number,
        periods.valid_from,
        periods.valid_until,
        source.year_built,
        source.type,
        source.manufacturer,
        source.model,
        source.engines,
        source.seats,
        source.engine,
        source.known_at,
        source.superseded_at
    from source
    inner join periods on source.day = periods.valid_from
)

select * from final
