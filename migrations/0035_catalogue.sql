-- What the catalogue is searched by.

create extension if not exists pg_trgm;
create extension if not exists fuzzystrmatch;

-- `array_to_string` may not stand in a generated column; of texts it is immutable all the same.
create function joined(words text[]) returns text
    language sql immutable parallel safe
    return array_to_string(words, ' ');

-- No language's endings are cut: works come in many, and trigrams find what is nearly the same.
alter table asset add column search tsvector not null generated always as (
    setweight(to_tsvector('simple', title), 'A')
    || setweight(to_tsvector('simple', joined(tags)), 'B')
    || setweight(to_tsvector('simple', attribution), 'C')
    || setweight(to_tsvector('simple', description), 'D')) stored;
create index asset_search_idx on asset using gin (search);

-- Whether one of the words is this one, or this one mistyped. Trigrams find endings and letters left
-- out; letters that changed places leave few trigrams, and are counted as edits.
create function spelt_like(typed text, words text) returns boolean
    language sql immutable parallel safe
    return word_similarity(typed, words) > 0.6 or exists (
        select from regexp_split_to_table(words, '[^[:alnum:]]+') word
        where left(word, 1) = left(typed, 1)
          and abs(char_length(word) - char_length(typed)) <= 1
          and char_length(word) between 4 and 60
          and levenshtein_less_equal(word, typed, 2) <= case when char_length(typed) > 4 then 2 else 1 end);

-- Listed works with a live offer: the public one, and one row more for each contract.
create view on_offer as
select asset.asset_id, asset.title, asset.kind, asset.tags, asset.language, asset.search,
       lower(concat_ws(' ', asset.title, joined(asset.tags), organization.name)) as words,
       organization.slug as creator_slug, organization.name as creator_name,
       offer.offer_id, offer.buyer_org_id, version.bytes,
       tiers.models, tiers.uses
from offer
join asset on asset.asset_id = offer.asset_id
join organization on organization.org_id = asset.org_id
join lateral (
    select array_agg(distinct tier.model) as models, array_agg(distinct use.scope) as uses
    from tier, unnest(tier.scopes) use (scope)
    where tier.offer_id = offer.offer_id
      and not (tier.model = 'subscription' and tier.base_micros = 0 and tier.overage_micros is null)
) tiers on true
left join lateral (
    select bytes from asset_version
    where asset_version.asset_id = asset.asset_id order by number desc limit 1
) version on true
where offer.ended_at is null and asset.visibility = 'listed';
