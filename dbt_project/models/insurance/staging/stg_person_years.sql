with source as (
    select * from {{ source('landing', 'person_years') }}
),

final as (
    select
        person_id || '-' || enrolment_year as person_year_id,
        person_id,
        day as landed_day,
        enrolment_year::double as enrolment_year,
        site,
        coinsurance_percent,
        has_individual_deductible = '1' as has_individual_deductible,
        most_out_of_pocket_dollars,
        had_physical = '1' as had_physical,
        age_years,
        family_income_dollars,
        school_years_of_decision_maker,
        family_size::double as family_size,
        chronic_diseases,
        has_limitation,
        mental_health,
        general_health,
        case
            when good_health_code = '1' then 'good'
            when fair_health_code = '1' then 'fair'
            when poor_health_code = '1' then 'poor'
            else 'excellent'
        end as own_view_of_health,
        case female_code when '1' then 'female' when '0' then 'male' end as sex,
        -- A fraction was imputed by those who published the data.
        case black_code when '1' then 'black' when '0' then 'not_black' else 'unknown' end as race,
        case when share_of_year = 1 then doctor_visits::double end as doctor_visits,
        admissions::double as admissions,
        medical_dollars,
        delivered_at,
        superseded_at
    from source
)

select * from final
