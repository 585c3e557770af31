//! Who lives here: twenty named profiles for the demo, and families of handles without end (`creator_1`,
//! `private_77` …) whose prefix says what part they play. Any other handle does not exist.

use crate::model::document::{Outcome, ShortReason};
use crate::model::job::{Handle, PlatformId};

use super::CatalogueEntry;

/// The two sites.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Site {
    /// TikTok.
    TikTok,
    /// Instagram.
    Instagram,
}

impl Site {
    /// Both.
    pub const ALL: [Self; 2] = [Self::TikTok, Self::Instagram];

    /// The platform's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TikTok => "tiktok",
            Self::Instagram => "instagram",
        }
    }

    /// The site that a platform's name means.
    #[must_use]
    pub fn of(platform: &PlatformId) -> Option<Self> {
        Self::ALL.into_iter().find(|site| site.name() == platform.as_str())
    }

    /// The platform's id.
    #[must_use]
    pub fn platform(self) -> PlatformId {
        PlatformId::new(self.name())
    }
}

/// The part a profile plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// A healthy profile with a fair number of posts, its traits by chance.
    Creator,
    /// Healthy, verified, hundreds of posts, three pinned out of order, overlapping pages, all kinds of posts.
    Star,
    /// Healthy, fewer posts than are usually asked for.
    Few,
    /// Healthy, a business with slideshows (TikTok) or carousels, paid posts and AI labels.
    Business,
    /// Healthy, with text in many scripts, emoji and a caption of 10,000 characters.
    Polyglot,
    /// Healthy, its texts full of "captcha", "log in", "private account", "page not found".
    Hostile,
    /// Healthy, hundreds of millions of followers; rounded like counts overflow to negatives.
    Huge,
    /// Healthy, with co-authored posts and injected posts of strangers between its own.
    Shared,
    /// Healthy, but the site stops showing posts to guests after two pages.
    GuestLimited,
    /// Private.
    Private,
    /// Never existed.
    Missing,
    /// Always a login wall.
    Walled,
    /// Always a captcha.
    Captcha,
    /// Always a checkpoint.
    Checkpoint,
    /// Not shown in this region.
    RegionBlocked,
    /// Not for guests of unknown age.
    AgeGated,
    /// Always told to slow down.
    Throttled,
    /// Told to slow down the first time, healthy from then on.
    ThrottledOnce,
    /// The page answers 200 with nothing.
    Empty,
    /// The site's own error page.
    Broken,
    /// Healthy page, but every answer with posts is empty: a soft block.
    NoPosts,
    /// Healthy data on a page whose script kills its renderer.
    CrashingPage,
    /// Healthy data on a page whose script never ends.
    EndlessPage,
    /// The page's request is never answered.
    HangingPage,
}

/// The families: a handle `<prefix>_<anything>` plays that part on both platforms.
pub const FAMILIES: [(&str, Role); 24] = [
    ("creator", Role::Creator),
    ("star", Role::Star),
    ("few", Role::Few),
    ("business", Role::Business),
    ("polyglot", Role::Polyglot),
    ("hostile", Role::Hostile),
    ("huge", Role::Huge),
    ("shared", Role::Shared),
    ("limited", Role::GuestLimited),
    ("private", Role::Private),
    ("missing", Role::Missing),
    ("walled", Role::Walled),
    ("captcha", Role::Captcha),
    ("checkpoint", Role::Checkpoint),
    ("region", Role::RegionBlocked),
    ("gated", Role::AgeGated),
    ("throttled", Role::Throttled),
    ("busy", Role::ThrottledOnce),
    ("empty", Role::Empty),
    ("broken", Role::Broken),
    ("noposts", Role::NoPosts),
    ("crash", Role::CrashingPage),
    ("endless", Role::EndlessPage),
    ("hanging", Role::HangingPage),
];

const NAMED: [(Site, &str, Role, &str); 20] = [
    (Site::TikTok, "sunny.kitchen", Role::Star, "many posts, three pinned out of order, pages overlap, verified"),
    (Site::TikTok, "mara_paints", Role::Few, "fewer posts than asked for"),
    (Site::TikTok, "north.harbour.tea", Role::Business, "business, slideshows, paid posts, AI labels"),
    (Site::TikTok, "seven_tongues", Role::Polyglot, "many scripts, emoji, a caption of 10,000 characters"),
    (Site::TikTok, "big.ben.plays", Role::Huge, "like counts that overflow"),
    (Site::TikTok, "quiet.corner", Role::Private, "private account"),
    (Site::TikTok, "nobody.home.here", Role::Missing, "does not exist"),
    (Site::TikTok, "puzzle_gate", Role::Captcha, "always a captcha"),
    (Site::TikTok, "faraway_only", Role::RegionBlocked, "not shown in this region"),
    (Site::TikTok, "slow_lane_sally", Role::ThrottledOnce, "429 the first time, then healthy"),
    (Site::Instagram, "atelier.luma", Role::Star, "business, verified, photos, carousels and reels, pinned posts"),
    (Site::Instagram, "few.frames", Role::Few, "fewer posts than asked for"),
    (Site::Instagram, "two.of.us.cook", Role::Shared, "co-authored posts, and injected posts of strangers"),
    (Site::Instagram, "word_garden", Role::Polyglot, "many scripts, emoji, a caption of 10,000 characters"),
    (Site::Instagram, "captcha.login.404", Role::Hostile, "harmless, though its texts speak of captchas and logins"),
    (Site::Instagram, "shown.in.part", Role::GuestLimited, "guests see two pages of posts"),
    (Site::Instagram, "locked.garden", Role::Private, "private account"),
    (Site::Instagram, "gone.gull", Role::Missing, "does not exist"),
    (Site::Instagram, "wall.flower", Role::Walled, "always a login wall"),
    (Site::Instagram, "check.point.pete", Role::Checkpoint, "always a checkpoint"),
];

/// The catalogue with what each crawl must end with.
pub(super) fn entries() -> Vec<CatalogueEntry> {
    let entry = |(site, name, role, note): (Site, &str, Role, &'static str)| {
        let handle = name.parse::<Handle>().ok()?;
        Some(CatalogueEntry { platform: site.platform(), handle, outcome: role.expected_on(site).0, note })
    };
    NAMED.into_iter().filter_map(entry).collect()
}

/// The part a handle plays.
pub(super) fn role(site: Site, handle: &str) -> Role {
    let named = NAMED.iter().find(|(on, name, _, _)| *on == site && *name == handle).map(|(_, _, role, _)| *role);
    let family = || {
        let (prefix, rest) = handle.split_once('_')?;
        FAMILIES.iter().find(|(name, _)| *name == prefix && !rest.is_empty()).map(|(_, role)| *role)
    };
    named.or_else(family).unwrap_or(Role::Missing).played_on(site)
}

/// A number below 32 for the kind of handle and one below 2^18 for the handle, by which an id can name its owner; none
/// for a handle of a family with no such number.
pub(super) fn number_of(handle: &str) -> Option<(u64, u64)> {
    if let Some(at) = NAMED.iter().position(|(_, name, _, _)| *name == handle) {
        return Some((31, u64::try_from(at).ok()?));
    }
    let (prefix, rest) = handle.split_once('_')?;
    let family = FAMILIES.iter().position(|(name, _)| *name == prefix)?;
    let number = rest.parse::<u64>().ok().filter(|n| *n < 1 << 18 && n.to_string() == rest)?;
    Some((u64::try_from(family).ok()?, number))
}

/// The handle that [`number_of`] turned into these numbers.
pub(super) fn handle_of(kind: u64, number: u64) -> Option<String> {
    if kind == 31 {
        return NAMED.get(usize::try_from(number).ok()?).map(|(_, name, _, _)| (*name).to_owned());
    }
    let (prefix, _) = FAMILIES.get(usize::try_from(kind).ok()?)?;
    Some(format!("{prefix}_{number}"))
}

impl Role {
    /// The part as it can be played on a site: TikTok has no checkpoints and shows no posts behind an age gate,
    /// Instagram asks for a checkpoint where TikTok shows a captcha.
    const fn played_on(self, site: Site) -> Self {
        match (site, self) {
            (Site::TikTok, Self::Checkpoint) => Self::Captcha,
            (Site::TikTok, Self::AgeGated) => Self::NoPosts,
            (Site::Instagram, Self::Captcha) => Self::Checkpoint,
            (_, part) => part,
        }
    }

    /// What a guest's crawl of 30 posts must end with, and why it has fewer posts, if it has.
    #[must_use]
    pub const fn expected_on(self, site: Site) -> (Outcome, Option<ShortReason>) {
        match self.played_on(site) {
            Self::Creator
            | Self::Star
            | Self::Business
            | Self::Polyglot
            | Self::Hostile
            | Self::Huge
            | Self::Shared
            | Self::ThrottledOnce => (Outcome::Ok, None),
            Self::Few => (Outcome::Ok, Some(ShortReason::FewerExist)),
            Self::GuestLimited => (Outcome::Partial, Some(ShortReason::GuestLimit)),
            // Instagram's page then carries no list and makes no call; TikTok's calls are answered with nothing.
            Self::NoPosts => match site {
                Site::TikTok => (Outcome::Partial, Some(ShortReason::BlockedMidway)),
                Site::Instagram => (Outcome::Partial, Some(ShortReason::NoPostList)),
            },
            Self::Private => (Outcome::Private, None),
            Self::Missing => (Outcome::NotFound, None),
            Self::Walled => (Outcome::LoginWall, None),
            Self::Captcha => (Outcome::Captcha, None),
            Self::Checkpoint => (Outcome::Checkpoint, None),
            Self::RegionBlocked => (Outcome::RegionBlocked, None),
            Self::AgeGated => (Outcome::AgeGated, None),
            Self::Throttled => (Outcome::RateLimited, None),
            Self::Empty => (Outcome::Blocked, None),
            Self::Broken => (Outcome::Unavailable, None),
            Self::CrashingPage | Self::EndlessPage | Self::HangingPage => (Outcome::Failed, None),
        }
    }

    /// Whether there is a person behind the handle, shown or not.
    #[must_use]
    pub const fn exists(self) -> bool {
        !matches!(self, Self::Missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_has_ten_profiles_a_platform() {
        for site in Site::ALL {
            assert_eq!(entries().iter().filter(|e| e.platform == site.platform()).count(), 10);
        }
    }

    #[test]
    fn a_handle_can_be_found_by_its_numbers() {
        for handle in ["creator_0", "creator_262143", "wall.flower", "hanging_7"] {
            let found = number_of(handle).and_then(|(kind, number)| handle_of(kind, number));
            assert_eq!(found.as_deref(), Some(handle));
        }
        assert_eq!(number_of("creator_007"), None);
    }

    #[test]
    fn families_are_endless_and_strangers_do_not_exist() {
        assert_eq!(role(Site::TikTok, "creator_99999"), Role::Creator);
        assert_eq!(role(Site::Instagram, "private_abc"), Role::Private);
        assert_eq!(role(Site::Instagram, "creator_"), Role::Missing);
        assert_eq!(role(Site::Instagram, "sunny.kitchen"), Role::Missing);
    }
}
