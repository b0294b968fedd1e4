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
    Ok(Page::workspace(request, t!("Members"), move || {
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
                title=t!("Members")
                lead=|| t!("People act for the organization within their role. Owners and admins can do everything; only owners make owners.")
            />
            <RowRefusal forms=&["role", "remove", "withdraw"] />
            <Table
                caption=t!("Members")
                columns=vec![
                    Column::text(t!("Person")),
                    Column::text(t!("Role")),
                    Column::number(t!("Joined")).support(),
                    Column::number(t!("Remove")).label_hidden(),
                ]
                rows
            />
            {may_invite.then(|| view! { <Section title=t!("Invite")>{invite(own_role)}</Section> })}
            {may_invite
                .then(|| {
                    view! {
                        <Section title=t!("Open invitations")>{draw_invitations(invitations, now)}</Section>
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
        "removed" => plain(t!("Removed. They have lost access.")),
        "withdrawn" => plain(t!("Withdrawn. The link works no longer.")),
        "role" => {
            let changed = request.param("of").and_then(|id| id.parse::<PersonId>().ok());
            let changed = members.iter().find(|member| Some(member.person_id) == changed);
            let before = request.param("before").and_then(|role| role.parse::<Role>().ok());
            match changed.zip(before) {
                Some((member, before)) => Done {
                    sentence: t!(
                        "{name} has the role {role} now.",
                        name = member.name,
                        role = member.role
                    ),
                    undo: Some(vec![
                        ("person_id", member.person_id.to_string()),
                        ("role", before.to_string()),
                        ("was", member.role.to_string()),
                    ]),
                },
                None => plain(t!("The role is set.")),
            }
        }
        _ => return None,
    })
}

/// The link of a new invitation; `code` is missing where the form was sent twice.
pub async fn invited(request: &Request, link: InvitationLink) -> Result<Page> {
    let base_url = request.base_url.clone();
    let now = request.now;
    Ok(Page::workspace(request, t!("Invitation made"), move || {
        let shown = match link.code {
            Some(code) => {
                let address = format!("{base_url}/join/{}", code.reveal());
                view! { <Secret label=t!("Link") value=address /> }.into_any()
            }
            None => view! {
                <Notice tone=Tone::Warn title=t!("This invitation was made before")>
                    {t!("Its link was shown then. Withdraw it and make another if you did not keep it.")}
                </Notice>
            }
            .into_any(),
        };
        view! {
            <div class="narrow">
                <PageHeader
                    title=t!("Invitation made")
                    crumbs=vec![Crumb::new(t!("Members"), "/settings/members")]
                    here=t!("Invitation")
                    lead=|| t!("Send the link to the person. Whoever opens it and signs in joins, once.")
                />
                {shown}
                <Section title=t!("What it gives")>
                    <p>{link.role.in_words()} {t!(", to one person. It ends ")} <Instant at=link.expires_at now /> "."</p>
                </Section>
                <FormActions>
                    <ButtonLink kind=ButtonKind::Quiet href="/settings/members">{t!("To the members")}</ButtonLink>
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
                label=t!("Role")
                hint=t!("Finance accepts licenses, developers register works and create tokens, viewers only look.")
                choices=role_choices(own_role)
                value="viewer"
                required=true
            />
            <FormActions>
                <Button>{t!("Make an invitation link")}</Button>
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
        let label = t!("Role of {name}", name = member.name);
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
                <Button kind=ButtonKind::Quiet>{t!("Set")}</Button>
            </form>
        }
        .into_any()
    } else {
        member.role.in_words().into_any()
    };
    let remove = (own || may_change).then(|| {
        let (label, sentence, button) = if own {
            let sentence = t!("You lose access at once. Somebody must invite you to come back.");
            (t!("Leave"), sentence.to_owned(), t!("Leave the organization"))
        } else {
            let sentence = t!("{name} loses access at once.", name = member.name);
            (t!("Remove"), sentence, t!("Remove this member"))
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
    let name = if own { t!("{name} (you)", name = member.name) } else { member.name };
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
                    .note(t!("Made by {invited_by}", invited_by = invitation.invited_by)),
                Cell::new(view! { <Instant at=invitation.expires_at now /> }),
                Cell::new(view! {
                    <Confirm label=t!("Withdraw") sentence=t!("The link stops working at once.")>
                        <PostForm name="withdraw" row=true>
                            <HiddenField name="invitation_id" value=invitation.invitation_id.to_string() />
                            <Button kind=ButtonKind::Destructive>{t!("Withdraw the invitation")}</Button>
                        </PostForm>
                    </Confirm>
                }),
            ])
        })
        .collect();
    view! {
        <Table
            caption=t!("Open invitations")
            columns=vec![
                Column::text(t!("Role")),
                Column::number(t!("Ends")),
                Column::number(t!("Withdraw")).label_hidden(),
            ]
            rows
            empty=|| {
                view! {
                    <EmptyState
                        title=t!("No open invitations")
                        sentence=t!("Links you make appear here until somebody uses them or they end.")
                    />
                }
                    .into_any()
            }
        />
    }
    .into_any()
}
