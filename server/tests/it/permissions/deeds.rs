//! Each service as one actor calls it, and its answer in a word of the grid.

use std::sync::Arc;

use chrono::TimeDelta;
use imprimatur::{
    domain::{
        actor::Role,
        asset::{ContentId, TypedParticulars},
        catalogue::Search,
        collection::TypedAbout,
        ids::RequestId,
        metering::{Dimensions, Grain, Measures, Range, Reported, Side},
        money::Currency,
        payout::Schedule,
        profile::{Reporting, Said, TypedProfile},
        report::{Dimension, Dimensions as ByDimensions, Metric},
        terms::Scope,
    },
    services::{
        Result, Services,
        assets::{self, Batch, CameOf, Edit, NewAsset, NewVersion},
        billing, catalogue,
        collections::{self, Arrangement, EditCollection},
        find::{self, Found},
        gate::{self, Asker, Trial, Verdict},
        identity::{self, EditOrganization, EditProfile, Invite, NewOrganization},
        licenses::{self, Renewal},
        metering::{self, Outcome},
        mint, offers,
        payments::parties,
        payouts,
        reports::{self, CursorKey, EventFilter, Failed, FailureFilter, UsageFilter},
        sessions, sites, terms,
        tokens::{self, Rotation},
    },
};

use payments_stripe::{Settings, Stripe};
use stripe_sandbox::{Options, Sandbox};

use crate::sites::world::Believing;

use super::stage::{Asking, OUR_ABOUT, Prepared, Stage};

/// Calls the service; answers `yes` if ours was touched or shown, `own` if not, or the refusal.
pub async fn perform(stage: &Stage, service: &str, asking: &Asking, about: Prepared) -> String {
    match call(stage, service, asking, about).await {
        Ok(true) => "yes".to_owned(),
        Ok(false) => "own".to_owned(),
        Err(error) => match error.refusal().unwrap_or_else(|| panic!("{service}: {error}")).code {
            "role_not_allowed" => "no".to_owned(),
            "not_found" => "hid".to_owned(),
            "sign_in_required" => "sign".to_owned(),
            "organization_required" => "join".to_owned(),
            other => other.to_owned(),
        },
    }
}

/// A payment provider that remembers what it was told in this world, and the way to it.
async fn sandbox(services: &Services) -> (Sandbox, Stripe) {
    let options = Options { pool: Some(services.pool.clone()), ..Options::default() };
    let sandbox = Sandbox::start(options).await.unwrap();
    let base_url = Some(sandbox.url().parse().unwrap());
    let settings = Settings { key: "sk_test_of_the_tests".into(), base_url };
    let stripe = Stripe::new(settings, Arc::new(services.clone())).unwrap();
    (sandbox, stripe)
}

async fn call(stage: &Stage, service: &str, asking: &Asking, about: Prepared) -> Result<bool> {
    let (services, actor) = (&stage.world.services, &asking.actor);
    let now = services.now();
    let range = Range::last_days(now, 7, Grain::Day)?;
    let side = Side::Buyer;
    Ok(match service {
        "organization" => identity::organization(services, actor).await?.org_id == stage.org_id,
        "members" => {
            let members = identity::members(services, actor).await?;
            members.iter().any(|member| member.name == "ours")
        }
        "invitations" => {
            let (open, _) = about.invitation.unwrap();
            let listed = identity::invitations(services, actor).await?;
            listed.iter().any(|invitation| invitation.invitation_id == open)
        }
        "edit" => {
            let edit = EditOrganization { name: asking.name.clone(), creator: true, buyer: true };
            identity::edit_organization(services, actor, edit).await?.org_id == stage.org_id
        }
        "profile" => identity::profile(services, actor).await?.profile.about == OUR_ABOUT,
        "edit_profile" => {
            let about = mint::<RequestId>().to_string();
            let typed = TypedProfile { about: about.clone(), ..TypedProfile::default() };
            let revision = match identity::profile(services, actor).await {
                Ok(own) => own.revision,
                Err(_) => 0,
            };
            identity::edit_profile(services, actor, EditProfile { revision, typed }).await?;
            identity::profile(services, &stage.owner).await?.profile.about == about
        }
        "record_consents" => {
            let before = identity::profile(services, &stage.owner).await?.consents[0].clone();
            let said = if before.said == Said::Given { Said::Open } else { Said::Given };
            identity::record_consents(services, actor, &[(before.about, said)]).await?;
            identity::profile(services, &stage.owner).await?.consents[0].said == said
        }
        "choose_reporting" => {
            let before = identity::profile(services, &stage.owner).await?.reporting;
            let reporting = match before {
                Reporting::Full => Reporting::Coarse,
                Reporting::Coarse => Reporting::Full,
            };
            identity::choose_reporting(services, actor, reporting).await?;
            identity::profile(services, &stage.owner).await?.reporting == reporting
        }
        "invite" => {
            let invite = Invite { invitation_id: mint(), role: Role::Viewer };
            let code = identity::invite(services, actor, invite).await?.code.unwrap().reveal();
            identity::invitation(services, actor, &code).await?.org_id == stage.org_id
        }
        "withdraw" => {
            let (invitation_id, _) = about.invitation.unwrap();
            identity::withdraw_invitation(services, actor, invitation_id).await?;
            true
        }
        "change_role" => {
            let person_id = about.person_id.unwrap();
            identity::change_role(services, actor, person_id, Role::Finance).await?;
            true
        }
        "remove" => {
            identity::remove_member(services, actor, about.person_id.unwrap()).await?;
            true
        }
        "works" => {
            let works = assets::list(services, actor).await?;
            works.iter().any(|work| work.asset_id == stage.asset_id)
        }
        "work" => assets::get(services, actor, stage.asset_id).await?.asset_id == stage.asset_id,
        "terms" => !terms::list(services, actor).await?.is_empty(),
        "offers" => {
            let offers = offers::list(services, actor, None).await?;
            offers.iter().any(|offer| offer.asset_id == stage.asset_id)
        }
        "register" | "register_as_ours" => {
            let asset_id =
                assets::register(services, actor, about.new_asset.unwrap()).await?.work()?;
            stage.is_our_work(asset_id).await
        }
        "version" => assets::version(services, actor, stage.asset_id, 1).await?.number == 1,
        "provenance" => {
            let told = assets::provenance(services, actor, "", stage.asset_id).await?;
            told["entity"].is_object()
        }
        "batch" => {
            let text: RequestId = mint();
            let common =
                TypedParticulars { attribution: "Somebody".into(), ..TypedParticulars::default() };
            let mut batch = Batch::new(actor, mint(), common)?;
            let stream = futures::stream::iter([Ok::<_, std::io::Error>(text.to_string().into())]);
            batch.file(services, actor, "a.txt", stream).await?;
            match batch.finish().remove(0).came_of {
                CameOf::Registered(asset_id) => stage.is_our_work(asset_id).await,
                other => panic!("{other:?}"),
            }
        }
        "claims" => {
            let claims = assets::claims(services, actor).await?;
            claims.iter().any(|claim| Some(claim.claim_id) == about.claim_id)
        }
        "withdraw_claim" => {
            assets::withdraw_claim(services, actor, about.claim_id.unwrap()).await?;
            true
        }
        "reopen_claim" => {
            assets::reopen_claim(services, actor, about.claim_id.unwrap()).await?;
            true
        }
        "edit_work" => {
            let now = assets::get(services, &stage.owner, stage.asset_id).await?;
            let typed = TypedParticulars {
                title: mint::<RequestId>().to_string(),
                attribution: "Somebody".into(),
                kind: "text".into(),
                ..TypedParticulars::default()
            };
            let edit = Edit { asset_id: stage.asset_id, revision: now.revision, typed };
            assets::edit(services, actor, edit).await?;
            true
        }
        "add_version" => {
            let NewAsset { staged, file_name, .. } = about.new_asset.unwrap();
            let asset_id = stage.asset_id;
            let new = NewVersion { version_id: mint(), asset_id, file_name, staged };
            assets::add_version(services, actor, new).await?.work()? == stage.asset_id
        }
        "collections" => {
            let listed = collections::list(services, actor).await?;
            listed.iter().any(|each| Some(each.collection_id) == about.collection_id)
        }
        "collection" => {
            let id = about.collection_id.unwrap();
            collections::get(services, actor, id).await?.works.len() == 1
        }
        "with_work" => {
            let found = collections::with_work(services, actor, stage.asset_id).await?;
            found.iter().any(|(id, _)| Some(*id) == about.collection_id)
        }
        "make_collection" | "make_as_ours" => {
            let new = about.new_collection.unwrap();
            let id = new.collection_id;
            collections::make(services, actor, new).await?;
            collections::get(services, &stage.owner, id).await.is_ok()
        }
        "edit_collection" => {
            let collection_id = about.collection_id.unwrap();
            let typed = TypedAbout { title: "Another".into(), ..TypedAbout::default() };
            let edit = EditCollection { collection_id, revision: 1, typed };
            collections::edit(services, actor, edit).await?;
            true
        }
        "add_to_collection" => {
            let (id, works) = (about.collection_id.unwrap(), [stage.asset_id]);
            collections::add(services, actor, id, &works).await? == 0
        }
        "take_out" => {
            let (id, works) = (about.collection_id.unwrap(), [stage.asset_id]);
            collections::take_out(services, actor, id, &works).await? == 1
        }
        "arrange" => {
            let collection_id = about.collection_id.unwrap();
            let places = vec![(stage.asset_id, 2)];
            let asked = Arrangement { collection_id, arrangement: 1, places };
            collections::arrange(services, actor, asked).await?;
            true
        }
        "remove_collection" => {
            collections::remove(services, actor, about.collection_id.unwrap()).await?;
            true
        }
        "sites" => {
            let sites = sites::list(services, actor).await?;
            sites.iter().any(|site| Some(site.asset_id) == about.site_id)
        }
        "site" => {
            let site = sites::get(services, actor, about.site_id.unwrap()).await?;
            Some(site.asset_id) == about.site_id
        }
        "claim" | "claim_as_ours" => {
            let asset_id = sites::claim(services, actor, about.new_site.unwrap()).await?;
            sites::get(services, &stage.owner, asset_id).await.is_ok()
        }
        "trial" => {
            let trial = Trial {
                asset_id: about.site_id.unwrap(),
                path: "/robots.txt".into(),
                asker: Asker::Nobody,
                scope: None,
                job: String::new(),
            };
            gate::trial(services, actor, &trial).await?.1 == Verdict::Free
        }
        "verify" => {
            sites::verify(services, actor, &Believing, about.site_id.unwrap()).await?;
            true
        }
        "change_origin" => {
            let origin = stage.new_site().origin;
            sites::change_origin(services, actor, about.site_id.unwrap(), &origin).await?;
            true
        }
        "publish" => {
            offers::publish(services, actor, stage.new_offer(stage.asset_id)).await?;
            true
        }
        "publish_terms" | "continue_terms" => {
            let digest = terms::publish(services, actor, about.new_terms.unwrap()).await?;
            terms::by_digest(services, &stage.owner, &digest).await?.own
        }
        "preview_offer" => {
            let new = stage.new_offer(stage.asset_id);
            let (asset_id, tiers) = (stage.asset_id, &new.tiers);
            let shown = offers::preview(services, actor, asset_id, &new.terms, tiers).await?;
            !shown.tiers.is_empty()
        }
        "withdraw_offer" => {
            offers::withdraw(services, actor, about.offer_id.unwrap()).await?;
            true
        }
        "restore_offer" => {
            offers::restore(services, actor, about.offer_id.unwrap()).await?;
            true
        }
        "licenses" => {
            let licenses = licenses::list(services, actor).await?;
            licenses.iter().any(|license| license.license_id == stage.license_id)
        }
        "license" => licenses::get(services, actor, stage.license_id).await?.title == "Their work",
        "tokens" => !tokens::list(services, actor, stage.license_id).await?.is_empty(),
        "accept" | "accept_as_ours" => {
            let accepted = licenses::accept(services, actor, about.acceptance.unwrap()).await?;
            stage.is_our_license(accepted).await
        }
        "renew" => {
            // Sent again by whoever comes next, it is renewed once.
            let license = licenses::get(services, &stage.owner, stage.license_id).await?;
            let ends_at = license.starts_at + TimeDelta::days(365);
            let renewal = Renewal { license_id: stage.license_id, ends_at, agreed: true };
            licenses::renew(services, actor, renewal).await? > ends_at
        }
        "cancel" => licenses::cancel(services, actor, stage.license_id).await? > now,
        "resume" => {
            licenses::resume(services, actor, stage.license_id).await?;
            true
        }
        "month_so_far" => {
            let license = licenses::get(services, &stage.owner, stage.license_id).await?;
            let (price, starts_at) = (&license.tier.price, license.starts_at);
            let month =
                reports::month_so_far(services, actor, stage.license_id, price, starts_at).await?;
            month.days.iter().sum::<i64>() > 0
        }
        "cap_spend" => {
            let cap = licenses::set_spend_cap(services, actor, stage.license_id, "3000").await?;
            cap.is_some_and(|cap| cap.decimal() == "3000.00")
        }
        "rotate_token" => {
            let old = about.token_id.unwrap();
            let rotation = Rotation { token_id: mint(), old, overlap_days: 1 };
            let (license_id, secret) = tokens::rotate(services, actor, rotation).await?;
            secret.is_some() && license_id == stage.license_id
        }
        "create_token" => {
            let secret = tokens::create(services, actor, stage.new_token()).await?;
            assert!(secret.is_some());
            true
        }
        "revoke_token" => {
            let license_id = tokens::revoke(services, actor, about.token_id.unwrap()).await?;
            license_id == stage.license_id
        }
        "invoices" => {
            let invoices = billing::invoices(services, actor).await?;
            invoices.iter().any(|invoice| invoice.invoice_id == stage.invoice_id)
        }
        "invoice" => {
            let invoice = billing::invoice(services, actor, stage.invoice_id).await?;
            invoice.row.invoice_id == stage.invoice_id
        }
        "statements" => !billing::statements(services, actor).await?.is_empty(),
        "statement" => {
            let march = "2026-03".parse().unwrap();
            !billing::statement(services, actor, march).await?.is_empty()
        }
        "balances" => {
            let balances = payouts::balances(services, actor).await?;
            balances.iter().any(|balance| balance.pending.micros > 0)
        }
        "decisions" => !payouts::decisions(services, actor).await?.is_empty(),
        "payout" => {
            let (payout, _) = payouts::payout(services, actor, stage.payout_id).await?;
            payout.payout_id == stage.payout_id
        }
        "payout_schedule" => {
            payouts::schedule_of(services, actor).await?;
            actor.org_id() == Some(stage.org_id)
        }
        "set_schedule" => {
            payouts::set_schedule(services, actor, Schedule::Monthly).await?;
            actor.org_id() == Some(stage.org_id)
        }
        // Nobody here has anything that is available, and whoever may ask is told so.
        "request_payout" => match payouts::request(services, actor, Currency::Usd).await {
            Err(error) if error.refusal().is_some_and(|it| it.code == "nothing_to_pay_out") => {
                actor.org_id() == Some(stage.org_id)
            }
            answer => answer?.micros > 0,
        },
        "usage" => {
            let filter = UsageFilter::default();
            reports::usage(services, actor, side, &filter, &range).await?.totals.calls > 0
        }
        "breakdown" => {
            let (filter, by) = (UsageFilter::default(), ByDimensions::one(Dimension::Asset));
            let most = (Metric::Calls, 10);
            let found =
                reports::breakdown(services, actor, side, &filter, &range, by, most).await?;
            !found.groups.is_empty()
        }
        "events" => {
            let (key, filter) = (CursorKey::new(&[7; 32]), EventFilter::default());
            let page = reports::events(services, &key, actor, side, &filter, None, 10).await?;
            !page.lines.is_empty()
        }
        "quotas" => {
            let quotas = reports::quotas(services, actor, side, None, 10).await?;
            quotas.iter().any(|quota| quota.license_id == stage.license_id)
        }
        "refusals" => {
            let filter = UsageFilter::default();
            !reports::refusals(services, actor, side, &filter, &range).await?.is_empty()
        }
        "failures" => {
            let (key, all) = (CursorKey::new(&[7; 32]), FailureFilter::of(Failed::Refused));
            let page = reports::failures(services, &key, actor, side, &all, None, 10).await?;
            !page.lines.is_empty()
        }
        "quota" => reports::quota_used(services, actor, stage.license_id).await? > 0,
        "receipt" => {
            reports::receipt(services, actor, stage.receipt_id).await?.org_id == stage.org_id
        }
        "report" => {
            let event = Reported {
                key: mint::<RequestId>().to_string(),
                license_id: stage.license_id,
                content_id: ContentId::of(b"Their bytes."),
                scope: Scope::Training,
                job: None,
                occurred_at: services.now(),
                measures: Measures { calls: 1, ..Measures::default() },
                dimensions: Dimensions::default(),
                attribution: None,
                cache_hit: false,
            };
            match metering::report(services, actor, &[event]).await?.remove(0) {
                Outcome::Accepted { .. } => true,
                Outcome::Rejected(refusal) => return Err(refusal.into()),
                other => panic!("{other:?}"),
            }
        }
        "own_payments" => {
            parties::own(services, actor).await?;
            false
        }
        "leave_card" | "be_paid" => {
            let (sandbox, stripe) = sandbox(services).await;
            let attempt = mint::<RequestId>().uuid();
            let ways = ("http://portal.test/a".to_owned(), "http://portal.test/b".to_owned());
            let page = if service == "be_paid" {
                parties::onboard(services, &stripe, actor, "US", attempt, ways).await?
            } else {
                parties::leave_card(services, &stripe, actor, attempt, ways).await?
            };
            assert!(page.url.starts_with(sandbox.url()));
            false
        }
        "person" => {
            identity::person(services, actor).await?.person_id != actor.person_id().unwrap()
        }
        "organizations" => {
            let memberships = identity::organizations_of(services, actor).await?;
            memberships.iter().any(|membership| membership.org_id == stage.org_id)
        }
        "found" => {
            let new = NewOrganization {
                org_id: mint(),
                name: "A new one".into(),
                creator: true,
                buyer: false,
                person_name: None,
            };
            identity::found_organization(services, actor, new).await?.org_id == stage.org_id
        }
        "act_for" => identity::act_for(services, actor, stage.org_id).await?.org_id == stage.org_id,
        "accept_invitation" => {
            let (_, code) = about.invitation.unwrap();
            let member = identity::accept_invitation(services, actor, &code.reveal()).await?;
            member.org_id == stage.org_id
        }
        "sessions" => {
            let sessions = sessions::list(services, actor, None).await?;
            sessions.iter().any(|session| session.session_id == stage.session_id)
        }
        "revoke_session" => {
            sessions::revoke(services, actor, stage.session_id).await?;
            true
        }
        "catalogue" => {
            let (key, every) = (CursorKey::new(&[7; 32]), Search::default());
            let page = catalogue::page(services, &key, actor, &every, None).await?;
            let facets = catalogue::facets(services, actor, &every).await?;
            !facets.kinds.is_empty()
                && (page.older.is_some()
                    || page.works.iter().any(|work| work.asset_id == stage.asset_id))
        }
        "catalogue_work" => {
            let work = catalogue::work(services, actor, stage.asset_id).await?;
            work.org_id == stage.org_id
        }
        "find_own" => {
            let found = find::find(services, actor, "Our work").await?;
            found.iter().any(
                |each| matches!(each, Found::Work { asset_id, .. } if *asset_id == stage.asset_id),
            )
        }
        "find_offered" => {
            let found = find::find(services, actor, "Their work").await?;
            found.iter().any(|each| matches!(each, Found::Offered { .. }))
        }
        "similar_works" => {
            let works = catalogue::similar(services, actor, stage.asset_id).await?;
            works.iter().all(|work| work.asset_id != stage.asset_id)
        }
        "creator" => {
            let work = catalogue::work(services, actor, stage.asset_id).await?;
            let key = CursorKey::new(&[7; 32]);
            let creator = catalogue::creator(services, &key, actor, &work.creator_slug).await?;
            creator.name == work.creator
        }
        "shown_collection" => {
            let (key, every) = (CursorKey::new(&[7; 32]), Search::default());
            let id = about.collection_id.unwrap();
            let shown = catalogue::collection(services, &key, actor, &every, id, None).await?;
            shown.works.total == 1 && shown.own == (actor.org_id() == Some(stage.org_id))
        }
        "shown_collections" => {
            let all = catalogue::collections(services, actor).await?;
            let of_work = catalogue::collections_with(services, actor, stage.asset_id).await?;
            [all, of_work].iter().all(|shown| {
                shown.iter().any(|each| Some(each.collection_id) == about.collection_id)
            })
        }
        "find_collection" => {
            let typed = about.collection_id.unwrap().to_string();
            let found = find::find(services, actor, &typed).await?;
            let named = Search { typed, ..Search::default() };
            !catalogue::matching(services, actor, &named).await?.is_empty()
                && found.iter().any(|each| matches!(each, Found::OnShow { .. }))
        }
        "held_license" => {
            let license = licenses::get(services, &stage.owner, stage.license_id).await?;
            licenses::for_work(services, actor, license.asset_id).await?.is_some()
        }
        "invitation" => {
            let (_, code) = about.invitation.unwrap();
            identity::invitation(services, actor, &code.reveal()).await?.org_id == stage.org_id
        }
        unknown => panic!("no service is called {unknown}"),
    })
}
