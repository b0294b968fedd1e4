-- Every call to the payment provider that changes something: noted before it is sent, with its answer
-- as it came. A call whose end is not known is never sent under another key.

create table stripe_call (
    idempotency_key text primary key,
    method          text        not null,
    path            text        not null,
    account         text,
    request_digest  bytea       not null,
    state           text        not null default 'sent',
    attempts        int         not null default 1,
    status          int,
    answer          text,
    sent_at         timestamptz not null,
    answered_at     timestamptz,

    constraint stripe_call_key_is_short check (length(idempotency_key) between 1 and 255),
    constraint stripe_call_digest_is_sha256 check (length(request_digest) = 32),
    constraint stripe_call_state_is_known check (state in ('sent', 'done', 'refused', 'unknown')),
    constraint stripe_call_end_has_an_answer
        check (state in ('sent', 'unknown') or (status is not null and answer is not null))
);
create index stripe_call_open_idx on stripe_call (sent_at) where state in ('sent', 'unknown');

-- What was done or refused stays as it was answered.
create function stripe_call_keeps_its_end() returns trigger language plpgsql as $$
begin
    if old.state in ('done', 'refused') then
        raise exception 'the answer of a call to the provider is never changed'
            using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
create trigger stripe_call_keeps_its_end before update or delete on stripe_call
    for each row execute function stripe_call_keeps_its_end();
