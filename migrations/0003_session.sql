-- Signed-in browsers. The cookie's secret is kept only as its SHA-256; `session_id` is what a person sees and revokes.

create table session (
    session_id   uuid primary key,
    secret_hash  bytea       not null constraint session_secret_hash_key unique
        constraint session_secret_hash_check check (octet_length(secret_hash) = 32),
    person_id    uuid references person,
    data         jsonb       not null,
    user_agent   text,
    created_at   timestamptz not null,
    last_seen_at timestamptz not null,
    expires_at   timestamptz not null
);
create index session_person_id_idx on session (person_id);
create index session_expires_at_idx on session (expires_at);
