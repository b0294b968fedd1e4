//! Our organization, a foreign one with the same roles, and a seller both buy from.
//!
//! Always true: every act finds what it is about as new, whatever the act before did to it.

use std::{collections::BTreeMap, path::PathBuf};

use imprimatur::{
    domain::{
        access_token::TypedLimits,
        actor::{Actor, Role, Who},
        asset::{ContentId, Particulars},
        collection::TypedAbout,
        identity::InvitationCode,
        ids::{
            AssetId, ClaimId, CollectionId, InvitationId, InvoiceId, LicenseId, OfferId, OrgId,
            PayoutId, PersonId, ReceiptId, SessionId, TermsId, TokenId, VersionId,
        },
        pricing::TypedTiers,
        profile::TypedProfile,
        site::{Ground, Origin, SiteHost},
        terms::{Scope, TypedTerms, template},
    },
    services::{
        assets::{self, NewAsset, Registered},
        collections::{self, NewCollection},
        content::Staged,
        identity::{self, EditOrganization, EditProfile, Invite},
        licenses::{self, Acceptance},
        mint,
        offers::{self, NewOffer},
        sessions,
        sites::{self, NewSite},
        terms::{self, NewTerms},
        tokens::{self, NewToken},
    },
};
use sqlx::PgPool;

use super::money;
use crate::{
    visitor::{Tier, Visitor},
    world::World,
};

/// What our organization says about itself.
pub const OUR_ABOUT: &str = "We are ours.";

/// A visitor, a person, and every role of two organizations.
pub const COLUMNS: usize = 12;

/// Somebody who asks.
pub struct Asking {
    pub name: String,
    pub actor: Actor,
}

pub struct Stage {
    pub world: World,
    pub actors: Vec<Asking>,
    pub org_id: OrgId,
    pub asset_id: AssetId,
    pub license_id: LicenseId,
    pub receipt_id: ReceiptId,
    pub session_id: SessionId,
    pub invoice_id: InvoiceId,
    pub payout_id: PayoutId,
    pub owner: Actor,
    seller: Actor,
}

/// What one act is about, made just before it.
#[derive(Default)]
pub struct Prepared {
    pub person_id: Option<PersonId>,
    pub invitation: Option<(InvitationId, InvitationCode)>,
    pub token_id: Option<TokenId>,
    pub acceptance: Option<Acceptance>,
    pub new_asset: Option<NewAsset>,
    pub new_site: Option<NewSite>,
    pub site_id: Option<AssetId>,
    pub claim_id: Option<ClaimId>,
    pub new_terms: Option<NewTerms>,
    pub offer_id: Option<OfferId>,
    pub new_collection: Option<NewCollection>,
    pub collection_id: Option<CollectionId>,
}

impl Stage {
    pub async fn new(pool: PgPool) -> Self {
        let world = World::new(pool).await;
        let both = ["creator", "buyer"];
        let mut owner = world.owner("ours", &both).await;
        let mut foreign = world.owner("foreign", &both).await;
        let mut seller = world.owner("seller", &both).await;
        let asset_id = owner.register("Our work", "Our bytes.").await;
        owner.publish_offer(asset_id).await;
        let sold_id = seller.register("Their work", "Their bytes.").await;
        seller.publish_offer(sold_id).await;
        let license_id = owner.accept(sold_id, Tier::Paid).await;
        let token = owner.create_token(license_id).await;
        let content_id = ContentId::of(b"Their bytes.");
        owner.fetch_until(&content_id, &token.secret, 200).await;
        let receipt_id = sqlx::query_scalar("select receipt_id from receipt")
            .fetch_one(&world.services.pool)
            .await
            .unwrap();

        let org_id = owner.org_id.unwrap();
        let (invoice_id, payout_id) = money::ours(&world.services.pool, org_id, license_id).await;

        let person = world.person("person").await;
        let mut actors =
            vec![asking("visitor", &world.visitor()).await, asking("person", &person).await];
        for (side, head) in [("", &mut owner), ("foreign ", &mut foreign)] {
            actors.push(asking(&format!("{side}owner"), head).await);
            for &role in &Role::ALL[1..] {
                let name = format!("{side}{role}");
                let colleague = world.colleague(head, role, &name).await;
                actors.push(asking(&name, &colleague).await);
            }
        }
        assert_eq!(actors.len(), COLUMNS);
        let nobody = world.person("another of ours").await.actor().await;
        let sessions = sessions::list(&world.services, &nobody, None).await.unwrap();
        Self {
            actors,
            org_id,
            asset_id,
            license_id,
            receipt_id,
            session_id: sessions[0].session_id,
            invoice_id,
            payout_id,
            owner: owner.actor().await,
            seller: seller.actor().await,
            world,
        }
    }

    /// The owner of an organization on one side only.
    pub async fn side(&self, name: &str, side: &str) -> Asking {
        let visitor = self.world.owner(name, &[side]).await;
        asking(name, &visitor).await
    }

    /// Makes what the act is about.
    pub async fn prepare(&self, service: &str) -> Prepared {
        let services = &self.world.services;
        let mut prepared = Prepared::default();
        match service {
            "invitations" | "withdraw" | "invitation" | "accept_invitation" => {
                prepared.invitation = Some(self.invitation().await);
            }
            "change_role" | "remove" => {
                let name = mint::<PersonId>().to_string();
                let person = self.world.person(&name).await.actor().await;
                let (_, code) = self.invitation().await;
                identity::accept_invitation(services, &person, &code.reveal()).await.unwrap();
                prepared.person_id = person.person_id();
            }
            "revoke_token" | "rotate_token" => {
                let new = self.new_token();
                prepared.token_id = Some(new.token_id);
                tokens::create(services, &self.owner, new).await.unwrap();
            }
            "register" | "add_version" => prepared.new_asset = Some(self.new_asset().await),
            "register_as_ours" => {
                let staged = self.staged("Our bytes.").await;
                let new = NewAsset { asset_id: self.asset_id, ..self.new_asset().await };
                services.content.drop_staged(&new.staged).await.unwrap();
                prepared.new_asset = Some(NewAsset { staged, ..new });
            }
            "claims" | "withdraw_claim" | "reopen_claim" => {
                let staged = self.staged("Their bytes.").await;
                let new = self.new_asset().await;
                services.content.drop_staged(&new.staged).await.unwrap();
                let new = NewAsset { staged, ..new };
                match assets::register(services, &self.owner, new).await.unwrap() {
                    Registered::Claim(claim_id) => prepared.claim_id = Some(claim_id),
                    Registered::Work(_) => panic!("their bytes are ours"),
                }
                if service == "reopen_claim" {
                    let claim_id = prepared.claim_id.unwrap();
                    assets::withdraw_claim(services, &self.owner, claim_id).await.unwrap();
                }
            }
            "claim" => prepared.new_site = Some(self.new_site()),
            "claim_as_ours" => {
                let again = self.new_site();
                let ours = NewSite { host: again.host.clone(), ..self.new_site() };
                let asset_id = sites::claim(services, &self.owner, ours).await.unwrap();
                prepared.new_site = Some(NewSite { asset_id, ..again });
            }
            "sites" | "site" | "trial" | "verify" | "change_origin" => {
                let ours = sites::claim(services, &self.owner, self.new_site()).await.unwrap();
                prepared.site_id = Some(ours);
            }
            "publish_terms" => prepared.new_terms = Some(new_terms("")),
            "continue_terms" => {
                let first = terms::publish(services, &self.owner, new_terms("")).await.unwrap();
                prepared.new_terms = Some(new_terms(&first));
            }
            "withdraw_offer" | "restore_offer" => {
                let new = self.new_asset().await;
                let asset_id = assets::register(services, &self.owner, new).await.unwrap();
                let offer = self.new_offer(asset_id.work().unwrap());
                let offer_id = offers::publish(services, &self.owner, offer).await.unwrap();
                prepared.offer_id = Some(offer_id);
                if service == "restore_offer" {
                    offers::withdraw(services, &self.owner, offer_id).await.unwrap();
                }
            }
            "profile" => {
                let own = identity::profile(services, &self.owner).await.unwrap();
                let typed = TypedProfile { about: OUR_ABOUT.into(), ..TypedProfile::default() };
                let edit = EditProfile { revision: own.revision, typed };
                identity::edit_profile(services, &self.owner, edit).await.unwrap();
            }
            "make_collection" => prepared.new_collection = Some(new_collection(Vec::new())),
            "make_as_ours" => {
                let new = new_collection(Vec::new());
                collections::make(services, &self.owner, new.clone()).await.unwrap();
                prepared.new_collection = Some(new);
            }
            "collections" | "collection" | "with_work" | "edit_collection" | "take_out"
            | "add_to_collection" | "arrange" | "remove_collection" | "shown_collection"
            | "shown_collections" | "find_collection" => {
                let new = new_collection(vec![self.asset_id]);
                prepared.collection_id = Some(new.collection_id);
                collections::make(services, &self.owner, new).await.unwrap();
            }
            "accept" => prepared.acceptance = Some(self.on_offer().await),
            "accept_as_ours" => {
                let license_id = self.license_id;
                let license = licenses::get(services, &self.owner, license_id).await.unwrap();
                let asset_id = license.asset_id;
                let held = licenses::for_work(services, &self.owner, asset_id).await.unwrap();
                prepared.acceptance = Some(Acceptance {
                    license_id,
                    asset_id,
                    tier_id: held.unwrap().tier_id,
                    terms_digest: license.terms.digest,
                    agreed: true,
                });
            }
            _ => {}
        }
        prepared
    }

    /// Undoes what an act did to those who act.
    pub async fn mend(&self, column: usize) {
        let services = &self.world.services;
        let edit = EditOrganization { name: "ours".into(), creator: true, buyer: true };
        identity::edit_organization(services, &self.owner, edit).await.unwrap();
        let person_id = self.actors[column].actor.person_id();
        let ours = self.actors[column].actor.org_id() == Some(self.org_id);
        if let Some(person_id) = person_id.filter(|_| !ours) {
            // Whoever accepted an invitation of ours leaves again.
            match identity::remove_member(services, &self.owner, person_id).await {
                Ok(()) => {}
                Err(error) => assert_eq!(error.refusal().unwrap().code, "not_found"),
            }
        }
    }

    /// Every row, and the content that is kept; what an upload has staged must be gone afterwards.
    pub async fn before(&self) -> (BTreeMap<String, String>, Vec<PathBuf>) {
        let mut kept = self.world.kept();
        kept.retain(|path| !path.components().any(|part| part.as_os_str() == "staging"));
        (self.world.rows().await, kept)
    }

    pub fn new_token(&self) -> NewToken {
        NewToken {
            token_id: mint(),
            license_id: self.license_id,
            name: "crawler".into(),
            scopes: vec![Scope::Training],
            expires_in_days: Some(1),
            limits: TypedLimits::default(),
        }
    }

    /// A site of its own host and its own origin.
    pub fn new_site(&self) -> NewSite {
        let asset_id: AssetId = mint();
        let host = format!("{}.test", asset_id.to_string().to_lowercase());
        let ground = Ground { own_host: "127.0.0.1", sandbox: true };
        NewSite {
            asset_id,
            particulars: Particulars::of_site("A site", "", "Somebody").unwrap(),
            host: SiteHost::parse(&host, ground).unwrap(),
            origin: Origin::parse(&format!("https://origin.{host}"), ground).unwrap(),
        }
    }

    pub fn new_offer(&self, asset_id: AssetId) -> NewOffer {
        NewOffer {
            offer_id: mint::<OfferId>(),
            asset_id,
            terms: "all-uses".into(),
            tiers: tiers(),
            buyer: String::new(),
        }
    }

    async fn invitation(&self) -> (InvitationId, InvitationCode) {
        let invite = Invite { invitation_id: mint(), role: Role::Viewer };
        let link = identity::invite(&self.world.services, &self.owner, invite).await.unwrap();
        (link.invitation_id, link.code.unwrap())
    }

    async fn staged(&self, text: &str) -> Staged {
        let chunk = Ok::<_, std::io::Error>(text.to_owned().into());
        self.world.services.content.stage(futures::stream::iter([chunk])).await.unwrap()
    }

    async fn new_asset(&self) -> NewAsset {
        let asset_id: AssetId = mint();
        NewAsset {
            asset_id,
            particulars: Particulars::parse("A work", "", "Somebody", "text").unwrap(),
            file_name: "work.txt".into(),
            staged: self.staged(&mint::<VersionId>().to_string()).await,
        }
    }

    /// A new work of the seller's, on offer.
    async fn on_offer(&self) -> Acceptance {
        let services = &self.world.services;
        let new = self.new_asset().await;
        let asset_id = assets::register(services, &self.seller, new).await.unwrap().work().unwrap();
        offers::publish(services, &self.seller, self.new_offer(asset_id)).await.unwrap();
        let offer = offers::current(services, asset_id).await.unwrap().unwrap();
        Acceptance {
            license_id: mint(),
            asset_id,
            tier_id: offer.tiers[1].tier_id,
            terms_digest: offer.terms.digest,
            agreed: true,
        }
    }

    /// Whether a license is of our organization.
    pub async fn is_our_license(&self, license_id: LicenseId) -> bool {
        licenses::get(&self.world.services, &self.owner, license_id).await.is_ok()
    }

    /// Whether a work is of our organization.
    pub async fn is_our_work(&self, asset_id: AssetId) -> bool {
        assets::get(&self.world.services, &self.owner, asset_id).await.is_ok()
    }
}

async fn asking(name: &str, visitor: &Visitor) -> Asking {
    let actor = visitor.actor().await;
    assert!(!matches!(actor.who, Who::System));
    Asking { name: name.to_owned(), actor }
}

/// Terms that nobody has published, in the place of these.
fn new_terms(replaces: &str) -> NewTerms {
    let terms_id: TermsId = mint();
    let typed = TypedTerms::of(&template("training").unwrap().terms);
    let typed = TypedTerms { name: terms_id.to_string(), ..typed };
    NewTerms { terms_id, typed, replaces: replaces.to_owned() }
}

/// A collection that nobody has made.
fn new_collection(works: Vec<AssetId>) -> NewCollection {
    let collection_id: CollectionId = mint();
    let typed = TypedAbout { title: collection_id.to_string(), ..TypedAbout::default() };
    NewCollection { collection_id, typed, works }
}

fn tiers() -> TypedTiers {
    TypedTiers {
        currency: "USD".into(),
        free_units: "1".into(),
        free_rate: "1".into(),
        paid_name: "Standard".into(),
        paid_base: "2500".into(),
        paid_units: "1".into(),
        paid_overage: String::new(),
        paid_rate: "1".into(),
        ..TypedTiers::default()
    }
}
