-- What the gate delivered, signed. Public keys stay for as long as receipts signed with them may be checked.

-- A key is published from `created_at` on and signs from `activates_at` until `retires_at`. Its private half
-- is sealed with a secret that is not kept here, and erased after retirement; the row stays.
create table receipt_key (
    kid            text primary key,
    public_key     bytea       not null constraint receipt_key_public_key_check check (octet_length(public_key) = 32),
    sealed_private bytea,
    created_at     timestamptz not null,
    activates_at   timestamptz not null,
    retires_at     timestamptz,
    constraint receipt_key_life_check check (created_at <= activates_at and activates_at <= retires_at),
    constraint receipt_key_erased_check check (sealed_private is not null or retires_at is not null)
);

-- A key can be retired once, and its private half erased after that; nothing else about it changes.
create function keep_receipt_key() returns trigger
    language plpgsql as
$$
begin
    if tg_op = 'UPDATE'
        and (new.kid, new.public_key, new.created_at, new.activates_at)
            = (old.kid, old.public_key, old.created_at, old.activates_at)
        and (new.retires_at is not distinct from old.retires_at or old.retires_at is null)
        and (new.sealed_private is not distinct from old.sealed_private
            or (new.sealed_private is null and old.retires_at is not null))
    then
        return new;
    end if;
    raise exception 'receipt_key can only be retired, then erased' using errcode = 'restrict_violation';
end;
$$;

create trigger receipt_key_changes
    before update or delete on receipt_key
    for each row execute function keep_receipt_key();
create trigger receipt_key_stays
    before truncate on receipt_key
    for each statement execute function refuse_change();

create function announce_receipt_key() returns trigger
    language plpgsql as
$$
begin
    perform pg_notify('gate_snapshot', 'receipt_key:');
    return null;
end;
$$;

create trigger receipt_key_wakes_gates
    after insert or update on receipt_key
    for each statement execute function announce_receipt_key();

-- Millions of rows a day are added here, so every index and foreign key must be worth its microseconds. The
-- license alone is checked: buyer, creator, work and token follow from it and come from the same gate in the
-- same breath; a key is there before it signs and is never deleted. Pages find receipts through usage_event
-- or by id; batches for a machine, a buyer and a creator walk one index each.
create table receipt (
    receipt_id     uuid primary key,
    license_id     uuid        not null references license,
    token_id       uuid        not null,
    org_id         uuid        not null,
    creator_org_id uuid        not null,
    asset_id       uuid        not null,
    content_id     text        not null,
    job_id         text,
    scope          text        not null
        constraint receipt_scope_check check (scope in ('training', 'inference', 'preview')),
    bytes          bigint      not null constraint receipt_bytes_check check (bytes >= 0),
    nonce          text        not null,
    delivered_at   timestamptz not null,
    kid            text        not null,
    jws            text        not null
);
create index receipt_license_id_idx on receipt (license_id, delivered_at, receipt_id);
create index receipt_org_id_idx on receipt (org_id, delivered_at, receipt_id);
create index receipt_creator_org_id_idx on receipt (creator_org_id, delivered_at, receipt_id);

-- Consumers' own nonces, which gates remember for a day; those that gates make have a dot in them.
create index receipt_nonce_idx on receipt (delivered_at) where strpos(nonce, '.') = 0;

create trigger receipt_append_only
    before update or delete or truncate on receipt
    for each statement execute function refuse_change();
