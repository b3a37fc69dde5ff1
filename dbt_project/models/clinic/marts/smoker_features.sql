with smokers as (
    select *
    from {{ ref('stg_smokers') }}
    where
        superseded_at is null
        and {{ in_build_range('landed_day') }}
),

final as (
    select
        person_id,
        landed_day,
        age_years,
        income_class,
        school_years,
        height_cm,
        weight_kg,
        cigarettes_per_day,
        smoking_years,
        cholesterol_mg_per_100ml,
        marital_status,
        alcohol,
        usual_day,
        exercise,
        asthma,
        bronchitis,
        heart_failure,
        high_blood_pressure,
        peptic_ulcer,
        chronic_cough,
        diabetes,
        tumor,
        heart_medication,
        blood_pressure_medication,
        sex,
        race
    from smokers
)

select * from final
