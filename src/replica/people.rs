//! The profiles' facts, made from the seed and the first handle alone.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};

use super::catalogue::{Role, Site, handle_of, number_of, role};
use super::dice::Dice;
use super::words;
use super::world::World;

const DAY_S: u64 = 86_400;
const SEC_UID_HEAD: &str = "MS4wLjABAAAA";
const SEC_UID_TAIL: usize = 40;

/// The first handle that a `secUid` was made from.
pub(super) fn handle_in_sec_uid(sec_uid: &str) -> Option<String> {
    let middle = sec_uid.strip_prefix(SEC_UID_HEAD)?;
    let middle = middle.get(..middle.len().checked_sub(SEC_UID_TAIL)?)?;
    String::from_utf8(URL_SAFE_NO_PAD.decode(middle).ok()?).ok()
}

/// A profile, as the site knows it. Counts are those of the day it was asked for.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) site: Site,
    pub(super) role: Role,
    /// The handle today.
    pub(super) handle: String,
    /// The handle it was born with: everything is derived from it.
    pub(super) first_handle: String,
    /// TikTok's numeric id, Instagram's pk.
    pub(super) id: String,
    /// Instagram's other id, 17 digits.
    pub(super) fb_id: String,
    /// TikTok's opaque id for its calls.
    pub(super) sec_uid: String,
    pub(super) name: String,
    pub(super) bio: String,
    /// With its scheme.
    pub(super) link: Option<String>,
    pub(super) category: Option<&'static str>,
    pub(super) business: bool,
    pub(super) verified: bool,
    pub(super) private: bool,
    pub(super) language: &'static str,
    pub(super) followers: u64,
    pub(super) following: u64,
    /// Likes received (TikTok).
    pub(super) likes: u64,
    /// Seconds between posts, about.
    pub(super) gap_s: u64,
    /// Unix time before which nothing was posted.
    pub(super) began_s: i64,
    /// Names the avatar's picture.
    pub(super) avatar: String,
}

/// The profile behind a handle; none where nobody has it.
pub(super) fn person(world: &World, site: Site, handle: &str) -> Option<Person> {
    let first = world.first_handle(site, handle)?;
    let role = role(site, &first);
    role.exists().then(|| make(world, site, role, handle, &first))
}

fn make(world: &World, site: Site, role: Role, handle: &str, first: &str) -> Person {
    let mut dice = Dice::new(world.seed(), &[site.name(), "person", first]);
    let posts = posts_at_epoch(&mut dice, role);
    let gap_s = dice.between(6 * 3600, 4 * DAY_S);
    let since_last = dice.below(gap_s);
    let span = i64::try_from(posts * gap_s + since_last).unwrap_or(0);
    let age_days = u64::try_from((world.now() - world.epoch()).num_days()).unwrap_or(0);
    let (followers, likes) = audience(&mut dice, role, age_days);
    let surge = world.changes().surges.get(&(site, first.to_owned())).copied().unwrap_or(1.0);
    let name = words::display_name(&mut dice, role);
    let business = role == Role::Business || role == Role::Star || dice.chance(15);
    let link = dice.chance(60).then(|| words::link(&mut dice, first));
    Person {
        site,
        role,
        handle: handle.to_owned(),
        first_handle: first.to_owned(),
        id: profile_id(&mut dice, site),
        fb_id: fb_id(&mut dice, first),
        sec_uid: format!("{SEC_UID_HEAD}{}{}", URL_SAFE_NO_PAD.encode(first), dice.hex(SEC_UID_TAIL)),
        bio: words::bio(&mut dice, role),
        name,
        link,
        category: business.then(|| dice.pick(&words::CATEGORIES)),
        business,
        verified: matches!(role, Role::Star | Role::Huge) || dice.chance(10),
        private: role == Role::Private,
        language: dice.pick(&["en", "en", "en", "es", "de", "ja"]),
        followers: grown(followers, surge),
        following: dice.below(2_000),
        likes: grown(likes, surge),
        gap_s,
        began_s: world.epoch().timestamp() - span,
        avatar: dice.hex(32),
    }
}

fn posts_at_epoch(dice: &mut Dice, role: Role) -> u64 {
    match role {
        Role::Few => dice.between(4, 14),
        Role::Star | Role::Huge => dice.between(180, 420),
        Role::Creator
        | Role::Business
        | Role::Polyglot
        | Role::Hostile
        | Role::Shared
        | Role::GuestLimited
        | Role::Private
        | Role::Missing
        | Role::Walled
        | Role::Captcha
        | Role::Checkpoint
        | Role::RegionBlocked
        | Role::AgeGated
        | Role::Throttled
        | Role::ThrottledOnce
        | Role::Empty
        | Role::Broken
        | Role::NoPosts
        | Role::CrashingPage
        | Role::EndlessPage
        | Role::HangingPage => dice.between(45, 160),
    }
}

/// Followers and likes of today: a daily drift of up to 0.4 % on what they were at the epoch.
fn audience(dice: &mut Dice, role: Role, age_days: u64) -> (u64, u64) {
    let followers =
        if role == Role::Huge { dice.between(90_000_000, 200_000_000) } else { dice.magnitude(900, 6_000_000) };
    // Between 2^31 and 2^32: written as a signed 32-bit number it turns negative.
    let likes = if role == Role::Huge {
        dice.between(2_300_000_000, 4_200_000_000)
    } else {
        followers * dice.between(3, 40) + dice.below(1_000)
    };
    let per_day = dice.below(5);
    let drift = |count: u64| count + count * per_day * age_days / 1_000;
    (drift(followers), drift(likes))
}

/// A count times a factor, whole.
fn grown(count: u64, factor: f64) -> u64 {
    let hundredths = (factor * 100.0).round().clamp(0.0, 100_000_000.0);
    // Written out and read back: a float of at most nine digits, without a cast that could lose its sign.
    let hundredths = format!("{hundredths:.0}").parse::<u64>().unwrap_or(100);
    count.saturating_mul(hundredths) / 100
}

/// Seventeen digits, in which the handle's numbers stand: a call names a profile by this id alone.
fn fb_id(dice: &mut Dice, first: &str) -> String {
    let (kind, number) = number_of(first).unwrap_or((99, dice.below(1 << 18)));
    format!("178414{kind:02}{number:06}{:03}", dice.below(1_000))
}

/// The first handle that Instagram's other id was made from.
pub(super) fn handle_in_fb_id(fb_id: &str) -> Option<String> {
    let digits = fb_id.strip_prefix("178414").filter(|digits| digits.len() == 11)?;
    handle_of(digits.get(..2)?.parse().ok()?, digits.get(2..8)?.parse().ok()?)
}

fn profile_id(dice: &mut Dice, site: Site) -> String {
    match site {
        Site::TikTok => format!("{}", dice.between(6_500_000_000_000_000_000, 7_400_000_000_000_000_000)),
        Site::Instagram => format!("{}", dice.between(100_000_000, 69_999_999_999)),
    }
}

impl Person {
    /// Chance of its own for one purpose.
    pub(super) fn dice(&self, world: &World, purpose: &str) -> Dice {
        Dice::new(world.seed(), &[self.site.name(), purpose, &self.first_handle])
    }

    /// How many posts have been made by `now`; post numbers run from 0 to this.
    pub(super) fn made_by(&self, now: DateTime<Utc>) -> u64 {
        let alive = u64::try_from(now.timestamp() - self.began_s).unwrap_or(0);
        alive / self.gap_s
    }

    /// The numbers of the pinned posts, in their order on the page: three of different ages, where there are enough.
    pub(super) fn pinned(&self, world: &World) -> Vec<u64> {
        let at_epoch = self.made_by(world.epoch());
        let pins = matches!(self.role, Role::Star | Role::Huge) || self.dice(world, "pins").chance(30);
        if !pins || at_epoch < 20 {
            return Vec::new();
        }
        // Neither newest first nor oldest first.
        vec![at_epoch - 12, at_epoch / 3, at_epoch - 4]
    }

    /// The canonical address.
    pub(super) fn canonical_url(&self) -> String {
        match self.site {
            Site::TikTok => format!("https://www.tiktok.com/@{}", self.handle),
            Site::Instagram => format!("https://www.instagram.com/{}/", self.handle),
        }
    }

    /// The avatar's address at one size.
    pub(super) fn avatar_url(&self, world: &World, size: u32) -> String {
        let base = world.base_url();
        let expires = world.now().timestamp() + 172_800;
        let key = &self.avatar;
        match self.site {
            Site::TikTok => format!(
                "{base}/tos-maliva-avt-0068/{key}~tplv-tiktokx-cropcenter:{size}:{size}.jpeg?dr=14579&x-expires={expires}&x-signature={}",
                &key[..12]
            ),
            Site::Instagram => format!(
                "{base}/v/t51.2885-19/{key}_n.jpg?stp=dst-jpg_s{size}x{size}_tt6&_nc_cat=103&oe={expires:X}&_nc_sid=7a9f4b"
            ),
        }
    }
}
