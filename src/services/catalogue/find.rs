//! Finding works on offer: by words, forgiving typos, and by facets that say how many they leave.

use super::{Work, works};
use crate::{
    domain::{
        actor::Actor,
        asset::AssetKind,
        catalogue::{Search, Size, Sort},
        cursor::{Cursor, Direction},
        ids::{AssetId, CollectionId, OrgId},
        pricing::PriceModel,
        terms::Scope,
    },
    services::{Result, Services, reports::CursorKey},
};

/// Works on one page of the catalogue.
pub const PAGE_LENGTH: i64 = 24;
/// Creators that can be chosen at once: those with the most works.
const CREATORS_MAX: i64 = 50;

/// One page of the catalogue.
#[derive(Debug)]
pub struct Page {
    pub works: Vec<Work>,
    /// How many works there are in all.
    pub total: i64,
    /// The place of the first one shown, from 1; 0 where there is none.
    pub first: i64,
    /// The cursor to the page before.
    pub newer: Option<String>,
    /// The cursor to the page after.
    pub older: Option<String>,
}

/// What a search can be narrowed to, and how many works that leaves. Each facet is counted as if
/// nothing of it were chosen.
#[derive(Debug, Default)]
pub struct Facets {
    pub kinds: Vec<(AssetKind, i64)>,
    pub scopes: Vec<(Scope, i64)>,
    pub models: Vec<(PriceModel, i64)>,
    /// Short name, name and works.
    pub creators: Vec<(String, String, i64)>,
    pub languages: Vec<(String, i64)>,
    pub sizes: Vec<(Size, i64)>,
}

/// One page of what is found. Where the work that a cursor stands at is gone, it is the first page.
///
/// # Errors
///
/// `invalid_cursor` or `expired_cursor`.
pub async fn page(
    services: &Services,
    key: &CursorKey,
    actor: &Actor,
    search: &Search,
    cursor: Option<&str>,
) -> Result<Page> {
    let now = services.now();
    let org_id = actor.org_id();
    let binding = search.binding(&org_id.map(|id| id.to_string()).unwrap_or_default());
    let cursor = cursor.map(|text| key.open(text, &binding, now)).transpose()?;
    let (total, places) = ranked(services, org_id, search, cursor).await?;
    let ids: Vec<AssetId> = places.iter().map(|(asset_id, _)| *asset_id).collect();
    let seal = |direction, place: Option<&(AssetId, i64)>| {
        place.map(|(asset_id, _)| {
            key.seal(&Cursor { direction, at: now, id: asset_id.uuid() }, &binding, now)
        })
    };
    let (first, last) = (places.first(), places.last());
    Ok(Page {
        total,
        first: first.map_or(0, |(_, place)| *place),
        newer: seal(Direction::Newer, first.filter(|(_, place)| *place > 1)),
        older: seal(Direction::Older, last.filter(|(_, place)| *place < total)),
        works: works(services, org_id, &ids).await?,
    })
}

/// The facets of a search.
pub async fn facets(services: &Services, actor: &Actor, search: &Search) -> Result<Facets> {
    let mut facets = Facets::default();
    for Count { facet, value, name, works } in counted(services, actor.org_id(), search).await? {
        match facet.as_str() {
            "kind" => facets.kinds.push((value.parse()?, works)),
            "scope" => facets.scopes.push((value.parse()?, works)),
            "model" => facets.models.push((value.parse()?, works)),
            "creator" => facets.creators.push((value, name, works)),
            "language" => facets.languages.push((value, works)),
            _ => {
                let size = value.parse().ok().and_then(Size::at_step);
                facets.sizes.extend(size.map(|size| (size, works)));
            }
        }
    }
    Ok(facets)
}

// SQL

/// How many works are found, and those of one page with their places.
async fn ranked(
    services: &Services,
    org_id: Option<OrgId>,
    search: &Search,
    cursor: Option<Cursor>,
) -> Result<(i64, Vec<(AssetId, i64)>)> {
    let words = search.words();
    let sort = match (search.sort(), words.is_empty()) {
        (Sort::Match, true) => Sort::Newest,
        (sort, _) => sort,
    };
    let rows = sqlx::query!(
        r#"with ranked as (
               select entry.asset_id, count(*) over () as total, row_number() over (order by
                   case $9 when 'match' then (
                       select sum(ts_rank(entry.search, plainto_tsquery('simple', word))
                                  + word_similarity(word, entry.words))
                       from unnest($2::text[]) word) end desc,
                   case $9 when 'title' then lower(entry.title) end,
                   case $9 when 'largest' then entry.bytes end desc nulls last,
                   case $9 when 'smallest' then entry.bytes end nulls last,
                   case $9 when 'arranged' then (
                       select place from collection_work part
                       where part.collection_id = $14 and part.asset_id = entry.asset_id) end,
                   entry.asset_id desc) as place
               from on_offer entry
               where (entry.buyer_org_id = $1 or entry.buyer_org_id is null and not exists (
                     select from offer contract
                     where contract.asset_id = entry.asset_id and contract.ended_at is null
                       and contract.buyer_org_id = $1))
                 and not exists (
                     select from unnest($2::text[]) word
                     where not (entry.search @@ plainto_tsquery('simple', word)
                                or spelt_like(word, entry.words)))
                 and ($3::text is null or entry.kind = $3)
                 and ($4::text is null or $4 = any (entry.uses))
                 and ($5::text is null or $5 = any (entry.models))
                 and ($6::text is null or entry.creator_slug = $6)
                 and ($7::text is null or entry.language = $7)
                 and ($8::int is null or width_bucket(entry.bytes, $10::bigint[]) = $8)
                 and ($14::uuid is null or exists (
                     select from collection_work part
                     where part.collection_id = $14 and part.asset_id = entry.asset_id))
           ), stood as (
               select coalesce((select place from ranked where asset_id = $11), 0) as place
           )
           select ranked.asset_id as "asset_id!: AssetId", ranked.total as "total!",
                  ranked.place as "place!"
           from ranked, stood
           where case when $12 and stood.place > 1
                 then ranked.place >= stood.place - $13 and ranked.place < stood.place
                 else ranked.place > case when $12 then 0 else stood.place end end
           order by ranked.place limit $13"#,
        org_id.map(OrgId::uuid),
        &words,
        search.kind.map(AssetKind::as_str),
        search.scope.map(Scope::as_str),
        search.model.map(PriceModel::as_str),
        search.creator.as_deref(),
        search.language.as_ref().map(|language| language.as_str()),
        search.size.map(Size::step),
        sort.as_str(),
        &Size::BOUNDS,
        cursor.map(|cursor| cursor.id),
        cursor.is_some_and(|cursor| cursor.direction == Direction::Newer),
        PAGE_LENGTH,
        search.collection.map(CollectionId::uuid),
    )
    .fetch_all(&services.pool)
    .await?;
    let total = rows.first().map_or(0, |row| row.total);
    Ok((total, rows.into_iter().map(|row| (row.asset_id, row.place)).collect()))
}

struct Count {
    facet: String,
    value: String,
    name: String,
    works: i64,
}

async fn counted(
    services: &Services,
    org_id: Option<OrgId>,
    search: &Search,
) -> Result<Vec<Count>> {
    Ok(sqlx::query_as!(
        Count,
        r#"with found as materialized (
               select entry.kind, entry.uses, entry.models, entry.creator_slug, entry.creator_name,
                      entry.language, width_bucket(entry.bytes, $9::bigint[]) as size,
                      $3::text is null or entry.kind = $3 as of_kind,
                      $4::text is null or $4 = any (entry.uses) as of_use,
                      $5::text is null or $5 = any (entry.models) as of_model,
                      $6::text is null or entry.creator_slug = $6 as of_creator,
                      $7::text is null or entry.language = $7 as of_language,
                      $8::int is null or width_bucket(entry.bytes, $9::bigint[]) = $8 as of_size
               from on_offer entry
               where (entry.buyer_org_id = $1 or entry.buyer_org_id is null and not exists (
                     select from offer contract
                     where contract.asset_id = entry.asset_id and contract.ended_at is null
                       and contract.buyer_org_id = $1))
                 and not exists (
                     select from unnest($2::text[]) word
                     where not (entry.search @@ plainto_tsquery('simple', word)
                                or spelt_like(word, entry.words)))
                 and ($11::uuid is null or exists (
                     select from collection_work part
                     where part.collection_id = $11 and part.asset_id = entry.asset_id))
           ), counted as (
               select 'kind' as facet, kind as value, kind as name, count(*) as works from found
               where of_use and of_model and of_creator and of_language and of_size group by kind
               union all
               select 'scope', scope, scope, count(*) from found, unnest(uses) scope
               where scope <> 'preview'
                 and of_kind and of_model and of_creator and of_language and of_size group by scope
               union all
               select 'model', model, model, count(*) from found, unnest(models) model
               where of_kind and of_use and of_creator and of_language and of_size group by model
               union all (
               select 'creator', creator_slug, creator_name, count(*) from found
               where of_kind and of_use and of_model and of_language and of_size
               group by creator_slug, creator_name order by count(*) desc, creator_name limit $10)
               union all
               select 'language', language, language, count(*) from found
               where language is not null
                 and of_kind and of_use and of_model and of_creator and of_size group by language
               union all
               select 'size', size::text, size::text, count(*) from found
               where size is not null
                 and of_kind and of_use and of_model and of_creator and of_language group by size
           )
           select facet as "facet!", value as "value!", name as "name!", works as "works!"
           from counted order by facet, works desc, name"#,
        org_id.map(OrgId::uuid),
        &search.words(),
        search.kind.map(AssetKind::as_str),
        search.scope.map(Scope::as_str),
        search.model.map(PriceModel::as_str),
        search.creator.as_deref(),
        search.language.as_ref().map(|language| language.as_str()),
        search.size.map(Size::step),
        &Size::BOUNDS,
        CREATORS_MAX,
        search.collection.map(CollectionId::uuid),
    )
    .fetch_all(&services.pool)
    .await?)
}
