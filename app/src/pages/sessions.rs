//! `/settings/sessions`: the browsers one is signed in with, and the way to sign them out.

use imprimatur::services::{Result, sessions};
use leptos::prelude::*;

use crate::{
    request::{Page, Request},
    ui::{
        Button, ButtonKind, Cell, Column, Confirm, HiddenField, Instant, PageHeader, PostForm, Row,
        RowRefusal, Table, Toast,
    },
};

/// One's own sessions, the current one first.
pub async fn show(request: &Request) -> Result<Page> {
    let sessions = sessions::list(&request.services, &request.actor, request.session_id).await?;
    let revoked = request.param("done") == Some("revoked");
    let now = request.now;
    Ok(Page::workspace(request, t!("Your sessions"), move || {
        let others = sessions.len() > 1;
        let rows = sessions
            .into_iter()
            .map(|session| {
                let revoke = (!session.current).then(|| {
                    view! {
                        <PostForm name="revoke" row=true>
                            <HiddenField name="session_id" value=session.session_id.to_string() />
                            <Button kind=ButtonKind::Destructive>{t!("Sign out")}</Button>
                        </PostForm>
                    }
                });
                let note = if session.current { t!("This browser") } else { "" };
                Row::new(vec![
                    Cell::new(session.browser).note(note),
                    Cell::new(view! { <Instant at=session.created_at now /> }),
                    Cell::new(view! { <Instant at=session.last_seen_at now /> }),
                    Cell::new(revoke),
                ])
            })
            .collect();
        view! {
            {revoked.then(|| view! { <Toast sentence=t!("Signed out.") /> })}
            <PageHeader
                title=t!("Your sessions")
                lead=|| t!("Every browser you are signed in with, for all your organizations. Sign out what you do not know.")
            >
                {others
                    .then(|| {
                        view! {
                            <Confirm
                                label=t!("Sign out all others")
                                sentence=t!("Every browser but this one is signed out at its next request.")
                            >
                                <PostForm name="revoke-others" row=true>
                                    <Button kind=ButtonKind::Destructive>{t!("Sign them out")}</Button>
                                </PostForm>
                            </Confirm>
                        }
                    })}
            </PageHeader>
            <RowRefusal forms=&["revoke", "revoke-others"] />
            <Table
                caption=t!("Your sessions")
                columns=vec![
                    Column::text(t!("Browser")),
                    Column::number(t!("Signed in")).support(),
                    Column::number(t!("Last seen")),
                    Column::number(t!("Sign out")).label_hidden(),
                ]
                rows
            />
        }
    }))
}
