-- What was asked of the gate besides the deliveries that receipts attest: refusals, deliveries that
-- were not complete, and which clients used which token. Addresses and user agents are keyed hashes;
-- there is no secret here. Rows are kept 90 days.

-- One attempt that was not delivered, of a token the gate knows.
create table gate_attempt (
    attempt_id     uuid primary key,
    at             timestamptz not null,
    -- The refusal's code; 'aborted' if the client went away, 'cut_off' if we could not go on.
    code           text        not null,
    license_id     uuid        not null references license,
    token_id       uuid        not null,
    org_id         uuid        not null,
    creator_org_id uuid        not null,
    asset_id       uuid        not null,
    -- The content ID or the site's path that was asked for, as it was sent.
    subject        text        not null
        constraint gate_attempt_subject_check check (char_length(subject) <= 512),
    scope          text,
    job_id         text,
    address        bytea       not null,
    network        bytea       not null,
    client         bytea       not null,
    bytes_out      bigint      not null
        constraint gate_attempt_bytes_out_check check (bytes_out >= 0),
    -- Of a delivery that was not complete: the receipt it would have had. It was never valid.
    receipt_id     uuid,
    constraint gate_attempt_receipt_check check ((receipt_id is not null) = (code in ('aborted', 'cut_off')))
);
create index gate_attempt_org_id_idx on gate_attempt (org_id, at desc);
create index gate_attempt_creator_org_id_idx on gate_attempt (creator_org_id, at desc);
create index gate_attempt_license_id_idx on gate_attempt (license_id);
create index gate_attempt_at_idx on gate_attempt using brin (at);

-- How often each token was refused, and why: every attempt, also those of which no row was kept.
create table gate_refusal_hour (
    hour           timestamptz not null,
    token_id       uuid        not null,
    code           text        not null,
    license_id     uuid        not null references license,
    org_id         uuid        not null,
    creator_org_id uuid        not null,
    attempts       bigint      not null
        constraint gate_refusal_hour_attempts_check check (attempts > 0),
    constraint gate_refusal_hour_pkey primary key (token_id, hour, code)
);
create index gate_refusal_hour_org_id_idx on gate_refusal_hour (org_id, hour);
create index gate_refusal_hour_creator_org_id_idx on gate_refusal_hour (creator_org_id, hour);
create index gate_refusal_hour_license_id_idx on gate_refusal_hour (license_id);

-- Attempts without a token, or with one the gate does not know.
create table stranger_hour (
    hour     timestamptz not null,
    code     text        not null,
    attempts bigint      not null
        constraint stranger_hour_attempts_check check (attempts > 0),
    -- Different networks (/24, /48) they came from, at least.
    networks bigint      not null,
    constraint stranger_hour_pkey primary key (hour, code)
);

-- Which clients a token served, by network (/24, /48) and user agent. An empty network stands for
-- all that came after the first few.
create table token_client_hour (
    hour       timestamptz not null,
    token_id   uuid        not null references access_token,
    network    bytea       not null,
    client     bytea       not null,
    deliveries bigint      not null
        constraint token_client_hour_deliveries_check check (deliveries > 0),
    bytes      bigint      not null
        constraint token_client_hour_bytes_check check (bytes >= 0),
    last_at    timestamptz not null,
    constraint token_client_hour_pkey primary key (token_id, hour, network, client)
);
create index token_client_hour_hour_idx on token_client_hour using brin (hour);
