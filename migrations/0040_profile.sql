-- What an organization says of itself to everybody, what it consents to, and how closely it looks at the use
-- of its works.

create table profile (
    org_id       uuid primary key references organization,
    -- A country (ISO 3166-1 alpha-2); null where nobody has said.
    jurisdiction text constraint profile_jurisdiction_check check (jurisdiction ~ '^[A-Z]{2}$'),
    about        text not null default '' constraint profile_about_check check (char_length(about) <= 2000),
    website      text not null default ''
        constraint profile_website_check check (website ~ '^(https?://.+)?$' and char_length(website) <= 200),
    reporting    text not null default 'full'
        constraint profile_reporting_check check (reporting in ('full', 'coarse')),
    -- Counts the edits of what is said, so that whoever edits what somebody else has just edited is told.
    revision     int  not null default 0 constraint profile_revision_check check (revision >= 0),
    edited_at    timestamptz,
    edited_by    uuid references person,
    constraint profile_edited_check check ((edited_at is null) = (revision = 0))
);

-- What an organization has said about a consent; what it said last counts, and all of it is kept.
create table consent (
    org_id      uuid        not null references organization,
    about       text        not null constraint consent_about_check check (about in ('training', 'commercial')),
    number      int         not null constraint consent_number_check check (number > 0),
    said        text        not null constraint consent_said_check check (said in ('open', 'given', 'withheld')),
    recorded_by uuid        not null references person,
    recorded_at timestamptz not null,
    constraint consent_pkey primary key (org_id, about, number)
);

create trigger consent_append_only
    before update or delete or truncate on consent
    for each statement execute function refuse_change();
