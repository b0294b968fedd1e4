-- Observed uses, which of them cost money, and their sums by hour, day and month (UTC).

-- One partition a month. What the gate delivered has the id of its receipt; what was reported from outside has a
-- row in usage_key.
--
-- No foreign keys and few indexes: each costs microseconds on every event. Every event is counted in a row of
-- usage_hour in the same transaction, and that row refers to the license and its parties, so an event of a
-- license that is not there cannot be committed. That sums and events agree, `imprimatur reconcile` proves.
create table usage_event (
    usage_event_id     uuid        not null,
    license_id         uuid        not null,
    org_id             uuid        not null,
    creator_org_id     uuid        not null,
    asset_id           uuid        not null,
    -- The organization that reported it; missing where the gate saw it.
    sender_org_id      uuid,
    occurred_at        timestamptz not null,
    recorded_at        timestamptz not null,
    billable_units     bigint      not null,
    calls              bigint      not null,
    pages              bigint      not null,
    tokens             bigint      not null,
    bytes              bigint      not null,
    training_examples  bigint      not null,
    inference_requests bigint      not null,
    -- How much of an answer came from the work, in millionths; missing where nobody said.
    attribution        int,
    cache_hit          boolean     not null,
    scope              text        not null,
    content_id         text        not null,
    job_id             text,
    -- Where it was used, by which model and what kind of consumer; empty where nobody said.
    region             text        not null,
    model              text        not null,
    consumer_class     text        not null,
    -- Why it costs nothing, where it costs nothing.
    free_reason        text,
    constraint usage_event_scope_check check (scope in ('training', 'inference', 'display', 'preview')),
    constraint usage_event_free_reason_check
        check (free_reason in ('repeat', 'preview', 'before_meter', 'no_units')),
    constraint usage_event_free_check check ((billable_units = 0) = (free_reason is not null)),
    constraint usage_event_measures_check
        check (least(billable_units, calls, pages, tokens, bytes, training_examples, inference_requests) >= 0),
    constraint usage_event_attribution_check check (attribution between 0 and 1000000)
) partition by range (occurred_at);
-- One event once; and the feed of a license. Feeds read these backwards, latest first: what comes in the order of
-- time then fills a page to its end before the next one is begun.
create unique index usage_event_key on usage_event (license_id, occurred_at, usage_event_id desc);
create index usage_event_org_id_idx on usage_event (org_id, occurred_at, usage_event_id desc);
create index usage_event_creator_org_id_idx on usage_event (creator_org_id, occurred_at, usage_event_id desc);
create index usage_event_asset_id_idx on usage_event (asset_id, occurred_at, usage_event_id desc);

create trigger usage_event_append_only
    before update or delete or truncate on usage_event
    for each statement execute function refuse_change();

-- Makes the partition of each month (UTC) that holds one of these instants, where it is missing, and answers how
-- many it made. Attaching a finished table lets writers go on meanwhile.
create function make_usage_partitions(instants timestamptz[]) returns int
    language plpgsql as
$$
declare
    month timestamp;
    part  text;
    made  int := 0;
begin
    for month in
        select distinct date_trunc('month', instant at time zone 'UTC') from unnest(instants) instant order by 1
    loop
        part := 'usage_event_' || to_char(month, 'YYYY_MM');
        continue when to_regclass(part) is not null;
        -- Attaching takes this lock anyway. Taken first, one makes it while the others wait, and then see it.
        lock table only usage_event in share update exclusive mode;
        continue when to_regclass(part) is not null;
        execute format('create table %I (like usage_event including all)', part);
        execute format('create trigger usage_event_append_only before update or delete or truncate on %I
                        for each statement execute function refuse_change()', part);
        execute format('alter table usage_event attach partition %I for values from (%L) to (%L)', part,
                       month at time zone 'UTC', (month + interval '1 month') at time zone 'UTC');
        made := made + 1;
    end loop;
    return made;
end;
$$;

-- What a sender outside has sent before: the same key again is answered as the first time. Swept after 90 days.
create table usage_key (
    -- The first 16 bytes of the SHA-256 of the sender and its key.
    key_hash       uuid        not null constraint usage_key_pkey primary key,
    -- The same of all else it said.
    body_hash      uuid        not null,
    usage_event_id uuid        not null,
    recorded_at    timestamptz not null
);
create index usage_key_recorded_at_idx on usage_key using brin (recorded_at);

create trigger usage_key_unchanging
    before update or truncate on usage_key
    for each statement execute function refuse_change();

-- The first use of a content for training, within the window of its job or the calendar month (UTC), is billed;
-- this row names that first one. It outlives its event, which is archived; so it does not refer to it.
create table billed_unit (
    org_id         uuid        not null,
    -- The first 16 bytes of the SHA-256 of organization, content and window.
    unit_hash      uuid        not null,
    -- Whether the window is that of a job, which may go on in a later month.
    by_job         boolean     not null,
    occurred_at    timestamptz not null,
    usage_event_id uuid        not null,
    constraint billed_unit_pkey primary key (org_id, unit_hash)
);

create trigger billed_unit_append_only
    before update or delete or truncate on billed_unit
    for each statement execute function refuse_change();

-- Exactly what the events of a bucket add up to. `bucket` is the first instant of the hour, day or month.
alter table license add constraint license_parties_key unique (license_id, org_id, creator_org_id, asset_id);

create table usage_hour (
    bucket             timestamptz not null,
    license_id         uuid        not null,
    scope              text        not null,
    region             text        not null,
    model              text        not null,
    consumer_class     text        not null,
    org_id             uuid        not null,
    creator_org_id     uuid        not null,
    asset_id           uuid        not null,
    calls              bigint      not null,
    pages              bigint      not null,
    tokens             bigint      not null,
    bytes              bigint      not null,
    training_examples  bigint      not null,
    inference_requests bigint      not null,
    billable_units     bigint      not null,
    cache_hits         bigint      not null,
    -- The sum of what was said, in millionths, and how many events said it.
    attribution_sum    bigint      not null,
    attribution_count  bigint      not null,
    -- What the bucket was rated at; nothing until then.
    revenue_micros     bigint      not null default 0,
    revenue_currency   text,
    constraint usage_hour_pkey primary key (license_id, bucket, scope, region, model, consumer_class),
    constraint usage_hour_revenue_check check (revenue_micros = 0 or revenue_currency is not null)
) with (fillfactor = 70);
create table usage_day (like usage_hour including all) with (fillfactor = 70);
create table usage_month (like usage_hour including all) with (fillfactor = 70);
-- The parties of a bucket are those of its license.
alter table usage_hour add constraint usage_hour_license_fkey
    foreign key (license_id, org_id, creator_org_id, asset_id)
    references license (license_id, org_id, creator_org_id, asset_id);

create index usage_hour_org_id_idx on usage_hour (org_id, bucket);
create index usage_hour_creator_org_id_idx on usage_hour (creator_org_id, bucket);
create index usage_hour_asset_id_idx on usage_hour (asset_id, bucket);
create index usage_day_org_id_idx on usage_day (org_id, bucket);
create index usage_day_creator_org_id_idx on usage_day (creator_org_id, bucket);
create index usage_day_asset_id_idx on usage_day (asset_id, bucket);
create index usage_month_org_id_idx on usage_month (org_id, bucket);
create index usage_month_creator_org_id_idx on usage_month (creator_org_id, bucket);
create index usage_month_asset_id_idx on usage_month (asset_id, bucket);
