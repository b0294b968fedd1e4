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
    -- What the buyer will spend on it in a calendar month at most.
    spend_cap_micros bigint constraint license_spend_cap_micros_check check (spend_cap_micros >= 0),
    -- Cancelled, it ends when what is paid for is over; the end it had before comes back with the license.
    cancelled_at   timestamptz,
    uncut_ends_at  timestamptz,
    constraint license_cancelled_check
        check ((cancelled_at is null or ends_at is not null) and (cancelled_at is not null or uncut_ends_at is null)),
    constraint license_period_check check (ends_at >= starts_at),
    constraint license_tier_of_offer_fkey foreign key (offer_id, tier_id) references tier (offer_id, tier_id)
);
create index license_org_id_idx on license (org_id, license_id desc);
create index license_creator_org_id_idx on license (creator_org_id, license_id desc);
create index license_asset_id_idx on license (asset_id);
create index license_offer_id_idx on license (offer_id);
create index license_tier_id_idx on license (tier_id, offer_id);
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
    revoked_at   timestamptz,
    -- What it is limited to: hosts (`*.` before one is every host below it) and jobs; none is any.
    domains        text[]  not null default '{}'
        constraint access_token_domains_check check (cardinality(domains) <= 20),
    jobs           text[]  not null default '{}'
        constraint access_token_jobs_check check (cardinality(jobs) <= 50),
    requires_nonce boolean not null default false,
    -- The token it takes the place of. A token is rotated once.
    rotated_from   uuid constraint access_token_rotated_from_key unique references access_token
);
create index access_token_license_id_idx on access_token (license_id);
create index access_token_org_id_idx on access_token (org_id);
create index access_token_created_by_idx on access_token (created_by);

-- Gates hold a snapshot of licenses and tokens in memory. A change says which rows it was about, as
-- `<what>:<id>`; many at once, and removals, say only that something changed. The trigger's arguments
-- are what changed and the column with its id.
create function wake_gates() returns trigger
    language plpgsql as
$$
declare
    ids uuid[];
begin
    if tg_op <> 'DELETE' then
        execute format('select array_agg(%1$I) from (select distinct %1$I from changed limit 10001) few', tg_argv[1])
            into ids;
    end if;
    if tg_op = 'DELETE' or cardinality(ids) > 10000 then
        perform pg_notify('gate_snapshot', '');
    elsif ids is not null then
        perform pg_notify('gate_snapshot', tg_argv[0] || ':' || id) from unnest(ids) id;
    end if;
    return null;
end;
$$;

create trigger license_made_wakes_gates
    after insert on license referencing new table as changed
    for each statement execute function wake_gates('license', 'license_id');
create trigger license_changed_wakes_gates
    after update on license referencing new table as changed
    for each statement execute function wake_gates('license', 'license_id');
create trigger license_gone_wakes_gates
    after delete on license
    for each statement execute function wake_gates('license', 'license_id');
create trigger access_token_made_wakes_gates
    after insert on access_token referencing new table as changed
    for each statement execute function wake_gates('token', 'token_id');
create trigger access_token_changed_wakes_gates
    after update on access_token referencing new table as changed
    for each statement execute function wake_gates('token', 'token_id');
create trigger access_token_gone_wakes_gates
    after delete on access_token
    for each statement execute function wake_gates('token', 'token_id');
-- A new version of a work is delivered at once under the licenses of the work.
create trigger asset_version_made_wakes_gates
    after insert on asset_version referencing new table as changed
    for each statement execute function wake_gates('asset', 'asset_id');
