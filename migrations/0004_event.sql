-- Everything that happened, written in the transaction that made it happen. Audit trail and outbox are readers of it.

create table event (
    event_id   uuid primary key,
    name       text        not null,
    org_id     uuid references organization,
    person_id  uuid references person,
    actor      text        not null
        constraint event_actor_check check (actor in ('visitor', 'person', 'member', 'system')),
    request_id uuid        not null,
    subject_id uuid        not null,
    detail     jsonb       not null,
    created_at timestamptz not null
);
create index event_org_id_idx on event (org_id, event_id desc);
create index event_subject_id_idx on event (subject_id);
create index event_person_id_idx on event (person_id);

create trigger event_append_only
    before update or delete or truncate on event
    for each statement execute function refuse_change();
