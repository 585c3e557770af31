//! Ways to an element as CSS selectors, most telling first: a naming attribute, an address with the handle's place in it, a label,
//! a class; alone, or below or behind such a neighbour; last a tag. Never a position.

use scraper::ElementRef;

use crate::extract::parse::CountLabel;

/// Levels up that an element is told by.
const LEVELS: usize = 4;
/// Ways that are tried of one element.
const MAX_WAYS: usize = 160;
/// A tag alone tells nothing; it may stand below something that does.
const BARE: u8 = 9;

/// A way to a value on a page.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Way {
    /// How much is to be said against it; the smallest is taken first.
    pub(super) rank: u8,
    /// The selector; empty is the record's own element.
    pub(super) css: String,
    /// The attribute that is read; the text where none.
    pub(super) attr: Option<String>,
    /// The label beside the count.
    pub(super) label: Option<CountLabel>,
}

/// The word of a label in selector files.
pub(super) const fn word(label: CountLabel) -> &'static str {
    match label {
        CountLabel::Followers => "followers",
        CountLabel::Following => "following",
        CountLabel::Likes => "likes",
        CountLabel::Posts => "posts",
        CountLabel::Views => "views",
        CountLabel::Comments => "comments",
        CountLabel::Shares => "shares",
    }
}

/// Selectors that find the element, with their ranks; `stop` is an element that none may reach above.
pub(super) fn selectors(element: ElementRef<'_>, handle: &str, stop: Option<ElementRef<'_>>) -> Vec<(u8, String)> {
    let own = atoms(element, handle);
    let mut all: Vec<(u8, String)> = own.iter().filter(|(rank, _)| *rank < BARE).cloned().collect();
    // Where a site's classes are new on every page, tags are all that stays.
    let tag = element.value().name();
    if is_name(tag) {
        all.push((30, tag.to_owned()));
        if let Some(above) = element.parent().and_then(ElementRef::wrap).map(|above| above.value().name())
            && is_name(above)
        {
            all.push((28, format!("{above} > {tag}")));
        }
    }
    let above = element.ancestors().filter_map(ElementRef::wrap);
    let inside = above.take_while(|above| stop.is_none_or(|stop| stop.id() != above.id()));
    for (up, above) in inside.take(LEVELS).enumerate() {
        for (rank, anchor) in atoms(above, handle).iter().filter(|(rank, _)| *rank < BARE) {
            for (own_rank, own) in &own {
                let joint = if up == 0 { " > " } else { " " };
                all.push((10 + rank + own_rank, format!("{anchor}{joint}{own}")));
            }
        }
    }
    if let Some(before) = element.prev_siblings().find_map(ElementRef::wrap) {
        for (rank, anchor) in atoms(before, handle).iter().filter(|(rank, _)| *rank < BARE) {
            all.extend(own.iter().map(|(own_rank, own)| (14 + rank + own_rank, format!("{anchor} + {own}"))));
        }
    }
    all.sort();
    all.dedup();
    if all.len() > MAX_WAYS {
        let bare = all.split_off(all.len() - 2);
        all.truncate(MAX_WAYS);
        all.extend(bare);
    }
    all
}

/// What tells an element by itself.
pub(super) fn atoms(element: ElementRef<'_>, handle: &str) -> Vec<(u8, String)> {
    let tag = element.value().name();
    let mut atoms = Vec::new();
    for (name, value) in element.value().attrs() {
        let rank = match name {
            "itemprop" => 0,
            _ if name.starts_with("data-") => 0,
            "id" | "name" | "rel" => 1,
            "aria-label" | "role" => 3,
            _ => continue,
        };
        if is_name(name) && is_constant(value, handle) {
            atoms.push((rank, format!("{tag}[{name}=\"{value}\"]")));
        }
    }
    if let Some((_, end)) = element.attr("href").and_then(|href| href.split_once(handle))
        && end.len() > 1
        && is_constant(end, handle)
    {
        atoms.push((1, format!("{tag}[href$=\"{end}\"]")));
    }
    atoms.extend(element.value().classes().filter(|class| is_name(class)).map(|class| (4, format!("{tag}.{class}"))));
    if is_name(tag) {
        atoms.push((BARE, tag.to_owned()));
    }
    atoms
}

/// A name that CSS takes as it stands.
fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

/// A value that can be the same on every page: no data, nothing that must be quoted.
fn is_constant(value: &str, handle: &str) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    (1..=60).contains(&value.len())
        && digits <= 6
        && !value.to_lowercase().contains(handle)
        && !value.contains(['"', '\\', '\n', '\r'])
}
