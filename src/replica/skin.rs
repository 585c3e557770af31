//! How the rendered page looks to a selector: the tag, class and test attributes of each of its parts. The scripts are
//! built with it. A redesign draws another one.

use serde_json::{Map, Value, json};

use super::catalogue::Site;
use super::dice::Dice;
use super::redesign::Redesign;

/// A part of a page: its name in our scripts, its tag, the readable end of its class, and its test attribute.
type Part = (&'static str, &'static str, &'static str, &'static str);

const TIKTOK: [Part; 46] = [
    ("body", "div", "DivBodyContainer", ""),
    ("nav", "div", "DivSideNavContainer", ""),
    ("navitem", "div", "DivNavItem", ""),
    ("loginbutton", "button", "StyledLeftSidePrimaryButtonRedesign", ""),
    ("suggested", "div", "DivSuggestedAccount", ""),
    ("main", "div", "DivShareLayoutBase", "user-page"),
    ("header", "div", "DivShareLayoutHeader", ""),
    ("avatar", "div", "DivContainer", "user-avatar"),
    ("avatarimg", "img", "ImgAvatar", ""),
    ("headtext", "div", "DivShareTitleContainer", ""),
    ("namerow", "div", "DivUserIdentifierWrapper", ""),
    ("title", "h1", "H1ShareTitle", "user-title"),
    ("subtitle", "h2", "H2ShareSubTitle", "user-subtitle"),
    ("button", "button", "StyledFollowButton", "follow-button"),
    ("counts", "h3", "H3CountInfos", ""),
    ("count", "div", "DivNumber", ""),
    ("following", "strong", "", "following-count"),
    ("followers", "strong", "", "followers-count"),
    ("likes", "strong", "", "likes-count"),
    ("countlabel", "span", "SpanUnit", ""),
    ("bio", "h2", "H2ShareDesc", "user-bio"),
    ("link", "a", "ABioLink", "user-link"),
    ("tabs", "div", "DivVideoFeedTab", ""),
    ("tab", "p", "PVideos", "videos-tab"),
    ("repost", "p", "PRepost", "repost-tab"),
    ("liked", "p", "PLike", "liked-tab"),
    ("notice", "div", "DivTextContent", ""),
    ("list", "div", "DivVideoFeedV2", "user-post-item-list"),
    ("cell", "div", "DivItemContainerV2", ""),
    ("card", "div", "StyledDivContainerV2", "user-post-item"),
    ("anchor", "a", "AVideoContainer", ""),
    ("cover", "img", "ImgPoster", ""),
    ("foot", "div", "DivCardFooter", ""),
    ("views", "strong", "StrongVideoCount", "video-views"),
    ("badge", "div", "DivBadge", "video-card-badge"),
    ("footline", "div", "DivFeedFoot", ""),
    ("message", "div", "DivErrorContainer", ""),
    ("messagetitle", "p", "PTitle", ""),
    ("messagetext", "p", "PDesc", ""),
    ("captcha", "div", "captcha-verify-container", ""),
    ("browse", "div", "DivBrowserModeContainer", "browse-video"),
    ("browsename", "span", "SpanUniqueId", "browse-username"),
    ("browsetext", "h1", "H1VideoDesc", "browse-video-desc"),
    ("likecount", "strong", "StrongText", "like-count"),
    ("commentcount", "strong", "StrongText2", "comment-count"),
    ("sharecount", "strong", "StrongText3", "share-count"),
];

const INSTAGRAM: [Part; 40] = [
    ("body", "div", "", ""),
    ("nav", "div", "", ""),
    ("navitem", "span", "", ""),
    ("main", "main", "", ""),
    ("header", "header", "", ""),
    ("picture", "section", "", ""),
    ("avatarlink", "a", "", ""),
    ("avatar", "img", "", ""),
    ("facts", "section", "", ""),
    ("namerow", "div", "", ""),
    ("heading", "h2", "", ""),
    ("name", "span", "", ""),
    ("tick", "span", "", ""),
    ("follow", "button", "", ""),
    ("counts", "ul", "", ""),
    ("count", "li", "", ""),
    ("countlink", "a", "", ""),
    ("countbutton", "button", "", ""),
    ("number", "span", "", ""),
    ("about", "section", "", ""),
    ("fullname", "span", "", ""),
    ("category", "div", "", ""),
    ("bio", "span", "", ""),
    ("link", "a", "", ""),
    ("tabs", "div", "", ""),
    ("tab", "span", "", ""),
    ("grid", "div", "", ""),
    ("row", "div", "", ""),
    ("cell", "div", "", ""),
    ("card", "a", "", ""),
    ("frame", "div", "", ""),
    ("cover", "img", "", ""),
    ("overlay", "ul", "", ""),
    ("overlaycount", "li", "", ""),
    ("footline", "div", "", ""),
    ("message", "div", "", ""),
    ("messagetitle", "h2", "", ""),
    ("messagetext", "span", "", ""),
    ("dialog", "div", "", ""),
    ("article", "article", "", ""),
];

/// Parts that the scripts add to later, or whose place in a grid counts.
const UNWRAPPED: [&str; 9] = ["body", "nav", "main", "list", "grid", "row", "cell", "count", "footline"];

/// The look of a site as constants for its script: `SKIN` is `{part: {t, c, a, w}}` (tag, class, attributes, number of
/// wrappers), `ORDER` that of the counts, `DROP` the attributes that are left out.
pub(super) fn script_constants(site: Site, redesign: Option<&Redesign>) -> String {
    let seed = redesign.filter(|redesign| redesign.changes_dom()).map(|redesign| redesign.seed);
    let parts: &[Part] = match site {
        Site::TikTok => &TIKTOK,
        Site::Instagram => &INSTAGRAM,
    };
    let attribute = attribute(seed);
    let mut skin = Map::new();
    for part in parts {
        skin.insert(part.0.to_owned(), look(site, seed, part, attribute));
    }
    let order = match seed.map(|seed| Dice::new(seed, &["order"]).below(3)) {
        None | Some(0) => "[0,1,2]",
        Some(1) => "[1,2,0]",
        Some(_) => "[2,0,1]",
    };
    let drop = match seed.map(|seed| Dice::new(seed, &["drop"]).below(3)) {
        None => json!([]),
        Some(0) => json!(["id"]),
        Some(1) => json!(["id", "title"]),
        Some(_) => json!(["id", "title", "role", "aria-label", "tabindex"]),
    };
    format!("var SKIN={},ORDER={order},DROP={drop};", Value::Object(skin))
}

/// The test attribute's name: a redesign renames it, or drops it.
fn attribute(seed: Option<u64>) -> Option<&'static str> {
    match seed.map(|seed| Dice::new(seed, &["attribute"]).below(3)) {
        None => Some("data-e2e"),
        Some(0) => Some("data-testid"),
        Some(1) => Some("data-qa"),
        Some(_) => None,
    }
}

fn look(site: Site, seed: Option<u64>, (name, tag, class, e2e): &Part, attribute: Option<&str>) -> Value {
    let mut dice = Dice::new(seed.unwrap_or(0x7937_d88b), &[site.name(), "part", name]);
    let class = match site {
        Site::TikTok if *class == "captcha-verify-container" || class.is_empty() => (*class).to_owned(),
        Site::TikTok => format!("css-{}-{}--{class}", dice.hex(7), Dice::new(seed.unwrap_or(0), &["build"]).hex(8)),
        Site::Instagram => atoms(&mut dice),
    };
    let Some(seed) = seed else {
        let attributes = if e2e.is_empty() { json!({}) } else { json!({"data-e2e": e2e}) };
        return json!({"t": tag, "c": class, "a": attributes, "w": 0});
    };
    // Under a redesign the readable end of a class goes too.
    let class = class.split("--").next().unwrap_or_default().to_owned();
    let class = if class.is_empty() { format!("css-{}", dice.hex(7)) } else { class };
    let mut attributes = Map::new();
    if let (Some(attribute), false) = (attribute, e2e.is_empty()) {
        let value =
            if seed % 4 < 2 { (*e2e).to_owned() } else { format!("q{}", Dice::new(seed, &["e2e", e2e]).hex(5)) };
        attributes.insert(attribute.to_owned(), json!(value));
    }
    let wrappers = if UNWRAPPED.contains(name) { 0 } else { dice.below(3) / 2 };
    json!({"t": other_tag(&mut dice, tag), "c": class, "a": attributes, "w": wrappers})
}

/// Another tag of the same use. What a tag does (links, pictures, lists) stays.
fn other_tag(dice: &mut Dice, tag: &str) -> String {
    let choice: &[&str] = match tag {
        "h1" | "h2" | "h3" => &["h1", "h2", "div", "p"],
        "strong" => &["span", "b", "div"],
        "span" => &["span", "div", "b"],
        "header" | "section" => &["section", "div", "header"],
        "ul" | "li" => &["div"],
        "p" => &["p", "div", "span"],
        kept => return kept.to_owned(),
    };
    dice.pick(choice).to_owned()
}

/// Atomic classes: the first is the part's own, the rest are shared by many parts.
fn atoms(dice: &mut Dice) -> String {
    let mut classes = format!("x{}", dice.hex(7));
    for _ in 0..dice.between(3, 9) {
        classes.push_str(&format!(
            " x1{}",
            dice.pick(&["lliihq", "n2onr6", "plvlek", "ryxfnj", "dj266r", "78zum5", "qjc9v5", "9f619"])
        ));
    }
    classes
}
