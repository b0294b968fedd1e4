-- Published terms (immutable, named by the digest of their canonical JSON), offers, and their tiers.

create table terms (
    terms_id   uuid primary key,
    org_id     uuid        not null references organization,
    digest     text        not null
        constraint terms_digest_check check (digest ~ '^sha256:[0-9a-f]{64}$'),
    name       text        not null constraint terms_name_check check (char_length(name) between 1 and 120),
    document   jsonb       not null,
    created_at timestamptz not null,
    -- A new version is new terms, one further than those it takes the place of.
    number          int  not null default 1 constraint terms_number_check check (number > 0),
    replaces_id     uuid,
    replaces_number int generated always as (number - 1) stored,
    constraint terms_digest_key unique (org_id, digest),
    constraint terms_number_key unique (org_id, terms_id, number),
    -- Terms are replaced once, by terms of the same organization.
    constraint terms_replaces_key unique (replaces_id),
    constraint terms_replaces_fkey foreign key (org_id, replaces_id, replaces_number)
        references terms (org_id, terms_id, number),
    constraint terms_first_check check ((number = 1) = (replaces_id is null))
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
    ended_at     timestamptz,
    -- A contract: for this buyer alone, who sees it in the place of the public offer.
    buyer_org_id uuid references organization,
    constraint offer_buyer_check check (buyer_org_id <> org_id)
);
create index offer_org_id_idx on offer (org_id);
create index offer_terms_id_idx on offer (terms_id);
-- A work has one public offer at a time, and one for each buyer; publishing another ends the one before.
create unique index offer_asset_id_key on offer (asset_id) where ended_at is null and buyer_org_id is null;
create unique index offer_contract_key on offer (asset_id, buyer_org_id) where ended_at is null;
create index offer_asset_id_idx on offer (asset_id);
create index offer_buyer_org_id_idx on offer (buyer_org_id) where buyer_org_id is not null;

create table tier (
    tier_id             uuid primary key,
    offer_id            uuid   not null references offer,
    position            int    not null,
    name                text   not null constraint tier_name_check check (char_length(name) between 1 and 60),
    currency            text   not null constraint tier_currency_check check (currency in ('USD', 'EUR', 'GBP')),
    -- The fee: of a month, of a year in advance, or once, as the model says.
    base_micros         bigint not null constraint tier_base_micros_check check (base_micros >= 0),
    -- Of a month. Where each use has its price they are the most of a month, or 0 where there is no most.
    included_units      bigint not null constraint tier_included_units_check check (included_units >= 0),
    -- What happens when the units are used up; more is charged exactly where it has a price.
    overrun             text   not null constraint tier_overrun_check check (overrun in ('stop', 'charge', 'upgrade')),
    overage_micros      bigint constraint tier_overage_micros_check check (overage_micros > 0),
    rate_per_minute     int    not null constraint tier_rate_per_minute_check check (rate_per_minute > 0),
    scopes              text[] not null constraint tier_scopes_check check (cardinality(scopes) > 0),
    -- What a use for inference or display is billed by.
    unit                text   not null default 'call'
        constraint tier_unit_check check (unit in ('call', 'page', 'token', 'byte', 'image', 'inference')),
    -- Of a site: patterns of paths. No allowed one is every path; forbidden ones win.
    allowed_paths       text[] not null default '{}'
        constraint tier_allowed_paths_check check (cardinality(allowed_paths) <= 50),
    forbidden_paths     text[] not null default '{}'
        constraint tier_forbidden_paths_check check (cardinality(forbidden_paths) <= 50),
    model               text   not null default 'subscription'
        constraint tier_model_check
        check (model in ('subscription', 'per_use', 'revenue_share', 'upfront', 'prepaid')),
    -- What so many units cost, where each use has its price.
    use_micros          bigint constraint tier_use_micros_check check (use_micros > 0),
    use_per             bigint constraint tier_use_per_check check (use_per in (1, 1000, 1000000)),
    -- Of what the buyer earns, in basis points.
    share_bp            int    constraint tier_share_bp_check check (share_bp between 1 and 10000),
    -- Whether prepaid units that are left over go on to the next month of the year.
    rolls_over          boolean not null default false,
    constraint tier_position_key unique (offer_id, position),
    -- A license names both, so it is always on a tier of its own offer.
    constraint tier_offer_key unique (offer_id, tier_id),
    constraint tier_charge_check check (case
        when model in ('subscription', 'prepaid') then (overrun = 'charge') = (overage_micros is not null)
        else overage_micros is null and (overrun = 'charge') = (included_units = 0)
    end),
    -- Each model has the figures it needs, and no others.
    constraint tier_price_check check (
        (model in ('per_use', 'upfront')) = (use_micros is not null)
        and (use_micros is null) = (use_per is null)
        and (model = 'revenue_share') = (share_bp is not null)
        and (model = 'prepaid' or not rolls_over)
        and case model
            when 'subscription' then true
            when 'per_use' then base_micros = 0
            when 'revenue_share' then base_micros = 0
            else base_micros > 0
        end)
);

create trigger tier_append_only
    before update or delete or truncate on tier
    for each statement execute function refuse_change();
