-- Creators' own hosts: who claims which, how that was proved, and where their pages come from.

create table site (
    asset_id      uuid primary key,
    -- A site is a work of its own kind; the pair of columns says so to the database.
    kind          text        not null default 'site' constraint site_kind_check check (kind = 'site'),
    org_id        uuid        not null references organization,
    host          text        not null
        constraint site_host_check check (host ~ '^[a-z0-9.-]{1,253}$'),
    origin        text        not null
        constraint site_origin_check check (origin ~ '^https?://[^/?#@]+$'),
    challenge     text        not null
        constraint site_challenge_check check (challenge ~ '^[0-9a-f]{32}$'),
    state         text        not null
        constraint site_state_check check (state in ('claimed', 'verified', 'lapsed')),
    claimed_at    timestamptz not null,
    verified_at   timestamptz,
    verified_by   text
        constraint site_verified_by_check check (verified_by in ('dns', 'file')),
    checked_at    timestamptz,
    failing_since timestamptz,
    constraint site_asset_fkey foreign key (asset_id, kind) references asset (asset_id, kind),
    -- Several organizations may claim a host, each once.
    constraint site_claim_key unique (org_id, host),
    constraint site_proof_check check (
        (state = 'claimed') = (verified_at is null)
        and (verified_at is null) = (verified_by is null)
        and (verified_at is null) = (checked_at is null)
        and (state <> 'claimed' or failing_since is null)
        and (state <> 'lapsed' or failing_since is not null))
);
-- One of them holds it.
create unique index site_verified_host_key on site (host) where state = 'verified';
create index site_checked_at_idx on site (checked_at) where state = 'verified';

-- Gates know sites by their hosts, and licenses of sites by their assets.
create function site_wakes_gates() returns trigger
    language plpgsql as
$$
begin
    perform pg_notify('gate_site', '');
    perform pg_notify('gate_snapshot', 'asset:' || coalesce(new.asset_id, old.asset_id));
    return null;
end;
$$;

create trigger site_wakes_gates
    after insert or update of host, origin, state or delete on site
    for each row execute function site_wakes_gates();
