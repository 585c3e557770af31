//! Changes of posts: their numbers' order, types and places, whose they are, which of them are pictures, pinned, new, or gone.

use serde_json::{Map, Value, json};

use crate::chance::Chance;
use crate::data;
use crate::layout::{Column, Look, Signs, Site};
use crate::made::Change;
use crate::mutate::{Docs, rename_all};
use crate::person::Person;
use crate::tree::{El, Node, el, text};

const ALL: [Column; 3] = [Column::Views, Column::Likes, Column::Comments];

/// How the known-good pages look.
pub(crate) fn base(look: &mut Look, change: &Change<'_>) {
    match change.class {
        "post_columns" | "post_removed" | "post_mixed" => look.columns = ALL.to_vec(),
        "post_photos" => {
            look.columns = if change.severity == 1 { ALL.to_vec() } else { vec![Column::Views] };
            look.likes_for_plays = change.severity > 1;
            look.signs = if change.severity == 3 { Signs::None } else { Signs::Icons };
        }
        _ => {}
    }
}

/// What people's posts are from the first.
pub(crate) fn people(person: &mut Person, change: &Change<'_>, chance: &mut Chance) {
    if change.class == "post_photos" || (change.class == "post_mixed" && change.severity > 1) {
        for (at, post) in person.posts.iter_mut().enumerate() {
            post.photo = at % 4 == 1 || chance.chance(0.15);
        }
    }
}

/// What became of them.
pub(crate) fn person(now: &mut Person, change: &Change<'_>, chance: &mut Chance) {
    let count = now.posts.len();
    match change.class {
        "post_sorted" => match change.severity {
            1 => now.posts.sort_by_key(|post| std::cmp::Reverse(post.views)),
            2 => now.posts.reverse(),
            _ => chance.shuffle(&mut now.posts),
        },
        "post_new" => {
            // The oldest are surely known.
            now.posts.drain(..[count / 2, count - 3, count - 1][change.severity - 1]);
            for at in 0..count - now.posts.len() {
                let post = now.fresh_post(chance, at);
                now.posts.insert(0, post);
            }
        }
        "post_owners" | "post_mixed" => {
            let double = now.double(chance);
            for (at, post) in double.posts.iter().enumerate().filter(|(at, _)| at % 4 == 2) {
                let mut post = post.clone();
                post.by = Some(double.author());
                now.posts.insert(at.min(now.posts.len()), post);
            }
        }
        "post_surge" => {
            for post in &mut now.posts {
                if chance.chance([0.3, 0.6, 0.9][change.severity - 1]) {
                    post.views = (post.views as f64 * (1.5 + chance.unit() * 2.5)) as u64;
                }
            }
        }
        _ => {}
    }
    if change.class == "post_pinned" || change.class == "post_mixed" {
        for _ in 0..chance.between(1, 3) {
            let own = |at: &usize| now.posts[*at].by.is_none();
            let from = (now.posts.len() / 2..now.posts.len()).find(own).unwrap_or(0);
            let mut post = now.posts.remove(from);
            post.pinned = true;
            now.posts.insert(0, post);
        }
    }
}

/// What happened to the look.
pub(crate) fn look(look: &mut Look, change: &Change<'_>) {
    let mut chance = Chance::new(change.seed ^ 21);
    if !change.class.starts_with("post_") || change.class == "post_sorted" || change.class == "post_gone" {
        return;
    }
    if change.severity > 1 {
        look.class_seed = change.seed;
        look.data_attr = None;
    }
    match change.class {
        "post_columns" => {
            while look.columns[0] == Column::Views {
                chance.shuffle(&mut look.columns);
            }
            look.signs = [Signs::Icons, Signs::Words, Signs::None][change.severity - 1];
        }
        "post_retype" => {
            look.columns = vec![Column::Views];
            look.signs = Signs::Words;
            look.abbreviate = change.severity != 2;
        }
        "post_move" => {
            look.in_panel = true;
            look.rows = !look.rows;
            look.link_around_post = change.severity < 2;
            look.caption_in = if change.severity > 2 { 1 + chance.below(3) } else { 0 };
        }
        "post_spoken" | "post_emoji" => {
            look.columns =
                if change.class == "post_emoji" { vec![Column::Likes, Column::Views] } else { vec![Column::Views] };
            look.alike = change.class == "post_emoji" && change.severity > 2;
            look.signs = if change.class == "post_emoji" { Signs::Emoji } else { Signs::Spoken };
        }
        "post_pinned" => look.pinned_apart = change.severity > 1,
        "post_photos" if change.severity > 1 => look.alike = true,
        "post_removed" => {
            look.columns =
                if change.severity == 3 { vec![Column::Likes] } else { vec![Column::Likes, Column::Comments] };
            look.alike = change.severity == 3;
            look.caption_in = if loses_captions(change) { 4 } else { 0 };
            look.signs = if change.severity > 1 { Signs::None } else { Signs::Icons };
        }
        "post_mixed" => {
            *look = Look::redesigned(look.site, &mut chance);
            look.named_posts = true;
            look.columns = ALL.to_vec();
            chance.shuffle(&mut look.columns);
            look.signs = *chance.pick(&[Signs::Icons, Signs::Words, Signs::None]);
            look.in_panel = chance.chance(0.5);
        }
        _ => {}
    }
}

/// What happened to the elements.
pub(crate) fn body(body: &mut El, look: &Look, others: &[Person], change: &Change<'_>, chance: &mut Chance) {
    if change.class != "post_gone" {
        return;
    }
    let other = chance.pick(others).clone();
    let title = if change.severity == 2 {
        el("h2", "more", vec![text("Suggested for you")])
    } else {
        el("h2", "more", vec![text(format!("More from @{}", other.handle))])
    };
    let mut look = look.clone();
    look.named_posts = look.site == Site::Tik || change.severity == 1;
    let mut instead = Some(vec![title.node(), look.grid(&other).node()]);
    body.each_list(&mut |role, children| {
        if role == "main" {
            children.retain(|child| !matches!(child, Node::El(element) if element.role == "grid"));
            children.extend(instead.take().into_iter().flatten());
        }
    });
}

/// What happened to the data.
pub(crate) fn docs(docs: &mut Docs, look: &Look, others: &[Person], change: &Change<'_>, removed: &mut Vec<String>) {
    let mut shared = Chance::new(change.seed ^ 22);
    let renames = match change.class {
        "post_columns" => {
            if change.severity == 2 {
                swap_keys(&mut docs.network, &[("playCount", "diggCount"), ("video_view_count", "edge_liked_by")]);
            }
            change.severity == 3
        }
        "post_retype" => {
            let way = if change.severity == 3 { 4 } else { shared.below(4) };
            each_post(&mut docs.network, &mut |post| retype(post, way, look));
            change.severity == 2
        }
        "post_move" => {
            docs.network = moved(docs.network.take(), change.severity);
            change.severity > 1
        }
        "post_removed" => {
            removed.push("views".to_owned());
            data::drop_keys(&mut docs.network, &["playCount", "video_view_count"]);
            if loses_captions(change) {
                removed.push("caption".to_owned());
                data::drop_keys(&mut docs.network, &["desc", "edge_media_to_caption"]);
            }
            change.severity > 1
        }
        "post_gone" => {
            removed.push("posts".to_owned());
            let (_, address, network) = data::base(look.site, &others[0], others);
            each_list(&mut docs.network, &mut |list| list.clear());
            docs.extra.push(json!({"url": address, "body": network}));
            change.severity == 3
        }
        "post_mixed" => {
            docs.network = moved(docs.network.take(), 1 + shared.below(2));
            true
        }
        "post_surge" => change.severity == 2,
        "post_new" | "post_owners" | "post_photos" => change.severity == 3,
        _ => false,
    };
    if renames {
        rename_all(docs, change.seed, 2, &mut shared);
    }
}

/// Whether the text goes with the plays.
fn loses_captions(change: &Change<'_>) -> bool {
    Chance::new(change.seed ^ 23).chance(0.3)
}

/// Whether posts' numbers are cut in the data too.
pub(crate) fn shortens(change: &Change<'_>) -> bool {
    change.class == "post_retype" && change.severity == 3
}

/// The list of posts, in either site's form.
fn each_list(value: &mut Value, visit: &mut impl FnMut(&mut Vec<Value>)) {
    if let Some(list) = value.get_mut("itemList").and_then(Value::as_array_mut) {
        visit(list);
    } else if let Some(list) = value["data"]["user"]["edge_owner_to_timeline_media"]["edges"].as_array_mut() {
        visit(list);
    }
}

fn each_post(value: &mut Value, visit: &mut impl FnMut(&mut Value)) {
    each_list(value, &mut |list| list.iter_mut().for_each(&mut *visit));
}

/// Two keys change their names.
fn swap_keys(value: &mut Value, pairs: &[(&str, &str)]) {
    match value {
        Value::Object(map) => {
            let entries = std::mem::take(map).into_iter().map(|(key, mut inner)| {
                swap_keys(&mut inner, pairs);
                let pair = pairs.iter().find(|(a, b)| *a == key || *b == key);
                (pair.map_or(key.clone(), |(a, b)| (if *a == key { *b } else { *a }).to_owned()), inner)
            });
            *map = entries.collect();
        }
        Value::Array(items) => items.iter_mut().for_each(|item| swap_keys(item, pairs)),
        _ => {}
    }
}

/// A post's counts in another type.
fn retype(post: &mut Value, way: usize, look: &Look) {
    match post {
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                let count = value.as_u64().filter(|_| key.ends_with("ount"));
                match count {
                    Some(count) => {
                        *value = match way {
                            0 => json!(count.to_string()),
                            1 => json!({"count": count}),
                            2 => json!([count]),
                            3 => json!({"value": count.to_string(), "approx": false}),
                            _ => json!(look.locale.show(count, true).0),
                        }
                    }
                    None => retype(value, way, look),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| retype(item, way, look)),
        _ => {}
    }
}

/// The list elsewhere: under a tab; its items wrapped; their counts in a map by id.
fn moved(mut network: Value, severity: usize) -> Value {
    let mut list = Vec::new();
    each_list(&mut network, &mut |held| list = std::mem::take(held));
    match severity {
        1 => json!({"profile": network, "tabs": [{"name": "saved", "items": []}, {"name": "videos", "items": list}]}),
        2 => {
            let items: Vec<Value> =
                list.into_iter().map(|item| json!({"kind": "card", "item": {"media": item}})).collect();
            let rows: Vec<Value> = items.chunks(3).map(|row| json!({"cells": row})).collect();
            json!({"feed": {"rows": rows}, "profile": network})
        }
        _ => {
            let mut counts = Map::new();
            for item in &mut list {
                let post = if item["node"].is_object() { &mut item["node"] } else { item };
                let id = post["shortcode"].as_str().or_else(|| post["id"].as_str()).unwrap_or_default().to_owned();
                let keys = ["stats", "video_view_count", "edge_liked_by", "edge_media_to_comment"];
                let held = keys.iter().filter_map(|key| Some(((*key).to_owned(), post.as_object_mut()?.remove(*key)?)));
                let held: Map<String, Value> = held.collect();
                counts.insert(id, Value::Object(held));
            }
            json!({"profile": network, "list": list, "counts": counts})
        }
    }
}
