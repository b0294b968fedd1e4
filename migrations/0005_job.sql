-- Work for the worker. A job is a row; a dedupe key makes asking twice ask once.

create table job (
    job_id       uuid primary key,
    name         text        not null,
    payload      jsonb       not null,
    dedupe_key   text,
    run_at       timestamptz not null,
    attempts     int         not null default 0,
    locked_until timestamptz,
    last_error   text,
    done_at      timestamptz,
    buried_at    timestamptz,
    created_at   timestamptz not null
);
create unique index job_dedupe_key on job (name, dedupe_key) where done_at is null and buried_at is null;
create index job_due_idx on job (run_at) where done_at is null and buried_at is null;
