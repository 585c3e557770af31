//! Fields that a template has lost while the rest of its pages is read. Its own documents do not know them; an older document of the same
//! profile does, and what it says of them is what is looked for on the page of now.

use serde_json::{Value, json};

use super::{Healed, STORY, Work, note};
use crate::engine::drift::DIGITS;
use crate::model::document::Document;
use crate::model::job::PlatformId;
use crate::store::{Store, StoreError};

/// The event that says so.
const GONE: &str = "fields_gone";
/// Earlier documents of a profile that are looked through.
const EARLIER: usize = 12;

/// The fields that a template has been said to have lost since a version was last put in force for it.
pub(super) async fn fields(work: &Work<'_>, platform: &PlatformId, template: &str) -> Result<Vec<String>, StoreError> {
    let story = work.store.selector_events(platform.as_str(), Some(template), None, STORY).await?;
    let since = story.iter().take_while(|event| event.kind != "moved");
    let mut lost: Vec<String> =
        since.filter(|event| event.kind == "template_changed").flat_map(|event| names(&event.detail)).collect();
    lost.sort_unstable();
    lost.dedup();
    Ok(lost)
}

/// Says of those of these fields that a heal did not bring back that the template's pages show them no more: nobody found them, so they
/// are absent from now on. Answers with them.
pub(super) async fn gone(
    work: &Work<'_>,
    (platform, template): (&PlatformId, &str),
    mut lost: Vec<String>,
    healed: &Healed,
) -> Result<Vec<String>, StoreError> {
    let why = match healed {
        Healed::Refused { why } | Healed::FalseHeal { why } => why.clone(),
        Healed::Promoted { version } => {
            let stored = work.store.selector_version(platform.as_str(), version).await?;
            let evidence = stored.map(|stored| stored.evidence).unwrap_or_default();
            lost.retain(|field| !brings(&evidence, field));
            format!("{version} does not read them")
        }
        Healed::Claimed | Healed::Few { .. } => return Ok(Vec::new()),
    };
    if !lost.is_empty() {
        tracing::warn!(%platform, template, ?lost, why, "the template's pages show these no more, as far as anybody can tell");
        note(work, platform, template, GONE, json!({"lost": lost, "why": why})).await?;
    }
    Ok(lost)
}

/// Whether a version's evidence has a rule for a field.
fn brings(evidence: &Value, field: &str) -> bool {
    let Some((part, name)) = field.split_once('.') else { return false };
    let name = name.strip_suffix(DIGITS).unwrap_or(name);
    evidence["rules"].as_array().into_iter().flatten().any(|rule| {
        let shape = rule["shape"].as_str().unwrap_or_default();
        let of_posts = shape.contains("_posts_") || shape.contains("_cards_");
        rule["field"] == name && (part == "posts") == of_posts
    })
}

/// The fields that were said to be gone, by template, as far back as the story is looked through.
pub(super) async fn known_gone(store: &Store, platform: &PlatformId) -> Result<Vec<(String, Vec<String>)>, StoreError> {
    let story = store.selector_events(platform.as_str(), None, None, STORY).await?;
    let gone = story.into_iter().filter(|event| event.kind == GONE);
    Ok(gone.map(|event| (event.fingerprint.clone(), names(&event.detail))).collect())
}

fn names(detail: &Value) -> Vec<String> {
    let names = detail["lost"].as_array().into_iter().flatten().filter_map(Value::as_str);
    names.filter(|name| name.starts_with("profile.") || name.starts_with("posts.")).map(str::to_owned).collect()
}

/// Whether a document lacks one of these fields: a template's pages of before the loss may look like those of now.
pub(super) fn lacks(document: &Document, lost: &[String]) -> bool {
    let has = |field: &String| match field.strip_prefix("posts.") {
        Some(name) => {
            let of_posts = |path: &String| {
                path.strip_prefix("posts.")
                    .and_then(|rest| rest.split_once('.'))
                    .is_some_and(|(_, known)| known == name)
            };
            document.posts.is_empty() || document.fields.keys().any(of_posts)
        }
        None => field.ends_with(DIGITS) || document.fields.contains_key(field),
    };
    lost.is_empty() || lost.iter().all(|field| field.ends_with(DIGITS)) || !lost.iter().all(has)
}

/// What a profile's document lacks of these fields, from its newest document of before that has them.
pub(super) async fn filled_in(
    work: &Work<'_>,
    (platform, handle, crawl): (&PlatformId, &str, i64),
    known: Document,
    lost: &[String],
) -> Result<Document, StoreError> {
    if lost.is_empty() {
        return Ok(known);
    }
    let Ok(mut tree) = serde_json::to_value(&known) else { return Ok(known) };
    let mut wanted: Vec<&String> = lost.iter().collect();
    for text in work.store.earlier_documents((platform.as_str(), handle), crawl, EARLIER).await? {
        let Ok(earlier) = serde_json::from_str::<Value>(&text) else { continue };
        wanted.retain(|field| !take(&mut tree, &earlier, field.strip_suffix(DIGITS).unwrap_or(field)));
        if wanted.is_empty() {
            break;
        }
    }
    Ok(serde_json::from_value(tree).unwrap_or(known))
}

/// Takes a field's values from another document; whether it had any.
fn take(into: &mut Value, from: &Value, field: &str) -> bool {
    let Some((part, name)) = field.split_once('.') else { return true };
    if part == "profile" {
        return put(&mut into["profile"], &from["profile"], name);
    }
    let mut taken = false;
    let posts = into["posts"].as_array_mut().into_iter().flatten();
    for post in posts {
        let twin = from["posts"].as_array().into_iter().flatten().find(|twin| twin["id"] == post["id"]);
        taken |= twin.is_some_and(|twin| put(post, twin, name));
    }
    taken
}

fn put(into: &mut Value, from: &Value, name: &str) -> bool {
    let (part, rest) = name.split_once('.').map_or((name, None), |(part, rest)| (part, Some(rest)));
    let value = &from[part];
    let is_empty = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
    let Some(map) = into.as_object_mut().filter(|_| !is_empty) else { return false };
    match (rest, map.get_mut(part)) {
        (Some(rest), Some(inner)) if inner.is_object() => put(inner, value, rest),
        _ => {
            map.insert(part.to_owned(), value.clone());
            true
        }
    }
}
