//! What makes a page heavy: translations, settings, and script bundles that really run. Light pages carry a little of
//! each, heavy ones as much as the real sites. Block words stand in every page's translations, as they do there.

use std::fmt::Write as _;
use std::sync::OnceLock;

use axum::body::Bytes;
use serde_json::{Map, Value, json};

use super::Weight;
use super::catalogue::Site;
use super::dice::Dice;
use super::http::Reply;
use super::redesign::{Redesign, RedesignKind, SCRIPT_KEYS, list_address, renamed};
use super::signature::secret;
use super::skin;
use super::world::World;

/// Bundles a heavy page loads, each of about [`BUNDLE_BYTES`].
const BUNDLES: usize = 4;
const BUNDLE_BYTES: usize = 245_000;
/// Characters of invented translations.
const HEAVY_TEXT: usize = 218_000;
const LIGHT_TEXT: usize = 2_500;

/// Texts that our own script shows, and those that make grepping a page for block words useless.
const TEXTS: [(&str, &str); 26] = [
    ("login", "Log in"),
    ("login_to_continue", "Log in to continue"),
    ("captcha_title", "captcha"),
    ("verify_to_continue", "Verify to continue: drag the slider to fit the puzzle"),
    ("security_check", "Complete the security check challenge"),
    ("profile_page_pin", "Pinned"),
    ("couldnt_find_account", "Couldn't find this account"),
    ("looking_for_videos", "Looking for videos? Try browsing our trending creators, hashtags, and sounds."),
    ("private_account", "This account is private"),
    ("follow_to_see", "Follow this account to see their contents and likes"),
    (
        "sensitive_notice",
        "Posts that some may find uncomfortable are unavailable. Log in to make the most of your TikTok experience.",
    ),
    ("something_went_wrong", "Something went wrong"),
    ("please_try_again", "Sorry about that! Please try again later."),
    ("no_content", "No content"),
    ("no_videos_yet", "This user has not published any videos."),
    ("no_bio_yet", "No bio yet."),
    ("follow", "Follow"),
    ("suggested_accounts", "Suggested accounts"),
    ("video_unavailable", "Video currently unavailable"),
    ("region_unavailable", "TikTok is not available in your region"),
    ("too_many_requests", "Too many attempts. Try again later."),
    ("age_restricted", "This post is age protected. Log in to watch."),
    ("access_denied", "Access Denied"),
    ("page_not_available", "Page not available"),
    ("checkpoint", "checkpoint_required"),
    ("ban_notice", "This account was banned"),
];

/// What is heavy and the same on every page, each made once.
#[derive(Debug, Default)]
pub(super) struct Bundles {
    vendor: [OnceLock<Bytes>; BUNDLES],
    translations: OnceLock<Value>,
    biz_context: OnceLock<Value>,
    server_blocks: OnceLock<Vec<Value>>,
}

/// The page's texts by key.
pub(super) fn translations(world: &World) -> Value {
    world.bundles().translations.get_or_init(|| make_translations(world)).clone()
}

/// TikTok's settings, with other people's counts beside the profile, as its page has them.
pub(super) fn biz_context(world: &World) -> Value {
    world.bundles().biz_context.get_or_init(|| make_biz_context(world)).clone()
}

/// Data blocks of Instagram's framework that say nothing about the profile.
pub(super) fn server_blocks(world: &World) -> Vec<Value> {
    world.bundles().server_blocks.get_or_init(|| make_server_blocks(world)).clone()
}

fn make_translations(world: &World) -> Value {
    let mut texts: Map<String, Value> = TEXTS.iter().map(|(key, text)| ((*key).to_owned(), json!(text))).collect();
    let wanted = if world.weight() == Weight::Heavy { HEAVY_TEXT } else { LIGHT_TEXT };
    let mut dice = Dice::new(world.seed(), &["translations"]);
    let mut have = 0;
    while have < wanted {
        let key = format!("web_{}_{}", dice.pick(&["toast", "label", "modal", "tip", "aria"]), dice.hex(6));
        let text = super::words::caption(&mut dice, super::Role::Creator, 0);
        have += key.len() + text.len() + 6;
        texts.insert(key, json!(text));
    }
    Value::Object(texts)
}

fn make_biz_context(world: &World) -> Value {
    let mut dice = Dice::new(world.seed(), &["suggested"]);
    let mut suggested = |_| {
        let fans = dice.magnitude(10_000, 9_000_000);
        json!({"name": format!("creator_{}", dice.below(5_000)), "fans": super::markup::one_decimal(fans)})
    };
    let suggested: Vec<Value> = (0..4).map(&mut suggested).collect();
    let mut settings = Map::new();
    let entries = if world.weight() == Weight::Heavy { 700 } else { 12 };
    let mut dice = Dice::new(world.seed(), &["settings"]);
    for _ in 0..entries {
        settings.insert(
            format!("{}_{}", dice.pick(&["web", "fyp", "ads", "live"]), dice.hex(8)),
            json!({"vid": "v1", "n": dice.below(9)}),
        );
    }
    json!({"os": "linux", "isMobile": false, "navList": [], "config": settings, "suggested": suggested})
}

fn make_server_blocks(world: &World) -> Vec<Value> {
    let (blocks, entries) = if world.weight() == Weight::Heavy { (15, 250) } else { (3, 4) };
    let mut dice = Dice::new(world.seed(), &["server blocks"]);
    let block = |_| {
        let mut resources = Map::new();
        for _ in 0..entries {
            let source = format!("/rsrc/{}/{}.js", dice.hex(2), dice.hex(12));
            resources.insert(dice.hex(7), json!({"type": "js", "src": source, "c": dice.below(9)}));
        }
        json!({"require": [["Bootloader", "handlePayload", null, [{"consistency": {"rev": 1_019_097_561}, "rsrcMap": resources}]]]})
    };
    (0..blocks).map(block).collect()
}

/// The script elements of the heavy bundles; nothing on a light page.
pub(super) fn bundle_tags(world: &World) -> String {
    if world.weight() == Weight::Light {
        return String::new();
    }
    (0..BUNDLES).map(|n| format!("<script src=\"/static/vendor-{n}.js\"></script>")).collect()
}

/// The name of a site's own script, which says which redesign it is built with.
pub(super) fn main_script_name(site: Site, redesign: Option<&Redesign>) -> String {
    let Some(redesign) = redesign else { return format!("{}-main.js", site.name()) };
    format!("{}-main-{}-{}.js", site.name(), redesign.kind.word(), redesign.seed)
}

/// A script by its name.
pub(super) fn script(world: &World, name: &str) -> Reply {
    let bundle = name.strip_prefix("vendor-").and_then(|rest| rest.strip_suffix(".js")?.parse::<usize>().ok());
    if let Some(bundle) = bundle.filter(|n| *n < BUNDLES) {
        let bytes = world.bundles().vendor[bundle].get_or_init(|| vendor(world.seed(), bundle)).clone();
        return Reply::lasting("application/javascript; charset=utf-8", bytes);
    }
    match main_script(world, name) {
        Some(text) => Reply::lasting("application/javascript; charset=utf-8", Bytes::from(text)),
        None => Reply::new(404, "text/plain; charset=utf-8", "Not found"),
    }
}

fn main_script(world: &World, name: &str) -> Option<String> {
    let mut parts = name.strip_suffix(".js")?.split('-');
    let (site, _main) = (parts.next()?, parts.next()?);
    let site = Site::ALL.into_iter().find(|known| known.name() == site)?;
    let kind = match parts.next() {
        None => None,
        Some(word) => Some(RedesignKind::of_word(word)?),
    };
    let seed = parts.next().and_then(|seed| seed.parse().ok()).unwrap_or(0);
    let redesign = kind.map(|kind| Redesign { kind, seed, share: 1.0 });
    let mut keys = Map::new();
    if let Some(redesign) = redesign.filter(Redesign::changes_json) {
        for key in SCRIPT_KEYS {
            keys.insert(key.to_owned(), json!(renamed(&redesign, key)));
        }
    }
    let constants = skin::script_constants(site, redesign.as_ref());
    let (sign, page) = match site {
        Site::TikTok => (include_str!("pages/sign.js"), include_str!("pages/tiktok.js")),
        Site::Instagram => ("", include_str!("pages/instagram.js")),
    };
    let secret = secret(world.seed());
    let runtime = include_str!("pages/runtime.js");
    let list = list_address(site, redesign.as_ref());
    Some(format!(
        "{constants}var KEYS={},SECRET=\"{secret}\",LIST=\"{list}\";\n{runtime}{sign}{page}",
        Value::Object(keys)
    ))
}

/// A bundle of small modules in a registry, of which every third is run at load, as bundles are.
fn vendor(seed: u64, number: usize) -> Bytes {
    let mut dice = Dice::new(seed, &["vendor", &number.to_string()]);
    let mut text = String::with_capacity(BUNDLE_BYTES + 2_000);
    text.push_str("(function(registry){var cache={};function need(id){if(cache[id])return cache[id].exports;var m=cache[id]={exports:{}};registry[id](m,m.exports,need);return m.exports}for(var i=0;i<registry.length;i+=3)need(i);window.__modules=(window.__modules||0)+registry.length})([\n");
    while text.len() < BUNDLE_BYTES {
        let (a, b, c) = (dice.hex(6), dice.hex(6), dice.below(1_000));
        let words = super::words::caption(&mut dice, super::Role::Creator, 0);
        let words = json!(words);
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "function(m,e,need){{\"use strict\";var state={{id:\"{a}\",count:{c},label:{words},flags:[]}};function f{b}(list,depth){{var out=[];for(var i=0;i<list.length;i++){{var v=list[i];if(typeof v===\"number\"&&v%2===0)out.push(v*{c}+depth);else if(Array.isArray(v))out=out.concat(f{b}(v,depth+1));else out.push(String(v).replace(/[aeiou]/g,\"_\"))}}return out}}function g{a}(input){{var o=Object.assign({{}},state,input||{{}});o.flags=f{b}([1,2,[3,4,[\"{a}\"]],o.label],0);o.sum=o.flags.reduce(function(s,x){{return s+(typeof x===\"number\"?x:x.length)}},0);return o}}e.create=g{a};e.walk=f{b};e.default=g{a}({{count:{c}}})}},"
        );
    }
    text.push_str("function(m,e){e.last=true}]);\n");
    Bytes::from(text)
}
