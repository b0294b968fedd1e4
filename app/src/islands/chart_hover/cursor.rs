//! The cursor in the plots: a rule through every panel, a dot on each line, the
//! value beside it. Positions are read from the lines themselves.

use leptos::ev::PointerEvent;
use web_sys::wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

pub type Area = web_sys::HtmlDivElement;

/// The date nearest to the pointer; none over the axis.
pub fn nearest(area: &Area, event: &PointerEvent) -> Option<usize> {
    let plot = plots(area).next()?;
    let edges = plot.get_bounding_client_rect();
    let (left, width) = (edges.left() as i32, edges.width() as i32);
    let from_left = event.client_x() - left;
    if width <= 0 || from_left < 0 || from_left > width {
        return None;
    }
    let steps = i32::try_from(labels(&plot).len()).ok()? - 1;
    usize::try_from((from_left * steps + width / 2) / width).ok()
}

/// Where a key leads. The outer option is none for keys that mean nothing here.
pub fn stepped(area: &Area, from: Option<usize>, key: &str) -> Option<Option<usize>> {
    let last = labels(&plots(area).next()?).len().checked_sub(1)?;
    let to = match key {
        "ArrowLeft" => from.map_or(last, |at| at.saturating_sub(1)),
        "ArrowRight" => from.map_or(last, |at| (at + 1).min(last)),
        "Home" => 0,
        "End" => last,
        "Escape" => return Some(None),
        _ => return None,
    };
    Some(Some(to))
}

/// Draws the cursor at a date and answers what stands there, panel by panel.
pub fn show(area: &Area, at: usize) -> Option<String> {
    let mut said = Vec::new();
    for plot in plots(area) {
        let labels = labels(&plot);
        let last = labels.len().checked_sub(1)?;
        let label = labels.get(at)?;
        let line = plot.query_selector(".chart__line").ok()??;
        let corners = line.get_attribute("points")?;
        let (x, y) = corners.split(' ').nth(at)?.split_once(',')?;
        set(&plot, ".chart__rule", &format!("M{x} 0V1000"));
        set(&plot, ".chart__dot", &format!("M{x} {y}h0"));
        if let Some(value) = plot.next_element_sibling() {
            value.set_text_content(Some(label));
            value.set_class_name(if at * 2 > last {
                "chart__value chart__value--before"
            } else {
                "chart__value"
            });
            if let Ok(value) = value.dyn_into::<HtmlElement>() {
                let _ = value.style().set_property("--at", &at.to_string());
                let _ = value.style().set_property("--of", &last.to_string());
            }
        }
        said.push(label.clone());
    }
    Some(said.join("; "))
}

fn plots(area: &Area) -> impl Iterator<Item = Element> + use<> {
    let found = area.query_selector_all(".chart__svg").ok();
    let count = found.as_ref().map_or(0, web_sys::NodeList::length);
    (0..count).filter_map(move |at| found.as_ref()?.get(at)?.dyn_into().ok())
}

fn labels(plot: &Element) -> Vec<String> {
    plot.get_attribute("data-labels")
        .map(|labels| labels.split('|').map(str::to_owned).collect())
        .unwrap_or_default()
}

fn set(plot: &Element, selector: &str, path: &str) {
    if let Ok(Some(element)) = plot.query_selector(selector) {
        let _ = element.set_attribute("d", path);
    }
}
