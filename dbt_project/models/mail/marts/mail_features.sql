with mails as (
    select *
    from {{ ref('stg_mails') }}
    where
        known_at <= arrived_at
        and {{ in_build_range('local_date') }}
        and coalesce(superseded_at > arrived_at, true)
),

counted as (
    select
        *,
        length(regexp_replace(subject || body, '[^A-Z]', '', 'g')) as capitals,
        length(regexp_replace(subject || body, '[^A-Za-z]', '', 'g')) as letters
    from mails
),

final as (
    select
        mail_id,
        local_date,
        arrived_at,
        subject,
        body,
        case
            when regexp_matches(subject, '^re:', 'i') then 'reply'
            when regexp_matches(subject, '^fwd?:', 'i') then 'forwarded'
            else 'new'
        end as kind,
        (capitals / nullif(letters, 0))::double as capital_share,
        length(regexp_replace(subject || body, '[^!]', '', 'g'))::double as exclamation_marks,
        length(regexp_replace(subject || body, '[^$]', '', 'g'))::double as dollar_signs,
        (len(string_split(body, 'LINK')) - 1)::double as links
    from counted
)

select * from final
