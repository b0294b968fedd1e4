-- Earnings on their way to creators.

-- How often a creator is paid; every week unless told.
create table payout_schedule (
    org_id     uuid primary key references organization,
    schedule   text        not null
        constraint payout_schedule_check check (schedule in ('weekly', 'monthly', 'on_request')),
    updated_at timestamptz not null
);

create table payout (
    payout_id    uuid primary key,
    org_id       uuid        not null references organization,
    currency     text        not null constraint payout_currency_check check (currency in ('USD', 'EUR', 'GBP')),
    -- Whole cents.
    micros       bigint      not null constraint payout_micros_check check (micros > 0 and micros % 10000 = 0),
    state        text        not null constraint payout_state_check
        check (state in ('reserved', 'refused', 'transferred', 'paid', 'failed', 'returned')),
    -- Whom it goes to, as the payment service knows them.
    account_id   text        not null,
    -- What the next call is recognized by, written before it is made; counted up when a call is known to have failed.
    generation   int         not null default 0,
    tries        int         not null default 0,
    first_try_at timestamptz,
    next_try_at  timestamptz not null,
    -- As the payment service knows the transfer, and how it names its arrival in the creator's account.
    transfer_id  text constraint payout_transfer_id_key unique,
    arrival      text constraint payout_arrival_key unique,
    -- Why it failed, for the creator.
    failure      text,
    created_at     timestamptz not null,
    transferred_at timestamptz,
    paid_at        timestamptz,
    failed_at      timestamptz,
    ended_at       timestamptz,
    constraint payout_transferred_check
        check (state in ('reserved', 'refused') or transfer_id is not null)
);
create index payout_org_id_idx on payout (org_id, payout_id desc);
create index payout_due_idx on payout (next_try_at) where state in ('reserved', 'failed');

create function keep_payout() returns trigger
    language plpgsql as
$$
begin
    if tg_op = 'UPDATE'
        and (new.payout_id, new.org_id, new.currency, new.micros, new.account_id, new.created_at)
            = (old.payout_id, old.org_id, old.currency, old.micros, old.account_id, old.created_at)
        and (old.transfer_id is null or new.transfer_id = old.transfer_id)
    then
        return new;
    end if;
    raise exception 'what a payout sends does not change' using errcode = 'restrict_violation';
end;
$$;
create trigger payout_changes
    before update or delete on payout
    for each row execute function keep_payout();
create trigger payout_stays
    before truncate on payout
    for each statement execute function refuse_change();

-- What a run decided about a creator and a currency, once: a payout, or why there is none or not more.
create table payout_decision (
    org_id           uuid        not null references organization,
    currency         text        not null,
    run_at           timestamptz not null,
    payout_id        uuid references payout constraint payout_decision_payout_key unique,
    available_micros bigint      not null,
    why              text,
    constraint payout_decision_pkey primary key (org_id, currency, run_at),
    constraint payout_decision_check check (payout_id is not null or why is not null)
);
create trigger payout_decision_append_only
    before update or delete or truncate on payout_decision
    for each statement execute function refuse_change();
