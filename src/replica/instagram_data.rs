//! Instagram's JSON: the records that a guest's page carries (mid-2026 shape, "xig"), the guest's later pages, and what
//! a session gets (XDT timeline, `web_profile_info`).

use serde_json::{Value, json};

use crate::model::document::PostKind;

use super::catalogue::{Role, Site};
use super::people::Person;
use super::posts::{Made, injected, listed};
use super::redesign::rename_keys;
use super::truth::GUEST_LIMIT;
use super::world::World;

/// Posts in one page of a list.
pub(super) const PAGE: usize = 12;

/// The profile as a guest's page holds it: no post count.
pub(super) fn xig_profile(world: &World, person: &Person) -> Value {
    if person.role == Role::AgeGated {
        let gated =
            json!({"pk": person.id, "id": person.fb_id, "username": person.handle, "gating_ruling": "has_gating"});
        return json!({"xig_user_by_username": gated});
    }
    let links = person
        .link
        .iter()
        .map(|link| json!({"url": link, "lynx_url": lynx(link), "link_type": "external", "title": ""}));
    json!({"xig_user_by_username": {
        "pk": person.id, "id": person.fb_id, "username": person.handle, "full_name": person.name,
        "biography": person.bio, "profile_pic_url": person.avatar_url(world, 150), "is_verified": person.verified,
        "is_private": person.private, "is_memorialized": false, "follower_count": person.followers,
        "following_count": person.following, "all_media_count": null, "bio_links": links.collect::<Value>(),
        "pronouns": [], "account_badges": [], "text_post_app_badge_label": person.handle,
        "lox_highlights_connection": {"edges": []},
    }})
}

/// Instagram's own address for an outside link.
pub(super) fn lynx(link: &str) -> String {
    let encoded: String = url::form_urlencoded::byte_serialize(link.as_bytes()).collect();
    format!("https://l.instagram.com/?u={encoded}&e=AT0")
}

/// The business half of the profile, which the page's own query brings.
pub(super) fn query_user(world: &World, person: &Person) -> Value {
    json!({"user": {
        "pk": person.id, "username": person.handle, "account_type": if person.business { 2 } else { 1 },
        "category": person.category, "media_count": null,
        "hd_profile_pic_url_info": {"url": person.avatar_url(world, 150)},
    }})
}

/// A stretch of a guest's list: the edges and whether there is more.
pub(super) fn guest_timeline(world: &World, person: &Person, from: usize) -> Value {
    let listed = listed(world, person);
    let reach = if person.role == Role::GuestLimited { GUEST_LIMIT } else { listed.len() };
    let page = listed.iter().take(reach).skip(from).take(PAGE);
    let mut edges: Vec<Value> = page.map(|made| json!({"node": xig_node(world, person, made)})).collect();
    let next = from + edges.len();
    if person.role == Role::Shared && edges.len() > 4 {
        let place = u64::try_from(from).unwrap_or(0);
        if let Some((stranger, made)) = injected(world, person, place) {
            edges.insert(4, json!({"node": xig_node(world, &stranger, &made)}));
        }
    }
    // A guest who has seen the limit is still told that there is more.
    let more = next < listed.len();
    json!({"edges": edges, "page_info": {"has_next_page": more, "end_cursor": more.then(|| cursor_at(next))}})
}

fn cursor_at(place: usize) -> String {
    format!("QVFEreplica{place:04x}")
}

/// The place in the list that a cursor means; 0 without one.
pub(super) fn place_of(cursor: Option<&str>) -> usize {
    let digits = cursor.and_then(|cursor| cursor.strip_prefix("QVFEreplica"));
    digits.and_then(|digits| usize::from_str_radix(digits, 16).ok()).unwrap_or(0)
}

fn xig_node(world: &World, person: &Person, made: &Made) -> Value {
    let username = made.credited_to.as_deref().unwrap_or(&person.handle);
    let mut node = json!({
        "pk": made.id.to_string(), "id": made.id.to_string(), "code": made.code, "media_type": media_type(made.kind),
        "product_type": product_type(made.kind),
        "display_uri": made.picture_url(world, Site::Instagram, &made.cover),
        "caption": caption(made), "user": {"username": username},
        "accessibility_caption": accessibility_caption(person, made),
        "carousel_media_count": (!made.parts.is_empty()).then_some(made.parts.len()),
    });
    if let (Some(_), Some(fields)) = (&made.credited_to, node.as_object_mut()) {
        fields.insert("coauthor_producers".to_owned(), json!([{"pk": person.id, "username": person.handle}]));
    }
    node
}

fn caption(made: &Made) -> Value {
    if made.caption.is_empty() { Value::Null } else { json!({"text": made.caption}) }
}

fn accessibility_caption(person: &Person, made: &Made) -> Option<String> {
    let day = chrono::DateTime::from_timestamp(made.created_s, 0)?.format("%B %d, %Y");
    (made.duration_s == 0).then(|| format!("Photo by {} on {day}. May be an image of text.", person.name))
}

const fn media_type(kind: PostKind) -> u8 {
    match kind {
        PostKind::Image => 1,
        PostKind::Video | PostKind::Reel => 2,
        PostKind::Carousel | PostKind::Slideshow => 8,
    }
}

const fn product_type(kind: PostKind) -> &'static str {
    match kind {
        PostKind::Reel => "clips",
        PostKind::Carousel | PostKind::Slideshow => "carousel_container",
        PostKind::Image | PostKind::Video => "feed",
    }
}

/// A post as its own page holds it, for a guest: likes and comments, no views.
pub(super) fn xig_media(world: &World, person: &Person, made: &Made) -> Value {
    let mut media = full_media(world, person, made);
    if let Some(fields) = media.as_object_mut() {
        fields.remove("view_count");
        fields.remove("timeline_pinned_user_ids");
    }
    json!({"xig_polaris_media": {"gating_ruling": "no_gating", "if_not_gated_logged_out": media}})
}

/// A page of the timeline that a session gets.
pub(super) fn xdt_timeline(world: &World, person: &Person, after: Option<&str>) -> Value {
    let listed = listed(world, person);
    let cursor = |made: &Made| format!("{}_{}", made.id, person.id);
    let from = after.and_then(|after| listed.iter().position(|made| cursor(made) == after)).map_or(0, |at| at + 1);
    let page: Vec<&Made> = listed.iter().skip(from).take(PAGE).collect();
    let edges = page.iter().map(|made| json!({"node": full_media(world, person, made), "cursor": cursor(made)}));
    let body = json!({
        "data": {
            "xdt_api__v1__feed__user_timeline_graphql_connection": {
                "edges": edges.collect::<Value>(),
                "page_info": {
                    "end_cursor": page.last().map(|made| cursor(made)),
                    "has_next_page": from + page.len() < listed.len(),
                    "has_previous_page": false, "start_cursor": null,
                },
            },
            "xdt_viewer": {"user": {"id": "1"}},
        },
        "extensions": {"is_final": true}, "status": "ok",
    });
    dressed(world, person, body)
}

fn full_media(world: &World, person: &Person, made: &Made) -> Value {
    let username = made.credited_to.as_deref().unwrap_or(&person.handle);
    let picture = |key: &str| made.picture_url(world, Site::Instagram, key);
    let sized = |key: &str| json!({"candidates": [{"url": picture(key), "width": made.width, "height": made.height}]});
    let video = made
        .video_url(world, Site::Instagram)
        .map(|url| json!([{"type": 101, "url": url, "width": made.width, "height": made.height}]));
    let part = |key: &String| {
        json!({
            "pk": made.id.to_string(), "media_type": 1, "display_uri": picture(key), "image_versions2": sized(key),
            "original_width": made.width, "original_height": made.height, "video_versions": null,
        })
    };
    let coauthors = match &made.credited_to {
        Some(_) => json!([{"pk": person.id, "username": person.handle}]),
        None => json!([]),
    };
    json!({
        "pk": made.id.to_string(), "id": format!("{}_{}", made.id, person.id), "code": made.code,
        "taken_at": made.created_s, "media_type": media_type(made.kind), "product_type": product_type(made.kind),
        "caption": if made.caption.is_empty() { Value::Null } else {
            json!({"text": made.caption, "pk": made.id.to_string(), "created_at": made.created_s})
        },
        "like_count": made.likes, "comment_count": made.comments,
        "view_count": (made.duration_s > 0).then_some(made.views),
        "display_uri": picture(&made.cover), "image_versions2": sized(&made.cover), "video_versions": video,
        "original_width": made.width, "original_height": made.height,
        "carousel_media": (!made.parts.is_empty()).then(|| made.parts.iter().map(part).collect::<Value>()),
        "carousel_media_count": (!made.parts.is_empty()).then_some(made.parts.len()),
        "coauthor_producers": coauthors, "usertags": null, "clips_metadata": null,
        "timeline_pinned_user_ids": if made.pinned { json!([person.id]) } else { json!([]) },
        "accessibility_caption": accessibility_caption(person, made),
        "user": {"pk": person.id, "id": person.id, "username": username, "is_verified": person.verified},
    })
}

/// `web_profile_info` for a session: the profile and its first twelve posts in the legacy shape.
pub(super) fn web_profile_info(world: &World, person: &Person) -> Value {
    let listed = listed(world, person);
    let shown: &[Made] = if person.private { &[] } else { &listed };
    let edges = shown.iter().take(PAGE).map(|made| json!({"node": legacy_node(world, person, made)}));
    let body = json!({"data": {"user": {
        "id": person.id, "fbid": person.fb_id, "username": person.handle, "full_name": person.name,
        "biography": person.bio, "external_url": person.link,
        "bio_links": person.link.iter().map(|link| json!({"title": "", "url": link, "lynx_url": lynx(link)})).collect::<Value>(),
        "profile_pic_url": person.avatar_url(world, 150), "profile_pic_url_hd": person.avatar_url(world, 150),
        "is_private": person.private, "is_verified": person.verified, "is_business_account": person.business,
        "category_name": person.category, "edge_followed_by": {"count": person.followers},
        "edge_follow": {"count": person.following}, "edge_felix_video_timeline": {"count": 0, "edges": []},
        "edge_owner_to_timeline_media": {
            "count": listed.len(),
            "page_info": {"has_next_page": shown.len() > PAGE, "end_cursor": (shown.len() > PAGE).then(|| cursor_at(PAGE))},
            "edges": edges.collect::<Value>(),
        },
    }}, "status": "ok"});
    dressed(world, person, body)
}

fn legacy_node(world: &World, person: &Person, made: &Made) -> Value {
    let picture = made.picture_url(world, Site::Instagram, &made.cover);
    let moves = made.duration_s > 0;
    let text = if made.caption.is_empty() { json!([]) } else { json!([{"node": {"text": made.caption}}]) };
    let name = match made.kind {
        PostKind::Image => "GraphImage",
        PostKind::Video | PostKind::Reel => "GraphVideo",
        PostKind::Carousel | PostKind::Slideshow => "GraphSidecar",
    };
    json!({
        "__typename": name, "id": made.id.to_string(), "shortcode": made.code,
        "dimensions": {"height": made.height, "width": made.width}, "display_url": picture, "thumbnail_src": picture,
        "is_video": moves, "video_url": made.video_url(world, Site::Instagram),
        "video_view_count": moves.then_some(made.views), "product_type": product_type(made.kind),
        "edge_media_to_caption": {"edges": text}, "edge_media_to_comment": {"count": made.comments},
        "edge_liked_by": {"count": made.likes}, "edge_media_preview_like": {"count": made.likes},
        "taken_at_timestamp": made.created_s, "owner": {"id": person.id, "username": person.handle},
        "pinned_for_users": if made.pinned { json!([{"id": person.id}]) } else { json!([]) },
        "coauthor_producers": [], "accessibility_caption": accessibility_caption(person, made),
    })
}

/// A body under the redesign that this profile's pages have.
pub(super) fn dressed(world: &World, person: &Person, body: Value) -> Value {
    match world.redesign(Site::Instagram, &person.handle) {
        Some(redesign) if redesign.changes_json() => rename_keys(&redesign, body),
        _ => body,
    }
}
