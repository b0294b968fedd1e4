-- Where the events of old months went: files of Parquet in the archive, and what they add up to.

create table usage_archive (
    -- The first day of the month (UTC), and the number of the file within it.
    month              date        not null constraint usage_archive_month_check check (extract(day from month) = 1),
    part               int         not null constraint usage_archive_part_check check (part between 1 and 9999),
    path               text        not null constraint usage_archive_path_key unique,
    sha256             bytea       not null constraint usage_archive_sha256_check check (octet_length(sha256) = 32),
    file_bytes         bigint      not null,
    events             bigint      not null constraint usage_archive_events_check check (events > 0),
    calls              bigint      not null,
    pages              bigint      not null,
    tokens             bigint      not null,
    bytes              bigint      not null,
    training_examples  bigint      not null,
    inference_requests bigint      not null,
    billable_units     bigint      not null,
    cache_hits         bigint      not null,
    attribution_sum    bigint      not null,
    attribution_count  bigint      not null,
    -- The last event of the file, in the order of license, instant (newest first) and id: where the next goes on.
    last_license_id    uuid        not null,
    last_occurred_at   timestamptz not null,
    last_event_id      uuid        not null,
    written_at         timestamptz not null,
    -- Since when the file is all there is of its events.
    released_at        timestamptz,
    constraint usage_archive_pkey primary key (month, part)
);

-- Once its events are gone from usage_event, a file is as append-only as they were.
create trigger usage_archive_released_unchanging
    before update or delete on usage_archive
    for each row when (old.released_at is not null) execute function refuse_change();
create trigger usage_archive_no_truncate
    before truncate on usage_archive
    for each statement execute function refuse_change();

-- Lets go of the events of a month whose files hold every one of them, and answers whether they do. Nothing is let
-- go of otherwise. Writers of that month wait while it counts; everybody waits only for the detaching itself.
create function release_archived_usage(the_month date, released timestamptz) returns boolean
    language plpgsql as
$$
declare
    part text := 'usage_event_' || to_char(the_month, 'YYYY_MM');
    same boolean;
begin
    if to_regclass(part) is null then
        return false;
    end if;
    execute format('lock table %I in share mode', part);
    execute format(
        'select (select row(count(*), coalesce(sum(calls), 0), coalesce(sum(pages), 0), coalesce(sum(tokens), 0),
                            coalesce(sum(bytes), 0), coalesce(sum(training_examples), 0),
                            coalesce(sum(inference_requests), 0), coalesce(sum(billable_units), 0),
                            count(*) filter (where cache_hit), coalesce(sum(attribution), 0),
                            count(attribution))::text from %I)
              = (select row(coalesce(sum(events), 0), coalesce(sum(calls), 0), coalesce(sum(pages), 0),
                            coalesce(sum(tokens), 0), coalesce(sum(bytes), 0), coalesce(sum(training_examples), 0),
                            coalesce(sum(inference_requests), 0), coalesce(sum(billable_units), 0),
                            coalesce(sum(cache_hits), 0), coalesce(sum(attribution_sum), 0),
                            coalesce(sum(attribution_count), 0))::text
                 from usage_archive where month = %L and released_at is null)', part, the_month) into same;
    if same is not true then
        return false;
    end if;
    execute format('alter table usage_event detach partition %I', part);
    execute format('drop table %I', part);
    update usage_archive set released_at = released where month = the_month and released_at is null;
    return true;
end;
$$;
