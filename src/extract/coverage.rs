//! Whether the list of posts is whole, and if not, why: never a silent short list.

use crate::model::document::{Coverage, Evidence, Outcome, ShortReason, SourceKind};
use crate::model::page::{ListSeen, Page};
use crate::model::selectors::Role;

/// Judges a list of `got` posts of a profile that says it has `total`; `lists` are those of the page that may be the profile's.
#[must_use]
pub fn coverage(
    page: &Page,
    lists: &[&ListSeen],
    requested: u16,
    got: usize,
    total: Option<u64>,
) -> (Coverage, Option<Evidence>) {
    let (reason, evidence) = reason(page, lists, requested, got, total);
    let evidence = evidence.or_else(|| {
        let short = reason.filter(|reason| *reason != ShortReason::FewerExist)?;
        let detail = total.map(|total| format!("{got} of {total} posts"));
        Some(Evidence { status: None, final_url: None, signal: name(short).to_owned(), detail })
    });
    (Coverage { requested, got, reason }, evidence)
}

fn reason(
    page: &Page,
    lists: &[&ListSeen],
    requested: u16,
    got: usize,
    total: Option<u64>,
) -> (Option<ShortReason>, Option<Evidence>) {
    let timeline_seen = lists.iter().any(|list| list.role == Role::Timeline && list.items > 0)
        || page.posts.iter().any(|post| post.role == Role::Timeline);
    // Reels alone, however many, are not the newest posts.
    if got > 0 && !timeline_seen && lists.iter().any(|list| matches!(list.role, Role::Part | Role::Side)) {
        return (Some(ShortReason::NoPostList), None);
    }
    if got >= usize::from(requested) {
        return (None, None);
    }
    let total = total.and_then(|total| usize::try_from(total).ok());
    let timelines = || lists.iter().copied().filter(|list| list.role == Role::Timeline);
    let filled = || timelines().filter(|list| list.items > 0);
    let goes_on = filled().next_back().is_some_and(|list| list.more == Some(true));
    if total.is_some_and(|total| got >= total) && !goes_on {
        return (Some(ShortReason::FewerExist), None);
    }
    // A list's last page may be empty; an empty list of another kind ("no edges here") is no end of ours.
    let goes_with = |list: &ListSeen| list.items > 0 || filled().any(|other| other.shape == list.shape);
    let ended = timelines().any(|list| list.more == Some(false) && goes_with(list));
    // Removed and hidden posts stay in a profile's total for a while; a list that ends far before it was cut.
    let close = total.is_none_or(|total| total.saturating_sub(got) <= 3.max(total / 10));
    if ended && close {
        return (Some(ShortReason::FewerExist), None);
    }
    if let Some(refusal) = page.signals.iter().find(|seen| seen.on_response && refuses(seen.outcome)) {
        return (Some(ShortReason::BlockedMidway), Some(refusal.evidence.clone()));
    }
    if got == 0 {
        return match timelines().find(|list| list.items == 0) {
            Some(empty) if total.is_some_and(|total| total > 0) => {
                let detail = total.map(|total| format!("an empty list for a profile with {total} posts"));
                let signal = format!("{}_empty", empty.shape);
                (Some(ShortReason::BlockedMidway), Some(Evidence { status: None, final_url: None, signal, detail }))
            }
            _ => match page.signals.iter().find(|seen| seen.outcome == Outcome::Captcha) {
                Some(captcha) => (Some(ShortReason::BlockedMidway), Some(captcha.evidence.clone())),
                None => (Some(ShortReason::NoPostList), None),
            },
        };
    }
    if timelines().next().is_none() && !page.posts.iter().any(|post| post.role == Role::Timeline) {
        return (Some(ShortReason::NoPostList), None);
    }
    if goes_on && filled().next_back().is_some_and(|list| list.source == SourceKind::Network) {
        return (Some(ShortReason::Budget), None);
    }
    (Some(ShortReason::GuestLimit), None)
}

/// Whether an answer with this meaning took posts from us: refusals, and errors of the site.
fn refuses(outcome: Outcome) -> bool {
    outcome.is_block() || outcome == Outcome::Unavailable
}

fn name(reason: ShortReason) -> &'static str {
    match reason {
        ShortReason::FewerExist => "fewer_exist",
        ShortReason::NoPostList => "no_post_list",
        ShortReason::GuestLimit => "guest_limit",
        ShortReason::BlockedMidway => "blocked_midway",
        ShortReason::Budget => "budget",
    }
}
