//! Text that is pasted elsewhere: a request, a manifest, a secret shown once.

use leptos::prelude::*;

use crate::islands::CopyButton;

/// A block of code with a button that copies it.
#[component]
pub fn CodeBlock(
    #[prop(into)] code: String,
    /// What it is, above the block and on the button: "Request".
    #[prop(into)]
    label: String,
) -> impl IntoView {
    view! {
        <figure class="code">
            <figcaption class="code__head">
                <span>{label.clone()}</span>
                <CopyButton text=code.clone() what=label.clone() />
            </figcaption>
            <pre class="code__text" tabindex="0" role="region" aria-label=label><code>{code}</code></pre>
        </figure>
    }
}

/// A secret that is shown this once. It can be selected whole with one click.
#[component]
pub fn Secret(
    #[prop(into)] value: String,
    /// What it is: "Token".
    #[prop(into)]
    label: String,
) -> impl IntoView {
    view! {
        <div class="secret">
            <p class="secret__label">{label.clone()}</p>
            <div class="secret__row">
                <code class="secret__value">{value.clone()}</code>
                <CopyButton text=value what=label />
            </div>
            <p class="secret__note">
                {t!("Shown once. Only its digest is kept, so nobody can show it again.")}
            </p>
        </div>
    }
}
