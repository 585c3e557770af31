//! The whole story of a platform's selectors, for a person: what changed, on what evidence, who agreed, when it came into force.

use serde_json::Value;

use super::time;
use crate::cli::output;
use crate::store::Store;

/// Events read at a time.
const PAGE: usize = 200;

pub(super) async fn history(
    store: &Store,
    platform: &str,
    fingerprint: Option<&str>,
    limit: usize,
    as_json: bool,
) -> anyhow::Result<u8> {
    let mut story = Vec::new();
    let mut before = None;
    while story.len() < limit {
        let page = store.selector_events(platform, fingerprint, before, PAGE.min(limit - story.len())).await?;
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        story.extend(page);
    }
    for event in story.iter().rev() {
        if as_json {
            output::json_line(event)?;
            continue;
        }
        let template = if event.fingerprint.is_empty() { String::new() } else { format!(" [{}]", event.fingerprint) };
        let version = event.version.as_deref().unwrap_or("-");
        output::text(&format!(
            "{} {platform}{template} {version}: {}, by {}\n",
            time(event.at),
            told(&event.kind, &event.detail),
            event.actor
        ))?;
        for line in evidence(&event.detail["evidence"]) {
            output::text(&format!("    {line}\n"))?;
        }
    }
    Ok(0)
}

/// An event in a sentence.
fn told(kind: &str, detail: &Value) -> String {
    let word = |key: &str| detail[key].as_str().unwrap_or("nothing").to_owned();
    let why = why(&detail["why"]);
    match kind {
        "added" if detail["evidence"]["rules"].is_array() => format!("candidate, learned beside {}", word("parent")),
        "added" => format!("entered, made from {}", word("parent")),
        "state" => match detail["to"].as_str().unwrap_or_default() {
            "replay" => format!("replayed over archived pages{}", step(&detail["why"])),
            "shadow" => format!("ran beside the version in force{}", step(&detail["why"])),
            "canary" => format!("wrote its first rows as canary{}", step(&detail["why"])),
            to => format!("went from {} to {to}{why}", word("from")),
        },
        "moved" => match (detail["slot"].as_str().unwrap_or_default(), detail["to"].as_str()) {
            ("active", Some(to)) => format!("{to} is in force in place of {}{why}", word("from")),
            ("active", None) => format!("{} is no more in force{why}", word("from")),
            ("canary", Some(_)) => "goes first on a few held pages of this template".to_owned(),
            ("canary", None) => "has written them".to_owned(),
            (slot, to) => {
                format!("{slot} of this template is {} (before: {}){why}", to.unwrap_or("over"), word("from"))
            }
        },
        "pinned" => format!("fixed: only a person moves pointer {}", word("slot")),
        "unpinned" => format!("freed: the program may move pointer {}", word("slot")),
        "refused" => format!("no version was accepted from {} profiles{why}", detail["profiles"]),
        "false_heal" => {
            format!("a shuffled history was accepted, so nothing is believed and more profiles are asked for{why}")
        }
        "template_changed" => format!(
            "the template has changed while its values are right, seen on {} profiles; read no more: {}",
            detail["profiles"],
            words(&detail["lost"])
        ),
        "fields_gone" => {
            format!("its pages show no more, as far as anybody can tell: {}{why}", words(&detail["lost"]))
        }
        "strayed" => format!(
            "{} profiles left their own drift at once, read by {}, and nothing contradicts it",
            detail["profiles"],
            word("version")
        ),
        "rederived" => {
            format!(
                "{} crawls that {} had written were read again by {}",
                detail["crawls"],
                word("version"),
                word("by")
            )
        }
        "filled_in" => format!(
            "{} crawls that lacked {} were read again by {}",
            detail["crawls"],
            words(&detail["fields"]),
            word("version")
        ),
        _ => format!("{kind} {detail}"),
    }
}

/// A reason in brackets.
fn why(why: &Value) -> String {
    match why {
        Value::Null => String::new(),
        Value::String(why) if why.is_empty() => String::new(),
        Value::String(why) => format!(" ({why})"),
        Value::Object(parts) => {
            let told: Vec<String> = parts
                .iter()
                .filter_map(|(key, value)| match (key.as_str(), value) {
                    ("from" | "to", _) => None,
                    ("agreed", agreed) => Some(format!("{agreed} profiles agree")),
                    ("fingerprint", Value::String(mark)) => Some(format!("template {mark}")),
                    ("keeps", Value::String(version)) => Some(format!("the old template keeps {version}")),
                    ("why", Value::String(why)) => Some(why.clone()),
                    ("over", _) => Some("its pages are written".to_owned()),
                    (key, Value::String(value)) => Some(format!("{key} {value}")),
                    (key, value) => Some(format!("{key} {value}")),
                })
                .collect();
            if told.is_empty() { String::new() } else { format!(" ({})", told.join(", ")) }
        }
        why @ (Value::Bool(_) | Value::Number(_) | Value::Array(_)) => format!(" ({why})"),
    }
}

/// What a step of a version's life came to.
fn step(told: &Value) -> String {
    let mut parts = Vec::new();
    if let Some(pages) = told["pages"].as_u64() {
        parts.push(format!("{pages} pages"));
    }
    if let Some(pages) = told["old_pages"].as_u64() {
        parts.push(format!("{pages} pages of before are read as before"));
    }
    if let Some(counts) = told["whole"].as_object() {
        let agreed =
            counts.iter().filter(|(name, _)| *name != "posts").map(|(name, count)| format!("{name} on {count}"));
        parts.push(format!("as known: {}", agreed.collect::<Vec<_>>().join(", ")));
    }
    if let Some(posts) = told["whole"]["posts"].as_u64() {
        parts.push(format!("{posts} posts"));
    }
    if parts.is_empty() { String::new() } else { format!(": {}", parts.join("; ")) }
}

/// The evidence of a learned version, line by line: who agreed, each rule with what it stands on, and what tried to refute it.
pub(super) fn evidence(evidence: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(who) = evidence["who"].as_array() {
        lines.push(format!("{} profiles agree (by their marks): {}", who.len(), words(&evidence["who"])));
    }
    for rule in evidence["rules"].as_array().into_iter().flatten() {
        let text = |key: &str| rule[key].as_str().unwrap_or_default();
        lines.push(format!(
            "+ {} in {}: {}  ({} values of {} profiles)",
            text("field"),
            text("shape"),
            text("at"),
            rule["values"],
            rule["profiles"]
        ));
    }
    for rule in evidence["dropped"].as_array().into_iter().flatten() {
        lines.push(format!(
            "- {} in {}: wrong on {} profiles' pages",
            rule["field"].as_str().unwrap_or_default(),
            rule["shape"].as_str().unwrap_or_default(),
            rule["profiles"]
        ));
    }
    if let Some(left_out) = evidence["leave_one_out"]["left_out"].as_u64() {
        let values = &evidence["leave_one_out"]["values"];
        lines.push(format!(
            "each of {left_out} profiles left out in turn: the others' rules read it the same ({values} values)"
        ));
    }
    if let Some(shuffles) = evidence["negative_control"]["shuffles"].as_u64() {
        lines.push(format!("{shuffles} shuffled histories: nothing was accepted"));
    }
    if evidence["search"].is_object() {
        let search = &evidence["search"];
        lines.push(format!("the values' own search: {} agree, {} differ", search["agreed"], search["differ"]));
    }
    if let Some(version) = evidence["built_in"].as_str() {
        lines.push(format!("built into version {version} of the program"));
    }
    lines
}

fn words(list: &Value) -> String {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
}
