//! `/feed/{id}`: one receipt, as it was signed, checked again while you look.

use imprimatur::{
    domain::{ids::ReceiptId, receipt},
    services::{Result, reports},
};
use leptos::prelude::*;

use super::feed::outcome;
use crate::{
    request::{Page, Request},
    ui::{
        Bytes, CodeBlock, Columns, Crumb, Definition, Definitions, Digest, Instant, Notice,
        PageHeader, Section, Tone,
    },
};

/// One receipt, for either of its parties.
pub async fn show(request: &Request, id: &str) -> Result<Page> {
    let receipt_id: ReceiptId = id.parse()?;
    let stored = reports::receipt(&request.services, &request.actor, receipt_id).await?;
    let keys = reports::jwks(&request.services).await?;
    let verified = keys
        .keys
        .iter()
        .filter(|jwk| jwk.kid == stored.kid)
        .filter_map(|jwk| jwk.public_key())
        .any(|key| receipt::verify(&stored.jws, &key).is_ok());
    let now = request.now;
    let keys_address = format!("{}/.well-known/jwks.json", request.base_url);
    Ok(Page::workspace(request, "Receipt", move || {
        let bytes = u64::try_from(stored.bytes).unwrap_or_default();
        let lead = format!("“{}” reached {}.", stored.title, stored.buyer);
        let side = move || {
            view! {
                <Section title="What was delivered">
                    <Definitions>
                        <Definition name="Work">{stored.title}</Definition>
                        <Definition name="Content ID">
                            <Digest value=stored.content_id copy="content ID" />
                        </Definition>
                        <Definition name="Size">
                            <Bytes count=bytes />
                        </Definition>
                        <Definition name="Use">{outcome(stored.scope, stored.free_reason)}</Definition>
                        <Definition name="Units charged">
                            {stored.billable_units.map_or_else(
                                || "In the archive of its month".to_owned(),
                                |units| units.to_string(),
                            )}
                        </Definition>
                        <Definition name="Job">{stored.job_id.unwrap_or_else(|| "None named".into())}</Definition>
                    </Definitions>
                </Section>
                <Section title="Between whom">
                    <Definitions>
                        <Definition name="Creator">{stored.creator}</Definition>
                        <Definition name="Buyer">{stored.buyer}</Definition>
                        <Definition name="Delivered">
                            <Instant at=stored.delivered_at now exact=true />
                        </Definition>
                    </Definitions>
                </Section>
            }
            .into_any()
        };
        view! {
            <PageHeader
                title="Receipt"
                crumbs=vec![Crumb::new("Event feed", "/feed")]
                here=stored.receipt_id.to_string()
                lead=move || lead
            />
            {if verified {
                view! {
                    <Notice tone=Tone::Good title="The signature is valid">
                        "It was checked just now against the key the receipt names."
                    </Notice>
                }
            } else {
                view! {
                    <Notice tone=Tone::Seal title="The signature does not fit">
                        "This receipt was not signed with the key it names. Do not rely on it."
                    </Notice>
                }
            }}
            <Columns side=side>
                <CodeBlock label="Receipt (compact JWS)" code=stored.jws />
                <Section title="Check it yourself">
                    <p class="section__note">
                        "Any JOSE library does: EdDSA, key " <Digest value=stored.kid copy="key id" />
                        " of " <a href=keys_address.clone()>{keys_address.clone()}</a> "."
                    </p>
                </Section>
            </Columns>
        }
    }))
}
