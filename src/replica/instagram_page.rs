//! Instagram's HTML: meta tags, the data blocks of its server, and the script that makes a page of them.

use chrono::DateTime;
use serde_json::{Value, json};

use crate::model::document::PostKind;

use super::ballast;
use super::catalogue::{Role, Site};
use super::faults::{self, FaultKind};
use super::http::Reply;
use super::instagram::{lsd_token, query_id};
use super::instagram_data as data;
use super::markup::{escape, fill, grouped, in_script, whole_units};
use super::people::Person;
use super::posts::{Made, posts};
use super::truth::GUEST_LIMIT;
use super::world::World;

/// A profile's page for a guest: the profile and the first twelve posts inline.
pub(super) fn guest_profile(world: &World, person: &Person, fault: Option<FaultKind>) -> Reply {
    let mut records = vec![data::xig_profile(world, person)];
    if person.role != Role::AgeGated {
        records.push(data::query_user(world, person));
    }
    let moved = world.redesign(Site::Instagram, &person.handle).is_some_and(|redesign| redesign.moves_list());
    if !matches!(person.role, Role::NoPosts | Role::AgeGated) && !moved {
        let timeline = if person.private {
            json!({"edges": [], "page_info": {"has_next_page": false, "end_cursor": null}})
        } else {
            data::guest_timeline(world, person, 0)
        };
        records.push(
            json!({"xig_user_by_username": {"id": person.fb_id, "polaris_ordered_timeline_connection": timeline}}),
        );
    }
    let mut blocks = vec![profile_route(world, person, "0")];
    blocks.extend(records.into_iter().map(|record| relay(data::dressed(world, person, record))));
    document(world, Some(person), 200, &profile_metas(world, person), &profile_title(person), blocks, fault)
}

/// A profile's page for a member: its script fetches everything.
pub(super) fn member_profile(world: &World, person: &Person, fault: Option<FaultKind>) -> Reply {
    let blocks = vec![profile_route(world, person, "17841400000000001")];
    document(world, Some(person), 200, &profile_metas(world, person), &profile_title(person), blocks, fault)
}

/// The page of a handle that nobody has.
pub(super) fn gone(world: &World, handle: &str) -> Reply {
    let route = route_block(world, "PolarisErrorRoot.react", "httpErrorPage", json!({}), "PROFILE_GONE", handle, "0");
    let nobody = relay(json!({"xig_user_by_username": null}));
    document(world, None, 404, "", "Page not found &#x2022; Instagram", vec![route, nobody], None)
}

/// A page without a profile: login, challenge, error.
pub(super) fn plain(world: &World, status: u16, root: &str, logging: &str, page_type: &str, title: &str) -> Reply {
    let route = route_block(world, root, logging, json!({}), page_type, "", "0");
    document(world, None, status, "", &escape(title), vec![route], None)
}

/// A post's own page for a guest: counts in the meta tags always, the whole post inline for every second.
pub(super) fn post(world: &World, person: &Person, made: &Made) -> Reply {
    let params = json!({"page_id": format!("postPage_{}", made.id), "media_id": made.id.to_string(), "media_owner_id": person.id});
    let mut blocks = vec![route_block(world, "PolarisPostRoot.react", "postPage", params, "POST", &person.handle, "0")];
    if made.created_s % 2 == 0 {
        blocks.push(relay(data::dressed(world, person, data::xig_media(world, person, made))));
    }
    let title = format!("{} on Instagram", person.name);
    document(world, Some(person), 200, &post_metas(world, person, made), &escape(&title), blocks, None)
}

fn profile_title(person: &Person) -> String {
    escape(&format!("{} (@{}) • Instagram photos and videos", person.name, person.handle))
}

fn profile_metas(world: &World, person: &Person) -> String {
    if person.role == Role::AgeGated {
        return String::new();
    }
    let counts = format!(
        "{} Followers, {} Following, {} Posts",
        whole_units(person.followers),
        grouped(person.following),
        whole_units(u64::try_from(posts(world, person).len()).unwrap_or(0)),
    );
    let who = format!("{} (@{})", person.name, person.handle);
    let from = format!("{counts} - See Instagram photos and videos from {who}");
    let about = format!("{counts} - {who} on Instagram: \"{}\"", person.bio);
    let url = person.canonical_url();
    let app = format!("instagram://user?username={}", person.handle);
    [
        meta("property", "og:type", "profile"),
        meta("property", "og:image", &person.avatar_url(world, 150)),
        meta("property", "og:title", &format!("{who} • Instagram photos and videos")),
        meta("property", "og:url", &url),
        meta("property", "og:description", &from),
        meta("name", "description", &about),
        meta("property", "al:ios:url", &app),
        format!("<link rel=\"canonical\" href=\"{}\" />", escape(&url)),
    ]
    .join("\n")
}

fn post_metas(world: &World, person: &Person, made: &Made) -> String {
    let author = made.credited_to.as_deref().unwrap_or(&person.handle);
    let day = DateTime::from_timestamp(made.created_s, 0).unwrap_or_default().format("%B %-d, %Y");
    let said = if made.caption.is_empty() { String::new() } else { format!(": \"{}\". ", made.caption) };
    let counts =
        format!("{} likes, {} comments - {author} on {day}{said}", whole_units(made.likes), whole_units(made.comments));
    let kind = match made.kind {
        PostKind::Image => "photo",
        PostKind::Reel => "reel",
        PostKind::Video => "video",
        PostKind::Carousel | PostKind::Slideshow => "photos and videos",
    };
    let title = if made.caption.is_empty() {
        format!("{} on Instagram", person.name)
    } else {
        format!("{} on Instagram: \"{}\"", person.name, made.caption)
    };
    let url = made.canonical_url(person);
    [
        meta("property", "og:type", "article"),
        meta("name", "twitter:title", &format!("{} (@{}) • Instagram {kind}", person.name, person.handle)),
        meta("property", "al:ios:url", &format!("instagram://media?id={}", made.id)),
        meta("property", "instapp:owner_user_id", &person.id),
        meta("name", "description", &counts),
        meta("property", "og:title", &title),
        meta("property", "og:image", &made.picture_url(world, Site::Instagram, &made.cover)),
        meta("property", "og:url", &url),
        meta("property", "og:description", &counts),
        format!("<link rel=\"canonical\" href=\"{}\" />", escape(&url)),
    ]
    .join("\n")
}

fn meta(attribute: &str, name: &str, content: &str) -> String {
    format!("<meta {attribute}=\"{name}\" content=\"{}\" />", escape(content))
}

/// A record of the page's prefetched queries, in the nesting of the real pages.
fn relay(record: Value) -> Value {
    json!({"require": [["ScheduledServerJS", "handle", null, [{"__bbox": {"require": [[
        "RelayPrefetchedStreamCache", "next", [], ["adp_PolarisProfilePageContentQueryRelayPreloader_0",
        {"__bbox": {"complete": true, "result": {"data": record, "extensions": {"is_final": true}}, "sequence_number": 0}}],
    ]]}}]]]})
}

fn profile_route(world: &World, person: &Person, viewer: &str) -> Value {
    let params = json!({
        "page_id": format!("profilePage_{}", person.id), "profile_id": person.id, "sub_path": "posts",
        "username": person.handle,
    });
    route_block(
        world,
        "PolarisProfileNestedContentRoot.react",
        "profilePage",
        params,
        "PROFILE",
        &person.handle,
        viewer,
    )
}

/// What the page is, its tokens and its stored query: never redesigned, as it belongs to the framework.
fn route_block(
    world: &World,
    root: &str,
    logging: &str,
    params: Value,
    page_type: &str,
    handle: &str,
    viewer: &str,
) -> Value {
    let limit = super::catalogue::role(Site::Instagram, handle) == Role::GuestLimited;
    let pages = limit.then_some(GUEST_LIMIT / data::PAGE);
    let profile_id = params.get("profile_id").cloned().unwrap_or(Value::Null);
    json!({"require": [["ScheduledServerJS", "handle", null, [{"__bbox": {
        "define": [
            ["LSD", [], {"token": lsd_token(world)}, 323],
            ["CurrentUserInitialData", [], {"USER_ID": viewer, "NAME": "", "IS_LOGGED_OUT": viewer == "0"}, 270],
            ["XIGLoggedOutLimits", [], {"profile_pages": pages}, 7791],
            ["PolarisStrings", [], {"1_a": "Log in", "1_b": "challenge", "1_c": "captcha", "1_d": "checkpoint",
                "1_e": "This account is private", "1_f": "Sorry, this page isn't available."}, 551],
        ],
        "require": [["CometPlatformRootClient", "initialize", [], [{
            "expectedPreloaders": [{
                "preloaderID": "adp_PolarisLoggedOutDesktopWWWProfilePostsTabContentQueryRelayPreloader_1",
                "queryID": query_id(world), "variables": {"first": 12, "username": handle},
            }],
            "initialRouteInfo": {"route": {
                "actorID": "0",
                "rootView": {
                    "allResources": [{"__dr": root}], "resource": {"__dr": root},
                    "props": {"id": profile_id, "page_logging": {"name": logging, "params": params}, "page_type": page_type},
                },
                "tracePolicy": format!("polaris.{logging}"), "meta": {"title": null},
                "canonicalRouteName": format!("comet.igweb.{}", root.trim_end_matches(".react")),
            }},
        }]]],
    }}]]]})
}

fn document(
    world: &World,
    person: Option<&Person>,
    status: u16,
    metas: &str,
    title: &str,
    blocks: Vec<Value>,
    fault: Option<FaultKind>,
) -> Reply {
    let redesign = person.and_then(|person| world.redesign(Site::Instagram, &person.handle));
    let mut all = ballast::server_blocks(world);
    all.extend(blocks);
    let blocks: String = all
        .iter()
        .map(|block| {
            let text = in_script(block);
            format!("<script type=\"application/json\" data-content-len=\"{}\" data-sjs>{text}</script>\n", text.len())
        })
        .collect();
    let planted = fault.and_then(faults::script).map(|script| format!("<script>{script}</script>")).unwrap_or_default();
    let main = ballast::main_script_name(Site::Instagram, redesign.as_ref());
    let scripts = format!("{}<script src=\"/static/{main}\"></script>{planted}", ballast::bundle_tags(world));
    let page = fill(
        include_str!("pages/instagram.html"),
        &[("metas", metas), ("title", title), ("blocks", &blocks), ("scripts", &scripts)],
    );
    Reply::html(status, page).with("set-cookie", format!("csrftoken={}; Path=/", lsd_token(world)))
}
