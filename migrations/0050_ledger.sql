-- Double entry. Every movement of money is a transaction of entries that add up to nothing in each currency; none is
-- ever changed. `src/domain/ledger/chart.rs` says what each account and each code means.

create table ledger_account (
    account_id     uuid primary key,
    kind           text   not null
        constraint ledger_account_kind_check check (kind in (
            'buyer_unbilled', 'buyer_receivable', 'buyer_wallet', 'creator_pending', 'creator_available',
            'creator_held', 'creator_in_transit', 'platform_fees', 'platform_costs', 'platform_taxes',
            'platform_reserves', 'stripe_clearing', 'stripe_connected')),
    -- Missing where the account is the platform's.
    org_id         uuid references organization,
    currency       text   not null constraint ledger_account_currency_check check (currency in ('USD', 'EUR', 'GBP')),
    -- What its entries add up to, kept with them: debits less credits.
    balance_micros bigint not null default 0,
    owner          uuid   not null
        generated always as (coalesce(org_id, '00000000-0000-0000-0000-000000000000'::uuid)) stored,
    constraint ledger_account_key unique (owner, kind, currency),
    constraint ledger_account_currency_key unique (account_id, currency),
    constraint ledger_account_owner_check
        check ((kind like 'buyer\_%' or kind like 'creator\_%') = (org_id is not null)),
    -- Nobody spends, holds or sends what is not there.
    constraint ledger_account_bounds_check check (case
        when kind in ('buyer_wallet', 'creator_held', 'creator_in_transit') then balance_micros <= 0
        when kind = 'stripe_connected' then balance_micros >= 0
        else true
    end)
) with (fillfactor = 50);
create index ledger_account_org_id_idx on ledger_account (org_id);

-- Only the balance of an account changes.
create function keep_ledger_account() returns trigger
    language plpgsql as
$$
begin
    if tg_op = 'UPDATE'
        and (new.account_id, new.kind, new.currency) = (old.account_id, old.kind, old.currency)
        and new.org_id is not distinct from old.org_id
    then
        return new;
    end if;
    raise exception 'ledger_account only changes its balance' using errcode = 'restrict_violation';
end;
$$;
create trigger ledger_account_changes
    before update of account_id, kind, org_id, currency or delete on ledger_account
    for each row execute function keep_ledger_account();
create trigger ledger_account_stays
    before truncate on ledger_account
    for each statement execute function refuse_change();

create table ledger_transaction (
    transaction_id uuid primary key,
    -- The way money moves, as in `charge.rated`, and the row that caused it. The same cause posts once.
    code           text        not null,
    cause_id       uuid        not null,
    -- Why, in a sentence.
    reason         text        not null constraint ledger_transaction_reason_check check (reason <> ''),
    posted_at      timestamptz not null,
    constraint ledger_transaction_cause_key unique (cause_id, code)
);
create index ledger_transaction_posted_at_idx on ledger_transaction (posted_at, transaction_id);

create trigger ledger_transaction_append_only
    before update or delete or truncate on ledger_transaction
    for each statement execute function refuse_change();

create table ledger_entry (
    transaction_id uuid   not null references ledger_transaction,
    account_id     uuid   not null,
    currency       text   not null,
    -- A debit where positive, a credit where negative.
    micros         bigint not null constraint ledger_entry_micros_check check (micros <> 0),
    constraint ledger_entry_pkey primary key (transaction_id, account_id),
    constraint ledger_entry_account_fkey foreign key (account_id, currency)
        references ledger_account (account_id, currency)
);
create index ledger_entry_account_id_idx on ledger_entry (account_id, transaction_id desc);

create trigger ledger_entry_append_only
    before update or delete or truncate on ledger_entry
    for each statement execute function refuse_change();

-- A transaction whose entries do not add up cannot be committed, whoever writes them.
create function ledger_entries_balance() returns trigger
    language plpgsql as
$$
begin
    if exists (
        select from ledger_entry where transaction_id = new.transaction_id group by currency having sum(micros) <> 0
    ) then
        raise exception 'transaction % does not balance', new.transaction_id
            using errcode = 'check_violation', constraint = 'ledger_entry_balanced';
    end if;
    return null;
end;
$$;
create constraint trigger ledger_entry_balanced
    after insert on ledger_entry
    deferrable initially deferred
    for each row execute function ledger_entries_balance();
