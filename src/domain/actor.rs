//! Who asks, and what their role allows. A service cannot be called without an `Actor`.
//!
//! `Role::may` is the whole permission grid of an organization; nothing else decides by role.

use super::{
    error::{Kind, Refusal},
    ids::{OrgId, PersonId, RequestId},
    metering::Side,
    profile::Reporting,
    text::text_enum,
};

text_enum! {
    /// A member's role in an organization, most powerful first.
    pub enum Role("role") {
        Owner = "owner",
        Admin = "admin",
        Finance = "finance",
        Developer = "developer",
        Viewer = "viewer",
    }
}

text_enum! {
    /// Everything a member can ask for on behalf of the organization.
    pub enum Deed("deed") {
        ReadOrganization = "organization.read",
        EditOrganization = "organization.edit",
        InviteMember = "member.invite",
        ChangeMember = "member.change",
        ReadAssets = "asset.read",
        RegisterAsset = "asset.register",
        EditAsset = "asset.edit",
        ManageSite = "site.manage",
        PublishTerms = "terms.publish",
        PublishOffer = "offer.publish",
        ReadLicenses = "license.read",
        AcceptLicense = "license.accept",
        CancelLicense = "license.cancel",
        CapSpend = "license.cap_spend",
        CreateToken = "token.create",
        RotateToken = "token.rotate",
        RevokeToken = "token.revoke",
        ReadUsage = "usage.read",
        ReportUsage = "usage.report",
        ReadMoney = "money.read",
        ManagePayouts = "payout.manage",
    }
}

impl Role {
    /// The role, in a sentence.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Owner => t!("owner"),
            Self::Admin => t!("admin"),
            Self::Finance => t!("finance"),
            Self::Developer => t!("developer"),
            Self::Viewer => t!("viewer"),
        }
    }
}

impl Deed {
    /// What the deed is, to complete "Your role cannot …".
    pub fn in_words(self) -> &'static str {
        match self {
            Self::ReadOrganization => t!("see this organization"),
            Self::EditOrganization => t!("change the organization's profile"),
            Self::InviteMember => t!("invite members"),
            Self::ChangeMember => t!("change or remove members"),
            Self::ReadAssets => t!("see works"),
            Self::RegisterAsset => t!("register works"),
            Self::EditAsset => t!("change works"),
            Self::ManageSite => t!("claim or change sites"),
            Self::PublishTerms => t!("publish terms"),
            Self::PublishOffer => t!("publish offers"),
            Self::ReadLicenses => t!("see licenses"),
            Self::AcceptLicense => t!("accept licenses"),
            Self::CancelLicense => t!("cancel licenses"),
            Self::CapSpend => t!("set spend caps"),
            Self::CreateToken => t!("create tokens"),
            Self::RotateToken => t!("rotate tokens"),
            Self::RevokeToken => t!("revoke tokens"),
            Self::ReadUsage => t!("see usage"),
            Self::ReportUsage => t!("report usage"),
            Self::ReadMoney => t!("see invoices and earnings"),
            Self::ManagePayouts => t!("change or ask for payouts"),
        }
    }
}

impl Role {
    /// The permission grid.
    pub const fn may(self, deed: Deed) -> bool {
        use Deed::*;
        match (self, deed) {
            (Self::Owner | Self::Admin, _) => true,
            (_, ReadOrganization | ReadAssets | ReadLicenses | ReadUsage) => true,
            (
                Self::Finance,
                AcceptLicense | CancelLicense | CapSpend | ReadMoney | ManagePayouts,
            ) => true,
            (
                Self::Developer,
                RegisterAsset | EditAsset | ManageSite | CreateToken | RotateToken | RevokeToken
                | ReportUsage,
            ) => true,
            (Self::Finance | Self::Developer | Self::Viewer, _) => false,
        }
    }

    /// Whether somebody in this role may give, change or take away `other`: nobody hands out more
    /// than they hold.
    pub const fn may_grant(self, other: Self) -> bool {
        match self {
            Self::Owner => true,
            Self::Admin => !matches!(other, Self::Owner),
            Self::Finance | Self::Developer | Self::Viewer => false,
        }
    }
}

/// Which sides of the market an organization acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sides {
    pub creator: bool,
    pub buyer: bool,
}

/// A person acting for an organization they belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    pub person_id: PersonId,
    pub org_id: OrgId,
    pub role: Role,
    pub sides: Sides,
    /// How closely the organization looks at the use of its works.
    pub reporting: Reporting,
}

impl Member {
    /// Whether reports from this side hold only what whole days add up to. What an organization buys
    /// it sees in full: it is its own.
    pub fn sees_coarsely(&self, side: Side) -> bool {
        side == Side::Creator && self.reporting == Reporting::Coarse
    }
}

/// Who is behind a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Nobody has signed in.
    Visitor,
    /// Signed in, acting for no organization yet.
    Person(PersonId),
    /// Signed in and acting for an organization.
    Member(Member),
    /// The product itself: worker, gate, seed.
    System,
}

/// Who asks, and in which request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    pub who: Who,
    pub request_id: RequestId,
}

impl Actor {
    /// The person behind the request.
    pub fn person(&self) -> Result<PersonId, Refusal> {
        self.person_id().ok_or_else(Refusal::sign_in_first)
    }

    /// The person behind the request, if there is one.
    pub const fn person_id(&self) -> Option<PersonId> {
        match self.who {
            Who::Person(person_id) => Some(person_id),
            Who::Member(member) => Some(member.person_id),
            Who::Visitor | Who::System => None,
        }
    }

    /// The organization acted for, if there is one.
    pub const fn org_id(&self) -> Option<OrgId> {
        match self.who {
            Who::Member(member) => Some(member.org_id),
            Who::Visitor | Who::Person(_) | Who::System => None,
        }
    }

    /// The member, if their role allows the deed.
    pub fn may(&self, deed: Deed) -> Result<Member, Refusal> {
        let member = match self.who {
            Who::Member(member) => member,
            Who::Person(_) => {
                return Err(Refusal::new(
                    Kind::Forbidden,
                    "organization_required",
                    t!("Create or join an organization first."),
                ));
            }
            Who::Visitor | Who::System => return Err(Refusal::sign_in_first()),
        };
        if !member.role.may(deed) {
            return Err(Refusal::forbidden(t!(
                "Your role, {role}, cannot {deed}. Ask an owner or admin of your organization.",
                role = member.role.in_words(),
                deed = deed.in_words()
            )));
        }
        Ok(member)
    }

    /// The member, if their role allows the deed and the organization sells.
    pub fn may_as_creator(&self, deed: Deed) -> Result<Member, Refusal> {
        let member = self.may(deed)?;
        if member.sides.creator {
            return Ok(member);
        }
        Err(Refusal::new(
            Kind::Forbidden,
            "not_a_creator",
            t!("This organization only buys. Turn on “creator” in Settings to do this."),
        ))
    }

    /// The member, if their role allows the deed and the organization buys.
    pub fn may_as_buyer(&self, deed: Deed) -> Result<Member, Refusal> {
        let member = self.may(deed)?;
        if member.sides.buyer {
            return Ok(member);
        }
        Err(Refusal::new(
            Kind::Forbidden,
            "not_a_buyer",
            t!("This organization only sells. Turn on “buyer” in Settings to do this."),
        ))
    }
}
