//! `/settings/members`: who belongs to the organization, in which role, and who is invited.

use imprimatur::{
    domain::{
        actor::{Deed, Role, Who},
        ids::{InvitationId, PersonId},
    },
    services::{
        Result,
        identity::{self, InvitationLink, MemberRow, OpenInvitation},
        mint,
    },
};
use leptos::prelude::*;

use crate::{
    request::{Page, Request},
    ui::{
        Button, ButtonKind, ButtonLink, Cell, Choice, Column, Confirm, Crumb, EmptyState,
        FormActions, HiddenField, Instant, Notice, PageHeader, PostForm, Row, RowRefusal, Secret,
        Section, SelectField, Table, Toast, Tone, Undo,
    },
};

/// Members and open invitations.
pub async fn show(request: &Request) -> Result<Page> {
    let members = identity::members(&request.services, &request.actor).await?;
    let may_invite = request.actor.may(Deed::InviteMember).is_ok();
    let invitations = if may_invite {
        identity::invitations(&request.services, &request.actor).await?
    } else {
        Vec::new()
    };
    let own_role = match request.actor.who {
        Who::Member(member) => Some(member.role),
        Who::Visitor | Who::Person(_) | Who::System => None,
    };
    let own_id = request.actor.person_id();
    let now = request.now;
    let toast = done(request, &members);
    Ok(Page::workspace(request, "Members", move || {
        let rows = members
            .into_iter()
            .map(|member| {
                let own = Some(member.person_id) == own_id;
                let may_change = own_role.is_some_and(|role| role.may_grant(member.role));
                draw_member(member, own, may_change, own_role, now)
            })
            .collect();
        view! {
            {toast.map(Done::draw)}
            <PageHeader
                title="Members"
                lead=|| "People act for the organization within their role. Owners and admins can do everything; only owners make owners."
            />
            <RowRefusal forms=&["role", "remove", "withdraw"] />
            <Table
                caption="Members"
                columns=vec![
                    Column::text("Person"),
                    Column::text("Role"),
                    Column::number("Joined").support(),
                    Column::number("Remove").label_hidden(),
                ]
                rows
            />
            {may_invite.then(|| view! { <Section title="Invite">{invite(own_role)}</Section> })}
            {may_invite
                .then(|| {
                    view! {
                        <Section title="Open invitations">{draw_invitations(invitations, now)}</Section>
                    }
                })}
        }
    }))
}

/// What was done just before.
struct Done {
    sentence: String,
    /// What the form sends that gives a member the role they had.
    undo: Option<Vec<(&'static str, String)>>,
}

impl Done {
    fn draw(self) -> AnyView {
        let Self { sentence, undo } = self;
        let undo =
            undo.map(|fields| view! { <Undo action="/settings/members" form="role" fields /> });
        view! { <Toast sentence>{undo}</Toast> }.into_any()
    }
}

fn done(request: &Request, members: &[MemberRow]) -> Option<Done> {
    let plain = |sentence: &str| Done { sentence: sentence.to_owned(), undo: None };
    Some(match request.param("done")? {
        "removed" => plain("Removed. They have lost access."),
        "withdrawn" => plain("Withdrawn. The link works no longer."),
        "role" => {
            let changed = request.param("of").and_then(|id| id.parse::<PersonId>().ok());
            let changed = members.iter().find(|member| Some(member.person_id) == changed);
            let before = request.param("before").and_then(|role| role.parse::<Role>().ok());
            match changed.zip(before) {
                Some((member, before)) => Done {
                    sentence: format!("{} has the role {} now.", member.name, member.role),
                    undo: Some(vec![
                        ("person_id", member.person_id.to_string()),
                        ("role", before.to_string()),
                        ("was", member.role.to_string()),
                    ]),
                },
                None => plain("The role is set."),
            }
        }
        _ => return None,
    })
}

/// The link of a new invitation; `code` is missing where the form was sent twice.
pub async fn invited(request: &Request, link: InvitationLink) -> Result<Page> {
    let base_url = request.base_url.clone();
    let now = request.now;
    Ok(Page::workspace(request, "Invitation made", move || {
        let shown = match link.code {
            Some(code) => {
                let address = format!("{base_url}/join/{}", code.reveal());
                view! { <Secret label="Link" value=address /> }.into_any()
            }
            None => view! {
                <Notice tone=Tone::Warn title="This invitation was made before">
                    "Its link was shown then. Withdraw it and make another if you did not keep it."
                </Notice>
            }
            .into_any(),
        };
        view! {
            <div class="narrow">
                <PageHeader
                    title="Invitation made"
                    crumbs=vec![Crumb::new("Members", "/settings/members")]
                    here="Invitation"
                    lead=|| "Send the link to the person. Whoever opens it and signs in joins, once."
                />
                {shown}
                <Section title="What it gives">
                    <p>{link.role.in_words()} ", to one person. It ends " <Instant at=link.expires_at now /> "."</p>
                </Section>
                <FormActions>
                    <ButtonLink kind=ButtonKind::Quiet href="/settings/members">"To the members"</ButtonLink>
                </FormActions>
            </div>
        }
    }))
}

fn role_choices(own_role: Option<Role>) -> Vec<Choice> {
    Role::ALL
        .iter()
        .filter(|role| own_role.is_some_and(|own| own.may_grant(**role)))
        .map(|role| Choice::new(role.as_str(), role.in_words()))
        .collect()
}

fn invite(own_role: Option<Role>) -> AnyView {
    let invitation_id: InvitationId = mint();
    view! {
        <PostForm name="invite" creates=invitation_id.to_string()>
            <SelectField
                name="role"
                label="Role"
                hint="Finance accepts licenses, developers register works and create tokens, viewers only look."
                choices=role_choices(own_role)
                value="viewer"
                required=true
            />
            <FormActions>
                <Button>"Make an invitation link"</Button>
            </FormActions>
        </PostForm>
    }
    .into_any()
}

fn draw_member(
    member: MemberRow,
    own: bool,
    may_change: bool,
    own_role: Option<Role>,
    now: chrono::DateTime<chrono::Utc>,
) -> Row {
    let person_id = member.person_id.to_string();
    let role = if may_change {
        let label = format!("Role of {}", member.name);
        let options = Role::ALL
            .iter()
            .filter(|role| own_role.is_some_and(|own| own.may_grant(**role)))
            .map(|&role| {
                view! {
                    <option value=role.as_str() selected=role == member.role>
                        {role.in_words()}
                    </option>
                }
            })
            .collect_view();
        view! {
            <form method="post" class="inline-form">
                <input type="hidden" name="form" value="role" />
                <input type="hidden" name="person_id" value=person_id.clone() />
                <input type="hidden" name="was" value=member.role.as_str() />
                <select class="input input--select" name="role" aria-label=label>{options}</select>
                <Button kind=ButtonKind::Quiet>"Set"</Button>
            </form>
        }
        .into_any()
    } else {
        member.role.in_words().into_any()
    };
    let remove = (own || may_change).then(|| {
        let (label, sentence, button) = if own {
            let sentence = "You lose access at once. Somebody must invite you to come back.";
            ("Leave", sentence.to_owned(), "Leave the organization")
        } else {
            let sentence = format!("{} loses access at once.", member.name);
            ("Remove", sentence, "Remove this member")
        };
        view! {
            <Confirm label sentence>
                <PostForm name="remove" row=true>
                    <HiddenField name="person_id" value=person_id />
                    <Button kind=ButtonKind::Destructive>{button}</Button>
                </PostForm>
            </Confirm>
        }
    });
    let name = if own { format!("{} (you)", member.name) } else { member.name };
    Row::new(vec![
        Cell::new(name).note(member.email.unwrap_or_default()),
        Cell::new(role),
        Cell::new(view! { <Instant at=member.joined_at now /> }),
        Cell::new(remove),
    ])
}

fn draw_invitations(
    invitations: Vec<OpenInvitation>,
    now: chrono::DateTime<chrono::Utc>,
) -> AnyView {
    let rows = invitations
        .into_iter()
        .map(|invitation| {
            Row::new(vec![
                Cell::new(invitation.role.in_words())
                    .note(format!("Made by {}", invitation.invited_by)),
                Cell::new(view! { <Instant at=invitation.expires_at now /> }),
                Cell::new(view! {
                    <Confirm label="Withdraw" sentence="The link stops working at once.">
                        <PostForm name="withdraw" row=true>
                            <HiddenField name="invitation_id" value=invitation.invitation_id.to_string() />
                            <Button kind=ButtonKind::Destructive>"Withdraw the invitation"</Button>
                        </PostForm>
                    </Confirm>
                }),
            ])
        })
        .collect();
    view! {
        <Table
            caption="Open invitations"
            columns=vec![
                Column::text("Role"),
                Column::number("Ends"),
                Column::number("Withdraw").label_hidden(),
            ]
            rows
            empty=|| {
                view! {
                    <EmptyState
                        title="No open invitations"
                        sentence="Links you make appear here until somebody uses them or they end."
                    />
                }
                    .into_any()
            }
        />
    }
    .into_any()
}
