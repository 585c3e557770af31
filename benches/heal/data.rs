//! The same profile as JSON: inside the page and over the network; and what redesigns do to it.

use serde_json::{Map, Value, json};

use crate::chance::Chance;
use crate::layout::Site;
use crate::person::{Person, Post};

/// (embedded, network address, network body).
pub(crate) fn base(site: Site, person: &Person, others: &[Person]) -> (Value, String, Value) {
    match site {
        Site::Tik => {
            let embedded = json!({"__SCOPE__": {"app.context": {"language": "en", "wid": "1790125"}, "app.detail": {"userInfo": {
                "user": {"id": person.uid, "shortId": "", "uniqueId": person.handle, "nickname": person.name, "avatarLarger": person.avatar_url(),
                    "signature": person.bio, "verified": false, "bioLink": {"link": person.link, "risk": 0}, "privateAccount": false},
                "stats": {"followerCount": person.followers, "followingCount": person.following, "heart": person.likes, "heartCount": person.likes,
                    "videoCount": person.posts_count, "diggCount": person.following * 7 + 24, "friendCount": 0}},
                "shareMeta": {"title": format!("{} on Clips", person.name)}, "statusCode": 0}}});
            let items: Vec<Value> = person.posts.iter().map(|post| tik_item(person, post)).collect();
            (
                embedded,
                "/api/post/item_list/?count=35".to_owned(),
                json!({"cursor": "1753462632", "hasMore": true, "itemList": items}),
            )
        }
        Site::Ins => {
            let related: Vec<Value> = others.iter().take(4).map(ins_related).collect();
            let embedded = json!({"require": [["Scheduled", "handle", null, [{"__bbox": {"result": {"data": {"user": {
                "pk": person.uid, "username": person.handle, "full_name": person.name, "biography": person.bio, "follower_count": person.followers,
                "following_count": person.following, "media_count": person.posts_count, "hd_profile_pic_url_info": {"url": person.avatar_url(), "width": 720},
                "bio_links": [{"url": person.link}], "is_private": false}}}}}]]]});
            let edges: Vec<Value> = person.posts.iter().map(|post| ins_edge(person, post)).collect();
            let network = json!({"data": {"user": {"biography": person.bio, "bio_links": [{"title": "", "url": person.link}], "external_url": person.link,
                "edge_followed_by": {"count": person.followers}, "edge_follow": {"count": person.following}, "full_name": person.name, "id": person.uid,
                "is_private": false, "profile_pic_url_hd": person.avatar_url(), "username": person.handle,
                "edge_related_profiles": {"edges": related},
                "edge_owner_to_timeline_media": {"count": person.posts_count, "edges": edges}}}, "status": "ok"});
            (embedded, format!("/api/v1/users/web_profile_info/?username={}", person.handle), network)
        }
    }
}

fn tik_item(person: &Person, post: &Post) -> Value {
    let by = post.by.clone().unwrap_or_else(|| person.author());
    let mut item = json!({"id": post.num, "desc": post.caption, "createTime": post.time, "author": {"uniqueId": by.handle, "nickname": by.name, "id": by.uid},
        "stats": {"diggCount": post.likes, "shareCount": post.comments / 2, "commentCount": post.comments, "playCount": post.views, "collectCount": post.likes / 9},
        "video": {"duration": 14, "ratio": "720p"}, "music": {"id": format!("{}", post.time * 97), "title": "original sound"}});
    if post.photo {
        drop_keys(&mut item, &["playCount", "video"]);
        item["imagePost"] = json!({"images": [{"imageWidth": 1080}]});
    }
    if post.pinned {
        item["isPinnedItem"] = json!(true);
    }
    item
}

fn ins_related(other: &Person) -> Value {
    json!({"node": {"id": other.uid, "full_name": other.name, "username": other.handle, "profile_pic_url": other.avatar_url(), "edge_followed_by": {"count": other.followers}}})
}

fn ins_edge(person: &Person, post: &Post) -> Value {
    let by = post.by.clone().unwrap_or_else(|| person.author());
    let mut edge = json!({"node": {"id": post.num, "shortcode": post.code, "edge_media_to_caption": {"edges": [{"node": {"text": post.caption}}]},
        "edge_media_to_comment": {"count": post.comments}, "taken_at_timestamp": post.time, "edge_liked_by": {"count": post.likes},
        "video_view_count": post.views, "is_video": !post.photo, "owner": {"id": by.uid, "username": by.handle}}});
    if post.photo {
        drop_keys(&mut edge, &["video_view_count"]);
    }
    if post.pinned {
        edge["node"]["pinned_for_users"] = json!([{"id": by.uid, "username": by.handle}]);
    }
    edge
}

/// Every key under another name, the same in the whole case.
pub(crate) fn rename(value: &mut Value, seed: u64) {
    match value {
        Value::Object(map) => {
            let renamed: Map<String, Value> = std::mem::take(map)
                .into_iter()
                .map(|(key, mut inner)| {
                    rename(&mut inner, seed);
                    let sum = key.bytes().fold(seed, |sum, b| sum.wrapping_mul(131).wrapping_add(u64::from(b)));
                    (if is_id(&key) { key } else { format!("k{}", Chance::new(sum).token(5)) }, inner)
                })
                .collect();
            *map = renamed;
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, seed)),
        _ => {}
    }
}

/// A key that is a post's id, and no name.
fn is_id(key: &str) -> bool {
    let coded = key.len() == 11 && key.starts_with('C') && key.bytes().any(|b| b.is_ascii_uppercase());
    coded || (key.len() > 15 && key.bytes().all(|b| b.is_ascii_digit()))
}

/// Keys in another order.
pub(crate) fn shuffle(value: &mut Value, chance: &mut Chance) {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<(String, Value)> = std::mem::take(map).into_iter().collect();
            chance.shuffle(&mut entries);
            for (_, inner) in &mut entries {
                shuffle(inner, chance);
            }
            *map = entries.into_iter().collect();
        }
        Value::Array(items) => items.iter_mut().for_each(|item| shuffle(item, chance)),
        _ => {}
    }
}

/// Numbers as strings, in one of three ways, or boxed.
pub(crate) fn retype(value: &mut Value, way: usize) {
    match value {
        Value::Object(map) => map.values_mut().for_each(|inner| retype(inner, way)),
        Value::Array(items) => items.iter_mut().for_each(|item| retype(item, way)),
        Value::Number(number) => {
            let plain = number.to_string();
            *value = match way {
                0 => json!(plain),
                1 => json!({"value": number.clone(), "display": plain}),
                2 => json!({"raw": plain}),
                _ => json!(grouped(&plain)),
            };
        }
        _ => {}
    }
}

fn grouped(plain: &str) -> String {
    let mut text = String::new();
    for (at, digit) in plain.chars().enumerate() {
        if at > 0 && (plain.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Lists of posts become maps by id.
pub(crate) fn map_lists(value: &mut Value) {
    match value {
        Value::Object(map) => map.values_mut().for_each(map_lists),
        Value::Array(items) => {
            items.iter_mut().for_each(map_lists);
            let ids: Vec<Option<String>> = items
                .iter()
                .map(|item| item["id"].as_str().or_else(|| item["node"]["shortcode"].as_str()).map(str::to_owned))
                .collect();
            if items.len() > 3 && ids.iter().all(Option::is_some) {
                *value = Value::Object(ids.into_iter().flatten().zip(std::mem::take(items)).collect());
            }
        }
        _ => {}
    }
}

/// The whole under more levels, beside a viewer and other profiles in the same form.
pub(crate) fn nest(value: Value, viewer: Option<Value>, others: Vec<Value>, depth: usize) -> Value {
    let mut inner = json!({"payload": value});
    if let Some(viewer) = viewer {
        inner = json!({"viewer": {"session": viewer}, "recent": others, "current": inner});
    }
    for level in 0..depth {
        inner = match level % 3 {
            0 => json!({"result": inner, "ok": true}),
            1 => json!([{"kind": "banner", "body": {}}, {"kind": "profile", "body": inner}]),
            _ => json!({"sections": inner}),
        };
    }
    inner
}

/// Drops every entry under the given keys.
pub(crate) fn drop_keys(value: &mut Value, keys: &[&str]) {
    match value {
        Value::Object(map) => {
            map.retain(|key, _| !keys.contains(&key.as_str()));
            map.values_mut().for_each(|inner| drop_keys(inner, keys));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| drop_keys(item, keys)),
        _ => {}
    }
}

/// A store by id: users here, their numbers there, several people in each.
pub(crate) fn normal(site: Site, people: &[&Person], chance: &mut Chance) -> Value {
    let mut users = Map::new();
    let mut stats = Map::new();
    let mut order: Vec<&Person> = people.to_vec();
    chance.shuffle(&mut order);
    for person in order {
        users.insert(person.uid.clone(), json!({"id": person.uid, "uniqueId": person.handle, "username": person.handle, "nickname": person.name, "signature": person.bio,
            "avatarLarger": person.avatar_url(), "bioLink": {"link": person.link}}));
        let third = if site == Site::Tik { json!(person.likes) } else { json!(person.posts_count) };
        stats.insert(person.uid.clone(), json!({"followerCount": person.followers, "followingCount": person.following, if site == Site::Tik { "heartCount" } else { "mediaCount" }: third}));
    }
    json!({"state": {"UserModule": {"users": users}, "StatsModule": {"stats": stats}}})
}

/// Numbers as a list of named entries, or of pairs.
pub(crate) fn pairs(site: Site, person: &Person, other: &Person, severity: usize) -> Value {
    let one = |person: &Person| {
        let third = if site == Site::Tik { ("likes", person.likes) } else { ("posts", person.posts_count) };
        let facts = [("followers", person.followers), ("following", person.following), third];
        let stats: Vec<Value> = facts
            .iter()
            .enumerate()
            .map(|(at, (name, value))| match severity {
                1 => json!({"type": name, "count": value}),
                2 => json!({"metric": format!("m{}", at + 1), "count": value}),
                _ => json!([format!("m{}", at + 1), value]),
            })
            .collect();
        json!({"username": person.handle, "name": person.name, "about": person.bio, "image": person.avatar_url(), "site": person.link, "stats": stats})
    };
    json!({"page": {"owner": one(person), "similar": [one(other)]}})
}

/// Numbers easily taken for the profile's.
pub(crate) fn add_near(value: &mut Value, before: &Person) {
    match value {
        Value::Object(map) => {
            map.values_mut().for_each(|inner| add_near(inner, before));
            if map.contains_key("followerCount")
                || map.contains_key("follower_count")
                || map.contains_key("edge_followed_by")
            {
                map.insert("previousFollowers".to_owned(), json!(before.followers));
                map.insert("friendCountLast".to_owned(), json!(before.following));
                map.insert("goal".to_owned(), json!(before.followers * 2));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| add_near(item, before)),
        _ => {}
    }
}
