with source as (
    select * from {{ source('landing', 'smokers') }}
),

final as (
    select
        person_id,
        day as landed_day,
        age_years::double as age_years,
        income_class::double as income_class,
        school_years::double as school_years,
        height_cm,
        weight_kg,
        cigarettes_per_day::double as cigarettes_per_day,
        smoking_years::double as smoking_years,
        cholesterol_mg_per_100ml,
        case marital_code
            when '2' then 'married'
            when '3' then 'widowed'
            when '4' then 'never_married'
            when '5' then 'divorced'
            when '6' then 'separated'
        end as marital_status,
        case alcohol_code
            when '0' then 'almost_every_day'
            when '1' then 'two_or_three_times_a_week'
            when '2' then 'one_to_four_times_a_month'
            when '3' then 'less_than_monthly'
            when '4' then 'not_in_the_last_year'
        end as alcohol,
        case activity_code
            when '0' then 'very_active' when '1' then 'moderately_active' when '2' then 'inactive'
        end as usual_day,
        case exercise_code
            when '0' then 'much' when '1' then 'moderate' when '2' then 'little_or_none'
        end as exercise,
        case asthma_code when '1' then true when '0' then false end as asthma,
        case bronchitis_code when '1' then true when '0' then false end as bronchitis,
        case heart_failure_code when '1' then true when '0' then false end as heart_failure,
        case high_blood_pressure_code
            when '1' then true when '0' then false
        end as high_blood_pressure,
        case peptic_ulcer_code when '1' then true when '0' then false end as peptic_ulcer,
        case chronic_cough_code when '1' then true when '0' then false end as chronic_cough,
        case diabetes_code when '1' then true when '0' then false end as diabetes,
        case tumor_code when '1' then true when '0' then false end as tumor,
        case heart_medication_code when '1' then true when '0' then false end as heart_medication,
        case blood_pressure_medication_code
            when '1' then true when '0' then false
        end as blood_pressure_medication,
        case sex_code when '0' then 'male' when '1' then 'female' end as sex,
        case race_code when '0' then 'white' when '1' then 'black_or_other' end as race,
        case death_code when '1' then true when '0' then false end as died_by_1992,
        delivered_at,
        superseded_at
    from source
)

select * from final
