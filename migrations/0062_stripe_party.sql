-- An organization's records at the payment provider: as one that pays, and as one that is paid.

create table stripe_party (
    org_id          uuid primary key references organization (org_id),
    customer_id     text constraint stripe_party_customer_key unique,
    default_card    text,
    account_id      text constraint stripe_party_account_key unique,
    -- What the provider said of the account when it was read last.
    account         jsonb,
    account_read_at timestamptz,
    created_at      timestamptz not null,

    constraint stripe_party_account_was_read
        check (account is null or (account_id is not null and account_read_at is not null))
);
