//! What stands beside content: manifests, stored receipts, and the keys to check them with.

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, SecondsFormat, Utc};
use imprimatur::{
    domain::{
        asset::ContentId,
        gate::{Ask, Subject},
        ids::ReceiptId,
    },
    services::{
        gate::{self, Machine, Manifest},
        reports::{self, RECEIPTS_PER_BATCH_MAX},
    },
};
use serde::{Deserialize, Serialize};

use super::{Gate, problem::Problem, refuse::too_many, request::Asked};

#[derive(Serialize)]
struct ManifestDocument {
    content_id: String,
    creator_id: String,
    license_uri: String,
    upload_ts: String,
    attribution: String,
    provenance_chain: Vec<OriginDocument>,
}

#[derive(Serialize)]
struct OriginDocument {
    content_id: String,
    version: i32,
    upload_ts: String,
}

/// `GET /c/{content_id}/manifest`: for anybody while the work is offered, and with a token for
/// those who have licensed it.
pub(super) async fn manifest(State(gate): State<Gate>, asked: Asked) -> Response {
    let request_id = asked.request_id;
    match read_manifest(&gate, &asked).await {
        Ok(response) => response,
        Err(problem) => problem.answer(&gate, request_id),
    }
}

async fn read_manifest(gate: &Gate, asked: &Asked) -> Result<Response, Problem> {
    let consumer = if asked.bearer.presents_nothing() {
        gate.count_stranger(asked).map_err(too_many)?;
        None
    } else {
        Some(identify(gate, asked).await?.org_id)
    };
    let content_id: ContentId = asked.subject.parse()?;
    let manifest = gate::manifest(gate.keeper().services(), &content_id, consumer).await?;
    let license = gate.license_url(&manifest.terms_digest);
    let link = format!("<{license}>; rel=\"license\"");
    let caching = if consumer.is_some() { "private, no-store" } else { "public, max-age=60" };
    let headers = [
        (header::LINK, link),
        (header::CACHE_CONTROL, caching.to_owned()),
        (header::VARY, "authorization".to_owned()),
    ];
    Ok((headers, axum::Json(document(manifest, license))).into_response())
}

fn document(manifest: Manifest, license_uri: String) -> ManifestDocument {
    let origins = manifest.provenance.into_iter().map(|origin| OriginDocument {
        content_id: origin.content_id,
        version: origin.version,
        upload_ts: instant(origin.uploaded_at),
    });
    ManifestDocument {
        content_id: manifest.content_id.to_string(),
        creator_id: manifest.creator_id.to_string(),
        license_uri,
        upload_ts: instant(manifest.uploaded_at),
        attribution: manifest.attribution,
        provenance_chain: origins.collect(),
    }
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

async fn identify(gate: &Gate, asked: &Asked) -> Result<Machine, Problem> {
    match gate.keeper().identify(&asked.bearer) {
        Ok(machine) => Ok(machine),
        // Nothing here is on offer.
        Err(denial) => {
            let nothing = Ask { subject: Subject::Content(None), ..asked.ask() };
            Err(gate.refuse(asked, &nothing, denial).await)
        }
    }
}

/// `GET /receipts/{receipt_id}`: a recorded receipt as it was signed, for a token of its license.
pub(super) async fn receipt(State(gate): State<Gate>, asked: Asked) -> Response {
    let request_id = asked.request_id;
    match read_receipt(&gate, &asked).await {
        Ok(response) => response,
        Err(problem) => problem.answer(&gate, request_id),
    }
}

async fn read_receipt(gate: &Gate, asked: &Asked) -> Result<Response, Problem> {
    let machine = identify(gate, asked).await?;
    let receipt_id: ReceiptId = asked.subject.parse()?;
    let jws = gate.keeper().receipt(machine, receipt_id).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/jose"),
        (header::CACHE_CONTROL, "private, no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, jws).into_response())
}

/// What `GET /receipts` is asked with.
#[derive(Deserialize)]
pub(super) struct Batch {
    cursor: Option<String>,
    limit: Option<u16>,
}

#[derive(Serialize)]
struct BatchDocument {
    receipts: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// `GET /receipts?limit=1000&cursor=…`: receipts of the token's license, oldest first, as
/// `{"receipts": [compact JWS, …], "next": cursor}`. Without `next` nothing follows yet. At most
/// 1000 at a time, and so many unless `limit` says fewer; a cursor opens for 72 hours.
pub(super) async fn receipts(
    State(gate): State<Gate>,
    batch: Result<Query<Batch>, QueryRejection>,
    asked: Asked,
) -> Response {
    let request_id = asked.request_id;
    match read_receipts(&gate, batch, &asked).await {
        Ok(response) => response,
        Err(problem) => problem.answer(&gate, request_id),
    }
}

async fn read_receipts(
    gate: &Gate,
    batch: Result<Query<Batch>, QueryRejection>,
    asked: &Asked,
) -> Result<Response, Problem> {
    let machine = identify(gate, asked).await?;
    let Query(Batch { cursor, limit }) = batch.map_err(|_| {
        let detail = "Send a cursor as it was handed out, and a limit from 1 to 1000.";
        Problem::new(StatusCode::BAD_REQUEST, "invalid_query", detail)
    })?;
    let limit = limit.unwrap_or(RECEIPTS_PER_BATCH_MAX);
    let (services, key) = (gate.keeper().services(), gate.cursor_key());
    let batch =
        reports::receipts_of_license(services, key, machine.license_id, cursor.as_deref(), limit)
            .await?;
    let document = BatchDocument { receipts: batch.receipts, next: batch.next };
    let headers = [(header::CACHE_CONTROL, "private, no-store")];
    Ok((headers, axum::Json(document)).into_response())
}

/// `GET /.well-known/jwks.json`: anybody may check receipts, from any page.
pub(super) async fn jwks(State(gate): State<Gate>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/jwk-set+json"),
        (header::CACHE_CONTROL, "public, max-age=300"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ];
    (headers, serde_json::to_vec(&gate.keeper().jwks()).unwrap_or_default()).into_response()
}
