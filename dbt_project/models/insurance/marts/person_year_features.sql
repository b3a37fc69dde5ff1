with years as (
    select *
    from {{ ref('stg_person_years') }}
    where
        superseded_at is null
        and {{ in_build_range('landed_day') }}
),

final as (
    select
        years.person_year_id,
        years.person_id,
        years.landed_day,
        years.enrolment_year,
        years.site,
        years.coinsurance_percent,
        years.has_individual_deductible,
        years.most_out_of_pocket_dollars,
        years.had_physical,
        years.age_years,
        years.family_income_dollars,
        years.school_years_of_decision_maker,
        years.family_size,
        years.chronic_diseases,
        years.has_limitation,
        years.mental_health,
        years.general_health,
        years.own_view_of_health,
        years_before.doctor_visits as doctor_visits_before,
        years_before.admissions as admissions_before,
        years_before.medical_dollars as medical_dollars_before,
        1.0 / count(*)
            over (partition by years.person_id, years.landed_day)
            as share_of_person,
        years.sex,
        years.race
    from years
    left join years as years_before
        on
            years.person_id = years_before.person_id
            and years.landed_day = years_before.landed_day
            and years.enrolment_year = years_before.enrolment_year + 1
)

select * from final
