use super::*;
use crate::domain::ids::TypedId as _;
use ed25519_dalek::{Signer as _, SigningKey};
use proptest::prelude::*;
use uuid::Uuid;

fn key(seed: u8) -> (SigningKey, PublicKey) {
    let key = SigningKey::from_bytes(&[seed; 32]);
    let public = PublicKey::new(key.verifying_key().to_bytes());
    (key, public)
}

fn seal(receipt: &Receipt, key: &SigningKey, public: &PublicKey) -> String {
    receipt.seal(public.kid(), |input| key.sign(input).to_bytes()).unwrap()
}

fn receipt() -> Receipt {
    Receipt {
        receipt_id: ReceiptId::from_uuid(Uuid::from_u128(1)),
        consumer_id: ConsumerId::from_bytes([2; 16]),
        content_id: ContentId::of(b"abc"),
        license_id: LicenseId::from_uuid(Uuid::from_u128(3)),
        token_id: TokenId::from_uuid(Uuid::from_u128(4)),
        job_id: None,
        scope: Scope::Training,
        timestamp: "2026-11-22T07:50:07Z".parse().unwrap(),
        bytes: 3,
        range: None,
        resource: None,
        free_reason: None,
        nonce: "n0nce".into(),
    }
}

fn receipts() -> impl Strategy<Value = Receipt> {
    let ids = (any::<u128>(), any::<u128>(), any::<u128>(), any::<u128>());
    let rest = (
        any::<[u8; 32]>(),
        proptest::option::of("[!-~]([ -~]{0,20}[!-~])?"),
        0..Scope::ALL.len(),
        0..4_102_444_800_000_000_i64,
        0..1_u64 << 53,
        "[A-Za-z0-9_-]{22}",
        proptest::option::of(any::<String>()),
        proptest::option::of(any::<String>()),
        proptest::option::of(proptest::sample::select(FreeReason::ALL)),
    );
    (ids, rest).prop_map(|(ids, rest)| {
        let (digest, job, scope, micros, bytes, nonce, range, resource, free_reason) = rest;
        Receipt {
            receipt_id: ReceiptId::from_uuid(Uuid::from_u128(ids.0)),
            consumer_id: ConsumerId::from_bytes(ids.1.to_be_bytes()),
            content_id: ContentId::from_digest(&digest),
            license_id: LicenseId::from_uuid(Uuid::from_u128(ids.2)),
            token_id: TokenId::from_uuid(Uuid::from_u128(ids.3)),
            job_id: job.map(|job| JobName::parse(&job).unwrap()),
            scope: Scope::ALL[scope],
            timestamp: DateTime::from_timestamp_micros(micros).unwrap(),
            bytes,
            range,
            resource,
            free_reason,
            nonce,
        }
    })
}

proptest! {
    #[test]
    fn any_receipt_signs_and_verifies(receipt in receipts(), seed: u8) {
        let (key, public) = key(seed);
        let jws = seal(&receipt, &key, &public);
        prop_assert_eq!(verify(&jws, &public).unwrap(), receipt.clone());
        prop_assert_eq!(kid_of(&jws).unwrap(), public.kid());
        prop_assert_eq!(seal(&receipt, &key, &public), jws);
    }

    #[test]
    fn what_is_signed_is_canonical_json(receipt in receipts()) {
        let canonical = serde_json_canonicalizer::to_string(&receipt).unwrap();
        prop_assert_eq!(receipt.canonical().unwrap(), canonical);
        let (_, public) = key(1);
        let input = receipt.signing_input(public.kid()).unwrap();
        let header = decode(input.split_once('.').unwrap().0).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&header).unwrap();
        prop_assert_eq!(header, serde_json_canonicalizer::to_vec(&value).unwrap());
    }

    #[test]
    fn a_receipt_with_any_byte_changed_fails(
        receipt in receipts(),
        index: prop::sample::Index,
        to in any::<u8>().prop_filter("ASCII", u8::is_ascii),
    ) {
        let (key, public) = key(1);
        let jws = seal(&receipt, &key, &public);
        let mut changed = jws.clone().into_bytes();
        changed[index.index(jws.len())] = to;
        let changed = String::from_utf8(changed).unwrap();
        prop_assume!(changed != jws);
        prop_assert_eq!(verify(&changed, &public).unwrap_err().code, "invalid_receipt");
    }
}

#[test]
fn the_canonical_form_has_sorted_keys_and_whole_microseconds() {
    assert_eq!(
        receipt().canonical().unwrap(),
        format!(
            r#"{{"bytes":3,"consumer_id":"02020202020202020202020202020202","content_id":"{}","license_id":"00000000000000000000000003","nonce":"n0nce","receipt_id":"00000000000000000000000001","scope":"training","timestamp":"2026-11-22T07:50:07.000000Z","token_id":"00000000000000000000000004"}}"#,
            ContentId::of(b"abc")
        )
    );
}

#[test]
fn another_key_algorithm_or_type_is_refused() {
    let (key, public) = key(1);
    let (other_key, other_public) = self::key(2);
    let good = seal(&receipt(), &key, &public);
    assert!(verify(&good, &other_public).is_err());
    assert!(verify(&seal(&receipt(), &other_key, &public), &public).is_err());

    let payload = URL_SAFE_NO_PAD.encode(receipt().canonical().unwrap());
    let kid = public.kid();
    for header in [
        format!(r#"{{"alg":"none","kid":"{kid}","typ":"receipt+jws"}}"#),
        format!(r#"{{"alg":"HS256","kid":"{kid}","typ":"receipt+jws"}}"#),
        format!(r#"{{"alg":"EdDSA","kid":"{kid}","typ":"JWT"}}"#),
        format!(r#"{{"alg":"EdDSA","kid":"{kid}"}}"#),
        format!(r#"{{"alg":"EdDSA","jwk":{{}},"kid":"{kid}","typ":"receipt+jws"}}"#),
        format!(r#"{{"alg":"EdDSA","crit":["b64"],"kid":"{kid}","typ":"receipt+jws"}}"#),
    ] {
        let signed = format!("{}.{payload}", URL_SAFE_NO_PAD.encode(&header));
        let signature = URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes()).to_bytes());
        for jws in [format!("{signed}.{signature}"), format!("{signed}.")] {
            assert_eq!(verify(&jws, &public).unwrap_err().code, "invalid_receipt", "{header}");
        }
    }
    for jws in ["", ".", "..", "a.b.c", &format!("{good}."), &good[..good.len() - 1]] {
        assert_eq!(verify(jws, &public).unwrap_err().code, "invalid_receipt", "{jws}");
    }
}

#[test]
fn a_signed_statement_with_unknown_fields_is_no_receipt() {
    let (key, public) = key(1);
    let input = receipt().signing_input(public.kid()).unwrap();
    let header = input.split_once('.').unwrap().0;
    let payload = receipt().canonical().unwrap().replace("\"bytes\"", "\"also\":1,\"bytes\"");
    let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(payload));
    let signature = URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes()).to_bytes());
    assert!(verify(&format!("{signed}.{signature}"), &public).is_err());
}

/// RFC 8037, appendices A.1 to A.5.
#[test]
fn keys_names_and_signatures_are_those_of_rfc_8037() {
    let decode = |text| <[u8; 32]>::try_from(URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap();
    let key = SigningKey::from_bytes(&decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"));
    let public = PublicKey::new(key.verifying_key().to_bytes());
    assert_eq!(public.jwk().x, "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
    assert_eq!(public.kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");

    let signed = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    let signature = URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes()).to_bytes());
    assert_eq!(
        signature,
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    );
    // A good signature with a header that is not ours is still no receipt.
    assert!(verify(&format!("{signed}.{signature}"), &public).is_err());
}
