//! Who people are, what they belong to, and who may come in.
//!
//! A person is found by (issuer, subject) and by nothing else. Membership and role are read from
//! the database on each request; no copy of them is trusted.

mod invitations;
mod members;
mod organizations;
mod people;
mod profile;
#[cfg(test)]
mod tests;

pub use invitations::{
    Invitation, InvitationLink, Invite, OpenInvitation, accept_invitation, invitation, invitations,
    invite, withdraw_invitation,
};
pub use members::{
    MemberRow, act_for, change_role, first_owner, latest_member, member_of, members, remove_member,
};
pub use organizations::{
    EditOrganization, Membership, NewOrganization, Organization, edit_organization,
    found_organization, organization, organizations_of,
};
pub use people::{Person, person, sign_in};
pub use profile::{
    EditProfile, OwnProfile, Recorded, choose_reporting, edit_profile, profile, record_consents,
};
pub(super) use profile::{consenting, consents, read as read_profile};
