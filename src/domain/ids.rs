//! Typed identifiers: ULIDs, stored as `uuid`, so that rows sort by creation.
//!
//! Each noun has its own type, so an asset's id cannot be passed where a license's is wanted.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use ulid::Ulid;
use uuid::Uuid;

use super::error::Refusal;

/// What every typed id can do.
pub trait TypedId: Copy + fmt::Display + FromStr<Err = Refusal> {
    /// The noun the id names, as it reads in a sentence.
    const NOUN: &'static str;

    /// The id of a stored row.
    fn from_uuid(uuid: Uuid) -> Self;

    /// The form PostgreSQL stores.
    fn uuid(self) -> Uuid;

    /// When it says it was made, in milliseconds since 1970.
    fn made_at_ms(self) -> u64 {
        Ulid::from(self.uuid()).timestamp_ms()
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident is $noun:literal,)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "ssr", derive(sqlx::Type), sqlx(transparent))]
        pub struct $name(Uuid);

        impl $name {
            /// The form PostgreSQL stores.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl TypedId for $name {
            const NOUN: &'static str = $noun;

            fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                Ulid::from(self.0).fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl FromStr for $name {
            type Err = Refusal;

            fn from_str(text: &str) -> Result<Self, Refusal> {
                // 26 digits of 5 bits are 130 bits: what begins above 7 would lose its first two.
                let fits = text.as_bytes().first().is_some_and(|first| *first <= b'7');
                fits.then(|| Ulid::from_string(text).ok())
                    .flatten()
                    .map(|ulid| Self(ulid.into()))
                    .ok_or_else(|| Refusal::not_found($noun))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(|_| de::Error::custom(concat!("not the id of a ", $noun)))
            }
        }
    )*};
}

ids! {
    /// A person who signs in.
    PersonId is "person",
    /// An organization: what owns things.
    OrgId is "organization",
    /// An invitation to join an organization.
    InvitationId is "invitation",
    /// A signed-in browser.
    SessionId is "session",
    /// One licensable work.
    AssetId is "work",
    /// An immutable state of a work's bytes.
    VersionId is "version",
    /// What an organization says about bytes that another one registered first.
    ClaimId is "claim",
    /// Works that are shown together.
    CollectionId is "collection",
    /// A published statement of rights.
    TermsId is "terms",
    /// Terms and price for a work.
    OfferId is "offer",
    /// One way to take an offer.
    TierId is "tier",
    /// A buyer's accepted offer.
    LicenseId is "license",
    /// A secret that lets a machine act under a license.
    TokenId is "token",
    /// The gate's signed statement that bytes were delivered.
    ReceiptId is "receipt",
    /// An observed use.
    UsageEventId is "usage event",
    /// A movement of money between accounts.
    TransactionId is "transaction",
    /// What a month of a license costs, or a fee.
    ChargeId is "charge",
    /// A payee's part of a charge.
    EarningId is "earning",
    /// What a buyer is asked to pay.
    InvoiceId is "invoice",
    /// A payment of an invoice.
    PaymentId is "payment",
    /// What lowers an invoice.
    CreditNoteId is "credit note",
    /// Earnings sent to a creator.
    PayoutId is "payout",
    /// One entry of the catalogue of what happened.
    EventId is "event",
    /// A piece of work for the worker.
    JobId is "job",
    /// One HTTP request; it is quoted in errors and found in the log.
    RequestId is "request",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_as_it_was_printed() {
        let id = AssetId(Uuid::from_u128(0x0192_aaaa_bbbb_cccc_dddd_eeee_ffff_0001));
        assert_eq!(id.to_string().parse::<AssetId>().unwrap(), id);
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(serde_json::from_str::<AssetId>(&json).unwrap(), id);
    }

    #[test]
    fn what_is_not_an_id_is_not_found() {
        for text in [
            "",
            "x",
            "01JD\0",
            "../../etc/passwd",
            "01ARZ3NDEKTSV4RRFFQ69G5FAVX",
            "8ZZZZZZZZZZZZZZZZZZZZZZZZZ",
        ] {
            assert_eq!(text.parse::<AssetId>().unwrap_err().code, "not_found", "{text:?}");
        }
    }
}
