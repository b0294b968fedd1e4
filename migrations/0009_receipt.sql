-- What the gate delivered, signed. Public keys stay for as long as receipts signed with them may be checked.

create table receipt_key (
    kid        text primary key,
    public_key bytea       not null constraint receipt_key_public_key_check check (octet_length(public_key) = 32),
    created_at timestamptz not null
);

create table receipt (
    receipt_id     uuid primary key,
    license_id     uuid        not null references license,
    token_id       uuid        not null references access_token,
    org_id         uuid        not null references organization,
    creator_org_id uuid        not null references organization,
    asset_id       uuid        not null references asset,
    content_id     text        not null,
    job_id         text,
    scope          text        not null
        constraint receipt_scope_check check (scope in ('training', 'inference', 'preview')),
    bytes          bigint      not null constraint receipt_bytes_check check (bytes >= 0),
    nonce          text        not null,
    delivered_at   timestamptz not null,
    kid            text        not null references receipt_key,
    jws            text        not null
);
create index receipt_license_id_idx on receipt (license_id, delivered_at desc);
create index receipt_token_id_idx on receipt (token_id, delivered_at desc);
create index receipt_org_id_idx on receipt (org_id, delivered_at desc, receipt_id);
create index receipt_creator_org_id_idx on receipt (creator_org_id, delivered_at desc, receipt_id);
create index receipt_asset_id_idx on receipt (asset_id, delivered_at desc);

-- Consumers' own nonces, which gates remember for a day; those that gates make have a dot in them.
create index receipt_nonce_idx on receipt (delivered_at) where strpos(nonce, '.') = 0;

create trigger receipt_append_only
    before update or delete or truncate on receipt
    for each statement execute function refuse_change();
create trigger receipt_key_append_only
    before update or delete or truncate on receipt_key
    for each statement execute function refuse_change();
