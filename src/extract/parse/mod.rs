//! Reading what a site shows to people: counts, their labels and dates in any language, and the time inside a post's id.
//! Everything here is pure, bounded and answers `None` rather than guess: a wrong number is worse than none.
//!
//! How a separator is read (`number.rs` carries it out):
//! - Two different marks: the last one is the decimal mark. One mark that stands twice or more groups.
//! - Without a unit ("1.234", "1,234", "1'234"): sites never show fractions of a follower, so one mark followed by exactly
//!   three digits groups, and anything else ("1.5", "0.123", "1,2345") is no count.
//! - With a unit ("12.6K", "1,2 Mio."): one mark followed by one or two digits is the decimal mark. Followed by three
//!   digits it is read only where the unit's languages leave no doubt ("1,234万" groups, "1.234万" is a fraction);
//!   "1.234K" and "1,234 Mio." are `None`.
//! - A unit that means different amounts in different languages ("1,2 B" is a Turkish thousand, "1,2 M" an Indonesian
//!   billion, "1,2 m" a Catalan thousand) is read only where its decimal mark or the label beside it decides.

mod count;
mod date;
mod id_time;
mod in_text;
mod label;
mod label_words;
mod lexicon;
#[cfg(test)]
mod locale_tests;
mod names;
mod normal;
mod number;
mod relative;
mod unit;

pub use count::{ParsedCount, count};
pub use date::date;
pub use id_time::{instagram_time, pk_from_shortcode, shortcode_from_pk, tiktok_time};
pub use in_text::{count_in, labelled};
pub use label::{CountLabel, label};
