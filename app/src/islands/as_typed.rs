//! Answers a form while it is being filled in: what is typed is sent as the form's button would send
//! it, and the part of the page that answers takes the place of the one that stands.
//!
//! Always true: every answer is the server's, so none differs from what the button brings. Until it
//! comes the one before stands, and is marked as old.

use leptos::prelude::*;

/// Wraps a form.
#[island]
pub fn AsTyped(
    /// Id of the part that answers.
    part: String,
    /// What the button that asks adds, such as `do=read`; nothing where it has no name.
    button: String,
    children: Children,
) -> impl IntoView {
    #[cfg(feature = "hydrate")]
    let heard = ask::on_input(part, button);
    #[cfg(not(feature = "hydrate"))]
    let heard = {
        drop((part, button));
        |_: leptos::ev::Event| {}
    };
    view! { <div class="as-typed" on:input=heard>{children()}</div> }
}

#[cfg(feature = "hydrate")]
mod ask {
    use std::time::Duration;

    use leptos::prelude::*;
    use wasm_bindgen_futures::JsFuture;
    use web_sys::wasm_bindgen::{JsCast as _, JsValue};
    use web_sys::{
        DomParser, Element, Event, FormData, HtmlFormElement, RequestInit, Response, SupportedType,
        UrlSearchParams,
    };

    /// How long somebody who types has to pause.
    const PAUSE: Duration = Duration::from_millis(200);
    /// On the part whose answer is to something typed before.
    const OLD: &str = "data-old";

    /// What happens when something was typed. Only what was typed last is answered.
    pub fn on_input(part: String, button: String) -> impl Fn(Event) + Clone + 'static {
        let latest = StoredValue::new(0_u32);
        let names = StoredValue::new((part, button));
        move |event: Event| {
            let field = event.target().and_then(|target| target.dyn_into::<Element>().ok());
            let form = field.and_then(|field| field.closest("form").ok().flatten());
            let Some(form) = form.and_then(|form| form.dyn_into::<HtmlFormElement>().ok()) else {
                return;
            };
            let this = latest.get_value().wrapping_add(1);
            latest.set_value(this);
            set_timeout(
                move || {
                    if latest.get_value() != this {
                        return;
                    }
                    leptos::task::spawn_local(async move {
                        let (part, button) = names.get_value();
                        let Some(here) = document().get_element_by_id(&part) else { return };
                        let _ = here.set_attribute(OLD, "");
                        let answer = answer(&form, &button, &part).await;
                        if latest.get_value() == this
                            && let Ok(Some(answer)) = answer
                        {
                            here.set_inner_html(&answer);
                            let _ = here.remove_attribute(OLD);
                        }
                    });
                },
                PAUSE,
            );
        }
    }

    /// The inside of the part, as the page that the form leads to has it.
    async fn answer(
        form: &HtmlFormElement,
        button: &str,
        part: &str,
    ) -> Result<Option<String>, JsValue> {
        // A form's data are pairs, which is what this takes.
        let data = FormData::new_with_form(form)?;
        let typed = UrlSearchParams::new_with_str_sequence_sequence(&data)?;
        if let Some((name, value)) = button.split_once('=') {
            typed.append(name, value);
        }
        let page = window().location().pathname()?;
        let asked = if form.method() == "post" {
            let post = RequestInit::new();
            post.set_method("POST");
            post.set_body(&typed);
            let query = window().location().search()?;
            window().fetch_with_str_and_init(&format!("{page}{query}"), &post)
        } else {
            window().fetch_with_str(&format!("{page}?{}", String::from(typed.to_string())))
        };
        let response: Response = JsFuture::from(asked).await?.dyn_into()?;
        let text = JsFuture::from(response.text()?).await?.as_string().unwrap_or_default();
        let page = DomParser::new()?.parse_from_string(&text, SupportedType::TextHtml)?;
        Ok(page.get_element_by_id(part).map(|part| part.inner_html()))
    }
}
