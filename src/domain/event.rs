//! The catalogue of everything that happens, named once.
//!
//! The audit trail, outgoing webhooks and the documentation are readers of this list, so they
//! cannot disagree.

use super::text::text_enum;

text_enum! {
    /// Something that happened, as `noun.past`.
    pub enum EventName("event") {
        /// A person signed in for the first time.
        PersonJoined = "person.joined",
        /// A person signed in.
        SessionStarted = "session.started",
        /// A person ended a session, their own or another of theirs.
        SessionRevoked = "session.revoked",
        /// A person founded an organization.
        OrganizationFounded = "organization.founded",
        /// The organization's name or sides were changed.
        OrganizationEdited = "organization.edited",
        /// What an organization says of itself was changed.
        ProfileEdited = "organization.profile_edited",
        /// An organization said what it consents to, or took it back.
        ConsentRecorded = "organization.consent_recorded",
        /// How closely an organization looks at the use of its works was changed.
        ReportingChosen = "organization.reporting_chosen",
        /// A link was made that lets somebody join.
        MemberInvited = "member.invited",
        /// An invitation was taken back before anybody used it.
        InvitationWithdrawn = "invitation.withdrawn",
        /// Somebody joined by an invitation.
        MemberJoined = "member.joined",
        /// A member got another role.
        MemberRoleChanged = "member.role_changed",
        /// A member left or was removed.
        MemberRemoved = "member.removed",
        /// A work was registered with its first version.
        AssetRegistered = "asset.registered",
        /// What is said about a work was changed.
        AssetEdited = "asset.edited",
        /// A work got new bytes, which are its newest version.
        VersionAdded = "asset.version_added",
        /// A collection was made.
        CollectionMade = "collection.made",
        /// What is said about a collection was changed.
        CollectionEdited = "collection.edited",
        /// Works were added to a collection.
        CollectionFilled = "collection.works_added",
        /// Works were taken out of a collection; they stay as they are.
        CollectionEmptied = "collection.works_removed",
        /// The works of a collection were put in another order.
        CollectionArranged = "collection.arranged",
        /// A collection was taken apart; its works stay as they are.
        CollectionRemoved = "collection.removed",
        /// An organization said that bytes another one registered first are its own.
        ClaimRaised = "claim.raised",
        /// It took that back.
        ClaimWithdrawn = "claim.withdrawn",
        /// It stands by its claim after all.
        ClaimReopened = "claim.reopened",
        /// An organization said that a host is its own.
        SiteClaimed = "site.claimed",
        /// The organization was seen to hold the host.
        SiteVerified = "site.verified",
        /// The organization was not seen to hold the host for a week; it is no longer served.
        SiteLapsed = "site.lapsed",
        /// Pages of a site come from elsewhere now.
        SiteOriginChanged = "site.origin_changed",
        /// Terms were published.
        TermsPublished = "terms.published",
        /// An offer was published for a work.
        OfferPublished = "offer.published",
        /// An offer was withdrawn; licenses stay.
        OfferWithdrawn = "offer.withdrawn",
        /// A withdrawn offer was put back.
        OfferRestored = "offer.restored",
        /// A buyer accepted an offer.
        LicenseAccepted = "license.accepted",
        /// A license ended before its time, because its buyer took another tier.
        LicenseEnded = "license.ended",
        /// A license moved to a larger tier, because its included units were used up.
        LicenseUpgraded = "license.upgraded",
        /// A buyer cancelled a license; it ends when what is paid for is over.
        LicenseCancelled = "license.cancelled",
        /// The buyer took that back before the end.
        LicenseResumed = "license.resumed",
        /// A license goes on for as long again, under the same terms and the same tier.
        LicenseRenewed = "license.renewed",
        /// What a buyer will spend on a license in a month was set or lifted.
        LicenseSpendCapSet = "license.spend_cap_set",
        /// A token was created.
        TokenCreated = "token.created",
        /// A token was made in the place of another, which ends.
        TokenRotated = "token.rotated",
        /// A token was revoked.
        TokenRevoked = "token.revoked",
        /// A buyer was asked to pay for a month, or for the fees of a license.
        InvoiceIssued = "invoice.issued",
        /// Nothing is due of an invoice any more.
        InvoicePaid = "invoice.paid",
        /// An invoice could not be charged to the buyer's card; it is tried again.
        InvoicePaymentFailed = "invoice.payment_failed",
        /// A payment was taken back, and its invoice is open again.
        PaymentReturned = "payment.returned",
        /// An invoice was lowered.
        CreditNoteIssued = "credit_note.issued",
        /// A creator's earnings are going to be sent.
        PayoutDecided = "payout.decided",
        /// They are in the creator's account at the payment service.
        PayoutSent = "payout.sent",
        /// They are with the creator's bank.
        PayoutPaid = "payout.paid",
        /// They could not be sent, or the bank did not take them.
        PayoutFailed = "payout.failed",
        /// They came back and are available again.
        PayoutReturned = "payout.returned",
    }
}
