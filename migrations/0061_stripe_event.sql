-- What the payment provider told us, as it came: once each, whatever the number and the order of its
-- letters. It is a hint; what it is about is read again before anything is done.

create table stripe_event (
    event_id     text primary key,
    kind         text        not null,
    account      text,
    object_id    text,
    livemode     boolean     not null,
    raw          text        not null,
    source       text        not null,
    created_at   timestamptz not null,
    received_at  timestamptz not null,
    letters      int         not null default 1,
    attempts     int         not null default 0,
    next_try_at  timestamptz not null,
    applied_at   timestamptz,
    last_error   text,

    constraint stripe_event_source_is_known check (source in ('letter', 'list'))
);
create index stripe_event_open_idx on stripe_event (next_try_at) where applied_at is null;
create index stripe_event_object_idx on stripe_event (object_id);

create function stripe_event_keeps_its_words() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE'
       or (new.event_id, new.kind, new.account, new.object_id, new.raw, new.created_at, new.received_at)
          is distinct from
          (old.event_id, old.kind, old.account, old.object_id, old.raw, old.created_at, old.received_at)
    then
        raise exception 'what the provider said is never changed'
            using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
create trigger stripe_event_keeps_its_words before update or delete on stripe_event
    for each row execute function stripe_event_keeps_its_words();
