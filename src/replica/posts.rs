//! The posts, made one by one from the profile and their number: number 0 is the oldest, and new numbers appear as the
//! site's days pass. Ids carry the time, as the real ones do.

use chrono::{DateTime, Utc};

use crate::model::document::PostKind;

use super::catalogue::{Role, Site, handle_of, number_of};
use super::dice::Dice;
use super::people::{Person, person};
use super::words;
use super::world::World;

/// Instagram's ids count milliseconds from here.
const INSTAGRAM_EPOCH_MS: i64 = 1_314_220_021_721;
/// A post has half of all the views it will ever get after this long.
const HALF_LIFE_S: u64 = 172_800;
const SHORTCODE_ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A post, with the counts of the day it was asked for.
#[derive(Debug, Clone)]
pub(super) struct Made {
    /// TikTok's id, Instagram's pk.
    pub(super) id: u64,
    /// Instagram's shortcode; empty on TikTok.
    pub(super) code: String,
    /// Unix time.
    pub(super) created_s: i64,
    pub(super) kind: PostKind,
    pub(super) caption: String,
    pub(super) hashtags: Vec<String>,
    pub(super) mentions: Vec<String>,
    pub(super) views: u64,
    pub(super) likes: u64,
    pub(super) comments: u64,
    pub(super) shares: u64,
    pub(super) saves: u64,
    /// Seconds; 0 where nothing moves.
    pub(super) duration_s: u64,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) pinned: bool,
    pub(super) sponsored: bool,
    pub(super) ai_label: bool,
    /// Id, title and author of the sound (TikTok).
    pub(super) music: (String, String, String),
    /// Names the cover's picture.
    pub(super) cover: String,
    /// Name of each part's picture; empty where there are no parts.
    pub(super) parts: Vec<String>,
    /// The handle that the site names as the author, where it is not the profile: a co-author.
    pub(super) credited_to: Option<String>,
}

/// All posts that exist today, newest first.
pub(super) fn posts(world: &World, person: &Person) -> Vec<Made> {
    let now = world.now();
    let pinned = person.pinned(world);
    let deleted = world.changes().deleted.clone();
    let mut posts: Vec<Made> = (0..person.made_by(now))
        .map(|number| make(world, person, number, now, pinned.contains(&number)))
        .filter(|post| !deleted.contains(&post.id.to_string()))
        .collect();
    posts.reverse();
    posts
}

/// The posts as the page lists them: the pinned ones first in their own order, then the rest, newest first.
pub(super) fn listed(world: &World, person: &Person) -> Vec<Made> {
    let (pinned, rest): (Vec<Made>, Vec<Made>) = posts(world, person).into_iter().partition(|post| post.pinned);
    // `pinned` comes newest first; the page shows the middle one first.
    let mut listed = pinned;
    if listed.len() == 3 {
        listed.swap(0, 1);
    }
    listed.extend(rest);
    listed
}

/// A stranger's post that the site slips into a list; which one depends on the place.
pub(super) fn injected(world: &World, into: &Person, place: u64) -> Option<(Person, Made)> {
    let mut dice = into.dice(world, &format!("injected {place}"));
    let stranger = person(world, into.site, &format!("creator_{}", 900_000 + dice.below(90_000)))?;
    let made = stranger.made_by(world.now());
    let post = make(world, &stranger, made.saturating_sub(1 + dice.below(9)), world.now(), false);
    Some((stranger, post))
}

fn make(world: &World, person: &Person, number: u64, now: DateTime<Utc>, pinned: bool) -> Made {
    let mut dice = person.dice(world, &format!("post {number}"));
    let offset = number * person.gap_s + dice.below(person.gap_s * 7 / 10);
    let created_s = person.began_s + i64::try_from(offset).unwrap_or(0);
    let (id, code) = identity(&mut dice, person, created_s);
    let kind = kind(&mut dice, person);
    let age_s = u64::try_from(now.timestamp() - created_s).unwrap_or(0);
    let views = views(&mut dice, person.followers, age_s);
    let likes = views * dice.between(20, 150) / 1_000;
    let caption = words::caption(&mut dice, person.role, number);
    let (width, height) = size(&mut dice, person.site, kind);
    let moves = matches!(kind, PostKind::Video | PostKind::Reel);
    let parts = if matches!(kind, PostKind::Carousel | PostKind::Slideshow) { dice.between(2, 6) } else { 0 };
    let shared = person.role == Role::Shared && person.site == Site::Instagram && number % 5 == 2;
    Made {
        id,
        code,
        created_s,
        kind,
        hashtags: words::tagged(&caption, '#'),
        mentions: words::tagged(&caption, '@'),
        caption,
        views,
        likes,
        comments: likes * dice.between(5, 60) / 1_000,
        shares: likes * dice.between(2, 90) / 1_000,
        saves: likes * dice.between(10, 120) / 1_000,
        duration_s: if moves { dice.between(6, 180) } else { 0 },
        width,
        height,
        pinned,
        sponsored: person.role == Role::Business && number.is_multiple_of(7),
        ai_label: person.role == Role::Business && number % 9 == 4,
        music: words::music(&mut dice, &person.name),
        cover: dice.hex(32),
        parts: (0..parts).map(|_| dice.hex(32)).collect(),
        credited_to: shared.then(|| format!("creator_{}", dice.below(5_000))),
    }
}

/// An id that carries the post's time, and Instagram's shortcode for it. The low bits of an Instagram id name the
/// owner, so that `/p/CODE/` can be answered without a memory of what was shown.
fn identity(dice: &mut Dice, person: &Person, created_s: i64) -> (u64, String) {
    match person.site {
        Site::TikTok => {
            let seconds = u64::try_from(created_s).unwrap_or(0) - dice.below(25);
            ((seconds << 32) | dice.below(1 << 32), String::new())
        }
        Site::Instagram => {
            let ms = u64::try_from(created_s * 1_000 - INSTAGRAM_EPOCH_MS).unwrap_or(0) - dice.below(60_000);
            let (kind, number) = number_of(&person.first_handle).unwrap_or((30, dice.below(1 << 18)));
            let id = (ms << 23) | (kind << 18) | number;
            (id, shortcode(id))
        }
    }
}

/// The owner and the post that a shortcode names.
pub(super) fn by_code(world: &World, code: &str) -> Option<(Person, Made)> {
    let digit = |c: u8| SHORTCODE_ALPHABET.iter().position(|d| *d == c).and_then(|d| u64::try_from(d).ok());
    let id = code.bytes().filter(|_| code.len() == 11).try_fold(0_u64, |id, c| Some((id << 6) | digit(c)?))?;
    let first = handle_of((id >> 18) & 31, id & ((1 << 18) - 1))?;
    let owner = person(world, Site::Instagram, &world.handle_today(Site::Instagram, &first))?;
    let made = posts(world, &owner).into_iter().find(|made| made.id == id)?;
    Some((owner, made))
}

/// Instagram's shortcode: the id in base 64, eleven characters.
pub(super) fn shortcode(id: u64) -> String {
    let digit = |place: u32| usize::try_from((id >> (6 * place)) & 63).map_or('A', |i| SHORTCODE_ALPHABET[i].into());
    (0..11).rev().map(digit).collect()
}

fn kind(dice: &mut Dice, person: &Person) -> PostKind {
    let throw = dice.below(100);
    match person.site {
        Site::TikTok => {
            let slides = if person.role == Role::Business { 35 } else { 6 };
            if throw < slides { PostKind::Slideshow } else { PostKind::Video }
        }
        Site::Instagram => match throw {
            0..40 => PostKind::Image,
            40..65 => PostKind::Carousel,
            65..96 => PostKind::Reel,
            _ => PostKind::Video,
        },
    }
}

fn size(dice: &mut Dice, site: Site, kind: PostKind) -> (u32, u32) {
    match (site, kind) {
        (Site::TikTok, _) => (576, 1024),
        (Site::Instagram, PostKind::Reel | PostKind::Video) => (1080, 1920),
        (Site::Instagram, PostKind::Image | PostKind::Carousel | PostKind::Slideshow) => {
            if dice.chance(50) {
                (1080, 1350)
            } else {
                (1080, 1080)
            }
        }
    }
}

/// Views after `age_s`: a share of what the post will ever get, so that counts only grow.
fn views(dice: &mut Dice, followers: u64, age_s: u64) -> u64 {
    let ever = (followers / 100 * dice.between(2, 250)).max(40) + dice.below(97);
    let age_s = age_s + 600;
    ever.saturating_mul(age_s) / (age_s + HALF_LIFE_S)
}

impl Made {
    /// The canonical address.
    pub(super) fn canonical_url(&self, person: &Person) -> String {
        match (person.site, self.kind) {
            (Site::TikTok, PostKind::Slideshow) => format!("{}/photo/{}", person.canonical_url(), self.id),
            (Site::TikTok, _) => format!("{}/video/{}", person.canonical_url(), self.id),
            (Site::Instagram, PostKind::Reel) => format!("https://www.instagram.com/reel/{}/", self.code),
            (Site::Instagram, _) => format!("https://www.instagram.com/p/{}/", self.code),
        }
    }

    /// The address of its cover, or of the picture named `key`.
    pub(super) fn picture_url(&self, world: &World, site: Site, key: &str) -> String {
        let base = world.base_url();
        let expires = world.now().timestamp() + 172_800;
        match site {
            Site::TikTok => format!(
                "{base}/tos-no1a-p-0037-no/{key}~tplv-tiktokx-origin.image?dr=10395&x-expires={expires}&x-signature={}",
                &key[..12]
            ),
            Site::Instagram => {
                format!(
                    "{base}/v/t51.2885-15/{key}_n.jpg?stp=dst-jpg_e35_tt6&_nc_cat=107&oe={expires:X}&_nc_sid=22de04"
                )
            }
        }
    }

    /// The address of its video, where it moves.
    pub(super) fn video_url(&self, world: &World, site: Site) -> Option<String> {
        let base = world.base_url();
        let expires = world.now().timestamp() + 172_800;
        (self.duration_s > 0).then(|| match site {
            Site::TikTok => {
                format!("{base}/video/tos/no1a/{}/?a=1988&mime_type=video_mp4&expire={expires}", self.cover)
            }
            Site::Instagram => format!("{base}/o1/v/t16/f2/m86/{}.mp4?_nc_cat=107&oe={expires:X}", self.cover),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shortcode_is_the_id_in_base_64() {
        assert_eq!(shortcode(3_565_880_498_545_589_704), "DF8jWurTX3I");
    }
}
