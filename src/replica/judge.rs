//! Compares a document with the truth. "A number is right or absent": every value that is there must be right, and
//! what every guest is shown must be there. An abbreviated count is right within one unit of its last shown digit.

use std::collections::BTreeSet;

use crate::model::document::{Document, FieldNote, Outcome, Post, Precision, Profile, TimePrecision};

use super::truth::Truth;

/// A time worked out from an id may be this far off.
const APPROXIMATE_S: i64 = 3 * 3_600;

impl Truth {
    /// All that is wrong with a guest's document, each as a sentence; empty when it is right.
    #[must_use]
    pub fn complaints(&self, document: &Document) -> Vec<String> {
        let mut complaints = Complaints { document, list: Vec::new() };
        if document.outcome != self.outcome {
            complaints.add("outcome", document.outcome.as_str(), self.outcome.as_str());
        }
        if document.coverage.reason != self.reason && matches!(self.outcome, Outcome::Ok | Outcome::Partial) {
            complaints.add(
                "coverage.reason",
                &format!("{:?}", document.coverage.reason),
                &format!("{:?}", self.reason),
            );
        }
        match (&self.profile, &document.profile) {
            (Some(truth), Some(profile)) => complaints.profile(truth, profile, self.guest.profile_fields),
            (Some(_), None) => complaints.list.push("the profile is missing".to_owned()),
            (None, Some(_)) => complaints.list.push("a profile where nothing can be known".to_owned()),
            (None, None) => {}
        }
        self.posts_complaints(&mut complaints);
        complaints.list
    }

    fn posts_complaints(&self, complaints: &mut Complaints<'_>) {
        let document = complaints.document;
        let got: BTreeSet<&str> = document.posts.iter().map(|post| post.id.as_str()).collect();
        if got.len() != document.posts.len() {
            complaints.list.push("the same post stands there twice".to_owned());
        }
        let wanted = usize::from(document.coverage.requested).min(self.guest.posts_reachable);
        if got.len() != wanted {
            complaints.add("posts", &got.len().to_string(), &wanted.to_string());
        } else if self.outcome == Outcome::Ok {
            let newest = self.posts.iter().take(wanted).filter(|post| !got.contains(post.id.as_str()));
            let missed: Vec<&str> = newest.map(|post| post.id.as_str()).collect();
            if !missed.is_empty() {
                complaints.list.push(format!("not the newest posts: {} is missing", missed.join(", ")));
            }
        }
        for post in &document.posts {
            match self.posts.iter().find(|truth| truth.id == post.id) {
                Some(truth) => complaints.post(truth, post, self.guest.list_fields),
                None => complaints.list.push(format!("posts.{} is not this profile's", post.id)),
            }
        }
    }
}

struct Complaints<'a> {
    document: &'a Document,
    list: Vec<String>,
}

impl Complaints<'_> {
    fn add(&mut self, field: &str, got: &str, truth: &str) {
        self.list.push(format!("{field} is {got}, the truth is {truth}"));
    }

    fn profile(&mut self, truth: &Profile, got: &Profile, shown: &[&str]) {
        let counts = [
            ("followers", truth.followers, got.followers),
            ("following", truth.following, got.following),
            ("likes", truth.likes, got.likes),
            ("posts_count", truth.posts_count, got.posts_count),
        ];
        for (name, truth, got) in counts {
            self.count(&format!("profile.{name}"), truth, got, shown.contains(&name));
        }
        let texts = [
            ("id", &truth.id, &got.id),
            ("username", &truth.username, &got.username),
            ("display_name", &truth.display_name, &got.display_name),
            ("bio", &truth.bio, &got.bio),
            ("category", &truth.category, &got.category),
            ("language", &truth.language, &got.language),
        ];
        for (name, truth, got) in texts {
            self.value(&format!("profile.{name}"), truth.as_ref(), got.as_ref(), shown.contains(&name));
        }
        let flags = [
            ("verified", truth.verified, got.verified),
            ("private", truth.private, got.private),
            ("business", truth.business, got.business),
        ];
        for (name, truth, got) in flags {
            self.value(&format!("profile.{name}"), truth.as_ref(), got.as_ref(), shown.contains(&name));
        }
        self.value("profile.links", Some(&truth.links), Some(&got.links), true);
    }

    fn post(&mut self, truth: &Post, got: &Post, shown: &[&str]) {
        let at = |name: &str| format!("posts.{}.{name}", truth.id);
        let counts = [
            ("views", truth.views, got.views),
            ("likes", truth.likes, got.likes),
            ("comments", truth.comments, got.comments),
            ("shares", truth.shares, got.shares),
            ("saves", truth.saves, got.saves),
        ];
        for (name, truth, got) in counts {
            self.count(&at(name), truth, got, shown.contains(&name));
        }
        self.value(&at("code"), truth.code.as_ref(), got.code.as_ref(), shown.contains(&"code"));
        self.value(&at("url"), truth.url.as_ref(), got.url.as_ref(), shown.contains(&"url"));
        self.value(&at("kind"), truth.kind.as_ref(), got.kind.as_ref(), shown.contains(&"kind"));
        self.value(&at("caption"), truth.caption.as_ref(), got.caption.as_ref(), shown.contains(&"caption"));
        self.value(&at("hashtags"), Some(&truth.hashtags), Some(&got.hashtags), true);
        self.value(&at("mentions"), Some(&truth.mentions), Some(&got.mentions), true);
        let off = truth.published_at.zip(got.published_at).map(|(a, b)| (a - b).num_seconds().abs());
        let allowed = if got.published_precision == Some(TimePrecision::Exact) { 0 } else { APPROXIMATE_S };
        if off.is_none_or(|off| off > allowed) {
            self.add(&at("published_at"), &format!("{:?}", got.published_at), &format!("{:?}", truth.published_at));
        }
    }

    /// What is there must be equal; what is shown must be there.
    fn value<T: PartialEq + std::fmt::Debug>(&mut self, field: &str, truth: Option<&T>, got: Option<&T>, shown: bool) {
        let missing_rightly = got.is_none() && (!shown || truth.is_none());
        if got != truth && !missing_rightly {
            self.add(field, &format!("{got:?}"), &format!("{truth:?}"));
        }
    }

    fn count(&mut self, field: &str, truth: Option<u64>, got: Option<u64>, shown: bool) {
        let note = self.document.fields.get(field).filter(|note| note.precision != Precision::Exact);
        if let (Some(truth), Some(got), Some(note)) = (truth, got, note) {
            if truth.abs_diff(got) > last_digit(note, got) {
                self.add(field, &format!("{got} (from {:?})", note.raw), &truth.to_string());
            }
            return;
        }
        self.value(field, truth.as_ref(), got.as_ref(), shown);
    }
}

/// One unit of the last digit that was shown: 100 for "12.3K", 100 for 783400.
fn last_digit(note: &FieldNote, value: u64) -> u64 {
    let factor = match note.raw.trim().chars().next_back() {
        Some('k' | 'K') => 1_000,
        Some('m' | 'M') => 1_000_000,
        Some('b' | 'B') => 1_000_000_000,
        Some(_) | None => {
            let zeros = value.to_string().bytes().rev().take_while(|digit| *digit == b'0').count();
            return 10_u64.saturating_pow(u32::try_from(zeros).unwrap_or(0));
        }
    };
    let decimals = note.raw.split_once('.').map_or(0, |(_, rest)| rest.bytes().filter(u8::is_ascii_digit).count());
    factor / 10_u64.saturating_pow(u32::try_from(decimals).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::document::SourceKind;

    #[test]
    fn the_last_shown_digit_decides_how_far_off_is_right() {
        let note = |raw: &str| FieldNote {
            source: SourceKind::Dom,
            rule: String::new(),
            raw: raw.to_owned(),
            precision: Precision::Rounded,
            agreed_by: Vec::new(),
        };
        assert_eq!(last_digit(&note("12.3K"), 12_300), 100);
        assert_eq!(last_digit(&note("15M"), 15_000_000), 1_000_000);
        assert_eq!(last_digit(&note("783400"), 783_400), 100);
    }
}
