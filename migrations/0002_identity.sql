-- People, how they sign in, the organizations they belong to, and invitations.

create table person (
    person_id  uuid primary key,
    name       text        not null constraint person_name_check check (char_length(name) between 1 and 120),
    email      text constraint person_email_check check (char_length(email) <= 254),
    created_at timestamptz not null
);

-- A subject of an authorization server. The pair is the person; an email address is not.
create table identity (
    issuer     text        not null,
    subject    text        not null,
    person_id  uuid        not null references person,
    created_at timestamptz not null,
    constraint identity_pkey primary key (issuer, subject),
    constraint identity_subject_check check (char_length(subject) between 1 and 255)
);
create index identity_person_id_idx on identity (person_id);

create table organization (
    org_id     uuid primary key,
    name       text        not null constraint organization_name_check check (char_length(name) between 1 and 120),
    slug       text        not null constraint organization_slug_key unique
        constraint organization_slug_check check (slug ~ '^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$'),
    is_creator boolean     not null,
    is_buyer   boolean     not null,
    created_at timestamptz not null,
    constraint organization_side_check check (is_creator or is_buyer)
);

create table member (
    org_id    uuid        not null references organization,
    person_id uuid        not null references person,
    role      text        not null
        constraint member_role_check check (role in ('owner', 'admin', 'finance', 'developer', 'viewer')),
    joined_at timestamptz not null,
    -- When the person last chose to act for the organization: where they return to at sign-in.
    acted_at  timestamptz not null,
    constraint member_pkey primary key (org_id, person_id)
);
create index member_person_id_idx on member (person_id);

-- An invitation is a link; whoever opens it and signs in may take it, once.
create table invitation (
    invitation_id uuid primary key,
    org_id        uuid        not null references organization,
    role          text        not null
        constraint invitation_role_check check (role in ('owner', 'admin', 'finance', 'developer', 'viewer')),
    code_hash     bytea       not null constraint invitation_code_hash_key unique
        constraint invitation_code_hash_check check (octet_length(code_hash) = 32),
    invited_by    uuid        not null references person,
    created_at    timestamptz not null,
    expires_at    timestamptz not null,
    accepted_by   uuid references person,
    accepted_at   timestamptz,
    withdrawn_at  timestamptz,
    constraint invitation_accepted_check check ((accepted_by is null) = (accepted_at is null))
);
create index invitation_org_id_idx on invitation (org_id);
create index invitation_invited_by_idx on invitation (invited_by);
create index invitation_accepted_by_idx on invitation (accepted_by);
