//! The rules of people, organizations, members and invitations, on a real database.

use std::time::Duration;

use sqlx::PgPool;

use super::*;
use crate::{
    domain::{
        actor::{Actor, Member, Role, Sides, Who},
        identity::ProvenIdentity,
        ids::{InvitationId, OrgId, PersonId},
    },
    services::{Result, Services, mint, testing},
};

fn visitor() -> Actor {
    Actor { who: Who::Visitor, request_id: mint() }
}

fn person_of(person_id: PersonId) -> Actor {
    Actor { who: Who::Person(person_id), request_id: mint() }
}

fn proven(subject: &str, email: &str) -> ProvenIdentity {
    ProvenIdentity::new("https://id.example", subject, Some(subject), Some(email)).unwrap()
}

async fn newcomer(services: &Services, subject: &str) -> Actor {
    let email = format!("{subject}@example.com");
    let person = sign_in(services, &visitor(), proven(subject, &email)).await.unwrap();
    person_of(person.person_id)
}

fn named(name: &str) -> NewOrganization {
    NewOrganization {
        org_id: mint(),
        name: name.to_owned(),
        creator: true,
        buyer: false,
        person_name: None,
    }
}

/// The person as a member, as the middleware would say it now.
async fn acting_for(services: &Services, actor: &Actor, org_id: OrgId) -> Actor {
    let member = act_for(services, actor, org_id).await.unwrap();
    Actor { who: Who::Member(member), request_id: mint() }
}

async fn founder(services: &Services, subject: &str) -> (Actor, OrgId) {
    let person = newcomer(services, subject).await;
    let organization = found_organization(services, &person, named(subject)).await.unwrap();
    (acting_for(services, &person, organization.org_id).await, organization.org_id)
}

async fn link(services: &Services, actor: &Actor, role: Role) -> InvitationLink {
    invite(services, actor, Invite { invitation_id: mint(), role }).await.unwrap()
}

async fn join(services: &Services, owner: &Actor, subject: &str, role: Role) -> Actor {
    let code = link(services, owner, role).await.code.unwrap().reveal();
    let person = newcomer(services, subject).await;
    let member = accept_invitation(services, &person, &code).await.unwrap();
    Actor { who: Who::Member(member), request_id: mint() }
}

fn code_of<T: std::fmt::Debug>(result: Result<T>) -> &'static str {
    result.unwrap_err().refusal().unwrap().code
}

async fn events_named(services: &Services, name: &str) -> i64 {
    sqlx::query_scalar!(r#"select count(*) as "n!" from event where name = $1"#, name)
        .fetch_one(&services.pool)
        .await
        .unwrap()
}

#[sqlx::test]
async fn a_person_is_a_subject_and_never_an_address(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let first = sign_in(&services, &visitor(), proven("mira", "m@example.com")).await.unwrap();
    let again = sign_in(&services, &visitor(), proven("mira", "new@example.com")).await.unwrap();
    let other = sign_in(&services, &visitor(), proven("mallory", "new@example.com")).await.unwrap();
    assert_eq!(first.person_id, again.person_id);
    assert_eq!(again.email.as_deref(), Some("new@example.com"));
    assert_ne!(other.person_id, first.person_id);
    assert_eq!(person(&services, &person_of(first.person_id)).await.unwrap(), again);
    assert_eq!(code_of(person(&services, &visitor()).await), "sign_in_required");
    assert_eq!(events_named(&services, "person.joined").await, 2);
    assert_eq!(events_named(&services, "session.started").await, 3);
}

#[sqlx::test]
async fn a_newcomer_who_arrives_twice_at_once_is_one_person(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let actor = visitor();
    let arrive = || sign_in(&services, &actor, proven("mira", "m@example.com"));
    let (a, b, c) = tokio::join!(arrive(), arrive(), arrive());
    let first = a.unwrap().person_id;
    assert_eq!([first, first], [b.unwrap().person_id, c.unwrap().person_id]);
    assert_eq!(events_named(&services, "person.joined").await, 1);
    assert_eq!(events_named(&services, "session.started").await, 3);
}

#[sqlx::test]
async fn a_founder_owns_what_they_found(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let mira = newcomer(&services, "mira").await;
    assert_eq!(latest_member(&services, &mira).await.unwrap(), None);
    let new = NewOrganization { person_name: Some("Mira O.".to_owned()), ..named("Salt & Roads") };
    let founded = found_organization(&services, &mira, new.clone()).await.unwrap();
    assert_eq!(founded.slug, "salt-roads");
    assert_eq!(person(&services, &mira).await.unwrap().name, "Mira O.");
    let member = latest_member(&services, &mira).await.unwrap().unwrap();
    assert_eq!((member.org_id, member.role), (founded.org_id, Role::Owner));
    assert_eq!(member.sides, Sides { creator: true, buyer: false });

    // Sent again: the same answer, nothing new. Sent by somebody else: no such thing.
    assert_eq!(found_organization(&services, &mira, new.clone()).await.unwrap(), founded);
    let theo = newcomer(&services, "theo").await;
    assert_eq!(code_of(found_organization(&services, &theo, new).await), "not_found");
    assert_eq!(organizations_of(&services, &theo).await.unwrap(), []);
    assert_eq!(events_named(&services, "organization.founded").await, 1);
    assert_eq!(
        code_of(found_organization(&services, &visitor(), named("X")).await),
        "sign_in_required"
    );
}

#[sqlx::test]
async fn a_name_that_is_taken_gets_another_slug(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let mira = newcomer(&services, "mira").await;
    let mut slugs = std::collections::BTreeSet::new();
    for _ in 0..12 {
        slugs.insert(found_organization(&services, &mira, named("Acme")).await.unwrap().slug);
    }
    assert_eq!(slugs.len(), 12);
    assert!(slugs.contains("acme") && slugs.contains("acme-9"), "{slugs:?}");
    let long = "ß".repeat(120);
    for _ in 0..11 {
        found_organization(&services, &mira, named(&long)).await.unwrap();
    }
}

#[sqlx::test]
async fn bad_input_about_an_organization_names_its_field(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let mira = newcomer(&services, "mira").await;
    let field = |result: Result<Organization>| {
        result.unwrap_err().refusal().unwrap().field.clone().unwrap().into_owned()
    };
    let neither = NewOrganization { creator: false, ..named("Acme") };
    assert_eq!(field(found_organization(&services, &mira, neither).await), "sides");
    assert_eq!(field(found_organization(&services, &mira, named(" ")).await), "name");
    assert_eq!(field(found_organization(&services, &mira, named("a\0")).await), "name");
    let nameless = NewOrganization { person_name: Some("x".repeat(121)), ..named("Acme") };
    assert_eq!(field(found_organization(&services, &mira, nameless).await), "person_name");
    assert_eq!(organizations_of(&services, &mira).await.unwrap(), []);
}

#[sqlx::test]
async fn an_owner_edits_and_a_viewer_only_reads(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let (owner, org_id) = founder(&services, "mira").await;
    let viewer = join(&services, &owner, "vera", Role::Viewer).await;
    let edit = EditOrganization { name: "Salt".to_owned(), creator: true, buyer: true };
    assert_eq!(
        code_of(edit_organization(&services, &viewer, edit.clone()).await),
        "role_not_allowed"
    );
    let edited = edit_organization(&services, &owner, edit.clone()).await.unwrap();
    assert_eq!((edited.name.as_str(), edited.slug.as_str()), ("Salt", "mira"));
    edit_organization(&services, &owner, edit).await.unwrap();
    assert_eq!(events_named(&services, "organization.edited").await, 1);
    assert_eq!(organization(&services, &viewer).await.unwrap(), edited);
    let fresh = member_of(&services.pool, viewer.person_id().unwrap(), org_id).await.unwrap();
    assert_eq!(fresh.unwrap().sides, Sides { creator: true, buyer: true });
}

#[sqlx::test]
async fn a_person_switches_between_their_own_organizations_only(pool: PgPool) {
    let (services, clock) = testing::services(pool);
    let (mira, first) = founder(&services, "mira").await;
    clock.advance(Duration::from_secs(1));
    let second = found_organization(&services, &mira, named("Beta")).await.unwrap().org_id;
    assert_eq!(latest_member(&services, &mira).await.unwrap().unwrap().org_id, second);
    clock.advance(Duration::from_secs(1));
    assert_eq!(act_for(&services, &mira, first).await.unwrap().org_id, first);
    assert_eq!(latest_member(&services, &mira).await.unwrap().unwrap().org_id, first);
    let names: Vec<_> =
        organizations_of(&services, &mira).await.unwrap().into_iter().map(|o| o.name).collect();
    assert_eq!(names, ["Beta", "mira"]);
    let theo = newcomer(&services, "theo").await;
    assert_eq!(code_of(act_for(&services, &theo, first).await), "not_found");
    assert_eq!(code_of(act_for(&services, &theo, mint()).await), "not_found");
}

#[sqlx::test]
async fn an_invitation_lets_one_person_in_once(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let (owner, org_id) = founder(&services, "mira").await;
    let id: InvitationId = mint();
    let sent = Invite { invitation_id: id, role: Role::Finance };
    let made = invite(&services, &owner, sent).await.unwrap();
    let code = made.code.unwrap().reveal();
    let repeated = invite(&services, &owner, sent).await.unwrap();
    assert_eq!((repeated.code, repeated.expires_at), (None, made.expires_at));
    let (stranger, _) = founder(&services, "stranger").await;
    assert_eq!(code_of(invite(&services, &stranger, sent).await), "not_found");

    let seen = invitation(&services, &visitor(), &code).await.unwrap();
    assert_eq!((seen.organization.as_str(), seen.role), ("mira", Role::Finance));
    assert!(!seen.is_member);
    assert_eq!(code_of(accept_invitation(&services, &visitor(), &code).await), "sign_in_required");
    // A member who follows the link does not use it up.
    let owner_again = accept_invitation(&services, &owner, &code).await.unwrap();
    assert_eq!(owner_again.role, Role::Owner);

    let (a, b) = (newcomer(&services, "ann").await, newcomer(&services, "ben").await);
    let (won, lost) = match tokio::join!(
        accept_invitation(&services, &a, &code),
        accept_invitation(&services, &b, &code)
    ) {
        (Ok(member), Err(error)) | (Err(error), Ok(member)) => (member, error),
        other => panic!("exactly one may join: {other:?}"),
    };
    assert_eq!((won.org_id, won.role), (org_id, Role::Finance));
    assert_eq!(lost.refusal().unwrap().code, "invitation_used");
    assert_eq!(lost.refusal().unwrap().kind.status(), 410);
    let winner = person_of(won.person_id);
    assert_eq!(accept_invitation(&services, &winner, &code).await.unwrap(), won);
    assert!(invitation(&services, &winner, &code).await.unwrap().is_member);
    assert_eq!(code_of(invitation(&services, &visitor(), &code).await), "invitation_used");
    assert_eq!(code_of(withdraw_invitation(&services, &owner, id).await), "invitation_used");
    assert_eq!(events_named(&services, "member.joined").await, 1);
    assert_eq!(members(&services, &owner).await.unwrap().len(), 2);
}

#[sqlx::test]
async fn an_invitation_ends_after_a_week_or_when_it_is_withdrawn(pool: PgPool) {
    let (services, clock) = testing::services(pool);
    let (owner, _) = founder(&services, "mira").await;
    let ann = newcomer(&services, "ann").await;
    let withdrawn = link(&services, &owner, Role::Viewer).await;
    withdraw_invitation(&services, &owner, withdrawn.invitation_id).await.unwrap();
    withdraw_invitation(&services, &owner, withdrawn.invitation_id).await.unwrap();
    assert_eq!(events_named(&services, "invitation.withdrawn").await, 1);
    let code = withdrawn.code.unwrap().reveal();
    assert_eq!(code_of(accept_invitation(&services, &ann, &code).await), "invitation_withdrawn");

    let late = link(&services, &owner, Role::Viewer).await;
    assert_eq!(invitations(&services, &owner).await.unwrap().len(), 1);
    clock.advance(Duration::from_secs(7 * 24 * 3600));
    assert_eq!(invitations(&services, &owner).await.unwrap(), []);
    let code = late.code.unwrap().reveal();
    assert_eq!(code_of(accept_invitation(&services, &ann, &code).await), "invitation_expired");
    for wrong in [
        "",
        "x",
        "\0",
        &code[1..],
        &link(&services, &owner, Role::Viewer).await.invitation_id.to_string(),
    ] {
        assert_eq!(code_of(accept_invitation(&services, &ann, wrong).await), "not_found");
        assert_eq!(code_of(invitation(&services, &visitor(), wrong).await), "not_found");
    }
    assert_eq!(code_of(withdraw_invitation(&services, &owner, mint()).await), "not_found");
    let (stranger, _) = founder(&services, "stranger").await;
    let foreign = withdraw_invitation(&services, &stranger, late.invitation_id).await;
    assert_eq!(code_of(foreign), "not_found");
}

#[sqlx::test]
async fn the_code_of_an_invitation_is_kept_only_as_its_hash(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let (owner, _) = founder(&services, "mira").await;
    let code = link(&services, &owner, Role::Viewer).await.code.unwrap();
    let kept = sqlx::query_scalar!("select code_hash from invitation")
        .fetch_one(&services.pool)
        .await
        .unwrap();
    assert_eq!(kept, code.hash());
    let told = sqlx::query_scalar!(r#"select string_agg(event::text, '') as "all!" from event"#)
        .fetch_one(&services.pool)
        .await
        .unwrap();
    assert!(!told.contains(&code.reveal()));
}

#[sqlx::test]
async fn nobody_grants_more_than_they_hold(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let (owner, _) = founder(&services, "mira").await;
    let admin = join(&services, &owner, "adam", Role::Admin).await;
    let viewer = join(&services, &owner, "vera", Role::Viewer).await;
    let (owner_id, viewer_id) = (owner.person_id().unwrap(), viewer.person_id().unwrap());
    let refused = "role_not_allowed";

    let above = Invite { invitation_id: mint(), role: Role::Owner };
    assert_eq!(code_of(invite(&services, &admin, above).await), refused);
    let from_below = Invite { invitation_id: mint(), role: Role::Viewer };
    assert_eq!(code_of(invite(&services, &viewer, from_below).await), refused);
    assert_eq!(code_of(change_role(&services, &admin, viewer_id, Role::Owner).await), refused);
    assert_eq!(code_of(change_role(&services, &admin, owner_id, Role::Viewer).await), refused);
    assert_eq!(code_of(remove_member(&services, &admin, owner_id).await), refused);
    assert_eq!(code_of(change_role(&services, &viewer, viewer_id, Role::Admin).await), refused);
    let admin_id = admin.person_id().unwrap();
    assert_eq!(code_of(remove_member(&services, &viewer, admin_id).await), refused);
    let owners_own = link(&services, &owner, Role::Owner).await.invitation_id;
    assert_eq!(code_of(withdraw_invitation(&services, &admin, owners_own).await), refused);

    change_role(&services, &admin, viewer_id, Role::Developer).await.unwrap();
    change_role(&services, &admin, viewer_id, Role::Developer).await.unwrap();
    assert_eq!(events_named(&services, "member.role_changed").await, 1);
    let roles: Vec<_> =
        members(&services, &owner).await.unwrap().into_iter().map(|m| m.role).collect();
    assert_eq!(roles, [Role::Owner, Role::Admin, Role::Developer]);
    let (stranger, _) = founder(&services, "stranger").await;
    let foreign = change_role(&services, &stranger, viewer_id, Role::Viewer).await;
    assert_eq!(code_of(foreign), "not_found");
    assert_eq!(code_of(remove_member(&services, &stranger, viewer_id).await), "not_found");
}

#[sqlx::test]
async fn the_last_owner_stays(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let (owner, _) = founder(&services, "mira").await;
    let owner_id = owner.person_id().unwrap();
    let demoted = change_role(&services, &owner, owner_id, Role::Admin).await;
    assert_eq!(code_of(demoted), "last_owner");
    assert_eq!(code_of(remove_member(&services, &owner, owner_id).await), "last_owner");
    let viewer = join(&services, &owner, "vera", Role::Viewer).await;
    remove_member(&services, &viewer, viewer.person_id().unwrap()).await.unwrap();
    join(&services, &owner, "olga", Role::Owner).await;
    remove_member(&services, &owner, owner_id).await.unwrap();
    assert_eq!(events_named(&services, "member.removed").await, 2);
}

#[sqlx::test]
async fn two_owners_who_leave_at_once_leave_one_behind(pool: PgPool) {
    let (services, _) = testing::services(pool);
    for round in 0..8 {
        let (a, org_id) = founder(&services, &format!("a{round}")).await;
        let b = join(&services, &a, &format!("b{round}"), Role::Owner).await;
        let (a_id, b_id) = (a.person_id().unwrap(), b.person_id().unwrap());
        // Each other, each themselves, and one of both.
        let (first, second) = match round % 3 {
            0 => {
                tokio::join!(remove_member(&services, &a, b_id), remove_member(&services, &b, a_id))
            }
            1 => tokio::join!(
                remove_member(&services, &a, a_id),
                change_role(&services, &b, b_id, Role::Viewer)
            ),
            _ => tokio::join!(
                change_role(&services, &a, b_id, Role::Viewer),
                change_role(&services, &b, a_id, Role::Viewer)
            ),
        };
        assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
        let owners = sqlx::query_scalar!(
            r#"select count(*) as "n!" from member where org_id = $1 and role = 'owner'"#,
            org_id.uuid()
        )
        .fetch_one(&services.pool)
        .await
        .unwrap();
        assert_eq!(owners, 1);
    }
}

#[sqlx::test]
async fn a_role_that_was_taken_away_counts_no_more(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let (owner, _) = founder(&services, "mira").await;
    let admin = join(&services, &owner, "adam", Role::Admin).await;
    let viewer = join(&services, &owner, "vera", Role::Viewer).await;
    let (admin_id, viewer_id) = (admin.person_id().unwrap(), viewer.person_id().unwrap());
    let left_open = link(&services, &admin, Role::Admin).await;
    change_role(&services, &owner, admin_id, Role::Viewer).await.unwrap();

    // `admin` still says what the request began with; the database knows better.
    let refused = "role_not_allowed";
    let stale = Invite { invitation_id: mint(), role: Role::Viewer };
    assert_eq!(code_of(invite(&services, &admin, stale).await), refused);
    assert_eq!(code_of(remove_member(&services, &admin, viewer_id).await), refused);
    let open = link(&services, &owner, Role::Viewer).await.invitation_id;
    assert_eq!(code_of(withdraw_invitation(&services, &admin, open).await), refused);
    let code = left_open.code.unwrap().reveal();
    let ann = newcomer(&services, "ann").await;
    assert_eq!(code_of(accept_invitation(&services, &ann, &code).await), "invitation_withdrawn");
    let Who::Member(Member { org_id, .. }) = owner.who else { panic!("the owner is a member") };
    remove_member(&services, &owner, admin_id).await.unwrap();
    assert_eq!(member_of(&services.pool, admin_id, org_id).await.unwrap(), None);
    assert_eq!(code_of(remove_member(&services, &admin, viewer_id).await), "not_found");
}
