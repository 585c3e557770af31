//! A page put together, and its truth.

use serde_json::{Map, Value, json};

use crate::chance::Chance;
use crate::layout::{Look, Site};
use crate::locale::LOCALES;
use crate::made::{Change, Track};
use crate::person::{Person, Post};
use crate::posts;
use crate::tree::{El, Node, el, text};

pub(crate) fn url_of(site: Site, handle: &str) -> String {
    if site == Site::Tik {
        format!("https://www.clips.example/@{handle}")
    } else {
        format!("https://www.pics.example/{handle}/")
    }
}

pub(crate) fn values_of(site: Site, person: &Person) -> Value {
    let views = |post: &Post| if post.photo { Value::Null } else { json!(post.views) };
    let posts: Vec<Value> = person
        .own_posts()
        .map(|post| json!({"id": id_of(site, post), "views": views(post), "caption": post.caption}))
        .collect();
    let mut values = json!({"username": person.handle, "display_name": person.name, "bio": person.bio, "followers": person.followers, "following": person.following,
        "avatar_url": person.avatar_url(), "external_url": person.link, "posts": posts});
    match site {
        Site::Tik => values["likes"] = json!(person.likes),
        Site::Ins => values["posts_count"] = json!(person.posts_count),
    }
    values
}

fn id_of(site: Site, post: &crate::person::Post) -> &str {
    if site == Site::Tik { &post.num } else { &post.code }
}

/// The page without rendered content, as before its scripts ran.
pub(crate) fn shell() -> El {
    el(
        "body",
        "body",
        (0..20)
            .map(|_| el("div", "bone", vec![el("span", "boneline", vec![]).node()]).with("class", "css-bone").node())
            .collect(),
    )
}

/// Puts head, scripts and body together.
pub(crate) fn document(
    person: &Person,
    look: &Look,
    track: Track,
    body: El,
    embedded: &[Value],
    description: Option<String>,
) -> String {
    let meta =
        |name: &str, content: String| el("meta", "", vec![]).with("property", name).with("content", content).node();
    let site = if look.site == Site::Tik { "Clips" } else { "Pics" };
    let title = format!("{} (@{}) | {site}", person.name, person.handle);
    let url = url_of(look.site, &person.handle);
    let mut head = vec![
        el("title", "", vec![text(&title)]).node(),
        el("link", "", vec![]).with("rel", "canonical").with("href", &url).node(),
        meta("og:url", url),
        meta("og:title", title),
    ];
    if track == Track::All {
        let facts: Vec<String> = look
            .facts(person)
            .iter()
            .map(|(_, value, word)| format!("{} {word}", look.locale.show(*value, true).0))
            .collect();
        head.push(meta(
            "og:description",
            description.unwrap_or_else(|| format!("{} - See what {} shares", facts.join(", "), person.name)),
        ));
        head.push(meta("og:image", person.avatar_url()));
    }
    if track != Track::Dom {
        for (at, value) in embedded.iter().enumerate() {
            let id = if at == 0 { "__DATA__".to_owned() } else { format!("__MORE_{at}__") };
            head.push(
                el("script", "", vec![text(value.to_string().replace("</", "<\\/"))])
                    .with("id", id)
                    .with("type", "application/json")
                    .node(),
            );
        }
    }
    let page = el("html", "", vec![el("head", "", head).node(), body.node()]).with("lang", look.locale.lang);
    let mut html = "<!DOCTYPE html>".to_owned();
    page.html(&mut html);
    html
}

/// What is right on a page.
pub(crate) fn truth_of(
    look: &Look,
    track: Track,
    person: &Person,
    seen: bool,
    change: &Change<'_>,
    removed: &[String],
) -> Value {
    let values = values_of(look.site, person);
    let mut truth = Map::new();
    for (field, value) in values.as_object().unwrap() {
        if field == "posts" {
            continue;
        }
        let tolerance = value.as_u64().map_or(0, |count| {
            if track == Track::Json { 0 } else { look.locale.show(count, look.abbreviate || track == Track::All).1 }
        });
        let tolerance = if tolerance == 1 { 0 } else { tolerance };
        let value = if removed.contains(field) { Value::Null } else { value.clone() };
        truth.insert(field.clone(), json!({"value": value, "tol": tolerance}));
    }
    let gone = |name: &str| removed.iter().any(|field| field == name);
    let shortened = track != Track::Json || posts::shortens(change);
    let posts: Vec<Value> = person
        .own_posts()
        .filter(|_| !gone("posts"))
        .map(|post| {
            let unit = if shortened { look.locale.show(post.views, look.abbreviate).1 } else { 0 };
            let views = if gone("views") || post.photo { Value::Null } else { json!(post.views) };
            let caption = if gone("caption") { Value::Null } else { json!(post.caption) };
            json!({"id": id_of(look.site, post), "views": views, "caption": caption, "tol": if unit == 1 { 0 } else { unit }})
        })
        .collect();
    truth.insert("posts".to_owned(), Value::Array(posts));
    truth.insert("seen".to_owned(), json!(seen));
    Value::Object(truth)
}

/// A look in another language.
pub(crate) fn other_locale(look: &mut Look, seed: u64) {
    look.locale = *Chance::new(seed).pick(&LOCALES[1..]);
}

/// A card of another profile.
pub(crate) fn card(look: &Look, other: &Person) -> Node {
    let mut card = look.header(other);
    "div".clone_into(&mut card.tag);
    card.node()
}
