-- Observed uses, which of them cost money, and their hourly sums.

create table usage_event (
    usage_event_id uuid primary key,
    -- Who reported it ('gate', or a sender outside) and that sender's own key for it: the same key is one event.
    sender         text        not null,
    sender_key     text        not null,
    receipt_id     uuid references receipt,
    license_id     uuid        not null references license,
    org_id         uuid        not null references organization,
    creator_org_id uuid        not null references organization,
    asset_id       uuid        not null references asset,
    content_id     text        not null,
    scope          text        not null
        constraint usage_event_scope_check check (scope in ('training', 'inference', 'preview')),
    job_id         text,
    bytes          bigint      not null constraint usage_event_bytes_check check (bytes >= 0),
    billable_units bigint      not null constraint usage_event_billable_units_check check (billable_units >= 0),
    -- Why it costs nothing, where it costs nothing.
    free_reason    text
        constraint usage_event_free_reason_check check (free_reason in ('repeat', 'preview')),
    occurred_at    timestamptz not null,
    recorded_at    timestamptz not null,
    constraint usage_event_sender_key unique (sender, sender_key),
    constraint usage_event_free_check check ((billable_units = 0) = (free_reason is not null))
);
create index usage_event_receipt_id_idx on usage_event (receipt_id);
create index usage_event_license_id_idx on usage_event (license_id, occurred_at desc, usage_event_id);
create index usage_event_org_id_idx on usage_event (org_id, occurred_at desc, usage_event_id);
create index usage_event_creator_org_id_idx on usage_event (creator_org_id, occurred_at desc, usage_event_id);
create index usage_event_asset_id_idx on usage_event (asset_id, occurred_at desc, usage_event_id);

create trigger usage_event_append_only
    before update or delete or truncate on usage_event
    for each statement execute function refuse_change();

-- The first delivery of a content to a consumer within a job's window is billable; this row is that first one.
create table billed_unit (
    org_id         uuid not null references organization,
    content_id     text not null,
    -- The job's window: the job's name, or the calendar month (UTC) where no job is named.
    window_key     text not null,
    usage_event_id uuid not null constraint billed_unit_usage_event_id_key unique references usage_event
        deferrable initially deferred,
    constraint billed_unit_pkey primary key (org_id, content_id, window_key)
);

create trigger billed_unit_append_only
    before update or delete or truncate on billed_unit
    for each statement execute function refuse_change();

-- Exactly what the events of the hour add up to.
create table usage_hour (
    hour           timestamptz not null,
    license_id     uuid        not null references license,
    scope          text        not null,
    org_id         uuid        not null references organization,
    creator_org_id uuid        not null references organization,
    asset_id       uuid        not null references asset,
    calls          bigint      not null,
    bytes          bigint      not null,
    billable_units bigint      not null,
    constraint usage_hour_pkey primary key (license_id, scope, hour)
);
create index usage_hour_org_id_idx on usage_hour (org_id, hour);
create index usage_hour_creator_org_id_idx on usage_hour (creator_org_id, hour);
create index usage_hour_asset_id_idx on usage_hour (asset_id, hour);
