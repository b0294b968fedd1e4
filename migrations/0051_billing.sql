-- What licenses cost by the month, who gets it, and what buyers are asked to pay.

-- What the platform keeps of a charge. Several add up; one that ends makes room for another.
create table fee_rule (
    fee_rule_id  uuid primary key,
    name         text   not null constraint fee_rule_name_check check (char_length(name) between 1 and 60),
    currency     text   not null constraint fee_rule_currency_check check (currency in ('USD', 'EUR', 'GBP')),
    rate_bp      int    not null constraint fee_rule_rate_bp_check check (rate_bp between 0 and 10000),
    least_micros bigint not null default 0 constraint fee_rule_least_check check (least_micros >= 0),
    most_micros  bigint constraint fee_rule_most_check check (most_micros >= least_micros),
    -- The first month (UTC) it is taken for, and the first one it no longer is.
    from_month   date   not null,
    until_month  date constraint fee_rule_until_check check (until_month > from_month)
);
insert into fee_rule (fee_rule_id, name, currency, rate_bp, from_month)
select gen_random_uuid(), 'Platform fee', currency, 1000, '2000-01-01'
from unnest(array['USD', 'EUR', 'GBP']) currency;

-- Who shares in what a work earns, from an instant on. Where nothing is said, its creator gets all.
create table payee (
    asset_id uuid        not null references asset,
    since    timestamptz not null,
    org_id   uuid        not null references organization,
    share_bp int         not null constraint payee_share_check check (share_bp between 1 and 10000),
    constraint payee_pkey primary key (asset_id, since, org_id)
);
create index payee_org_id_idx on payee (org_id);

create trigger payee_append_only
    before update or delete or truncate on payee
    for each statement execute function refuse_change();

create function payees_share_the_whole() returns trigger
    language plpgsql as
$$
begin
    if (select sum(share_bp) from payee where asset_id = new.asset_id and since = new.since) <> 10000 then
        raise exception 'the shares of % are not the whole', new.asset_id
            using errcode = 'check_violation', constraint = 'payee_whole';
    end if;
    return null;
end;
$$;
create constraint trigger payee_whole
    after insert on payee
    deferrable initially deferred
    for each row execute function payees_share_the_whole();

-- What a license costs for a month (UTC), or a fee. A month that turns out otherwise gets another revision with the
-- difference; the ones before stay as they are.
create table charge (
    charge_id      uuid primary key,
    license_id     uuid        not null,
    org_id         uuid        not null,
    creator_org_id uuid        not null,
    asset_id       uuid        not null,
    tier_id        uuid        not null references tier,
    month          date        not null constraint charge_month_check check (extract(day from month) = 1),
    kind           text        not null
        constraint charge_kind_check check (kind in ('base', 'overage', 'use', 'share', 'upfront', 'prepayment')),
    revision       int         not null constraint charge_revision_check check (revision >= 0),
    -- A charge that a person decided to lower.
    credits_id     uuid references charge,
    -- Billable units of the month, and what the charge was counted from.
    units          bigint      not null,
    quantity       bigint      not null,
    currency       text        not null constraint charge_currency_check check (currency in ('USD', 'EUR', 'GBP')),
    gross_micros   bigint      not null constraint charge_gross_check check (gross_micros <> 0),
    fee_micros     bigint      not null
        constraint charge_fee_check check (fee_micros between least(gross_micros, 0) and greatest(gross_micros, 0)),
    -- How it came about, as a bill says it.
    words          text        not null,
    rating_version int         not null,
    created_at     timestamptz not null,
    constraint charge_license_fkey foreign key (license_id, org_id, creator_org_id, asset_id)
        references license (license_id, org_id, creator_org_id, asset_id),
    constraint charge_key unique (license_id, month, kind, revision),
    constraint charge_first_check check (revision > 0 or credits_id is null)
);
create index charge_org_id_idx on charge (org_id, month);
create index charge_creator_org_id_idx on charge (creator_org_id, month);
create index charge_asset_id_idx on charge (asset_id);
create index charge_tier_id_idx on charge (tier_id);
create index charge_credits_id_idx on charge (credits_id) where credits_id is not null;

create trigger charge_append_only
    before update or delete or truncate on charge
    for each statement execute function refuse_change();

-- A payee's part of a charge, less the fee.
create table earning (
    earning_id   uuid primary key,
    charge_id    uuid   not null references charge,
    org_id       uuid   not null references organization,
    share_bp     int    not null constraint earning_share_check check (share_bp between 1 and 10000),
    net_micros   bigint not null,
    currency     text   not null,
    -- Once the invoice is paid, the instant from which it can be paid out; and when it was made so.
    available_at timestamptz,
    matured_at   timestamptz,
    constraint earning_key unique (charge_id, org_id),
    constraint earning_matured_check check (matured_at is null or available_at <= matured_at)
) with (fillfactor = 70);
create index earning_org_id_idx on earning (org_id, charge_id);
create index earning_available_at_idx on earning (available_at) where matured_at is null;

create function keep_earning() returns trigger
    language plpgsql as
$$
begin
    if tg_op = 'UPDATE' and old.matured_at is null
        and (new.earning_id, new.charge_id, new.org_id, new.share_bp, new.net_micros, new.currency)
            = (old.earning_id, old.charge_id, old.org_id, old.share_bp, old.net_micros, old.currency)
    then
        return new;
    end if;
    raise exception 'an earning only becomes available, once' using errcode = 'restrict_violation';
end;
$$;
create trigger earning_changes
    before update or delete on earning
    for each row execute function keep_earning();
create trigger earning_stays
    before truncate on earning
    for each statement execute function refuse_change();

-- What a buyer is asked to pay: for a month, or a license's fees at its start.
create table invoice (
    invoice_id     uuid primary key,
    org_id         uuid        not null references organization,
    currency       text        not null constraint invoice_currency_check check (currency in ('USD', 'EUR', 'GBP')),
    month          date        not null,
    -- Where it asks for the fees of one license only.
    license_id     uuid references license,
    -- Its charges; less than a cent left over from earlier invoices; taxes; and what is asked for, in whole cents.
    charged_micros bigint      not null,
    brought_micros bigint      not null,
    tax_micros     bigint      not null default 0 constraint invoice_tax_check check (tax_micros >= 0),
    total_micros   bigint      not null constraint invoice_total_check
        check (total_micros > 0 and total_micros % 10000 = 0),
    due_micros     bigint      not null constraint invoice_due_check check (due_micros between 0 and total_micros),
    issued_at      timestamptz not null,
    settled_at     timestamptz,
    -- As the payment service knows it.
    external_id    text constraint invoice_external_id_key unique,
    external_number text,
    page_url       text,
    pdf_url        text,
    -- How far charging it has come: what the next call is recognized by, and when it is made; never by itself where
    -- the buyer has to do something first.
    generation     int         not null default 0,
    first_try_at   timestamptz,
    next_try_at    timestamptz,
    -- How often it could not be charged, and why the last time.
    declines       int         not null default 0,
    failure        text,
    constraint invoice_key unique nulls not distinct (org_id, currency, month, license_id),
    constraint invoice_settled_check check ((due_micros = 0) = (settled_at is not null)),
    constraint invoice_rounding_check
        check (charged_micros + brought_micros + tax_micros - total_micros between 0 and 9999)
);
create index invoice_license_id_idx on invoice (license_id) where license_id is not null;
create index invoice_due_idx on invoice (next_try_at) where settled_at is null;

-- What lowers an invoice.
create table credit_note (
    credit_note_id uuid primary key,
    invoice_id     uuid        not null references invoice,
    org_id         uuid        not null references organization,
    currency       text        not null,
    micros         bigint      not null constraint credit_note_micros_check check (micros > 0),
    -- Of it, what was still due; the rest is in the wallet.
    unpaid_micros  bigint      not null
        constraint credit_note_unpaid_check check (unpaid_micros between 0 and micros),
    reason         text        not null constraint credit_note_reason_check check (reason <> ''),
    issued_at      timestamptz not null
);
create index credit_note_invoice_id_idx on credit_note (invoice_id);
create index credit_note_org_id_idx on credit_note (org_id);
create trigger credit_note_append_only
    before update or delete or truncate on credit_note
    for each statement execute function refuse_change();

-- Which invoice a charge is on, or which credit note of that invoice.
create table invoice_line (
    charge_id      uuid primary key references charge,
    invoice_id     uuid not null references invoice,
    credit_note_id uuid references credit_note
);
create index invoice_line_invoice_id_idx on invoice_line (invoice_id);
create index invoice_line_credit_note_id_idx on invoice_line (credit_note_id) where credit_note_id is not null;
create trigger invoice_line_append_only
    before update or delete or truncate on invoice_line
    for each statement execute function refuse_change();

-- Money that came in for an invoice, from a card or from the wallet.
create table payment (
    payment_id  uuid primary key,
    invoice_id  uuid        not null references invoice,
    org_id      uuid        not null references organization,
    currency    text        not null,
    -- What was due, and what was paid beyond that, which is in the wallet.
    micros       bigint     not null constraint payment_micros_check check (micros >= 0),
    extra_micros bigint     not null default 0 constraint payment_extra_check check (extra_micros >= 0),
    -- As the payment service knows it; missing where the wallet paid.
    external_id text constraint payment_external_id_key unique,
    paid_at     timestamptz not null,
    returned_at timestamptz,
    constraint payment_sum_check check (micros + extra_micros > 0)
);
create index payment_invoice_id_idx on payment (invoice_id);
create index payment_org_id_idx on payment (org_id);

-- Months whose invoices are out.
create table month_close (
    month     date primary key,
    closed_at timestamptz not null
);
