//! `/feed/{id}`: one receipt, as it was signed, checked again while you look.

use imprimatur::{
    domain::{ids::ReceiptId, receipt},
    services::{
        Result,
        reports::{self, StoredReceipt},
    },
};
use leptos::prelude::*;

use super::feed::outcome;
use crate::{
    islands::VerifyReceipt,
    request::{Page, Request},
    ui::{
        Bytes, CodeBlock, Columns, Crumb, Definition, Definitions, Digest, Instant, Notice,
        PageHeader, Section, Tone, text::short,
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
    // What the receipt calls the buyer to whoever else is shown it.
    let consumer = receipt::stated(&stored.jws).ok().map(|(_, said)| said.consumer_id.to_string());
    let now = request.now;
    let keys_address = format!("{}/.well-known/jwks.json", request.base_url);
    let links = Links::of(&stored, request.actor.org_id() == Some(stored.org_id));
    Ok(Page::workspace(request, t!("Receipt"), move || {
        let bytes = u64::try_from(stored.bytes).unwrap_or_default();
        let lead = t!("“{title}” reached {buyer}.", title = stored.title, buyer = stored.buyer);
        let by_hand = by_hand(&keys_address);
        let Links { work, license, token } = links;
        let side = move || {
            view! {
                <Section title=t!("What was delivered")>
                    <Definitions>
                        <Definition name=t!("Work")>
                            <a href=work>{stored.title}</a>
                        </Definition>
                        <Definition name=t!("Content ID")>
                            <Digest value=stored.content_id copy=t!("content ID") />
                        </Definition>
                        <Definition name=t!("Size")>
                            <Bytes count=bytes />
                        </Definition>
                        <Definition name=t!("Use")>{outcome(stored.scope, stored.free_reason)}</Definition>
                        <Definition name=t!("Units charged")>
                            {stored.billable_units.map_or_else(
                                || t!("In the archive of its month").to_owned(),
                                |units| units.to_string(),
                            )}
                        </Definition>
                        <Definition name=t!("Job")>{stored.job_id.unwrap_or_else(|| t!("None named").into())}</Definition>
                    </Definitions>
                </Section>
                <Section title=t!("Between whom")>
                    <Definitions>
                        <Definition name=t!("Creator")>{stored.creator}</Definition>
                        <Definition name=t!("Buyer")>{stored.buyer}</Definition>
                        {consumer
                            .map(|id| {
                                view! { <Definition name=t!("Consumer")><Digest value=id /></Definition> }
                            })}
                        {license
                            .map(|href| {
                                view! {
                                    <Definition name=t!("License")>
                                        <a href=href>{short(&stored.license_id.to_string())}</a>
                                    </Definition>
                                }
                            })}
                        {token
                            .map(|href| {
                                view! {
                                    <Definition name=t!("Token")>
                                        <a href=href>{t!("Deliveries to this token")}</a>
                                    </Definition>
                                }
                            })}
                        <Definition name=t!("Delivered")>
                            <Instant at=stored.delivered_at now exact=true />
                        </Definition>
                    </Definitions>
                </Section>
            }
            .into_any()
        };
        view! {
            <PageHeader
                title=t!("Receipt")
                crumbs=vec![Crumb::new(t!("Event feed"), "/feed")]
                here=stored.receipt_id.to_string()
                lead=move || lead
            />
            {if verified {
                view! {
                    <Notice tone=Tone::Good title=t!("The signature is valid")>
                        {t!("It was checked just now against the key the receipt names.")}
                    </Notice>
                }
            } else {
                view! {
                    <Notice tone=Tone::Seal title=t!("The signature does not fit")>
                        {t!("This receipt was not signed with the key it names. Do not rely on it.")}
                    </Notice>
                }
            }}
            <Columns side=side>
                <VerifyReceipt jws=stored.jws.clone() keys="/.well-known/jwks.json".to_owned() />
                <CodeBlock label=t!("Receipt (compact JWS)") code=stored.jws />
                <Section title=t!("Check it by hand")>
                    <p class="section__note">
                        {t!("Any JOSE library does: EdDSA, key ")} <Digest value=stored.kid copy=t!("key id") />
                        {t!(" of ")} <a href=keys_address.clone()>{keys_address.clone()}</a>
                        {t!(". Node alone does, too: save this as check.mjs and run “node check.mjs” with the receipt behind it. It says true.")}
                    </p>
                    <CodeBlock label="check.mjs" code=by_hand />
                </Section>
            </Columns>
        }
    }))
}

/// Where its parts lead. A creator sees the buyer's organization, not its tokens, and the license by
/// its use.
struct Links {
    work: String,
    license: Option<String>,
    token: Option<String>,
}

impl Links {
    fn of(stored: &StoredReceipt, as_buyer: bool) -> Self {
        let StoredReceipt { asset_id, license_id, token_id, .. } = stored;
        if as_buyer {
            Self {
                work: format!("/catalogue/{asset_id}"),
                license: Some(format!("/licenses/{license_id}")),
                token: Some(format!("/feed?side=buyer&license={license_id}&token={token_id}")),
            }
        } else {
            Self {
                work: format!("/assets/{asset_id}"),
                license: Some(format!("/usage?side=creator&license={license_id}")),
                token: None,
            }
        }
    }
}

/// A program that checks a receipt with nothing but what Node brings.
fn by_hand(keys: &str) -> String {
    format!(
        "import {{ createPublicKey, verify }} from 'node:crypto';\n\n\
         const [head, said, signature] = process.argv[2].split('.');\n\
         const {{ kid }} = JSON.parse(Buffer.from(head, 'base64url'));\n\
         const {{ keys }} = await (await fetch('{keys}')).json();\n\
         const key = createPublicKey({{ key: keys.find((key) => key.kid === kid), format: 'jwk' }});\n\
         const valid = verify(null, `${{head}}.${{said}}`, key, Buffer.from(signature, 'base64url'));\n\
         console.log(String(valid), Buffer.from(said, 'base64url').toString());\n"
    )
}
