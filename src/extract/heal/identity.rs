//! The gate: before anything of a page is used, the page names the requested profile in at least two independent places, one of them in
//! its body, and nothing contradicts. A login wall, a missing page, a captcha and another user's page all fail here, and keep
//! all their values to themselves.

use std::collections::{HashMap, HashSet};

use super::Known;
use super::address::{Style, Target, stem};
use super::dom::{Element, Sight};
use super::field::Values;
use super::label;
use super::learn;
use super::owner::{DomOwners, Ids, JsonOwners, beside_handle, could_be_handle, is_handle, plain_handle};
use super::page::Page;
use super::told;

/// Why a page's values are withheld.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// An address or a title names another profile.
    NamesAnother,
    /// The profile is not named often enough.
    NotNamed,
    /// The profile is named, and none of its facts are shown: a wall, a missing page.
    NoProfile,
}

/// A page that passed, with whose everything on it is.
pub(crate) struct Named {
    /// The profile's handle on this page, lower case.
    pub(crate) handle: String,
    /// The handle as the page writes it.
    pub(crate) written: String,
    pub(crate) json: Vec<JsonOwners>,
    pub(crate) dom: DomOwners,
    /// What each element's `href` points to.
    pub(crate) targets: Vec<Option<Target>>,
    /// Whether the page's head alone tells of the profile: it has no body yet, or its body shows posts and nothing else.
    pub(crate) head_only: bool,
}

/// Judges a page.
pub(crate) fn gate(page: &Page, style: &Style, known: &[Known], rare: &HashSet<String>) -> Result<Named, Refusal> {
    let asked = plain_handle(&page.profile);
    let past = known.iter().find(|good| plain_handle(&good.page.profile) == asked).map(|good| &good.values);
    match judge(page, style, &asked, rare, past) {
        Err(Refusal::NamesAnother) => {
            let renamed = renamed(page, style, known, &asked).ok_or(Refusal::NamesAnother)?;
            judge(page, style, &renamed, rare, past)
        }
        judged => judged,
    }
}

fn judge(
    page: &Page,
    style: &Style,
    handle: &str,
    rare: &HashSet<String>,
    past: Option<&Values>,
) -> Result<Named, Refusal> {
    let mut places = 0;
    for address in addresses(page) {
        match style.target(address) {
            Target::Profile(name) if name == handle => places |= 1,
            Target::Profile(_) => return Err(Refusal::NamesAnother),
            // A post's page shows its author's name, and its likes are the post's.
            Target::Post { .. } => return Err(Refusal::NoProfile),
            Target::Outside | Target::Inside => {}
        }
    }
    if page.dom.meta("og:type").is_some_and(|kind| kind.starts_with("video") || kind == "article") {
        return Err(Refusal::NoProfile);
    }
    for title in titles(page) {
        match title_names(title, handle) {
            Some(true) => places |= 2,
            Some(false) => return Err(Refusal::NamesAnother),
            None => {}
        }
    }
    let ids = Ids::find(&page.docs, handle);
    let json: Vec<JsonOwners> = page.docs.iter().map(|doc| JsonOwners::find(doc, handle, &ids)).collect();
    let mut others = other_handles(page, &json, handle);
    others.extend(rare.iter().cloned());
    let mut called: Vec<String> = titles(page).filter_map(|title| called(title, handle)).map(str::to_owned).collect();
    called.extend(past.and_then(|past| past.display_name.clone()));
    let aim = |element: &Element| element.attr("href").map(|href| style.target(href));
    let targets: Vec<Option<Target>> = page.dom.elements.iter().map(aim).collect();
    let dom = DomOwners::find(&page.dom, &targets, handle, &others, &called);
    let mut body = 0;
    for (doc, owners) in page.docs.iter().zip(&json) {
        if !owners.own.is_empty() {
            body += 1;
            let asked_for = doc.origin.split(['?', '&', '=', '/', '@', '#']).any(|part| is_handle(part, handle));
            body += usize::from(asked_for);
        }
    }
    body += usize::from(!dom.names.is_empty()) + usize::from(dom.names_us(&page.dom, 0));
    // A page without a header: the head names the profile twice, and the posts are its own.
    let headless = body == 0
        && places == 3
        && (past.is_some_and(|past| shows_posts(page, style, past)) || shows_own_posts(page, style, handle));
    body += usize::from(headless);
    // The head's address and title are two places; where nothing else is there, its description has to say what the past said.
    let head_only = headless || (body == 0 && places == 3 && head_tells(page, handle, past));
    body += usize::from(head_only && !headless);
    let places = usize::from(places & 1 > 0) + usize::from(places & 2 > 0) + body;
    if body == 0 || places < 2 {
        return Err(Refusal::NotNamed);
    }
    let written = written_handle(page, &json, handle);
    Ok(Named { handle: handle.to_owned(), written, json, dom, targets, head_only })
}

/// Letters that the body of a page without one may show: a notice to switch scripts on.
const NOTICE_MAX: usize = 200;

/// Whether a page has no body yet, and its description gives at least two counts by name: those of the past, or, for a profile that
/// nobody has met, all that such descriptions give.
fn head_tells(page: &Page, handle: &str, past: Option<&Values>) -> bool {
    let dom = &page.dom;
    let shown = |index: &usize| dom.elements[dom.texts[*index].element].sight == Sight::Shown;
    let letters: usize = (0..dom.texts.len()).filter(shown).map(|index| dom.texts[index].text.trim().len()).sum();
    let asks = |tag: &str| matches!(tag, "a" | "input" | "form" | "iframe" | "article");
    if letters > NOTICE_MAX || dom.elements.iter().any(|element| asks(&element.tag)) {
        return false;
    }
    let mut counted = Vec::new();
    for cand in told::candidates(dom, handle) {
        let (Some(field), Some(_)) = (cand.says, cand.count) else { continue };
        let known = past.is_some_and(|past| past.count(field).is_some());
        if known && past.is_some_and(|past| learn::fit(&cand, field, past, false).is_none()) {
            return false;
        }
        if (known || past.is_none()) && !counted.contains(&field) {
            counted.push(field);
        }
    }
    counted.len() >= if past.is_some() { 2 } else { 3 }
}

fn addresses(page: &Page) -> impl Iterator<Item = &str> {
    let metas = page
        .dom
        .meta
        .iter()
        .filter(|(name, _)| matches!(name.as_str(), "og:url" | "twitter:url" | "al:web:url"))
        .map(|(_, url)| url.as_str());
    page.dom.canonical.as_deref().into_iter().chain(metas)
}

fn titles(page: &Page) -> impl Iterator<Item = &str> {
    std::iter::once(page.dom.title.as_str())
        .chain(["og:title", "twitter:title"].into_iter().filter_map(|name| page.dom.meta(name)))
}

/// Whether a title names the profile; none where it names nobody.
fn title_names(title: &str, handle: &str) -> Option<bool> {
    let mut other = false;
    for word in title.split(|c: char| {
        c.is_whitespace()
            || matches!(c, '(' | ')' | '（' | '）' | '|' | ',' | '"' | '“' | '”' | '「' | '」' | '\'' | '’')
    }) {
        let word = word.trim_matches(|c: char| matches!(c, '.' | ':' | '•' | '·' | ';' | '!' | '?'));
        if is_handle(word, handle) {
            return Some(true);
        }
        other |= word.starts_with('@') && could_be_handle(&word.to_lowercase());
    }
    other.then_some(false)
}

/// The name before the handle in a title: `Name (@handle) • Site`.
fn called<'a>(title: &'a str, handle: &str) -> Option<&'a str> {
    let end = title.find([')', '）']).map(|at| at + title[at..].chars().next().map_or(1, char::len_utf8))?;
    beside_handle(&title[..end], handle)
}

/// Whether most of the known posts, three at least, are addressed on a page.
fn shows_posts(page: &Page, style: &Style, past: &Values) -> bool {
    let shown = post_ids(page, style);
    let posts = past.posts.as_deref().unwrap_or_default();
    let there = posts.iter().filter(|post| shown.contains(post.id.as_str())).count();
    there >= 3 && there * 2 > posts.len()
}

/// Whether a page's addresses lead to posts, three at least, and to the profile's only.
fn shows_own_posts(page: &Page, style: &Style, handle: &str) -> bool {
    let mut own = 0;
    for element in &page.dom.elements {
        match element.attr("href").map(|href| style.target(href)) {
            Some(Target::Post { owner: Some(owner), .. }) if owner == handle => own += 1,
            Some(Target::Post { .. } | Target::Profile(_)) => return false,
            Some(Target::Outside | Target::Inside) | None => {}
        }
    }
    own >= 3
}

/// The ids of posts that a page's addresses and JSON hold.
fn post_ids(page: &Page, style: &Style) -> HashSet<String> {
    let linked = page.dom.elements.iter().filter_map(|element| match style.target(element.attr("href")?) {
        Target::Post { id, .. } => Some(id),
        Target::Profile(_) | Target::Outside | Target::Inside => None,
    });
    let json = page.docs.iter().flat_map(|doc| doc.nodes.iter().filter_map(|node| node.scalar()));
    linked.chain(json.filter(|text| style.is_post_id(text)).map(str::to_owned)).collect()
}

/// What is known of a page's profile under an earlier name: most of its posts are there, at least two more of its facts, and the earlier
/// name nowhere.
pub(crate) fn earlier_self<'a>(page: &Page, style: &Style, known: &'a [Known]) -> Option<&'a Values> {
    let shown = post_ids(page, style);
    if shown.is_empty() {
        return None;
    }
    let mut same = known.iter().filter(|good| {
        let posts = good.values.posts.as_deref().unwrap_or_default();
        let there = posts.iter().filter(|post| shown.contains(post.id.as_str())).count();
        if there < 3 || there * 2 <= posts.len() {
            return false;
        }
        let seen = texts(page);
        let before = plain_handle(&good.page.profile);
        // Where the other name still stands, it is another's account whose data came along.
        facts_kept(&good.values, &seen) >= 2 && !seen.iter().any(|text| text.to_lowercase().contains(&before))
    });
    same.next().filter(|_| same.next().is_none()).map(|good| &good.values)
}

/// Words that could be handles and stand on one page only of all at hand, or on very few: words of the site stand on many. What is known of the
/// profiles is left out, and with fewer than three pages nothing can be said.
pub(crate) fn rare_words(pages: &[&Page], known: &[Known]) -> HashSet<String> {
    let mut seen: HashMap<String, (usize, usize)> = HashMap::new();
    for (at, page) in pages.iter().enumerate() {
        for node in &page.dom.texts {
            let word = node.text.trim();
            if word.len() < 5 || !could_be_handle(word) || label::beside(word).is_some() {
                continue;
            }
            let held = seen.entry(plain_handle(word)).or_insert((at, 1));
            if held.0 != at {
                *held = (at, held.1 + 1);
            }
        }
    }
    if pages.len() < 3 {
        return HashSet::new();
    }
    let facts: HashSet<String> = known
        .iter()
        .flat_map(|good| [&good.values.display_name, &good.values.bio])
        .flatten()
        .map(|fact| plain_handle(fact))
        .collect();
    let rare =
        seen.into_iter().filter(|(word, (_, held))| (*held == 1 || *held * 4 <= pages.len()) && !facts.contains(word));
    rare.map(|(word, _)| word).collect()
}

/// Handles that the page's JSON gives to others.
fn other_handles(page: &Page, json: &[JsonOwners], handle: &str) -> HashSet<String> {
    let mut keys = HashSet::new();
    for (doc, owners) in page.docs.iter().zip(json) {
        keys.extend(owners.own.iter().filter_map(|&at| doc.nodes[at].name()));
    }
    let mut others = HashSet::new();
    for doc in &page.docs {
        for node in &doc.nodes {
            let Some(text) = node.scalar() else { continue };
            if node.name().is_some_and(|name| keys.contains(name))
                && could_be_handle(text)
                && !is_handle(text, handle)
                && text.len() >= 4
            {
                others.insert(plain_handle(text));
            }
        }
    }
    others
}

/// The handle in the page's own letters; a display name that differs only in capitals is no handle.
fn written_handle(page: &Page, json: &[JsonOwners], handle: &str) -> String {
    let mut written =
        page.docs.iter().zip(json).flat_map(|(doc, owners)| owners.own.iter().filter_map(|&at| doc.nodes[at].scalar()));
    let bare = |text: &str| text.trim().trim_start_matches('@').to_owned();
    let mut first = None;
    let exact = written.by_ref().map(bare).any(|text| {
        let ours = text.to_lowercase() == handle;
        if ours && first.is_none() {
            first = Some(text.clone());
        }
        text == handle
    });
    if exact { handle.to_owned() } else { first.unwrap_or_else(|| handle.to_owned()) }
}

/// The handle a page names, where it is the same account under a new name: most of the known posts are there, and at least two more of
/// its known facts. An impostor copies facts, never post ids.
fn renamed(page: &Page, style: &Style, known: &[Known], asked: &str) -> Option<String> {
    let past = &known.iter().find(|good| plain_handle(&good.page.profile) == asked)?.values;
    let mut names: Vec<String> = addresses(page)
        .filter_map(|address| match style.target(address) {
            Target::Profile(name) => Some(name),
            Target::Post { .. } | Target::Outside | Target::Inside => None,
        })
        .collect();
    names.dedup();
    let [name] = names.as_slice() else { return None };
    let taken = known.iter().any(|good| plain_handle(&good.page.profile) == *name);
    let posts = past.posts.as_deref().unwrap_or_default();
    let seen = texts(page);
    let there = posts.iter().filter(|post| seen.iter().any(|text| text.contains(post.id.as_str()))).count();
    let same = there >= 3 && there * 2 > posts.len() && facts_kept(past, &seen) >= 2;
    (same && !taken && titles(page).all(|title| title_names(title, name) != Some(false))).then(|| name.clone())
}

fn texts(page: &Page) -> Vec<&str> {
    let json = page.docs.iter().flat_map(|doc| doc.nodes.iter().filter_map(|node| node.scalar()));
    let links = page.dom.elements.iter().flat_map(|element| element.attrs.iter().map(|(_, value)| value.as_str()));
    let shown = page
        .dom
        .texts
        .iter()
        .filter(|node| page.dom.elements[node.element].sight != Sight::Hidden)
        .map(|node| node.text.as_str());
    json.chain(links).chain(shown).collect()
}

fn facts_kept(past: &Values, seen: &[&str]) -> usize {
    let has = |wanted: Option<&str>| {
        wanted.is_some_and(|wanted| wanted.len() >= 4 && seen.iter().any(|text| text.contains(wanted)))
    };
    let first_line = past.bio.as_deref().and_then(|bio| bio.lines().next());
    [
        has(past.display_name.as_deref()),
        has(first_line),
        has(past.avatar_url.as_deref().map(stem)),
        has(past.external_url.as_deref().map(stem)),
    ]
    .into_iter()
    .filter(|&kept| kept)
    .count()
}
