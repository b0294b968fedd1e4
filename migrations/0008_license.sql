-- Accepted offers and the tokens that let machines act under them.

create table license (
    license_id     uuid primary key,
    org_id         uuid        not null references organization,
    creator_org_id uuid        not null references organization,
    asset_id       uuid        not null references asset,
    offer_id       uuid        not null references offer,
    tier_id        uuid        not null references tier,
    terms_id       uuid        not null references terms,
    terms_digest   text        not null,
    state          text        not null
        constraint license_state_check check (state in ('pending', 'active', 'suspended', 'revoked', 'expired')),
    accepted_by    uuid        not null references person,
    accepted_at    timestamptz not null,
    starts_at      timestamptz not null,
    ends_at        timestamptz,
    constraint license_period_check check (ends_at >= starts_at)
);
create index license_org_id_idx on license (org_id, license_id desc);
create index license_creator_org_id_idx on license (creator_org_id, license_id desc);
create index license_asset_id_idx on license (asset_id);
create index license_offer_id_idx on license (offer_id);
create index license_tier_id_idx on license (tier_id);
create index license_terms_id_idx on license (terms_id);
create index license_accepted_by_idx on license (accepted_by);
-- One live license of a work to a buyer.
create unique index license_live_key on license (org_id, asset_id)
    where state in ('pending', 'active', 'suspended');

-- The secret is kept only as its SHA-256; `prefix` and `last_four` are what a person recognizes it by.
create table access_token (
    token_id     uuid primary key,
    license_id   uuid        not null references license,
    org_id       uuid        not null references organization,
    name         text        not null constraint access_token_name_check check (char_length(name) between 1 and 80),
    secret_hash  bytea       not null constraint access_token_secret_hash_key unique
        constraint access_token_secret_hash_check check (octet_length(secret_hash) = 32),
    prefix       text        not null,
    last_four    text        not null,
    scopes       text[]      not null constraint access_token_scopes_check check (cardinality(scopes) between 1 and 8),
    created_by   uuid        not null references person,
    created_at   timestamptz not null,
    expires_at   timestamptz,
    revoked_at   timestamptz
);
create index access_token_license_id_idx on access_token (license_id);
create index access_token_org_id_idx on access_token (org_id);
create index access_token_created_by_idx on access_token (created_by);

-- Gates hold a snapshot of licenses and tokens; every change to either wakes them.
create function wake_gates() returns trigger
    language plpgsql as
$$
begin
    perform pg_notify('gate_snapshot', '');
    return null;
end;
$$;

create trigger license_wakes_gates
    after insert or update or delete on license
    for each statement execute function wake_gates();
create trigger access_token_wakes_gates
    after insert or update or delete on access_token
    for each statement execute function wake_gates();
