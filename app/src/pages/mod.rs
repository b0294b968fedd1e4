//! One page per file: its data, its view. A page asks the services and draws; it never decides.

pub mod design;
pub mod docs;
pub mod find;
pub mod landing;

pub mod catalogue;
pub mod creator;
pub mod invitation;
pub mod license_form;
pub mod public;
pub mod sign_in;
pub mod terms;
pub mod welcome;
pub mod work;

pub mod asset;
pub mod assets;
pub mod claims;
pub mod collections;
pub mod earnings;
pub mod edit_asset;
pub mod feed;
pub mod getting_paid;
pub mod invoice;
pub mod invoices;
pub mod license;
pub mod licenses;
pub mod live;
pub mod members;
pub mod new_asset;
pub mod new_offer;
pub mod new_site;
pub mod new_terms;
pub mod new_token;
pub mod new_version;
pub mod offers;
pub mod overview;
pub mod payment;
pub mod payout;
pub mod payouts;
pub mod profile;
pub mod receipt;
pub mod rotate_token;
pub mod sessions;
pub mod settings;
pub mod several;
pub mod site;
pub mod sites;
pub mod snippets;
pub mod statement;
pub mod try_site;
pub mod usage;

mod about;
mod calculator;
mod meanwhile;
mod preview;
