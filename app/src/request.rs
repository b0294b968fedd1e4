//! What every page is given, and what it answers with.
//!
//! A page is an async function from a `Request` to a `Page`: it asks the services, and a refusal
//! becomes the page that says so. What is drawn needs nothing more from outside.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, Utc};
use imprimatur::{
    domain::{
        actor::{Actor, Deed, Role, Sides, Who},
        error::Refusal,
        ids::{OrgId, RequestId, SessionId},
        metering::Side,
        profile::Reporting,
    },
    services::{self, Services, identity, reports::CursorKey, storefront::Storefront},
};
use leptos::prelude::*;
use leptos_meta::{Link, Meta, Title, provide_meta_context};
use url::form_urlencoded;

use crate::{
    shell::{
        Account, NavGroup, NavItem, OtherOrganization, PrintFoot, PublicLayout, WorkspaceLayout,
    },
    ui::{Typed, text::in_markup},
};

/// What the address says of the deed that led there, for a toast.
const TOLD: [&str; 3] = ["done", "of", "before"];

/// One request for a page.
#[derive(Clone)]
pub struct Request {
    pub services: Services,
    pub actor: Actor,
    /// The browser's session, to tell it from the person's others.
    pub session_id: Option<SessionId>,
    /// Signs the cursors of feeds.
    pub cursor_key: Arc<CursorKey>,
    /// Where the portal is reached from outside, without a slash at the end.
    pub base_url: String,
    pub path: String,
    pub query: BTreeMap<String, String>,
    pub now: DateTime<Utc>,
    /// Who looks, for the layout; missing for visitors.
    pub viewer: Option<Viewer>,
    /// Ways to sign in: a provider's key and its name.
    pub providers: Vec<(String, String)>,
    /// Whether this is a demo: seeded people, sandboxes, no real money.
    pub demo: bool,
    /// What is said of the whole market.
    pub storefront: Arc<Storefront>,
    /// What was typed into a form of this page before its sender had to sign in.
    pub typed: Option<Typed>,
}

/// Who is signed in, for the layout.
#[derive(Clone, Debug)]
pub struct Viewer {
    pub person: String,
    pub organization: Option<Acting>,
    pub others: Vec<(OrgId, String)>,
}

/// The organization acted for.
#[derive(Clone, Debug)]
pub struct Acting {
    pub name: String,
    pub role: Role,
    pub sides: Sides,
    /// How closely it looks at the use of its works.
    pub reporting: Reporting,
}

impl Viewer {
    /// Reads who is signed in; `None` for visitors.
    pub async fn read(services: &Services, actor: &Actor) -> services::Result<Option<Self>> {
        if actor.person_id().is_none() {
            return Ok(None);
        }
        let person = identity::person(services, actor).await?;
        let mut organization = None;
        let mut others = Vec::new();
        for membership in identity::organizations_of(services, actor).await? {
            if Some(membership.org_id) == actor.org_id() {
                organization = Some(Acting {
                    name: membership.name,
                    role: membership.role,
                    sides: membership.sides,
                    reporting: match actor.who {
                        Who::Member(member) => member.reporting,
                        Who::Visitor | Who::Person(_) | Who::System => Reporting::Full,
                    },
                });
            } else {
                others.push((membership.org_id, membership.name));
            }
        }
        Ok(Some(Self { person: person.name, organization, others }))
    }
}

impl Request {
    /// The id that errors quote and the log can be searched for.
    pub const fn request_id(&self) -> RequestId {
        self.actor.request_id
    }

    /// A parameter of the query, if it is there and not empty.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The whole address, as somebody else may open it; without what a toast was told.
    fn address(&self) -> String {
        let asked = self.query.iter().filter(|(name, _)| !TOLD.contains(&name.as_str()));
        let query: String =
            form_urlencoded::Serializer::new(String::new()).extend_pairs(asked).finish();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{}{}{mark}{query}", self.base_url, self.path)
    }

    /// The sides of the market the viewer's organization acts on; neither for visitors.
    pub const fn sides(&self) -> Sides {
        match self.actor.who {
            Who::Member(member) => member.sides,
            Who::Visitor | Who::Person(_) | Who::System => Sides { creator: false, buyer: false },
        }
    }

    /// Whether the viewer's organization sees use from this side coarsely.
    pub fn sees_coarsely(&self, side: Side) -> bool {
        matches!(self.actor.who, Who::Member(member) if member.sees_coarsely(side))
    }

    /// Refuses visitors, who should sign in, and people without an organization, who should found
    /// or join one.
    pub fn member_only(&self) -> services::Result<()> {
        self.actor.may(Deed::ReadOrganization)?;
        Ok(())
    }
}

/// A page, drawn when it is called for.
pub struct Page {
    pub title: String,
    /// For search engines, previews and lists of tabs.
    pub description: Option<String>,
    /// The one address of a page that anybody may link to.
    canonical: Option<String>,
    /// Whether search engines are asked to leave it out.
    unlisted: bool,
    base_url: String,
    pub status: u16,
    view: Box<dyn FnOnce() -> AnyView + Send>,
}

impl Page {
    /// A page anybody may see.
    pub fn public<V: IntoView + 'static>(
        request: &Request,
        title: impl Into<String>,
        description: impl Into<String>,
        view: impl FnOnce() -> V + Send + 'static,
    ) -> Self {
        let (path, address, now) = (request.path.clone(), request.address(), request.now);
        let workspace = request.viewer.is_some().then(|| "/overview".to_owned());
        Self {
            title: title.into(),
            description: Some(description.into()),
            canonical: Some(format!("{}{}", request.base_url, request.path)),
            unlisted: false,
            base_url: request.base_url.clone(),
            status: 200,
            view: Box::new(move || {
                let view = view! { {view()} <PrintFoot address now /> };
                match workspace {
                    Some(workspace) => {
                        view! { <PublicLayout path workspace>{view}</PublicLayout> }.into_any()
                    }
                    None => view! { <PublicLayout path>{view}</PublicLayout> }.into_any(),
                }
            }),
        }
    }

    /// A page of the workspace. Somebody without an organization sees it in the public layout.
    pub fn workspace<V: IntoView + 'static>(
        request: &Request,
        title: impl Into<String>,
        view: impl FnOnce() -> V + Send + 'static,
    ) -> Self {
        let title = title.into();
        let Some((viewer, acting)) = request
            .viewer
            .as_ref()
            .and_then(|viewer| Some((viewer, viewer.organization.as_ref()?)))
        else {
            return Self::public(request, title, "", view).unlisted();
        };
        let account = Account {
            organization: acting.name.clone(),
            person: viewer.person.clone(),
            role: acting.role.in_words().to_owned(),
            others: viewer
                .others
                .iter()
                .map(|(id, name)| OtherOrganization { id: id.to_string(), name: name.clone() })
                .collect(),
            switch_action: "/auth/act-for".into(),
            sign_out_action: "/auth/sign-out".into(),
            links: vec![
                NavItem::new(t!("Your sessions"), "/settings/sessions"),
                NavItem::new(t!("Create another organization"), "/welcome"),
                NavItem::new(t!("Documentation"), "/docs"),
            ],
        };
        let nav = navigation(acting);
        let description = Some(t!("{title}: {name}, on Imprimatur.", name = acting.name));
        let (path, address, now) = (request.path.clone(), request.address(), request.now);
        Self {
            title,
            description,
            canonical: None,
            unlisted: false,
            base_url: request.base_url.clone(),
            status: 200,
            view: Box::new(move || {
                let view = view! { {view()} <PrintFoot address now /> };
                view! {
                    <WorkspaceLayout path nav account>
                        {view}
                    </WorkspaceLayout>
                }
                .into_any()
            }),
        }
    }

    /// A page that brings its own layout.
    pub fn bare<V: IntoView + 'static>(
        title: impl Into<String>,
        view: impl FnOnce() -> V + Send + 'static,
    ) -> Self {
        Self {
            title: title.into(),
            description: None,
            canonical: None,
            unlisted: false,
            base_url: String::new(),
            status: 200,
            view: Box::new(move || view().into_any()),
        }
    }

    /// The same page, which search engines are asked to leave out.
    #[must_use]
    pub fn unlisted(self) -> Self {
        Self { canonical: None, unlisted: true, ..self }
    }

    /// The same page with another status.
    #[must_use]
    pub fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// Draws the page with its title, once.
    pub fn draw(self) -> AnyView {
        provide_meta_context();
        let title = in_markup(&t!("{title} · Imprimatur", title = self.title));
        let described = self.description.filter(|description| !description.is_empty());
        let description =
            described.clone().map(|content| view! { <Meta name="description" content /> });
        let card = self.canonical.map(|address| {
            let described = described.unwrap_or_default();
            view! { <Card title=self.title described address base_url=self.base_url /> }.into_any()
        });
        let robots = self.unlisted.then(|| view! { <Meta name="robots" content="noindex" /> });
        view! {
            <Title text=title />
            {description}
            {card}
            {robots}
            {(self.view)()}
        }
        .into_any()
    }
}

/// What a page shows of itself where it is linked (ogp.me), and its one address.
#[component]
fn Card(title: String, described: String, address: String, base_url: String) -> impl IntoView {
    let image = format!("{base_url}/social-card.png");
    view! {
        <Link rel="canonical" href=address.clone() />
        <Meta property="og:site_name" content="Imprimatur" />
        <Meta property="og:type" content="website" />
        <Meta property="og:title" content=title />
        <Meta property="og:description" content=described />
        <Meta property="og:url" content=address />
        <Meta property="og:image" content=image />
        <Meta property="og:image:width" content="1200" />
        <Meta property="og:image:height" content="630" />
        <Meta property="og:image:alt" content=t!("Imprimatur: work licensed to AI companies, and every line of every payout proved.") />
        <Meta name="twitter:card" content="summary_large_image" />
    }
}

/// Where the workspace leads, for whoever acts so. The command palette leads there too.
pub(crate) fn navigation(acting: &Acting) -> Vec<NavGroup> {
    let (sides, sees_money) = (acting.sides, acting.role.may(Deed::ReadMoney));
    let mut work = vec![NavItem::new(t!("Overview"), "/overview").key('o')];
    if sides.creator {
        work.push(NavItem::new(t!("Works"), "/assets").key('w'));
        work.push(NavItem::new(t!("Collections"), "/assets/collections").key('k'));
        work.push(NavItem::new(t!("Sites"), "/sites").key('i'));
        work.push(NavItem::new(t!("Terms"), "/terms").key('t'));
        work.push(NavItem::new(t!("Offers"), "/offers").key('f'));
    }
    if sides.buyer {
        work.push(NavItem::new(t!("Catalogue"), "/catalogue").key('c'));
        work.push(NavItem::new(t!("Licenses"), "/licenses").key('l'));
    }
    work.push(NavItem::new(t!("Usage"), "/usage").key('u'));
    // Who sees its works coarsely and buys nothing has no feed of single uses.
    if sides.buyer || acting.reporting == Reporting::Full {
        work.push(NavItem::new(t!("Event feed"), "/feed").key('e'));
    }
    let mut money = Vec::new();
    if sides.creator && sees_money {
        money.push(NavItem::new(t!("Earnings"), "/earnings").key('a'));
        money.push(NavItem::new(t!("Payouts"), "/payouts").key('p'));
        money.push(NavItem::new(t!("Getting paid"), "/settings/payouts"));
    }
    if sides.buyer && sees_money {
        money.push(NavItem::new(t!("Invoices"), "/invoices").key('v'));
        money.push(NavItem::new(t!("Payment method"), "/settings/payment"));
    }
    let organization = vec![
        NavItem::new(t!("Members"), "/settings/members").key('m'),
        NavItem::new(t!("Profile"), "/settings/profile").key('r'),
        NavItem::new(t!("Settings"), "/settings").key('s'),
    ];
    let mut groups = vec![NavGroup { title: None, items: work }];
    if !money.is_empty() {
        groups.push(NavGroup { title: Some(t!("Money").into()), items: money });
    }
    groups.push(NavGroup { title: Some(t!("Organization").into()), items: organization });
    groups
}

/// What a page says when it is refused.
pub fn refused(request: &Request, refusal: &Refusal) -> Page {
    use crate::ui::ErrorPage;

    let status = refusal.kind.status();
    let (title, advice) = match (refusal.code, status) {
        ("reports_coarse", _) => {
            (t!("Only coarse reports here"), t!("Full ones can be chosen again at any time."))
        }
        ("not_a_creator" | "not_a_buyer", _) => {
            (t!("Not for this organization"), t!("An owner or admin can turn it on in Settings."))
        }
        ("sign_in_denied", _) => (t!("You are not signed in"), t!("Sign in whenever you like.")),
        ("invalid_cursor" | "expired_cursor", _) => {
            (t!("This part of the list is gone"), t!("Open the list again from the navigation."))
        }
        (_, 404) => (
            t!("There is nothing here"),
            t!("Check the address, or go back to where you came from."),
        ),
        (_, 403) => {
            (t!("Not with your role"), t!("Switch organization, or ask an owner or admin."))
        }
        (_, 410) => (t!("This is over"), t!("Ask for a new link.")),
        (_, 503) => (t!("Somebody else does not answer"), t!("Try again in a minute.")),
        _ => (t!("That did not work"), t!("Go back and try again.")),
    };
    let (sentence, code) = (refusal.sentence.clone(), refusal.code);
    let request_id = request.request_id().to_string();
    let way_on = match refusal.code {
        "not_a_creator" | "not_a_buyer" => ("/settings", t!("Open Settings")),
        "reports_coarse" => ("/settings/profile#reporting", t!("Open Profile and privacy")),
        "invalid_cursor" | "expired_cursor" if request.path == "/catalogue" => {
            ("/catalogue", t!("Open the catalogue"))
        }
        "invalid_cursor" | "expired_cursor" => ("/feed", t!("Open the feed")),
        _ if refusal.code.starts_with("sign_in") || refusal.code.starts_with("provider") => {
            ("/sign-in", t!("Sign in again"))
        }
        _ if request.viewer.is_some() => ("/overview", t!("Go to your overview")),
        _ => ("/", t!("Go to the start page")),
    };
    let page = move || view! { <ErrorPage title sentence advice code request_id way_on /> };
    let page = if request.viewer.is_some() {
        Page::workspace(request, title, page)
    } else {
        Page::public(request, title, "", page).unlisted()
    };
    page.status(status)
}

/// What a page says when something broke: nothing of what, and where to find it in the log.
pub fn broken(request: &Request) -> Page {
    use crate::ui::ErrorPage;

    let request_id = request.request_id().to_string();
    let page = move || {
        view! {
            <ErrorPage
                title=t!("Something broke on our side")
                sentence=t!("Nothing you did caused this, and nothing was changed.")
                advice=t!("Try again in a moment. If it stays, send us the request id.")
                request_id
            />
        }
    };
    Page::public(request, t!("Something broke"), "", page).unlisted().status(500)
}
