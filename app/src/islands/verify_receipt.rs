//! Checks the signature of a receipt in the browser, against the published keys: whoever looks need
//! not take our word for it. Not seen until it works.

use leptos::prelude::*;

/// What came of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checked {
    /// It fits; what was signed, as it stands in the receipt.
    Valid {
        kid: String,
        payload: String,
    },
    Invalid,
    /// The key it names is not among the published ones.
    NoKey,
    /// It could not be checked here.
    Unable,
}

/// A button that checks, and what it found.
#[island]
pub fn VerifyReceipt(
    /// The receipt, a compact JWS.
    jws: String,
    /// Where the keys are published.
    keys: String,
) -> impl IntoView {
    let live = RwSignal::new(false);
    let busy = RwSignal::new(false);
    let found = RwSignal::new(None::<Checked>);
    Effect::new(move |_| live.set(true));

    let check = move |_| {
        #[cfg(feature = "hydrate")]
        {
            let (jws, keys) = (jws.clone(), keys.clone());
            busy.set(true);
            leptos::task::spawn_local(async move {
                found.set(Some(check::check(&jws, &keys).await.unwrap_or(Checked::Unable)));
                busy.set(false);
            });
        }
        #[cfg(not(feature = "hydrate"))]
        let _ = (&jws, &keys, &busy);
    };
    let said = move || {
        found.get().map(|found| match found {
            Checked::Valid { kid, .. } => {
                format!("Valid. This browser checked it with the published key {kid}.")
            }
            Checked::Invalid => {
                "Not valid: the signature does not fit what the receipt says.".to_owned()
            }
            Checked::NoKey => "Not valid: the key it names is not a published one.".to_owned(),
            Checked::Unable => {
                "This browser could not check it: it knows no Ed25519, or the keys could not be \
                 fetched. Use the lines below."
                    .to_owned()
            }
        })
    };
    let payload = move || match found.get() {
        Some(Checked::Valid { payload, .. }) => Some(payload),
        _ => None,
    };
    let tone = move || match found.get() {
        None => "verify__said",
        Some(Checked::Valid { .. }) => "verify__said verify__said--good",
        Some(Checked::Unable) => "verify__said verify__said--warn",
        Some(Checked::Invalid | Checked::NoKey) => "verify__said verify__said--seal",
    };
    view! {
        <div class="verify" class:verify--live=live>
            <button class="button button--quiet" type="button" disabled=busy on:click=check>
                {t!("Verify in this browser")}
            </button>
            <p class=tone role="status">
                {said}
            </p>
            {move || {
                payload()
                    .map(|payload| {
                        view! {
                            <div class="code">
                                <p class="code__head">{t!("What was signed")}</p>
                                <pre class="code__text" tabindex="0" role="region" aria-label=t!("What was signed")>
                                    {payload}
                                </pre>
                            </div>
                        }
                    })
            }}
        </div>
    }
}

#[cfg(feature = "hydrate")]
mod check {
    use js_sys::{Array, JSON, Object, Reflect};
    use leptos::prelude::window;
    use wasm_bindgen_futures::JsFuture;
    use web_sys::wasm_bindgen::{JsCast as _, JsValue};
    use web_sys::{CryptoKey, Response};

    use super::Checked;

    /// Fetches the keys and checks.
    pub async fn check(jws: &str, keys: &str) -> Result<Checked, JsValue> {
        let (signed, signature) = jws.rsplit_once('.').ok_or(JsValue::NULL)?;
        let (head, payload) = signed.split_once('.').ok_or(JsValue::NULL)?;
        let (Some(head), Some(payload), Some(signature)) =
            (text(head), text(payload), decode(signature))
        else {
            return Ok(Checked::Invalid);
        };
        let kid = Reflect::get(&JSON::parse(&head)?, &"kid".into())?;
        let response: Response = JsFuture::from(window().fetch_with_str(keys)).await?.dyn_into()?;
        let published = JsFuture::from(response.json()?).await?;
        let published: Array = Reflect::get(&published, &"keys".into())?.dyn_into()?;
        let Some(jwk) = published
            .iter()
            .find(|key| Reflect::get(key, &"kid".into()).is_ok_and(|each| each == kid))
        else {
            return Ok(Checked::NoKey);
        };
        // Only what makes the key: browsers differ in what else they take.
        let bare = Object::new();
        for name in ["kty", "crv", "x"] {
            Reflect::set(&bare, &name.into(), &Reflect::get(&jwk, &name.into())?)?;
        }
        let subtle = window().crypto()?.subtle();
        let uses = Array::of1(&"verify".into());
        let key = subtle.import_key_with_str("jwk", &bare, "Ed25519", false, &uses)?;
        let key: CryptoKey = JsFuture::from(key).await?.dyn_into()?;
        let fits = subtle.verify_with_str_and_u8_array_and_u8_array(
            "Ed25519",
            &key,
            &signature,
            signed.as_bytes(),
        )?;
        if JsFuture::from(fits).await? != JsValue::TRUE {
            return Ok(Checked::Invalid);
        }
        let said = JSON::parse(&payload)?;
        let payload = JSON::stringify_with_replacer_and_space(&said, &JsValue::NULL, &2.into())?;
        Ok(Checked::Valid { kid: kid.as_string().unwrap_or_default(), payload: payload.into() })
    }

    fn text(part: &str) -> Option<String> {
        String::from_utf8(decode(part)?).ok()
    }

    /// Base64url without padding (RFC 4648, section 5).
    fn decode(text: &str) -> Option<Vec<u8>> {
        let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
        let (mut held, mut bits) = (0_u32, 0);
        for byte in text.bytes() {
            let value = match byte {
                b'A'..=b'Z' => byte - b'A',
                b'a'..=b'z' => byte - b'a' + 26,
                b'0'..=b'9' => byte - b'0' + 52,
                b'-' => 62,
                b'_' => 63,
                _ => return None,
            };
            held = (held << 6) | u32::from(value);
            bits += 6;
            if bits >= 8 {
                bits -= 8;
                bytes.push(u8::try_from((held >> bits) & 0xff).ok()?);
            }
        }
        Some(bytes)
    }
}
