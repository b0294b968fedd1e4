//! Sends the form and listens.

use std::cell::RefCell;

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use wasm_bindgen::{JsCast as _, prelude::Closure};
use web_sys::{
    DomParser, FormData, HtmlElement, HtmlFormElement, HtmlInputElement, ProgressEvent,
    SupportedType, XmlHttpRequest,
};

use super::Progress;

thread_local! {
    /// What is being sent; one form at a time.
    static SENDING: RefCell<Option<XmlHttpRequest>> = const { RefCell::new(None) };
}

/// Sends the form in the place of the browser. Where anything is missing for that, the browser does
/// it itself.
pub(super) fn send(event: &SubmitEvent, bytes_max: u64, progress: RwSignal<Progress>) {
    let Some(form) = event.target().and_then(|form| form.dyn_into::<HtmlFormElement>().ok()) else {
        return;
    };
    let files = files(&form);
    if files.is_empty() {
        return;
    }
    if let Some((name, _)) = files.iter().find(|(_, size)| bytes_max > 0 && *size > bytes_max) {
        progress.set(Progress::TooLarge(name.clone()));
        event.prevent_default();
        return;
    }
    if begin(&form, files, progress).is_some() {
        event.prevent_default();
    }
}

/// Stops sending; nothing of the file under way is kept.
pub(super) fn stop(progress: RwSignal<Progress>) {
    if let Some(request) = SENDING.take() {
        let _ = request.abort();
    }
    progress.set(Progress::Idle);
}

/// Names and sizes of the files that were chosen.
fn files(form: &HtmlFormElement) -> Vec<(String, u64)> {
    let Ok(inputs) = form.query_selector_all("input[type=file]") else { return Vec::new() };
    let inputs = (0..inputs.length()).filter_map(|at| inputs.get(at));
    inputs
        .filter_map(|input| input.dyn_into::<HtmlInputElement>().ok()?.files())
        .flat_map(|files| (0..files.length()).filter_map(move |at| files.get(at)))
        .map(|file| (file.name(), file.size() as u64))
        .collect()
}

fn begin(
    form: &HtmlFormElement,
    files: Vec<(String, u64)>,
    progress: RwSignal<Progress>,
) -> Option<()> {
    let data = FormData::new_with_form(form).ok()?;
    let address = form.action();
    let request = XmlHttpRequest::new().ok()?;
    request.open("POST", &address).ok()?;
    let upload = request.upload().ok()?;

    progress.set(so_far(&files, 0));
    let moved = Closure::<dyn FnMut(ProgressEvent)>::new(move |event: ProgressEvent| {
        progress.set(if event.loaded() < event.total() {
            so_far(&files, event.loaded() as u64)
        } else {
            Progress::Waiting
        });
    });
    upload.set_onprogress(Some(moved.as_ref().unchecked_ref()));
    moved.forget();

    let answered = request.clone();
    let answer = Closure::once_into_js(move || {
        SENDING.take();
        if show(&answered, &address).is_none() {
            progress.set(Progress::Failed);
        }
    });
    request.set_onload(Some(answer.unchecked_ref()));
    let failed = Closure::once_into_js(move || {
        SENDING.take();
        progress.set(Progress::Failed);
    });
    request.set_onerror(Some(failed.unchecked_ref()));
    request.send_with_opt_form_data(Some(&data)).ok()?;
    SENDING.set(Some(request));
    Some(())
}

/// Files are sent one after the other, so what was sent says how far each has got.
fn so_far(files: &[(String, u64)], sent: u64) -> Progress {
    let mut left = sent;
    let done = files.iter().map(|(name, size)| {
        let here = left.min(*size);
        left -= here;
        (name.clone(), if *size == 0 { 100 } else { here * 100 / size })
    });
    Progress::Sending(done.collect())
}

/// Goes where the answer led, or shows the page that came back.
fn show(request: &XmlHttpRequest, address: &str) -> Option<()> {
    let led = request.response_url();
    if led != address {
        return window().location().assign(&led).ok();
    }
    let page = request.response_text().ok().flatten()?;
    let page = DomParser::new().ok()?.parse_from_string(&page, SupportedType::TextHtml).ok()?;
    let came = page.get_element_by_id("main")?;
    let here = document().get_element_by_id("main")?;
    here.set_inner_html(&came.inner_html());
    document().set_title(&page.title());
    window().scroll_to_with_x_and_y(0.0, 0.0);
    // What was refused takes the focus, as it does when the browser sends the form.
    let first = here.query_selector("[role=alert]").ok().flatten();
    let focus = first.unwrap_or(here).dyn_into::<HtmlElement>().ok()?;
    focus.focus().ok()
}
