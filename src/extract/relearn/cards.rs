//! A shown list of posts: links that carry known ids, the cards around them, and in each card the numbers and texts that are known of
//! its post. The list is the smallest element that holds these links and hardly any other post's.

use std::collections::{BTreeMap, BTreeSet};

use ego_tree::NodeId;
use indexmap::IndexMap;
use scraper::ElementRef;

use super::elements::{as_rule, findings, only, seen};
use super::known::{self, Known, Values};
use super::locate::{self, Way};
use super::posts::{ids_of, word as kind_word};
use super::rendered::Rendered;
use super::weigh::{self, Asked, Tally};
use super::{Page, Piece};
use crate::model::document::{Post, SourceKind};
use crate::model::page::Field;
use crate::model::selectors::{Owner, Record, RecordKind, Rule, Rules};

/// Profiles whose list must be found.
const PROFILES_MIN: usize = 3;
/// Known posts that must be found over all pages.
const POSTS_MIN: usize = 12;
/// Levels that a card may lie above its link.
const LEVELS_MAX: usize = 5;
/// Cards of one page that are asked: more would say the same again.
const CARDS_OF_ONE: usize = 8;
/// What a card shows of its post.
const FIELDS: [(&str, Field); 5] = [
    ("views", Field::Views),
    ("likes", Field::Likes),
    ("comments", Field::Comments),
    ("caption", Field::Caption),
    ("thumbnail_url", Field::ThumbnailUrl),
];

/// A link to a known post.
struct Hit<'p> {
    page: usize,
    link: NodeId,
    word: String,
    /// Whether the address names the profile before the id.
    owned: bool,
    by_code: bool,
    post: &'p Post,
}

/// The shown list; none where there is none.
pub(super) fn learn(pages: &[Page<'_>], quorum: usize) -> Option<Piece> {
    let hits = hits(pages);
    let profiles: BTreeSet<usize> = hits.iter().map(|hit| hit.page).collect();
    if profiles.len() < PROFILES_MIN || hits.len() < POSTS_MIN {
        return None;
    }
    let mut words: BTreeMap<&str, usize> = BTreeMap::new();
    hits.iter().for_each(|hit| *words.entry(&hit.word).or_default() += 1);
    let words: Vec<&str> = words.into_iter().filter(|(_, count)| *count >= 2).map(|(word, _)| word).collect();
    let links = words.iter().map(|word| format!("a[href*=\"/{word}/\"]")).collect::<Vec<_>>().join(", ");
    let holder = holder(pages, &hits, &links)?;
    let up = level(pages, &hits, &holder);
    let each = if up == 0 { links.clone() } else { each(pages, &hits, &words, up)? };
    let group = words.join("|");
    let at = if up == 0 { String::new() } else { links.clone() };
    let rule = |regex: String| {
        Rules(vec![Rule { at: at.clone(), attr: Some("href".to_owned()), regex: Some(regex), ..Rule::default() }])
    };
    let mut fields: IndexMap<String, Rules> = IndexMap::new();
    let id = if hits.iter().all(|hit| hit.by_code) { "code" } else { "id" };
    fields.insert(id.to_owned(), rule(format!("/(?:{group})/([\\w\\-]+)")));
    if let Some(kind) = kind(&hits, &words, &at, &group) {
        fields.insert("kind".to_owned(), kind);
    }
    let found = fields_of(pages, &hits, up, quorum);
    for (field, (way, _)) in &found {
        fields.insert((*field).to_owned(), Rules(vec![as_rule(way)]));
    }
    let owner = if hits.iter().all(|hit| hit.owned) {
        Owner { username: rule(format!("/@?([\\w.\\-]+)/(?:{group})/")), ..Owner::default() }
    } else {
        Owner::default()
    };
    let record = Record { kind: RecordKind::Post, owner, extends: None, fields };
    let contains = words.iter().map(|word| format!("/{word}/")).collect();
    let ready = words.iter().map(|word| format!("{holder} a[href*=\"/{word}/\"]")).collect::<Vec<_>>().join(", ");
    let piece = Piece::new("shown_posts", SourceKind::Dom, record, holder, findings(&found));
    Some(Piece { each: Some(each), contains, ready: Some(ready), ..piece })
}

fn hits<'p>(pages: &[Page<'p>]) -> Vec<Hit<'p>> {
    let mut hits = Vec::new();
    for (at, page) in pages.iter().enumerate() {
        let Some(rendered) = page.shown else { continue };
        let mut taken = BTreeSet::new();
        for (link, href) in &rendered.links {
            let path = href.split(['?', '#']).next().unwrap_or_default();
            let steps: Vec<&str> = path.split('/').filter(|step| !step.is_empty()).collect();
            let found = steps.iter().enumerate().find_map(|(place, step)| {
                let post = page.lesson.past.posts.iter().find(|post| ids_of(post).any(|id| id == *step))?;
                Some((place, *step, post))
            });
            let Some((place, step, post)) = found else { continue };
            let Some(word) = place.checked_sub(1).and_then(|before| steps.get(before)) else { continue };
            // Between slashes in an address, so it is a word of the site and no data.
            if !word.bytes().all(|byte| byte.is_ascii_alphabetic()) || !taken.insert(post.id.as_str()) {
                continue;
            }
            let owned = place
                .checked_sub(2)
                .and_then(|before| steps.get(before))
                .is_some_and(|owner| owner.trim_start_matches('@').eq_ignore_ascii_case(page.lesson.handle));
            let by_code = post.code.as_deref() == Some(step);
            hits.push(Hit { page: at, link: *link, word: (*word).to_owned(), owned, by_code, post });
        }
    }
    hits
}

/// The smallest element with a selector of its own that holds the known posts and, three times in four, no other's.
fn holder(pages: &[Page<'_>], hits: &[Hit<'_>], links: &str) -> Option<String> {
    let first = hits.first()?.page;
    let rendered = pages.get(first)?.shown?;
    let owned = hits.iter().all(|hit| hit.owned);
    let own = |page: usize| hits.iter().filter(move |hit| hit.page == page);
    let start = rendered.element(own(first).next()?.link)?;
    let above = start.ancestors().filter_map(ElementRef::wrap);
    let around = above.filter(|above| own(first).all(|hit| rendered.is_inside(hit.link, above.id())));
    for element in around {
        let mut ways = locate::atoms(element, pages.get(first)?.lesson.handle);
        ways.retain(|(rank, css)| *rank < 9 || matches!(css.as_str(), "main" | "article" | "body"));
        ways.sort();
        let fits = |css: &str| {
            let (mut known, mut strangers) = (0, 0);
            let alone = pages.iter().enumerate().filter(|(at, _)| own(*at).next().is_some()).all(|(at, page)| {
                let Some(rendered) = page.shown else { return false };
                let [only] = rendered.find(css)[..] else { return false };
                known += own(at).count();
                // Behind the last known post the list may go on with older ones.
                let inside = rendered.find_in(only, links);
                let end = inside.iter().rposition(|id| own(at).any(|hit| hit.link == *id)).map_or(0, |last| last + 1);
                let name = page.lesson.handle;
                let strange = |href: &String| !owned || !href.to_lowercase().contains(name);
                let hrefs: BTreeSet<String> = inside
                    .iter()
                    .take(end)
                    .filter(|id| !own(at).any(|hit| hit.link == **id))
                    .filter_map(|id| rendered.text(*id, Some("href")))
                    .filter(strange)
                    .collect();
                strangers += hrefs.len();
                own(at).all(|hit| rendered.is_inside(hit.link, only))
            });
            alone && strangers * 3 <= known
        };
        if let Some((_, css)) = ways.into_iter().find(|(_, css)| fits(css)) {
            return Some(css);
        }
    }
    None
}

/// How many levels above its link a card ends: as long as it holds one post alone.
fn level(pages: &[Page<'_>], hits: &[Hit<'_>], holder: &str) -> usize {
    let of_hit = |hit: &Hit<'_>| {
        let Some(rendered) = pages.get(hit.page).and_then(|page| page.shown) else { return 0 };
        let (Some(link), Some(top)) = (rendered.element(hit.link), rendered.find(holder).first().copied()) else {
            return 0;
        };
        let others: Vec<NodeId> = hits
            .iter()
            .filter(|other| other.page == hit.page && other.link != hit.link)
            .map(|other| other.link)
            .collect();
        // Of a single post nobody knows where its card ends.
        if others.is_empty() {
            return LEVELS_MAX;
        }
        let above = link.ancestors().filter_map(ElementRef::wrap).take(LEVELS_MAX);
        above
            .take_while(|above| above.id() != top && !others.iter().any(|other| rendered.is_inside(*other, above.id())))
            .count()
    };
    hits.iter().map(of_hit).min().unwrap_or(0)
}

/// Cards as elements that hold a link to a post so many levels down.
fn each(pages: &[Page<'_>], hits: &[Hit<'_>], words: &[&str], up: usize) -> Option<String> {
    let tags: BTreeSet<String> = hits
        .iter()
        .filter_map(|hit| Some(card(pages.get(hit.page)?.shown?, hit.link, up)?.value().name().to_owned()))
        .collect();
    let tag = (tags.len() == 1).then(|| tags.into_iter().next()).flatten()?;
    let down = "> * ".repeat(up - 1);
    let inside = words.iter().map(|word| format!("{down}> a[href*=\"/{word}/\"]")).collect::<Vec<_>>().join(", ");
    Some(format!("{tag}:has({inside})"))
}

fn card(rendered: &Rendered, link: NodeId, up: usize) -> Option<ElementRef<'_>> {
    let link = rendered.element(link)?;
    if up == 0 { Some(link) } else { link.ancestors().filter_map(ElementRef::wrap).nth(up - 1) }
}

fn fields_of(pages: &[Page<'_>], hits: &[Hit<'_>], up: usize, quorum: usize) -> BTreeMap<&'static str, (Way, Tally)> {
    let mut taken: BTreeMap<usize, usize> = BTreeMap::new();
    let mut cards: Vec<(usize, &Rendered, ElementRef<'_>, Values)> = Vec::new();
    for hit in hits {
        let taken = taken.entry(hit.page).or_default();
        *taken += 1;
        let Some(rendered) = pages.get(hit.page).and_then(|page| page.shown).filter(|_| *taken <= CARDS_OF_ONE) else {
            continue;
        };
        if let Some(card) = card(rendered, hit.link, up) {
            cards.push((hit.page, rendered, card, known::of_post(hit.post)));
        }
    }
    let mut found = BTreeMap::new();
    for (name, field) in FIELDS {
        let told: Vec<&(usize, &Rendered, ElementRef<'_>, Values)> =
            cards.iter().filter(|(_, _, _, known)| known.contains_key(name)).collect();
        let asked: Vec<Asked<'_>> =
            told.iter().map(|(page, _, _, known)| Asked { profile: *page, known: known.get(name) }).collect();
        let mut ways = BTreeSet::new();
        for (page, rendered, card, known) in told.iter().take(2 * CARDS_OF_ONE) {
            let handle = pages.get(*page).map_or("", |page| page.lesson.handle);
            if let Some(known) = known.get(name) {
                ways.extend(ways_in(rendered, *card, handle, field, known));
            }
        }
        let give = |way: &Way, at: usize| {
            let Some((_, rendered, card, _)) = told.get(at) else { return (None, 0) };
            let found = rendered.find_in(card.id(), &way.css);
            (only(rendered, &found, way, field), found.len())
        };
        if let Some(learned) = weigh::choose(&ways, &asked, quorum, give) {
            found.insert(name, learned);
        }
    }
    weigh::unclaimed(&mut found);
    found
}

/// Every way inside a card to an element that shows the value.
fn ways_in(rendered: &Rendered, card: ElementRef<'_>, handle: &str, field: Field, known: &Known) -> BTreeSet<Way> {
    let attributes: &[Option<&str>] = if field == Field::ThumbnailUrl {
        &[Some("src")]
    } else if field == Field::Caption {
        &[None, Some("alt"), Some("title")]
    } else {
        &[None, Some("title"), Some("aria-label")]
    };
    let mut ways = BTreeSet::new();
    for element in card.descendent_elements().take(60).filter(|element| element.id() != card.id()) {
        for attr in attributes {
            let Some(text) = rendered.text(element.id(), *attr) else { continue };
            if weigh::is_like(known, seen(field, &text).as_ref()) {
                let found = locate::selectors(element, handle, Some(card));
                ways.extend(found.into_iter().map(|(rank, css)| Way {
                    rank,
                    css,
                    attr: attr.map(str::to_owned),
                    label: None,
                }));
            }
        }
    }
    ways
}

/// What the word in the address says of a post's kind, where it always says the same.
fn kind(hits: &[Hit<'_>], words: &[&str], at: &str, group: &str) -> Option<Rules> {
    let mut map: IndexMap<String, String> = IndexMap::new();
    for word in words {
        let kinds: BTreeSet<&str> =
            hits.iter().filter(|hit| hit.word == *word).filter_map(|hit| hit.post.kind).map(kind_word).collect();
        if let (1, Some(kind)) = (kinds.len(), kinds.first()) {
            map.insert((*word).to_owned(), (*kind).to_owned());
        }
    }
    let rule = Rule {
        at: at.to_owned(),
        attr: Some("href".to_owned()),
        regex: Some(format!("/({group})/[\\w\\-]+")),
        map,
        ..Rule::default()
    };
    (!rule.map.is_empty()).then(|| Rules(vec![rule]))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_class_or_a_quoted_value_tells_a_template() {
        assert_eq!(super::super::elements::literal("div[data-qa=\"head\"] > b").as_deref(), Some("head"));
        assert_eq!(super::super::elements::literal("p.css-1a2b > span").as_deref(), Some("css-1a2b"));
        assert_eq!(super::super::elements::literal("h1"), None);
    }
}
