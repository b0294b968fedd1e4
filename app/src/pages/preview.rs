//! What a work looks like, drawn: its beginning, its first rows, or the browser's own player.

use imprimatur::{
    domain::asset::AssetKind,
    services::assets::{Media, Preview},
};
use leptos::prelude::*;

use crate::ui::{Cell, CodeBlock, Column, Row, Table};

/// Draws a preview. `source` is where a player finds the bytes.
pub fn draw(preview: Preview, kind: AssetKind, title: &str, source: Option<String>) -> AnyView {
    match preview {
        Preview::Text { excerpt, cut } => {
            let text = if kind == AssetKind::Code {
                view! { <CodeBlock code=excerpt label=t!("First lines") /> }.into_any()
            } else {
                view! {
                    <pre class="excerpt" tabindex="0" role="region" aria-label=t!("First lines")>
                        {excerpt}
                    </pre>
                }
                .into_any()
            };
            view! {
                {text}
                {cut.then(|| view! { <p class="section__note">{t!("It goes on.")}</p> })}
            }
            .into_any()
        }
        Preview::Table { columns, rows, cut } => {
            let columns = columns
                .into_iter()
                .enumerate()
                .map(|(at, name)| {
                    let column = Column::text(name);
                    // A phone has room for three.
                    if at > 2 { column.support() } else { column }
                })
                .collect();
            let shown = rows.len();
            let rows = rows
                .into_iter()
                .map(|row| Row::new(row.into_iter().map(Cell::new).collect()))
                .collect();
            view! {
                <Table caption=t!("First rows") columns rows />
                {cut
                    .then(|| {
                        let says = t!("The first {shown} rows; there are more.");
                        view! { <p class="section__note">{says}</p> }
                    })}
            }
            .into_any()
        }
        Preview::Media(media) => player(media, title, source.unwrap_or_default()),
        Preview::Sample => view! {
            {player(Media::Audio, title, source.unwrap_or_default())}
            <p class="section__note">{t!("The beginning; the rest is for licensees.")}</p>
        }
        .into_any(),
        Preview::None(says) => view! { <p class="section__note">{says}</p> }.into_any(),
    }
}

fn player(media: Media, title: &str, source: String) -> AnyView {
    let title = title.to_owned();
    match media {
        Media::Image => {
            view! { <img class="preview" src=source alt=title loading="lazy" /> }.into_any()
        }
        Media::Audio => view! {
            <audio class="preview" controls preload="metadata" src=source aria-label=title></audio>
        }
        .into_any(),
        Media::Video => view! {
            <video class="preview" controls preload="metadata" src=source aria-label=title></video>
        }
        .into_any(),
    }
}
