//! Healing: given what is known of some profiles and pages that changed, the right values of each page, or null.
//!
//! Other tools heal by likeness of the old element, on one page, and go wrong exactly where it hurts. We know more: several sources on
//! each page, each profile's own past, other pages of the same template. So a page must first name the profile (`identity`); a value
//! must be nearest to that name (`owner`); what finds it must have held on other profiles, or a label must name it (`learn`,
//! `label`); and it needs a clear margin over the next (`decide`). Everything is pure and deterministic.

mod address;
mod arbitrate;
mod body;
mod cand;
pub mod case;
mod cell;
mod code;
mod compound;
mod custom;
mod decide;
mod dom;
pub mod field;
mod form;
mod home;
mod identity;
mod items;
mod json;
mod keyed;
mod label;
mod learn;
mod number;
mod old;
mod owner;
pub mod page;
mod posts;
pub mod rule;
pub mod selectors;
mod shown;
mod stale;
mod text;
mod told;
mod tongue;
mod torn;
mod unit;
mod worded;

use std::collections::HashSet;

use field::{Field, Values};
use identity::Named;
pub use identity::Refusal;
use page::Page;
use selectors::OldSelectors;

use crate::clock::Clock;

/// A page whose values are known.
pub struct Known {
    /// The page.
    pub page: Page,
    /// What was read of it.
    pub values: Values,
}

/// A page's outcome.
#[derive(Debug, Clone, PartialEq)]
pub struct HealedPage {
    /// The values; all null where the page was refused.
    pub values: Values,
    /// Why all values are withheld.
    pub refusal: Option<Refusal>,
}

/// A heal's outcome.
#[derive(Debug, Clone, PartialEq)]
pub struct Healed {
    /// In the order of the pages.
    pub pages: Vec<HealedPage>,
    /// Milliseconds per page; what is learned from all pages is shared evenly.
    pub heal_ms: Vec<f64>,
    /// Where the values stood, as rules for a selector file.
    pub rules: Vec<rule::Rule>,
}

/// A page made ready: everything that is the profile's own.
struct Ready {
    named: Named,
    cands: Vec<cand::Cand>,
    found: learn::Index,
    phrases: Vec<shown::Phrase>,
    /// What found the values that were left aside.
    aside: HashSet<u64>,
    /// Paths in data under which nothing stands.
    blanks: HashSet<u64>,
    grids: posts::Grids,
}

impl Ready {
    /// The page as posts are looked for in it.
    fn scene<'a>(&'a self, page: &'a Page, style: &'a address::Style) -> posts::Scene<'a> {
        posts::Scene { page, named: &self.named, phrases: &self.phrases, grids: &self.grids, style }
    }

    /// Leaves aside what only repeats the past.
    fn leave_aside(&mut self, page: &Page, past: &Values) {
        let old = stale::parts(&self.cands, past, &page.docs, &self.named.json);
        if !old.is_empty() {
            let aside = self.cands.iter().filter(|cand| stale::holds(&old, cand));
            let named =
                aside.flat_map(|cand| &cand.features).filter(|feature| feature.strength >= cand::Strength::Name);
            self.aside = named.map(|feature| feature.hash).collect();
            self.cands.retain(|cand| !stale::holds(&old, cand));
            self.found = learn::Index::new(&self.cands);
            for part in old {
                self.named.json[part.doc].stale.push(part.nodes);
            }
        }
    }
}

/// Heals pages.
#[must_use]
pub fn heal(old: &OldSelectors, known: &[Known], pages: &[Page], clock: &Clock) -> Healed {
    let style = address::Style::learn(known, pages);
    let started = clock.uptime();
    let every: Vec<&Page> = known.iter().map(|good| &good.page).chain(pages).collect();
    let rare = identity::rare_words(&every, known);
    let good: Vec<Option<Ready>> = known.iter().map(|good| ready(&good.page, &style, known, &rare).ok()).collect();
    let mut shared = clock.uptime().saturating_sub(started);
    let mut own_time = Vec::with_capacity(pages.len());
    let mut readied = Vec::with_capacity(pages.len());
    for page in pages {
        let from = clock.uptime();
        let mut ready = ready(page, &style, known, &rare);
        if let Ok(ready) = &mut ready {
            old::mark(page, old, &ready.phrases, &mut ready.cands);
        }
        readied.push(ready);
        own_time.push(clock.uptime().saturating_sub(from));
    }
    let from = clock.uptime();
    let pasts: Vec<Option<Values>> = pages.iter().map(|page| past_of(page, known, &style)).collect();
    for ((ready, past), page) in readied.iter_mut().zip(&pasts).zip(pages) {
        if let (Ok(ready), Some(past)) = (ready, past) {
            ready.leave_aside(page, past);
        }
    }
    let mut verdicts = judge(known, &good, &readied, &pasts);
    let corrected = correct(&pasts, &verdicts);
    if corrected != pasts {
        verdicts = judge(known, &good, &readied, &corrected);
    }
    let handles: Vec<Option<String>> =
        readied.iter().map(|ready| ready.as_ref().ok().map(|ready| ready.named.handle.clone())).collect();
    decide::withhold_shared(&mut verdicts, &handles);
    let post_lessons = learn_posts(known, &good, pages, &readied, &pasts, &style);
    shared += clock.uptime().saturating_sub(from);
    let mut healed = Vec::with_capacity(pages.len());
    for (at, page) in pages.iter().enumerate() {
        let from = clock.uptime();
        let posts = readied[at]
            .as_ref()
            .ok()
            .and_then(|ready| posts::find(&ready.scene(page, &style), pasts[at].as_ref(), &post_lessons));
        healed.push(assemble(&readied[at], verdicts[at].as_deref(), posts));
        own_time[at] += clock.uptime().saturating_sub(from);
    }
    let each = shared.as_secs_f64() * 1_000.0 / f64::from(u32::try_from(pages.len().max(1)).unwrap_or(u32::MAX));
    let heal_ms = own_time.iter().map(|own| own.as_secs_f64() * 1_000.0 + each).collect();
    let rules = rules_of(pages, &readied, &verdicts, &healed);
    Healed { pages: healed, heal_ms, rules }
}

/// The control that must fail: every profile's past put on the next profile's page. What is accepted as fitting there is a false heal.
/// Returns (fields accepted with a fit to a stranger's past, fields tried).
#[must_use]
pub fn negative_control(known: &[Known], pages: &[Page]) -> (usize, usize) {
    let style = address::Style::learn(known, pages);
    let every: Vec<&Page> = known.iter().map(|good| &good.page).chain(pages).collect();
    let rare = identity::rare_words(&every, known);
    let readied: Vec<Result<Ready, Refusal>> = pages.iter().map(|page| ready(page, &style, known, &rare)).collect();
    let honest: Vec<Option<Values>> = pages.iter().map(|page| past_of(page, known, &style)).collect();
    let seen: Vec<usize> = (0..pages.len()).filter(|&at| honest[at].is_some() && readied[at].is_ok()).collect();
    let mut shuffled: Vec<Option<Values>> = vec![None; pages.len()];
    for (place, &at) in seen.iter().enumerate() {
        shuffled[at].clone_from(&honest[seen[(place + 1) % seen.len()]]);
    }
    let same =
        |at: usize| shuffled[at].as_ref().map(|past| &past.username) == honest[at].as_ref().map(|past| &past.username);
    let tried: Vec<usize> = seen.into_iter().filter(|&at| !same(at)).collect();
    let verdicts = judge(&[], &[], &readied, &shuffled);
    let accepted = |at: &usize| {
        let fields = verdicts[*at].iter().flatten().zip(Field::ALL);
        fields.filter(|(verdict, _)| verdict.as_ref().is_some_and(|verdict| verdict.fits == Some(true))).count()
    };
    (tried.iter().map(accepted).sum(), tried.len() * (Field::ALL.len() - 1))
}

fn rules_of(
    pages: &[Page],
    readied: &[Result<Ready, Refusal>],
    verdicts: &Verdicts,
    healed: &[HealedPage],
) -> Vec<rule::Rule> {
    let mut sources = Vec::new();
    for (at, page) in pages.iter().enumerate() {
        if let (Ok(ready), Some(verdicts), None) = (&readied[at], &verdicts[at], healed[at].refusal) {
            sources.push(rule::Source { page, named: &ready.named, phrases: &ready.phrases, verdicts });
        }
    }
    rule::collect(&sources)
}

fn ready(page: &Page, style: &address::Style, known: &[Known], rare: &HashSet<String>) -> Result<Ready, Refusal> {
    let named = identity::gate(page, style, known, rare)?;
    let (phrases, mut cands) = shown::candidates(&page.dom, &named.dom, &named.handle);
    let mut blanks = HashSet::new();
    for (at, (doc, owners)) in page.docs.iter().zip(&named.json).enumerate() {
        cands.extend(keyed::candidates(at, doc, owners, style, &named.handle, &mut blanks));
    }
    cands.extend(worded::candidates(&page.dom, &named, style));
    cands.extend(told::candidates(&page.dom, &named.handle));
    let found = learn::Index::new(&cands);
    Ok(Ready { named, cands, found, phrases, aside: HashSet::new(), blanks, grids: posts::Grids::default() })
}

/// What is known of a page's profile from an earlier visit, be it under another name.
fn past_of(page: &Page, known: &[Known], style: &address::Style) -> Option<Values> {
    let asked = owner::plain_handle(&page.profile);
    let same = known.iter().find(|good| owner::plain_handle(&good.page.profile) == asked).map(|good| &good.values);
    same.or_else(|| identity::earlier_self(page, style, known)).cloned()
}

type Verdicts = Vec<Option<Vec<Option<decide::Verdict>>>>;

fn judge(
    known: &[Known],
    good: &[Option<Ready>],
    pages: &[Result<Ready, Refusal>],
    pasts: &[Option<Values>],
) -> Verdicts {
    let mut lessons = Vec::new();
    for (known, ready) in known.iter().zip(good) {
        if let Some(ready) = ready {
            lessons.push(learn::Lesson {
                cands: &ready.cands,
                found: &ready.found,
                past: &known.values,
                same_visit: true,
            });
        }
    }
    for (ready, past) in pages.iter().zip(pasts) {
        if let (Ok(ready), Some(past)) = (ready, past) {
            lessons.push(learn::Lesson { cands: &ready.cands, found: &ready.found, past, same_visit: false });
        }
    }
    let learned = learn::learn(&lessons);
    let aside: HashSet<u64> = pages.iter().flatten().flat_map(|ready| &ready.aside).copied().collect();
    let judge_page = |(ready, past): (&Result<Ready, Refusal>, &Option<Values>)| {
        let ready = ready.as_ref().ok()?;
        let scene = decide::Scene {
            cands: &ready.cands,
            found: &ready.found,
            past: past.as_ref(),
            lessons: &learned,
            aside: &aside,
            blanks: &ready.blanks,
            head_only: ready.named.head_only,
        };
        let mut fields: Vec<Option<decide::Verdict>> =
            Field::ALL.iter().map(|&field| decide::decide(&scene, field)).collect();
        decide::withhold_doubles(&mut fields);
        Some(fields)
    };
    pages.iter().zip(pasts).map(judge_page).collect()
}

/// Where a value left its past and was accepted all the same, the past has moved: what finds it did not miss.
fn correct(pasts: &[Option<Values>], verdicts: &Verdicts) -> Vec<Option<Values>> {
    let mut corrected = pasts.to_vec();
    for (past, fields) in corrected.iter_mut().zip(verdicts) {
        let (Some(past), Some(fields)) = (past, fields) else { continue };
        for (field, verdict) in Field::ALL.into_iter().zip(fields) {
            let Some(verdict) = verdict.as_ref().filter(|verdict| verdict.fits == Some(false)) else { continue };
            if let Some(count) = verdict.count {
                past.set_count(field, count.value);
            } else if let Some(text) = &verdict.text {
                past.set_text(field, text.clone());
            }
        }
    }
    corrected
}

fn learn_posts(
    known: &[Known],
    good: &[Option<Ready>],
    pages: &[Page],
    readied: &[Result<Ready, Refusal>],
    pasts: &[Option<Values>],
    style: &address::Style,
) -> posts::PostLessons {
    let mut lessons = Vec::new();
    for (known, ready) in known.iter().zip(good) {
        if let Some(ready) = ready {
            let scene = ready.scene(&known.page, style);
            lessons.push(posts::PostLesson { scene, past: &known.values, same_visit: true });
        }
    }
    for ((page, ready), past) in pages.iter().zip(readied).zip(pasts) {
        if let (Ok(ready), Some(past)) = (ready, past) {
            lessons.push(posts::PostLesson { scene: ready.scene(page, style), past, same_visit: false });
        }
    }
    posts::PostLessons::learn(&lessons)
}

fn assemble(
    ready: &Result<Ready, Refusal>,
    verdicts: Option<&[Option<decide::Verdict>]>,
    posts: Option<Vec<field::PostValues>>,
) -> HealedPage {
    let (ready, verdicts) = match (ready, verdicts) {
        (Ok(ready), Some(verdicts)) => (ready, verdicts),
        (Err(refusal), _) => return HealedPage { values: Values::default(), refusal: Some(*refusal) },
        (Ok(_), None) => return HealedPage { values: Values::default(), refusal: Some(Refusal::NoProfile) },
    };
    let mut values = Values { posts, ..Values::default() };
    let mut counts = 0;
    for (field, verdict) in Field::ALL.into_iter().zip(verdicts) {
        let Some(verdict) = verdict else { continue };
        if let (true, Some(count)) = (field.is_count(), verdict.count) {
            counts += usize::from(ready.named.head_only || verdict.source != crate::model::document::SourceKind::Meta);
            values.set_count(field, count.value);
        } else if let Some(text) = &verdict.text {
            values.set_text(field, text.clone());
        }
    }
    if counts == 0 && values.posts.is_none() {
        return HealedPage { values: Values::default(), refusal: Some(Refusal::NoProfile) };
    }
    values.username = Some(ready.named.written.clone());
    HealedPage { values, refusal: None }
}
