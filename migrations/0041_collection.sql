-- Works of one creator that are shown together.

create table collection (
    collection_id uuid primary key,
    org_id        uuid        not null references organization,
    title         text        not null constraint collection_title_check check (char_length(title) between 1 and 200),
    description   text        not null
        constraint collection_description_check check (char_length(description) <= 4000),
    visibility    text        not null
        constraint collection_visibility_check check (visibility in ('private', 'unlisted', 'listed')),
    -- Counts the edits of what is said about it, and the orders its works were put in, so that whoever changes what
    -- somebody else has just changed is told.
    revision      int         not null default 1 constraint collection_revision_check check (revision > 0),
    arrangement   int         not null default 1 constraint collection_arrangement_check check (arrangement > 0),
    edited_at     timestamptz,
    edited_by     uuid references person,
    created_at    timestamptz not null,
    search        tsvector    not null generated always as (
        setweight(to_tsvector('simple', title), 'A') || setweight(to_tsvector('simple', description), 'D')) stored,
    constraint collection_edited_check check ((edited_at is null) = (revision = 1)),
    constraint collection_owner_key unique (collection_id, org_id)
);
create index collection_org_id_idx on collection (org_id, collection_id desc);
create index collection_search_idx on collection using gin (search);

-- Its works, in their order. The two references say that they are of the same organization.
create table collection_work (
    collection_id uuid        not null,
    asset_id      uuid        not null,
    org_id        uuid        not null,
    place         int         not null constraint collection_work_place_check check (place > 0),
    added_at      timestamptz not null,
    constraint collection_work_pkey primary key (collection_id, asset_id),
    constraint collection_work_place_key unique (collection_id, place) deferrable initially deferred,
    constraint collection_work_collection_fkey foreign key (collection_id, org_id)
        references collection (collection_id, org_id),
    constraint collection_work_asset_fkey foreign key (asset_id, org_id) references asset (asset_id, org_id)
);
create index collection_work_asset_id_idx on collection_work (asset_id);

-- Listed collections that hold anything everybody may license, and how much.
create view collection_on_show as
select collection.collection_id, collection.title, collection.description, collection.search, collection.created_at,
       lower(concat_ws(' ', collection.title, organization.name)) as words,
       organization.slug as creator_slug, organization.name as creator_name, shown.works, shown.published_at
from collection
join organization on organization.org_id = collection.org_id
join lateral (
    select count(*) as works, max(offer.published_at) as published_at
    from collection_work
    join asset on asset.asset_id = collection_work.asset_id and asset.visibility = 'listed'
    join offer on offer.asset_id = asset.asset_id and offer.ended_at is null and offer.buyer_org_id is null
    where collection_work.collection_id = collection.collection_id
) shown on shown.works > 0
where collection.visibility = 'listed';
