//! What the pages with a known past teach about records: which ways find the plays and the caption, and which also find something where
//! there is none. A way is trusted when it holds for nearly all records; a number that is said to be something else is never taken.

use std::collections::{BTreeMap, HashMap};

use super::super::field::PostValues;
use super::super::number::Count;
use super::super::text;
use super::words::Told;
use super::{Found, Past, PostLesson, Read, Record, Role, Value, list};

/// Of so many values under a mark, one at least must fit the plays, or the mark means something else.
const FOREIGN: usize = 8;

/// Plays may grow so many times over between two visits.
const SURGE_MAX: u64 = 30;

/// What a way has shown for a role: hits and tries, on known-good and on changed pages.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    hits: usize,
    tries: usize,
    changed_hits: usize,
    changed_tries: usize,
    /// Posts known to have no such value, where it found one.
    void: usize,
    /// Texts it found cut short.
    cut: usize,
    /// Of the misses on changed pages, plays that grew by more than is learned from.
    grown: usize,
}

/// All that was learned about records.
#[derive(Default)]
pub(crate) struct PostLessons {
    tallies: HashMap<(Role, u64), Tally>,
    /// What a number is said to be, or looks like: how many fit the plays.
    marks: HashMap<u64, Tally>,
    /// Whether any post is known to have no plays.
    voids: bool,
}

/// How a found value stands to what is known.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fit {
    Hit,
    Miss,
    /// More plays than the past leads one to expect.
    Grown,
    /// The beginning of the known text.
    Cut,
}

impl PostLessons {
    /// Learns from all pages with a past.
    pub(crate) fn learn(lessons: &[PostLesson<'_>]) -> Self {
        let mut learned = Self::default();
        for lesson in lessons {
            let Some(posts) = lesson.past.posts.as_deref().filter(|posts| !posts.is_empty()) else { continue };
            let past = Past::new(posts);
            list::learn(&mut learned, lesson, &past);
            for group in lesson.scene.groups() {
                for record in &group.records {
                    if let Some(post) = past.by_id.get(record.id.as_str()) {
                        learned.learn_values(&record.values, post, &past, lesson.same_visit);
                    }
                }
                let ours = group.records.iter().any(|record| past.knows(&record.id));
                if ours {
                    learned.tally(Role::Id, group.shape, true, lesson.same_visit);
                }
            }
        }
        learned
    }

    pub(super) fn tally(&mut self, role: Role, locator: u64, hit: bool, same_visit: bool) {
        self.tallies.entry((role, locator)).or_default().add(hit, same_visit);
    }

    /// What each way of a record whose post is known finds for plays and caption: one value that fits is a hit, two different ones are
    /// none.
    pub(super) fn learn_values(&mut self, values: &[Value], post: &PostValues, past: &Past<'_>, same_visit: bool) {
        let mut by_way: BTreeMap<(Role, u64), (Fit, &Found)> = BTreeMap::new();
        for value in values {
            let role = role_of(&value.found);
            let Some(fit) = fit(&value.found, post, same_visit) else {
                let known_none = match role {
                    Role::Views => past.without_views(post),
                    Role::Caption | Role::Id => past.without_caption(post),
                };
                self.voids |= known_none && role == Role::Views;
                for &way in value.ways.iter().chain(&value.sole).filter(|_| known_none) {
                    self.tallies.entry((role, way)).or_default().void += 1;
                }
                continue;
            };
            if role == Role::Views {
                for &mark in value.said.iter().chain(&value.class) {
                    self.marks.entry(mark).or_default().note(fit, same_visit);
                }
            }
            for &way in value.ways.iter().chain(&value.sole) {
                let held = by_way.entry((role, way)).or_insert((fit, &value.found));
                if !agree(held.1, &value.found) {
                    held.0 = Fit::Miss;
                }
            }
        }
        for ((role, way), (fit, _)) in by_way {
            self.tallies.entry((role, way)).or_default().note(fit, same_visit);
        }
    }

    /// How far a locator is trusted for a role: 0 not at all.
    pub(super) fn trust(&self, role: Role, locator: u64) -> usize {
        let Some(tally) = self.tallies.get(&(role, locator)) else { return 0 };
        if tally.changed_tries > 0 {
            // Some posts surge and leave their past; no other number of a record follows the past of half of them.
            let held = tally.changed_hits * 2 >= tally.changed_tries && tally.changed_hits >= 2;
            let surged = tally.only_grew() && tally.changed_hits * 4 >= tally.changed_tries && tally.changed_hits >= 4;
            return if held || surged { 1_000 + tally.changed_hits } else { 0 };
        }
        let held = tally.hits * 10 >= tally.tries * 9 && tally.hits >= 2;
        if held { tally.hits } else { 0 }
    }

    /// How far a way to plays is trusted though they left their past: it never failed on known-good pages, plays is what its key or a
    /// sign calls them, and all of them grew.
    fn surged(&self, way: u64, value: &Value) -> usize {
        let tally = self.tallied(Role::Views, way);
        let named = (value.keyed || value.told == Told::Views) && tally.hits >= 5 && tally.hits == tally.tries;
        usize::from(named && tally.changed_tries > 0 && tally.only_grew())
    }

    /// Whether a way finds a value where none is, or was.
    fn tallied(&self, role: Role, way: u64) -> Tally {
        self.tallies.get(&(role, way)).copied().unwrap_or_default()
    }

    /// Whether a number is said to be, or looks like, something other than plays.
    fn is_other(&self, value: &Value) -> bool {
        if value.told == Told::Other {
            return true;
        }
        let unknown = |mark: &u64| !self.marks.contains_key(mark);
        let foreign = |mark: &u64| self.marks.get(mark).is_some_and(Tally::is_foreign);
        value.said.iter().any(|mark| foreign(mark) || (unknown(mark) && value.told != Told::Views))
            || value.class.as_ref().is_some_and(foreign)
    }

    /// The value of a role in a record: of the most trusted way that finds exactly one, and no other found by one as good.
    fn pick<'a>(&self, role: Role, record: &'a Record, past: &Past<'_>) -> Option<&'a Found> {
        let usable = |value: &&Value| role_of(&value.found) == role && (role != Role::Views || !self.is_other(value));
        let mut values: Vec<&Value> = record.values.iter().filter(usable).collect();
        // Where numbers are called plays, no other number is, however alike it looks.
        for called in [|value: &Value| value.labelled, |value: &Value| value.told == Told::Views] {
            let plays = |value: &&&Value| value.told == Told::Views && called(value);
            if role == Role::Views && values.iter().any(|value| plays(&value)) {
                values.retain(|value| plays(&value));
            }
        }
        let post = past.by_id.get(record.id.as_str()).copied();
        let mut best: Option<(usize, &Found)> = None;
        let mut tied = false;
        for value in &values {
            let mut trust = 0;
            for &way in &value.ways {
                let surged = if role == Role::Views { self.surged(way, value) } else { 0 };
                let worth = self.trust(role, way).max(surged);
                if worth <= trust {
                    continue;
                }
                let mut alone = values.iter().filter(|other| other.ways.contains(&way));
                let one = alone.all(|other| agree(&other.found, &value.found));
                if one && self.holds(role, way, &value.found, post, past) {
                    trust = worth;
                }
            }
            if trust == 0 {
                continue;
            }
            match best {
                Some((held, _)) if held > trust => {}
                Some((held, found)) if held == trust => tied |= !agree(found, &value.found),
                _ => {
                    best = Some((trust, &value.found));
                    tied = false;
                }
            }
        }
        match best {
            None if role == Role::Views && !post.is_some_and(|post| past.without_views(post)) => self.named(&values),
            _ => best.filter(|_| !tied).map(|(_, found)| found),
        }
    }

    /// Plays by name, where no way has been learned: the one number that is said to be plays; or each record's only one, where a sign
    /// says so or changed pages bear it out, and every post has plays.
    fn named<'a>(&self, values: &[&'a Value]) -> Option<&'a Found> {
        let mut labelled = values.iter().filter(|value| value.labelled && value.told == Told::Views);
        if let Some(one) = labelled.next() {
            return labelled.all(|other| agree(&other.found, &one.found)).then_some(&one.found);
        }
        let [one] = values else { return None };
        let tally = self.tallied(Role::Views, one.sole?);
        let borne_out = tally.changed_hits >= 4 && tally.changed_hits * 10 >= tally.changed_tries * 8;
        let signed = one.told == Told::Views && tally.changed_tries == 0;
        ((borne_out || signed) && !self.voids).then_some(&one.found)
    }

    /// Whether what a way found may stand. A way that also finds something where nothing is must agree with what is known of the post.
    fn holds(&self, role: Role, way: u64, found: &Found, post: Option<&PostValues>, past: &Past<'_>) -> bool {
        let tally = self.tallied(role, way);
        let fits = || post.and_then(|post| fit(found, post, false)) == Some(Fit::Hit);
        if tally.void > 0 && !fits() {
            return false;
        }
        let known_none = post.is_some_and(|post| match role {
            Role::Views => past.without_views(post),
            Role::Caption | Role::Id => false,
        });
        let cut = matches!(found, Found::Text(text) if tally.cut > 0 && uncut(text).is_some());
        !known_none && (!cut || fits())
    }

    pub(super) fn read(&self, record: &Record, past: &Past<'_>) -> Read {
        let (views, unit) = match self.pick(Role::Views, record, past) {
            Some(Found::Count(count)) => (Some(count.value), count.unit),
            _ => (None, 1),
        };
        let caption = match self.pick(Role::Caption, record, past) {
            Some(Found::Text(text)) => Some(text.clone()),
            _ => None,
        };
        Read { post: PostValues { id: record.id.clone(), views, caption }, unit, torn: false }
    }

    /// Whether a record has a value, besides its id, that is found as posts' values are.
    pub(super) fn is_post(&self, values: &[Value]) -> bool {
        values.iter().any(|value| value.ways.iter().any(|&way| self.trust(role_of(&value.found), way) > 0))
    }
}

impl Tally {
    const fn add(&mut self, hit: bool, same_visit: bool) {
        if same_visit {
            self.hits += hit as usize;
            self.tries += 1;
        } else {
            self.changed_hits += hit as usize;
            self.changed_tries += 1;
        }
    }

    const fn note(&mut self, fit: Fit, same_visit: bool) {
        match fit {
            Fit::Hit => self.add(true, same_visit),
            Fit::Miss => self.add(false, same_visit),
            Fit::Grown => {
                self.add(false, same_visit);
                self.grown += 1;
            }
            Fit::Cut => self.cut += 1,
        }
    }

    /// Whether all that does not fit is plays that grew: nothing else of a post only ever exceeds its plays of before.
    const fn only_grew(&self) -> bool {
        self.changed_hits + self.grown == self.changed_tries
    }

    const fn is_foreign(&self) -> bool {
        let (hits, tries) = if self.changed_tries > 0 {
            (self.changed_hits, self.changed_tries - self.grown)
        } else {
            (self.hits, self.tries)
        };
        tries >= 3 && hits * FOREIGN < tries
    }
}

const fn role_of(found: &Found) -> Role {
    match found {
        Found::Count(_) => Role::Views,
        Found::Text(_) => Role::Caption,
    }
}

/// How a value stands to what is known of its post; none where nothing is.
fn fit(found: &Found, post: &PostValues, same_visit: bool) -> Option<Fit> {
    match found {
        Found::Count(count) => post.views.map(|was| match views_fit(was, *count, same_visit) {
            true => Fit::Hit,
            false if !same_visit && count.value > was && count.value / SURGE_MAX <= was => Fit::Grown,
            false => Fit::Miss,
        }),
        Found::Text(found) => {
            let was = post.caption.as_deref().filter(|caption| !caption.is_empty())?;
            let cut = || {
                let is = uncut(found).map(text::plain);
                is.is_some_and(|start| start.chars().count() >= 4 && text::plain(was).starts_with(&start))
            };
            Some(if text::same(was, found) {
                Fit::Hit
            } else if cut() {
                Fit::Cut
            } else {
                Fit::Miss
            })
        }
    }
}

/// What stands before the dots of a text that was cut.
fn uncut(text: &str) -> Option<&str> {
    text.trim_end().strip_suffix('…').or_else(|| text.trim_end().strip_suffix("...")).map(str::trim_end)
}

fn agree(a: &Found, b: &Found) -> bool {
    match (a, b) {
        (Found::Count(a), Found::Count(b)) => a.agrees(*b),
        (Found::Text(a), Found::Text(b)) => text::same(a, b),
        _ => true,
    }
}

/// Views only grow, but for small corrections.
fn views_fit(was: u64, is: Count, same_visit: bool) -> bool {
    let coarse = if is.unit > 1 { is.unit } else { 0 };
    if same_visit {
        return was.abs_diff(is.value) <= coarse;
    }
    let low = was - was / 25;
    let high = was + was / 6 + 3;
    is.value + coarse >= low && is.value <= high + coarse
}
