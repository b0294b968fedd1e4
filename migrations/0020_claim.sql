-- What an organization says about bytes that another one registered first: that they are its own.
-- A content ID keeps its one owner until staff have settled it.

create table claim (
    claim_id     uuid primary key,
    org_id       uuid        not null references organization,
    content_id   text        not null references asset_version (content_id),
    -- Of the work as the claimant would have registered it.
    title        text        not null constraint claim_title_check check (char_length(title) between 1 and 200),
    file_name    text        not null,
    raised_by    uuid        not null references person,
    created_at   timestamptz not null,
    withdrawn_at timestamptz
);
-- The same bytes sent again raise no second claim.
create unique index claim_open_key on claim (org_id, content_id) where withdrawn_at is null;
create index claim_content_id_idx on claim (content_id);
