//! Shows how far each file of a form has got, and lets the person stop.
//!
//! Without JavaScript the form is sent as any other, and the browser says that it loads.

#[cfg(feature = "hydrate")]
mod sending;

use leptos::ev::SubmitEvent;
use leptos::prelude::*;

/// How far an upload has got.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "hydrate"), allow(dead_code, reason = "nothing is sent by the server"))]
enum Progress {
    Idle,
    /// Files by name, each with its percents.
    Sending(Vec<(String, u64)>),
    /// Everything is there; the answer is not.
    Waiting,
    /// It ended without an answer.
    Failed,
    /// This file is larger than any that is taken, so nothing was sent.
    TooLarge(String),
}

/// Wraps a form with files.
#[island]
pub fn UploadProgress(
    /// The largest file that is taken, and how that is said; 0 where the answer names those that
    /// are larger.
    bytes_max: u64,
    limit: String,
    children: Children,
) -> impl IntoView {
    let progress = RwSignal::new(Progress::Idle);
    let send = move |event: SubmitEvent| {
        #[cfg(feature = "hydrate")]
        sending::send(&event, bytes_max, progress);
        #[cfg(not(feature = "hydrate"))]
        let _ = (event, bytes_max);
    };
    let stop = move |_| {
        #[cfg(feature = "hydrate")]
        sending::stop(progress);
    };
    let said = move || match progress.get() {
        Progress::Idle => String::new(),
        Progress::Sending(files) => match files.iter().filter(|(_, done)| *done == 100).count() {
            0 => "Sending.".to_owned(),
            done => format!("{done} of {} sent.", files.len()),
        },
        Progress::Waiting => "Everything is sent. Waiting for the answer.".to_owned(),
        Progress::TooLarge(name) => {
            format!("“{name}” is larger than {limit}. Nothing was sent; choose another file.")
        }
        Progress::Failed => "The upload was cut off. Send the form again.".to_owned(),
    };
    let files = move || {
        match progress.get() {
        Progress::Sending(files) => files
            .into_iter()
            .map(|(name, done)| {
                view! {
                    <li class="upload__file">
                        <span class="upload__name">{name.clone()}</span>
                        <progress class="upload__bar" max="100" value=done.to_string() aria-label=name></progress>
                        <span class="upload__done">{done} "%"</span>
                    </li>
                }
            })
            .collect_view()
            .into_any(),
        _ => ().into_any(),
    }
    };
    view! {
        <div class="upload" on:submit=send>
            {children()}
            <div class="upload__progress" class:upload__progress--live=move || progress.get() != Progress::Idle>
                <p class="upload__said" role="status">{said}</p>
                <ul class="upload__files">{files}</ul>
                <button
                    type="button"
                    class="button button--quiet upload__stop"
                    class:upload__stop--live=move || matches!(progress.get(), Progress::Sending(_))
                    on:click=stop
                >
                    {t!("Stop")}
                </button>
            </div>
        </div>
    }
}
