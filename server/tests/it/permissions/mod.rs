//! Who may do what: every deed in every role, against a grid that is written out here.
//!
//! Always true: a deed that is added to the product and not to the grid does not compile, and a
//! call that is refused changes no row and leaves no content behind.

mod deeds;
pub mod money;
mod stage;

use std::collections::BTreeMap;

use imprimatur::domain::actor::{Deed, Role};
use sqlx::PgPool;

use self::stage::{COLUMNS, Stage};

/// What each word of the grid means:
///
/// - `yes`: done, or shown;
/// - `own`: done or shown for the actor's own organization, and nothing of ours was touched;
/// - `no`: `role_not_allowed`;
/// - `hid`: `not_found`, whether it is somebody else's or does not exist;
/// - `sign`: `sign_in_required`;
/// - `join`: `organization_required`.
const GRID: &str = "
                                 visitor person | owner admin finance developer viewer | foreign owner admin finance developer viewer
organization.read organization      sign join   | yes   yes   yes     yes       yes    |         own   own   own     own       own
organization.read members           sign join   | yes   yes   yes     yes       yes    |         own   own   own     own       own
organization.read invitations       sign join   | yes   yes   yes     yes       yes    |         own   own   own     own       own
organization.read profile           sign join   | yes   yes   yes     yes       yes    |         own   own   own     own       own
organization.edit edit_profile      sign join   | yes   yes   no      no        no     |         own   own   no      no        no
organization.edit record_consents   sign join   | yes   yes   no      no        no     |         own   own   no      no        no
organization.edit choose_reporting  sign join   | yes   yes   no      no        no     |         own   own   no      no        no
organization.edit edit              sign join   | yes   yes   no      no        no     |         own   own   no      no        no
member.invite     invite            sign join   | yes   yes   no      no        no     |         own   own   no      no        no
member.invite     withdraw          sign join   | yes   yes   no      no        no     |         hid   hid   no      no        no
member.change     change_role       sign join   | yes   yes   no      no        no     |         hid   hid   no      no        no
member.change     remove            sign join   | yes   yes   no      no        no     |         hid   hid   no      no        no
asset.read        works             sign join   | yes   yes   yes     yes       yes    |         own   own   own     own       own
asset.read        work              sign join   | yes   yes   yes     yes       yes    |         hid   hid   hid     hid       hid
asset.read        terms             sign join   | yes   yes   yes     yes       yes    |         own   own   own     own       own
asset.read        offers            sign join   | yes   yes   yes     yes       yes    |         own   own   own     own       own
asset.read        sites             sign join   | yes   yes   yes     yes       yes    |         own   own   own     own       own
asset.read        site              sign join   | yes   yes   yes     yes       yes    |         hid   hid   hid     hid       hid
asset.read        trial             sign join   | yes   yes   yes     yes       yes    |         hid   hid   hid     hid       hid
asset.read        version           sign join   | yes   yes   yes     yes       yes    |         hid   hid   hid     hid       hid
asset.read        provenance        sign join   | yes   yes   yes     yes       yes    |         hid   hid   hid     hid       hid
asset.read        claims            sign join   | yes   yes   yes     yes       yes    |         own   own   own     own       own
asset.read        collections       sign join   | yes   yes   yes     yes       yes    |         own   own   own     own       own
asset.read        collection        sign join   | yes   yes   yes     yes       yes    |         hid   hid   hid     hid       hid
asset.read        with_work         sign join   | yes   yes   yes     yes       yes    |         own   own   own     own       own
asset.register    register          sign join   | yes   yes   no      yes       no     |         own   own   no      own       no
asset.register    register_as_ours  sign join   | yes   yes   no      yes       no     |         hid   hid   no      hid       no
asset.register    batch             sign join   | yes   yes   no      yes       no     |         own   own   no      own       no
asset.register    withdraw_claim    sign join   | yes   yes   no      yes       no     |         hid   hid   no      hid       no
asset.register    reopen_claim      sign join   | yes   yes   no      yes       no     |         hid   hid   no      hid       no
asset.edit        edit_work         sign join   | yes   yes   no      yes       no     |         hid   hid   no      hid       no
asset.edit        add_version       sign join   | yes   yes   no      yes       no     |         hid   hid   no      hid       no
asset.edit        make_collection   sign join   | yes   yes   no      yes       no     |         own   own   no      own       no
asset.edit        make_as_ours      sign join   | yes   yes   no      yes       no     |         hid   hid   no      hid       no
asset.edit        edit_collection   sign join   | yes   yes   no      yes       no     |         hid   hid   no      hid       no
asset.edit        add_to_collection sign join   | yes   yes   no      yes       no     |         hid   hid   no      hid       no
asset.edit        take_out          sign join   | yes   yes   no      yes       no     |         hid   hid   no      hid       no
asset.edit        arrange           sign join   | yes   yes   no      yes       no     |         hid   hid   no      hid       no
asset.edit        remove_collection sign join   | yes   yes   no      yes       no     |         hid   hid   no      hid       no
site.manage       claim             sign join   | yes   yes   no      yes       no     |         own   own   no      own       no
site.manage       claim_as_ours     sign join   | yes   yes   no      yes       no     |         hid   hid   no      hid       no
site.manage       verify            sign join   | yes   yes   no      yes       no     |         hid   hid   no      hid       no
site.manage       change_origin     sign join   | yes   yes   no      yes       no     |         hid   hid   no      hid       no
terms.publish     publish_terms     sign join   | yes   yes   no      no        no     |         own   own   no      no        no
terms.publish     continue_terms    sign join   | yes   yes   no      no        no     |         hid   hid   no      no        no
offer.publish     publish           sign join   | yes   yes   no      no        no     |         hid   hid   no      no        no
offer.publish     preview_offer     sign join   | yes   yes   no      no        no     |         hid   hid   no      no        no
offer.publish     withdraw_offer    sign join   | yes   yes   no      no        no     |         hid   hid   no      no        no
offer.publish     restore_offer     sign join   | yes   yes   no      no        no     |         hid   hid   no      no        no
license.read      licenses          sign join   | yes   yes   yes     yes       yes    |         own   own   own     own       own
license.read      license           sign join   | yes   yes   yes     yes       yes    |         hid   hid   hid     hid       hid
license.read      tokens            sign join   | yes   yes   yes     yes       yes    |         own   own   own     own       own
license.accept    accept            sign join   | yes   yes   yes     no        no     |         own   own   own     no        no
license.accept    accept_as_ours    sign join   | yes   yes   yes     no        no     |         hid   hid   hid     no        no
license.accept    renew             sign join   | yes   yes   yes     no        no     |         hid   hid   hid     no        no
license.accept    leave_card        sign join   | own   own   own     no        no     |         own   own   own     no        no
license.cancel    cancel            sign join   | yes   yes   yes     no        no     |         hid   hid   hid     no        no
license.cancel    resume            sign join   | yes   yes   yes     no        no     |         hid   hid   hid     no        no
license.cap_spend cap_spend         sign join   | yes   yes   yes     no        no     |         hid   hid   hid     no        no
token.create      create_token      sign join   | yes   yes   no      yes       no     |         hid   hid   no      hid       no
token.rotate      rotate_token      sign join   | yes   yes   no      yes       no     |         hid   hid   no      hid       no
token.revoke      revoke_token      sign join   | yes   yes   no      yes       no     |         hid   hid   no      hid       no
usage.read        usage             sign join   | yes   yes   yes     yes       yes    |         own   own   own     own       own
usage.read        breakdown         sign join   | yes   yes   yes     yes       yes    |         own   own   own     own       own
usage.read        events            sign join   | yes   yes   yes     yes       yes    |         own   own   own     own       own
usage.read        quotas            sign join   | yes   yes   yes     yes       yes    |         own   own   own     own       own
usage.read        refusals          sign join   | own   own   own     own       own    |         own   own   own     own       own
usage.read        failures          sign join   | own   own   own     own       own    |         own   own   own     own       own
usage.read        quota             sign join   | yes   yes   yes     yes       yes    |         own   own   own     own       own
usage.read        month_so_far      sign join   | yes   yes   yes     yes       yes    |         own   own   own     own       own
usage.read        receipt           sign join   | yes   yes   yes     yes       yes    |         hid   hid   hid     hid       hid
money.read        invoices          sign join   | yes   yes   yes     no        no     |         own   own   own     no        no
money.read        statements        sign join   | yes   yes   yes     no        no     |         own   own   own     no        no
money.read        statement         sign join   | yes   yes   yes     no        no     |         own   own   own     no        no
money.read        invoice           sign join   | yes   yes   yes     no        no     |         hid   hid   hid     no        no
money.read        balances          sign join   | yes   yes   yes     no        no     |         own   own   own     no        no
money.read        decisions         sign join   | yes   yes   yes     no        no     |         own   own   own     no        no
money.read        payout            sign join   | yes   yes   yes     no        no     |         hid   hid   hid     no        no
money.read        payout_schedule   sign join   | yes   yes   yes     no        no     |         own   own   own     no        no
payout.manage     set_schedule      sign join   | yes   yes   yes     no        no     |         own   own   own     no        no
payout.manage     request_payout    sign join   | yes   yes   yes     no        no     |         own   own   own     no        no
usage.report      report            sign join   | yes   yes   no      yes       no     |         hid   hid   no      hid       no
money.read        own_payments      sign join   | own   own   own     no        no     |         own   own   own     no        no
payout.manage     be_paid           sign join   | own   own   own     no        no     |         own   own   own     no        no
person            person            sign own    | own   own   own     own       own    |         own   own   own     own       own
person            organizations     sign own    | yes   yes   yes     yes       yes    |         own   own   own     own       own
person            found             sign own    | own   own   own     own       own    |         own   own   own     own       own
person            act_for           sign hid    | yes   yes   yes     yes       yes    |         hid   hid   hid     hid       hid
person            accept_invitation sign yes    | yes   yes   yes     yes       yes    |         yes   yes   yes     yes       yes
person            sessions          sign own    | own   own   own     own       own    |         own   own   own     own       own
person            revoke_session    sign hid    | hid   hid   hid     hid       hid    |         hid   hid   hid     hid       hid
anybody           catalogue         yes  yes    | yes   yes   yes     yes       yes    |         yes   yes   yes     yes       yes
anybody           catalogue_work    yes  yes    | yes   yes   yes     yes       yes    |         yes   yes   yes     yes       yes
anybody           find_own          own  own    | yes   yes   yes     yes       yes    |         own   own   own     own       own
anybody           find_offered      yes  yes    | yes   yes   yes     yes       yes    |         yes   yes   yes     yes       yes
anybody           similar_works     yes  yes    | yes   yes   yes     yes       yes    |         yes   yes   yes     yes       yes
anybody           creator           yes  yes    | yes   yes   yes     yes       yes    |         yes   yes   yes     yes       yes
anybody           shown_collection  yes  yes    | yes   yes   yes     yes       yes    |         yes   yes   yes     yes       yes
anybody           shown_collections yes  yes    | yes   yes   yes     yes       yes    |         yes   yes   yes     yes       yes
anybody           find_collection   yes  yes    | yes   yes   yes     yes       yes    |         yes   yes   yes     yes       yes
anybody           held_license      own  own    | yes   yes   yes     yes       yes    |         own   own   own     own       own
anybody           invitation        yes  yes    | yes   yes   yes     yes       yes    |         yes   yes   yes     yes       yes
";

/// The services behind a deed.
const fn services_of(deed: Deed) -> &'static [&'static str] {
    match deed {
        Deed::ReadOrganization => &["organization", "members", "invitations", "profile"],
        Deed::EditOrganization => &["edit", "edit_profile", "record_consents", "choose_reporting"],
        Deed::InviteMember => &["invite", "withdraw"],
        Deed::ChangeMember => &["change_role", "remove"],
        Deed::ReadAssets => &[
            "works",
            "work",
            "version",
            "provenance",
            "terms",
            "offers",
            "claims",
            "sites",
            "site",
            "trial",
            "collections",
            "collection",
            "with_work",
        ],
        Deed::RegisterAsset => {
            &["register", "register_as_ours", "batch", "withdraw_claim", "reopen_claim"]
        }
        Deed::EditAsset => &[
            "edit_work",
            "add_version",
            "make_collection",
            "make_as_ours",
            "edit_collection",
            "add_to_collection",
            "take_out",
            "arrange",
            "remove_collection",
        ],
        Deed::ManageSite => &["claim", "claim_as_ours", "verify", "change_origin"],
        Deed::PublishTerms => &["publish_terms", "continue_terms"],
        Deed::PublishOffer => &["publish", "preview_offer", "withdraw_offer", "restore_offer"],
        Deed::ReadLicenses => &["licenses", "license", "tokens"],
        Deed::AcceptLicense => &["accept", "accept_as_ours", "renew", "leave_card"],
        Deed::CancelLicense => &["cancel", "resume"],
        Deed::CapSpend => &["cap_spend"],
        Deed::CreateToken => &["create_token"],
        Deed::RotateToken => &["rotate_token"],
        Deed::RevokeToken => &["revoke_token"],
        Deed::ReadUsage => &[
            "usage",
            "breakdown",
            "events",
            "quotas",
            "refusals",
            "failures",
            "quota",
            "month_so_far",
            "receipt",
        ],
        Deed::ReportUsage => &["report"],
        Deed::ReadMoney => &[
            "invoices",
            "invoice",
            "statements",
            "statement",
            "balances",
            "decisions",
            "payout",
            "payout_schedule",
            "own_payments",
        ],
        Deed::ManagePayouts => &["set_schedule", "request_payout", "be_paid"],
    }
}

/// The grid's cells by (deed, service).
fn grid() -> BTreeMap<(&'static str, &'static str), Vec<&'static str>> {
    let rows = GRID.lines().filter(|line| !line.trim().is_empty()).skip(1);
    rows.map(|row| {
        let mut words = row.split_whitespace().filter(|word| *word != "|");
        let key = (words.next().unwrap(), words.next().unwrap());
        (key, words.collect())
    })
    .collect()
}

#[test]
fn every_deed_and_every_role_is_in_the_grid() {
    let grid = grid();
    let listed: Vec<_> = grid.keys().filter(|(deed, _)| deed.contains('.')).copied().collect();
    let mut known: Vec<_> = Deed::ALL
        .iter()
        .flat_map(|deed| services_of(*deed).iter().map(|service| (deed.as_str(), *service)))
        .collect();
    known.sort_unstable();
    assert_eq!(listed, known);
    assert_eq!(COLUMNS, 2 + 2 * Role::ALL.len());
    assert!(grid.values().all(|cells| cells.len() == COLUMNS), "{grid:?}");
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn every_role_may_do_what_the_grid_says_and_nothing_else(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let mut wrong = Vec::new();
    for ((deed, service), expected) in grid() {
        for (column, expected) in expected.into_iter().enumerate() {
            let prepared = stage.prepare(service).await;
            let before = stage.before().await;
            let actor = &stage.actors[column];
            let answer = deeds::perform(&stage, service, actor, prepared).await;
            if answer != expected {
                wrong.push(format!("{deed} {service} as {}: {answer}, not {expected}", actor.name));
            }
            if !matches!(answer.as_str(), "yes" | "own") {
                let after = (stage.world.rows().await, stage.world.kept());
                assert_eq!(before, after, "{service} as {} was refused", actor.name);
            }
            stage.mend(column).await;
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    stage.world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn an_organization_does_only_what_its_side_does(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let seller = stage.side("only-sells", "creator").await;
    let buyer = stage.side("only-buys", "buyer").await;
    for (service, actor, code) in [
        ("register", &buyer, "not_a_creator"),
        ("batch", &buyer, "not_a_creator"),
        ("edit_work", &buyer, "not_a_creator"),
        ("add_version", &buyer, "not_a_creator"),
        ("withdraw_claim", &buyer, "not_a_creator"),
        ("make_collection", &buyer, "not_a_creator"),
        ("edit_collection", &buyer, "not_a_creator"),
        ("add_to_collection", &buyer, "not_a_creator"),
        ("take_out", &buyer, "not_a_creator"),
        ("arrange", &buyer, "not_a_creator"),
        ("remove_collection", &buyer, "not_a_creator"),
        ("record_consents", &buyer, "not_a_creator"),
        ("choose_reporting", &buyer, "not_a_creator"),
        ("claim", &buyer, "not_a_creator"),
        ("publish", &buyer, "not_a_creator"),
        ("publish_terms", &buyer, "not_a_creator"),
        ("preview_offer", &buyer, "not_a_creator"),
        ("withdraw_offer", &buyer, "not_a_creator"),
        ("restore_offer", &buyer, "not_a_creator"),
        ("reopen_claim", &buyer, "not_a_creator"),
        ("be_paid", &buyer, "not_a_creator"),
        ("leave_card", &seller, "not_a_buyer"),
        ("accept", &seller, "not_a_buyer"),
        ("renew", &seller, "not_a_buyer"),
        ("cancel", &seller, "not_a_buyer"),
        ("resume", &seller, "not_a_buyer"),
        ("cap_spend", &seller, "not_a_buyer"),
        ("invoices", &seller, "not_a_buyer"),
        ("invoice", &seller, "not_a_buyer"),
        ("statements", &buyer, "not_a_creator"),
        ("statement", &buyer, "not_a_creator"),
        ("balances", &buyer, "not_a_creator"),
        ("decisions", &buyer, "not_a_creator"),
        ("payout", &buyer, "not_a_creator"),
        ("payout_schedule", &buyer, "not_a_creator"),
        ("set_schedule", &buyer, "not_a_creator"),
        ("request_payout", &buyer, "not_a_creator"),
        ("create_token", &seller, "not_a_buyer"),
        ("rotate_token", &seller, "not_a_buyer"),
    ] {
        let prepared = stage.prepare(service).await;
        let before = stage.before().await;
        assert_eq!(deeds::perform(&stage, service, actor, prepared).await, code, "{service}");
        let after = (stage.world.rows().await, stage.world.kept());
        assert_eq!(before, after, "{service}");
    }
    stage.world.gate.close().await;
}
