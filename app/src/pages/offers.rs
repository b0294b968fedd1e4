//! `/offers`: one's own offers that stand, withdrawing one and putting it back.

use chrono::{DateTime, Utc};
use imprimatur::{
    domain::{actor::Deed, ids::OfferId},
    services::{
        Result,
        offers::{self, OfferRow},
    },
};
use leptos::prelude::*;

use crate::{
    request::{Page, Request},
    ui::{
        Button, ButtonKind, ButtonLink, Cell, Column, Confirm, EmptyState, HiddenField, Instant,
        PageHeader, PostForm, Quantity, Row, RowRefusal, Table, Toast, Undo,
    },
};

/// One's own offers, newest first.
pub async fn show(request: &Request) -> Result<Page> {
    let rows = offers::list(&request.services, &request.actor, None).await?;
    let may_publish = request.actor.may_as_creator(Deed::PublishOffer).is_ok();
    let withdrawn = request.param("of").and_then(|id| id.parse::<OfferId>().ok());
    let withdrawn = withdrawn.filter(|_| request.param("done") == Some("withdrawn"));
    let restored = request.param("done") == Some("restored");
    let now = request.now;
    Ok(Page::workspace(request, t!("Offers"), move || {
        let rows = rows.into_iter().map(|row| draw(row, may_publish, now)).collect();
        view! {
            {withdrawn
                .map(|offer_id| {
                    let fields = vec![("offer_id", offer_id.to_string())];
                    view! {
                        <Toast sentence=t!("Withdrawn. Licenses accepted before stay as they are.")>
                            {may_publish
                                .then(|| view! { <Undo action="/offers" form="restore" fields /> })}
                        </Toast>
                    }
                })}
            {restored.then(|| view! { <Toast sentence=t!("The offer stands again.") /> })}
            <PageHeader
                title=t!("Offers")
                lead=|| t!("What stands now, for everybody or for one buyer. A published offer never changes; another one takes its place.")
            />
            <RowRefusal forms=&["withdraw", "restore"] />
            <Table
                caption=t!("Offers that stand")
                columns=vec![
                    Column::text(t!("Work")),
                    Column::text(t!("Terms")).support(),
                    Column::text(t!("For")).support(),
                    Column::number(t!("Licenses")).support(),
                    Column::number(t!("Published")).support(),
                    Column::number(t!("Change or withdraw")).label_hidden(),
                ]
                rows
                empty=|| {
                    view! {
                        <EmptyState
                            title=t!("Nothing is on offer")
                            sentence=t!("An offer is terms and a price on one of your works.")
                        >
                            <ButtonLink href="/assets">{t!("Choose a work")}</ButtonLink>
                        </EmptyState>
                    }
                        .into_any()
                }
            />
        }
    }))
}

fn draw(row: OfferRow, may_publish: bool, now: DateTime<Utc>) -> Row {
    let OfferRow { offer_id, asset_id, title, terms, buyer, tiers, published_at, licenses } = row;
    let prices = tiers
        .iter()
        .filter(|offered| !offered.tier.is_free())
        .map(|offered| {
            let words = format!("{}: {}", offered.tier.name, offered.tier.price_in_words());
            view! { <p>{words}</p> }
        })
        .collect_view();
    let terms = view! { <a href=format!("/terms/{}", terms.digest)>{terms.terms.name}</a> };
    let change = may_publish.then(|| {
        let under = match licenses {
            0 => t!("No license is under it.").to_owned(),
            licenses => {
                tn!(licenses, "1 license stays as it is.", "{licenses} licenses stay as they are.")
            }
        };
        let sentence = t!("Nobody can accept “{title}” under it any more. {under}");
        view! {
            <Confirm label=t!("Withdraw") sentence>
                <PostForm name="withdraw" row=true>
                    <HiddenField name="offer_id" value=offer_id.to_string() />
                    <Button kind=ButtonKind::Destructive>{t!("Withdraw this offer")}</Button>
                </PostForm>
            </Confirm>
        }
    });
    Row::new(vec![
        Cell::link(title, format!("/assets/{asset_id}")).note(prices),
        Cell::new(terms),
        Cell::new(buyer.unwrap_or_else(|| t!("Everybody").to_owned())),
        Cell::new(view! { <Quantity count=licenses /> }),
        Cell::new(view! { <Instant at=published_at now /> }),
        Cell::new(change),
    ])
}
