-- Works and the immutable states of their bytes.

create table asset (
    asset_id    uuid primary key,
    org_id      uuid        not null references organization,
    title       text        not null constraint asset_title_check check (char_length(title) between 1 and 200),
    description text        not null constraint asset_description_check check (char_length(description) <= 4000),
    attribution text        not null constraint asset_attribution_check check (char_length(attribution) <= 200),
    kind        text        not null
        constraint asset_kind_check check (kind in ('text', 'image', 'audio', 'video', 'code', 'data', 'site')),
    -- Who holds the rights, and since when, as the creator states it.
    rights      text        not null constraint asset_rights_check check (char_length(rights) <= 2000),
    tags        text[]      not null
        constraint asset_tags_check check (cardinality(tags) <= 20 and array_position(tags, null) is null),
    -- A tag of BCP 47; null where there is none, or where nobody has said.
    language    text
        constraint asset_language_check check (language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{1,8})*$' and char_length(language) <= 35),
    visibility  text        not null
        constraint asset_visibility_check check (visibility in ('private', 'unlisted', 'listed')),
    -- Counts the edits, so that whoever edits what somebody else has just edited is told.
    revision    int         not null default 1 constraint asset_revision_check check (revision > 0),
    edited_at   timestamptz,
    edited_by   uuid references person,
    created_at  timestamptz not null,
    constraint asset_edited_check check ((edited_at is null) = (revision = 1)),
    constraint asset_kind_key unique (asset_id, kind),
    -- What names a work together with its owner holds works of one owner.
    constraint asset_owner_key unique (asset_id, org_id)
);
create index asset_org_id_idx on asset (org_id, asset_id desc);

create table asset_version (
    version_id    uuid primary key,
    asset_id      uuid        not null references asset,
    number        int         not null constraint asset_version_number_check check (number > 0),
    content_id    text        not null
        constraint asset_version_content_id_check check (content_id ~ '^sha256:[0-9a-f]{64}$'),
    bytes         bigint      not null constraint asset_version_bytes_check check (bytes > 0),
    media_type    text        not null,
    file_name     text        not null,
    created_at    timestamptz not null,
    constraint asset_version_number_key unique (asset_id, number),
    -- One owner per content: the same bytes are never registered twice.
    constraint asset_version_content_id_key unique (content_id)
);

create trigger asset_version_append_only
    before update or delete or truncate on asset_version
    for each statement execute function refuse_change();
