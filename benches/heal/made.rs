//! A case made from a seed: known-good pages, changed pages, truth. One class of change each, at a severity.

use serde_json::{Map, Value, json};

use crate::chance::Chance;
use crate::data;
use crate::layout::{Look, Site};
use crate::mutate;
use crate::page::{document, shell, truth_of, url_of, values_of};
use crate::person::Person;
use crate::posts;
use crate::strange;

/// Every class of change.
pub(crate) const CLASSES: &[&str] = &[
    "control",
    "class_rotate",
    "attr_rename",
    "attr_drop",
    "wrap",
    "tag_change",
    "reorder",
    "language",
    "number_format",
    "split_text",
    "merge_text",
    "decoy_before",
    "decoy_close",
    "decoy_exact",
    "look_alike",
    "hidden_copy",
    "stale_meta",
    "removed",
    "removed_decoy",
    "wrong_page",
    "json_rename",
    "json_nest",
    "json_retype",
    "json_map",
    "json_foreign",
    "json_stale",
    "redesign",
    "redesign_locales",
    "half_rollout",
    "surge",
    "user_rename",
    "pinned",
    "all_new",
    "bio_changed",
    "foreign_grid",
    "json_normal",
    "json_pairs",
    "unknown_locale",
    "no_labels",
    "mixed_wrong",
    "look_alike_counts",
    "torn_number",
    "removed_near",
    "folded_copy",
    "coarse_stranger",
    "unnamed_cards",
    "lang_missing",
    "post_columns",
    "post_retype",
    "post_move",
    "post_sorted",
    "post_owners",
    "post_photos",
    "post_pinned",
    "post_new",
    "post_removed",
    "post_gone",
    "post_surge",
    "post_mixed",
    "form_apollo",
    "form_relay",
    "form_rows",
    "form_columns",
    "form_pairs",
    "form_places",
    "form_named",
    "form_valued",
    "form_ownerless",
    "form_old_copy",
    "form_guarded",
    "form_chunks",
    "form_base64",
    "form_flat",
    "form_halves",
    "form_paged",
    "form_wrapped_ids",
    "post_spoken",
    "post_emoji",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Track {
    All,
    Dom,
    Json,
}

/// One page of a case.
pub(crate) struct MadePage {
    pub(crate) id: String,
    pub(crate) profile: String,
    /// The handle of before, whatever is asked for.
    pub(crate) person: String,
    pub(crate) url: String,
    pub(crate) html: String,
    pub(crate) network: Value,
    pub(crate) values: Value,
}

/// One case.
pub(crate) struct Made {
    pub(crate) id: String,
    pub(crate) site: Site,
    pub(crate) known: Vec<MadePage>,
    pub(crate) pages: Vec<MadePage>,
    pub(crate) truth: Value,
}

/// How one page is to be changed.
pub(crate) struct Change<'a> {
    pub(crate) class: &'a str,
    pub(crate) severity: usize,
    pub(crate) seed: u64,
}

impl Made {
    pub(crate) fn new(class: &str, severity: usize, seed: u64) -> Self {
        Self::sized(class, severity, seed, &[12, 18, 30])
    }

    /// With one of these numbers of posts on each page.
    pub(crate) fn sized(class: &str, severity: usize, seed: u64, posts: &[usize]) -> Self {
        let mut chance =
            Chance::new(seed ^ class.bytes().fold(17_u64, |sum, b| sum.wrapping_mul(257).wrapping_add(u64::from(b))));
        let site = if chance.chance(0.5) { Site::Tik } else { Site::Ins };
        let track = track_of(class, &mut chance);
        let posts = *chance.pick(posts);
        let good = 3 + chance.below(3);
        let mut people: Vec<Person> = (0..good + 3).map(|_| Person::new(&mut chance, posts)).collect();
        let mut others: Vec<Person> = (0..9).map(|_| Person::new(&mut chance, 5)).collect();
        for (at, person) in people.iter_mut().chain(&mut others).enumerate() {
            // No two people of a case share a handle.
            person.handle.push(char::from(b"abcdefghjkmnpqrstuvwxyz"[at % 23]));
        }
        let mut look = Look::base(site);
        let change = Change { class, severity, seed: chance.next() };
        posts::base(&mut look, &change);
        people.iter_mut().for_each(|person| posts::people(person, &change, &mut chance));
        let known = people[..good]
            .iter()
            .enumerate()
            .map(|(at, person)| good_page(at, person, &look, track, &others))
            .collect();
        let mut pages = Vec::new();
        let mut truths = Map::new();
        let count = 3 + chance.below(4);
        for at in 0..count {
            let seen = class != "all_new" && (at < 2 || (at < good && chance.chance(0.4)));
            let before = if seen { people[at.min(good - 1)].clone() } else { people[good + at % 3].clone() };
            if pages.iter().any(|page: &MadePage| page.person == before.handle) {
                continue;
            }
            let (page, truth) = changed_page(at, &before, seen, &look, track, &others, &change, &mut chance);
            truths.insert(page.id.clone(), truth);
            pages.push(page);
        }
        let id = format!("{class}-{seed:x}");
        let truth = json!({"case_id": id, "class": class, "severity": severity, "pages": truths});
        Self { id, site, known, pages, truth }
    }
}

fn track_of(class: &str, chance: &mut Chance) -> Track {
    match class {
        "json_rename" | "json_nest" | "json_retype" | "json_map" | "json_foreign" | "json_normal" | "json_pairs" => {
            *chance.pick(&[Track::Json, Track::Json, Track::All])
        }
        "json_stale" | "stale_meta" | "control" => Track::All,
        _ if class.starts_with("form_") => *chance.pick(&[Track::Json, Track::Json, Track::All]),
        "redesign" | "redesign_locales" | "half_rollout" | "removed" | "wrong_page" | "surge" | "user_rename"
        | "pinned" | "all_new" | "bio_changed" | "mixed_wrong" | "look_alike_counts" => {
            *chance.pick(&[Track::All, Track::Dom, Track::Json])
        }
        "post_retype" | "post_move" | "post_removed" | "post_columns" | "post_owners" | "post_photos"
        | "post_pinned" | "post_new" | "post_sorted" | "post_gone" | "post_surge" | "post_mixed" | "post_spoken"
        | "post_emoji" => *chance.pick(&[Track::All, Track::Dom, Track::Json]),
        "removed_near" => Track::Dom,
        _ => *chance.pick(&[Track::Dom, Track::Dom, Track::All]),
    }
}

fn good_page(at: usize, person: &Person, look: &Look, track: Track, others: &[Person]) -> MadePage {
    let (embedded, address, network) = data::base(look.site, person, others);
    let body = if track == Track::Json { shell() } else { look.body(person, others) };
    let html = document(person, look, track, body, &[embedded], None);
    MadePage {
        id: format!("good{at}"),
        profile: person.handle.clone(),
        person: person.handle.clone(),
        url: url_of(look.site, &person.handle),
        html,
        network: if track == Track::Dom { json!([]) } else { json!([{"url": address, "body": network}]) },
        values: values_of(look.site, person),
    }
}

#[expect(clippy::too_many_arguments, reason = "one call, and each is needed")]
fn changed_page(
    at: usize,
    before: &Person,
    seen: bool,
    base: &Look,
    track: Track,
    others: &[Person],
    change: &Change<'_>,
    chance: &mut Chance,
) -> (MadePage, Value) {
    let mut now = before.later(chance);
    let mut asked = now.handle.clone();
    mutate::person(&mut now, before, change, chance);
    posts::person(&mut now, change, chance);
    if !seen {
        asked.clone_from(&now.handle);
    }
    let untouched = change.class == "half_rollout" && at % 2 == 1;
    let mut look = base.clone();
    if !untouched {
        mutate::look(&mut look, change, at);
        strange::look(&mut look, change);
        posts::look(&mut look, change);
    }
    let mut removed = Vec::new();
    let mut body = if track == Track::Json { shell() } else { look.body(&now, others) };
    if track != Track::Json && !untouched {
        mutate::body(&mut body, &look, &now, before, others, change, chance, &mut removed);
        strange::body(&mut body, &look, &now, before, change, chance, &mut removed);
        posts::body(&mut body, &look, others, change, chance);
    }
    let (embedded, address, network) = data::base(look.site, &now, others);
    let mut docs = mutate::Docs { embedded: vec![embedded], address, network, extra: Vec::new(), description: None };
    if !untouched {
        mutate::docs(&mut docs, &look, &now, before, others, change, chance, &mut removed);
    }
    posts::docs(&mut docs, &look, others, change, &mut removed);
    if change.class == "form_old_copy" && !seen {
        // Of two responses that differ nobody can tell the older one without a past.
        docs.extra.clear();
    }
    let wrong = change.class == "wrong_page"
        || (change.class == "mixed_wrong" && at % 3 == 1)
        || (change.class == "look_alike" && at % 3 == 2);
    let id = format!("page{at}");
    if wrong {
        let (html, network) = mutate::wrong(&asked, &now, &look, track, others, change, chance);
        let page = MadePage {
            id,
            profile: asked.clone(),
            person: before.handle.clone(),
            url: url_of(look.site, &asked),
            html,
            network,
            values: Value::Null,
        };
        let truth = json!({"username": null, "display_name": null, "bio": null, "followers": null, "following": null, "likes": null, "posts_count": null,
            "avatar_url": null, "external_url": null, "posts": null});
        return (page, truth);
    }
    let mut html = document(&now, &look, track, body, &docs.embedded, docs.description.clone());
    if change.class == "lang_missing" {
        let declared = format!(" lang=\"{}\"", look.locale.lang);
        html = html.replacen(&declared, if change.severity == 2 { " lang=\"en\"" } else { "" }, 1);
    }
    let mut responses = vec![json!({"url": docs.address, "body": docs.network})];
    responses.extend(docs.extra.clone());
    // Pages of one list come one after the other.
    if change.severity > 1 && change.class != "form_paged" {
        chance.shuffle(&mut responses);
    }
    let network = if track == Track::Dom { json!([]) } else { Value::Array(responses) };
    let truth = truth_of(&look, track, &now, seen, change, &removed);
    (
        MadePage {
            id,
            profile: asked.clone(),
            person: before.handle.clone(),
            url: url_of(look.site, &asked),
            html,
            network,
            values: Value::Null,
        },
        truth,
    )
}
