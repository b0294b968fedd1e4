-- Published terms (immutable, named by the digest of their canonical JSON), offers, and their tiers.

create table terms (
    terms_id   uuid primary key,
    org_id     uuid        not null references organization,
    digest     text        not null
        constraint terms_digest_check check (digest ~ '^sha256:[0-9a-f]{64}$'),
    name       text        not null constraint terms_name_check check (char_length(name) between 1 and 120),
    document   jsonb       not null,
    created_at timestamptz not null,
    constraint terms_digest_key unique (org_id, digest)
);

create trigger terms_append_only
    before update or delete or truncate on terms
    for each statement execute function refuse_change();

create table offer (
    offer_id     uuid primary key,
    org_id       uuid        not null references organization,
    asset_id     uuid        not null references asset,
    terms_id     uuid        not null references terms,
    published_at timestamptz not null,
    ended_at     timestamptz
);
create index offer_org_id_idx on offer (org_id);
create index offer_terms_id_idx on offer (terms_id);
-- A work has one offer at a time; publishing another ends the one before.
create unique index offer_asset_id_key on offer (asset_id) where ended_at is null;
create index offer_asset_id_idx on offer (asset_id);

create table tier (
    tier_id             uuid primary key,
    offer_id            uuid   not null references offer,
    position            int    not null,
    name                text   not null constraint tier_name_check check (char_length(name) between 1 and 60),
    currency            text   not null constraint tier_currency_check check (currency in ('USD', 'EUR', 'GBP')),
    base_micros         bigint not null constraint tier_base_micros_check check (base_micros >= 0),
    included_units      bigint not null constraint tier_included_units_check check (included_units >= 0),
    -- What happens when the included units are used up; more is charged exactly where it has a price.
    overrun             text   not null constraint tier_overrun_check check (overrun in ('stop', 'charge', 'upgrade')),
    overage_micros      bigint constraint tier_overage_micros_check check (overage_micros > 0),
    rate_per_minute     int    not null constraint tier_rate_per_minute_check check (rate_per_minute > 0),
    scopes              text[] not null constraint tier_scopes_check check (cardinality(scopes) > 0),
    -- What a use for inference or display is billed by.
    unit                text   not null default 'call'
        constraint tier_unit_check check (unit in ('call', 'page', 'token', 'byte')),
    -- Of a site: patterns of paths. No allowed one is every path; forbidden ones win.
    allowed_paths       text[] not null default '{}'
        constraint tier_allowed_paths_check check (cardinality(allowed_paths) <= 50),
    forbidden_paths     text[] not null default '{}'
        constraint tier_forbidden_paths_check check (cardinality(forbidden_paths) <= 50),
    constraint tier_position_key unique (offer_id, position),
    -- A license names both, so it is always on a tier of its own offer.
    constraint tier_offer_key unique (offer_id, tier_id),
    constraint tier_charge_check check ((overrun = 'charge') = (overage_micros is not null))
);

create trigger tier_append_only
    before update or delete or truncate on tier
    for each statement execute function refuse_change();
