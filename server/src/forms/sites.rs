//! Claiming a site, proving it, changing where its pages come from, and trying what the gate would
//! answer.

use app::pages::{self, try_site};
use axum::{extract::State, response::Response};
use imprimatur::{
    domain::{
        asset::Particulars,
        error::Refusal,
        ids::AssetId,
        site::{Ground, Origin, SiteHost},
    },
    services::{
        Result,
        gate::{self, Asker, Trial},
        sites::{self, NewSite},
    },
};
use url::{Url, form_urlencoded};

use crate::portal::{Ask, Done, Fields, Portal, Subject};

/// `POST /sites/new`
pub async fn claim(State(portal): State<Portal>, Ask(request): Ask, fields: Fields) -> Response {
    let deed = async || -> Result<Done> {
        sites::may_manage(&request.actor)?;
        let own_host = own_host(&portal);
        let ground = Ground { own_host: &own_host, sandbox: portal.demo };
        let new = NewSite {
            asset_id: fields.new_id()?,
            host: SiteHost::parse(fields.text("host"), ground)?,
            origin: Origin::parse(fields.text("origin"), ground)?,
            particulars: Particulars::of_site(
                fields.text("title"),
                fields.text("description"),
                fields.text("attribution"),
            )?,
        };
        let asset_id = sites::claim(&portal.services, &request.actor, new).await?;
        Ok(Done::To(format!("/sites/{asset_id}")))
    };
    let outcome = deed().await;
    portal.finish(&request, fields, outcome, pages::new_site::show(&request)).await
}

/// `POST /sites/{id}`: looking for the proof, and changing the origin.
pub async fn change(
    State(portal): State<Portal>,
    Ask(request): Ask,
    Subject(id): Subject,
    fields: Fields,
) -> Response {
    let deed = async || -> Result<Done> {
        let (services, actor) = (&portal.services, &request.actor);
        let asset_id: AssetId = id.parse()?;
        match fields.text("form") {
            "verify" => {
                sites::verify(services, actor, &*portal.prober, asset_id).await?;
                Ok(Done::To(format!("/sites/{asset_id}?done=verified")))
            }
            "origin" => {
                sites::may_manage(actor)?;
                let own_host = own_host(&portal);
                let ground = Ground { own_host: &own_host, sandbox: portal.demo };
                let origin = Origin::parse(fields.text("origin"), ground)?;
                sites::change_origin(services, actor, asset_id, &origin).await?;
                let done = form_urlencoded::Serializer::new(String::new())
                    .append_pair("done", "origin")
                    .append_pair("before", fields.text("was"))
                    .finish();
                Ok(Done::To(format!("/sites/{asset_id}?{done}")))
            }
            _ => Err(super::unknown_form()),
        }
    };
    let outcome = deed().await;
    portal.finish(&request, fields, outcome, pages::site::show(&request, &id)).await
}

/// `POST /sites/{id}/try`: it changes nothing; a token has no place in an address.
pub async fn attempt(
    State(portal): State<Portal>,
    Ask(request): Ask,
    Subject(id): Subject,
    mut fields: Fields,
) -> Response {
    let deed = async || -> Result<Done> {
        let asker = match fields.text("asker") {
            try_site::NOBODY => Asker::Nobody,
            try_site::TOKEN => match fields.text("token").trim() {
                "" => return Err(Refusal::invalid("token", t!("Paste the token.")).into()),
                secret => Asker::Token(secret.to_owned()),
            },
            tier_id => Asker::Tier(
                tier_id
                    .parse()
                    .map_err(|_| Refusal::invalid("asker", t!("Choose one of those listed.")))?,
            ),
        };
        let scope = match fields.text("scope") {
            "" => None,
            scope => Some(scope.parse().map_err(|refusal: Refusal| refusal.on("scope"))?),
        };
        let trial = Trial {
            asset_id: id.parse()?,
            path: fields.text("path").to_owned(),
            asker,
            scope,
            job: fields.text("job").to_owned(),
        };
        let tried = gate::trial(&portal.services, &request.actor, &trial).await?;
        Ok(Done::Show(Box::new(try_site::answered(&request, &id, trial, tried).await?)))
    };
    let outcome = deed().await;
    fields.0.retain(|(name, _)| name != "token");
    portal.finish(&request, fields, outcome, try_site::show(&request, &id)).await
}

/// The host the product answers on.
fn own_host(portal: &Portal) -> String {
    let base_url = Url::parse(&portal.base_url).ok();
    base_url.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}
