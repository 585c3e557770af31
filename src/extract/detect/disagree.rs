//! Sources of one page that contradict each other beyond what they display. A count moves a little between two answers of a site;
//! what differs by more is of two things or of two times, and which of them is right is for the sources to say: a fresh answer that the shown page
//! bears out stands against an old copy in the page's data, and a number that is outvoted is nobody's.

use std::collections::BTreeMap;

use super::{APART, Doubt};
use crate::extract::reconcile::cut::is_short_for;
use crate::extract::reconcile::{Subject, agree, choose, own_profiles};
use crate::model::document::SourceKind;
use crate::model::page::{Field, Page, Sighting, Value};

/// Two answers of a site a few seconds apart are not further apart than this share of a count.
const SECONDS_APART: u64 = 100;
/// A young post's count moves faster.
const POST_APART: u64 = 8;
/// Posts that contradict each other before a page is doubted for them.
const POSTS_MIN: usize = 2;

/// Counts on which the sources of one page contradict each other beyond their displayed precision.
#[must_use]
pub fn contradictions(page: &Page, subject: &Subject) -> Vec<Doubt> {
    let own = own_profiles(page, subject);
    let mut doubts = Vec::new();
    for choice in choose(&own) {
        let (field, chosen) = (choice.reading.field, &choice.reading.value);
        if !matches!(field, Field::Followers | Field::Following | Field::Likes | Field::PostsCount) {
            continue;
        }
        let votes = Votes::of(&own, field, chosen);
        let apart = if votes.are_settled(choice.source) {
            None
        } else {
            far_apart(&own, field).or_else(|| votes.against(choice.source).and_then(|other| pair(chosen, other)))
        };
        if let Some((one, other)) = apart {
            doubts.push(Doubt::Contradiction { path: format!("profile.{}", field.name()), one, other });
        }
    }
    doubts.extend([Field::Views, Field::Likes, Field::Comments].into_iter().filter_map(|field| of_posts(page, field)));
    doubts
}

/// Posts of which one kind of place says another number than the next. One such post is a post that moved.
fn of_posts(page: &Page, field: Field) -> Option<Doubt> {
    let mut said: BTreeMap<&str, (SourceKind, &Value)> = BTreeMap::new();
    let mut apart: Vec<(&str, u64, u64)> = Vec::new();
    let mut compared = 0;
    for post in &page.posts {
        let text = |field| post.readings.iter().find(|r| r.field == field).and_then(|r| r.value.as_text());
        let Some(name) = text(Field::Code).or_else(|| text(Field::Id)) else { continue };
        let Some(value) = post.readings.iter().find(|r| r.field == field).map(|r| &r.value) else { continue };
        let Some((source, one)) = said.get(name) else {
            said.insert(name, (post.source, value));
            continue;
        };
        if *source != post.source {
            compared += 1;
            let counts = pair(one, value).filter(|_| !near(one, value, POST_APART));
            apart.extend(counts.map(|(one, other)| (name, one, other)));
        }
    }
    let (name, one, other) = *apart.first()?;
    let path = format!("posts.{name}.{}", field.name());
    (apart.len() >= POSTS_MIN && apart.len() * 4 >= compared).then_some(Doubt::Contradiction { path, one, other })
}

/// The kinds of place that say what was chosen, and those that say something else, with what they say.
struct Votes<'p> {
    with: Vec<SourceKind>,
    against: Vec<(SourceKind, &'p Value)>,
}

impl<'p> Votes<'p> {
    fn of(own: &[&'p Sighting], field: Field, chosen: &Value) -> Self {
        let mut votes = Self { with: Vec::new(), against: Vec::new() };
        for (source, value) in said(own, field) {
            if near(chosen, value, SECONDS_APART) && !votes.with.contains(&source) {
                votes.with.push(source);
            }
        }
        for (source, value) in said(own, field) {
            if !votes.with.contains(&source) && !votes.against.iter().any(|(known, _)| *known == source) {
                votes.against.push((source, value));
            }
        }
        votes
    }

    /// A fresh answer that the shown page bears out, against nothing but a copy in the page's data.
    fn are_settled(&self, chosen: SourceKind) -> bool {
        let shown = self.with.iter().any(|source| !is_data(*source));
        let copies = self.against.iter().all(|(source, _)| is_data(*source));
        chosen == SourceKind::Network && shown && copies && !self.against.is_empty()
    }

    /// What speaks against the choice at least as loudly as it is spoken for. Where two kinds of data differ by little, the fresher one is
    /// right: that alone is no contradiction.
    fn against(&self, chosen: SourceKind) -> Option<&'p Value> {
        let fresher = chosen == SourceKind::Network && self.against.iter().all(|(source, _)| is_data(*source));
        let (_, first) = self.against.first()?;
        (self.against.len() >= self.with.len() && !(fresher && self.against.len() == 1)).then_some(*first)
    }
}

const fn is_data(source: SourceKind) -> bool {
    matches!(source, SourceKind::Network | SourceKind::Embedded | SourceKind::Jsonld)
}

fn said<'p>(own: &[&'p Sighting], field: Field) -> impl Iterator<Item = (SourceKind, &'p Value)> {
    let readings = own.iter().flat_map(|seen| seen.readings.iter().map(|reading| (seen.source, reading)));
    readings.filter(move |(_, reading)| reading.field == field).map(|(source, reading)| (source, &reading.value))
}

/// Two values that are of two things, whoever says them.
fn far_apart(own: &[&Sighting], field: Field) -> Option<(u64, u64)> {
    let said: Vec<&Value> = said(own, field).map(|(_, value)| value).collect();
    said.iter().enumerate().find_map(|(at, one)| {
        let other = said.iter().skip(at + 1).find(|other| !agree(one, other) && !near(one, other, APART))?;
        pair(one, other)
    })
}

fn pair(one: &Value, other: &Value) -> Option<(u64, u64)> {
    Some((one.as_count()?, other.as_count()?))
}

/// Whether two counts are one count as far as their last digits tell and within a share of it.
fn near(one: &Value, other: &Value, share: u64) -> bool {
    let (Value::Count { value: a, unit: x }, Value::Count { value: b, unit: y }) = (one, other) else { return true };
    is_short_for(*a, *b) || is_short_for(*b, *a) || a.abs_diff(*b) <= (*x).max(*y).max(a.max(b) / share).max(2)
}
