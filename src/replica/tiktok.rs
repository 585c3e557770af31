//! TikTok's pages and calls: a shell whose script renders the profile and asks, signed, for posts.

use axum::body::Bytes;
use serde_json::{Value, json};

use super::ballast;
use super::catalogue::{Role, Site, role};
use super::dice::Dice;
use super::faults::{self, FaultKind, fault_of_page};
use super::http::{Fate, Reply};
use super::markup::{fill, in_script};
use super::people::{Person, person};
use super::posts::posts;
use super::redesign::list_address;
use super::route::TikTokRoute;
use super::server::Asked;
use super::signature::{is_signed, secret};
use super::tiktok_data as data;
use super::world::World;

/// Posts a page of the list holds at most, whatever is asked for.
const MOST_PER_CALL: usize = 35;

/// Answers a request that is TikTok's.
pub(super) fn answer(world: &World, route: &TikTokRoute, asked: &Asked) -> Reply {
    match route {
        TikTokRoute::Profile(handle) => profile(world, route, handle),
        TikTokRoute::Post { handle, id } => post(world, route, handle, id),
        TikTokRoute::ItemList => item_list(world, asked),
        TikTokRoute::UserDetail => user_detail(world, asked),
        TikTokRoute::Login => login_page(),
    }
}

/// The login wall before a page or a call.
pub(super) fn login_wall(route: &TikTokRoute) -> Reply {
    match route {
        TikTokRoute::Profile(handle) | TikTokRoute::Post { handle, .. } => {
            Reply::redirect(format!("/login?redirect_url=%2F%40{handle}"))
        }
        TikTokRoute::ItemList | TikTokRoute::UserDetail | TikTokRoute::Login => {
            Reply::json(200, &json!({"statusCode": 10_102, "status_code": 10_102, "status_msg": "not login"}))
        }
    }
}

/// The captcha before a page or a call.
pub(super) fn captcha(route: &TikTokRoute) -> Reply {
    let verify = r#"{"code":"10000","from":"","type":"verify","version":"","region":"va","subtype":"whirl","detail":"","verify_event":"","fp":"","scene":""}"#;
    if matches!(route, TikTokRoute::ItemList | TikTokRoute::UserDetail) {
        return Reply::json(200, &json!({"code": 10_000, "type": "verify", "subtype": "whirl", "region": "va"}))
            .with("bdturing-verify", verify.to_owned());
    }
    Reply::html(200, include_str!("pages/captcha.html").to_owned()).with("bdturing-verify", verify.to_owned())
}

fn profile(world: &World, route: &TikTokRoute, handle: &str) -> Reply {
    let first = world.first_handle(Site::TikTok, handle);
    let role = first.as_deref().map_or(Role::Missing, |first| role(Site::TikTok, first));
    if let Some(refusal) = refusal(world, route, handle, role) {
        return refusal;
    }
    let detail = match person(world, Site::TikTok, handle) {
        Some(person) => data::user_detail(world, &person),
        None => data::nobody(),
    };
    let fault = fault_of_page(world, Site::TikTok, handle, role);
    let page = shell(world, handle, "webapp.user-detail", detail, fault);
    faults::applied(page, fault, &format!("/@{handle}"))
}

/// What stands in place of the page, by the part the profile plays.
fn refusal(world: &World, route: &TikTokRoute, handle: &str, role: Role) -> Option<Reply> {
    let denied = || {
        let page = "<!DOCTYPE html><html><head><title>Access Denied</title></head><body><h1>Access Denied</h1>\
            <p>TikTok is not available in your region.</p></body></html>";
        Reply::html(451, page.to_owned())
    };
    let told_now = role == Role::ThrottledOnce && world.tell_once(Site::TikTok, handle);
    if role == Role::Walled {
        Some(login_wall(route))
    } else if role == Role::Captcha {
        Some(captcha(route))
    } else if role == Role::RegionBlocked {
        Some(denied())
    } else if role == Role::Throttled {
        Some(Reply::slow_down(2))
    } else if told_now {
        Some(Reply::slow_down(1))
    } else if role == Role::Empty {
        Some(Reply::empty())
    } else if role == Role::Broken {
        Some(Reply::html(503, "<html><body><h1>503 Service Unavailable</h1></body></html>".to_owned()))
    } else {
        None
    }
}

fn post(world: &World, route: &TikTokRoute, handle: &str, id: &str) -> Reply {
    let Some(person) = person(world, Site::TikTok, handle) else {
        return shell(
            world,
            handle,
            "webapp.video-detail",
            json!({"statusCode": 10_204, "statusMsg": "item doesn't exist"}),
            None,
        );
    };
    if let Some(refusal) = refusal(world, route, handle, person.role) {
        return refusal;
    }
    let made = posts(world, &person).into_iter().find(|made| made.id.to_string() == id);
    let detail = match made {
        Some(made) if !person.private => {
            let mut item = data::item(world, &person, &made);
            // A video's own page writes the time as text.
            if let Some(fields) = item.as_object_mut() {
                fields.insert("createTime".to_owned(), json!(made.created_s.to_string()));
            }
            json!({"itemInfo": {"itemStruct": item}, "shareMeta": {"title": "", "desc": made.caption}, "statusCode": 0, "statusMsg": ""})
        }
        _ => json!({"statusCode": 10_204, "statusMsg": "item doesn't exist"}),
    };
    shell(world, handle, "webapp.video-detail", detail, None)
}

/// The page: data, then the scripts that make something of it.
fn shell(world: &World, handle: &str, key: &str, detail: Value, fault: Option<FaultKind>) -> Reply {
    let scope = data::scope(world, key, handle, detail);
    let redesign = world.redesign(Site::TikTok, handle);
    let bundles = ballast::bundle_tags(world);
    let main = ballast::main_script_name(Site::TikTok, redesign.as_ref());
    let planted = fault.and_then(faults::script).map(|script| format!("<script>{script}</script>")).unwrap_or_default();
    let scripts = format!("{bundles}<script src=\"/static/{main}\"></script>{planted}");
    let preloads = format!("<link rel=\"preload\" as=\"script\" href=\"/static/{main}\">");
    let page = fill(
        include_str!("pages/tiktok.html"),
        &[("data", &in_script(&scope)), ("scripts", &scripts), ("preloads", &preloads)],
    );
    let token = Dice::new(world.seed(), &["msToken", handle]).hex(64);
    Reply::html(200, page)
        .with("set-cookie", format!("msToken={token}; Path=/; SameSite=Lax"))
        .with("set-cookie", "ttwid=1%7Creplica; Path=/; HttpOnly".to_owned())
}

fn item_list(world: &World, asked: &Asked) -> Reply {
    if !is_signed(&asked.query, &secret(world.seed())) {
        return Reply::empty();
    }
    let Some(person) = asked.param("secUid").and_then(|sec_uid| by_sec_uid(world, &sec_uid)) else {
        return Reply::json(200, &json!({"statusCode": 10_202, "status_code": 10_202, "status_msg": "user not exist"}));
    };
    if person.role == Role::NoPosts {
        return Reply::empty();
    }
    if person.private {
        return Reply::json(200, &json!({"statusCode": 10_222, "status_code": 10_222, "status_msg": ""}));
    }
    // Where the call has moved, nothing answers under its old address.
    if asked.path != list_address(Site::TikTok, world.redesign(Site::TikTok, &person.handle).as_ref()) {
        return Reply::json(
            404,
            &json!({"statusCode": 10_404, "status_code": 10_404, "status_msg": "url doesn't match"}),
        );
    }
    if world.calls_hang(Site::TikTok, &person.handle) {
        return Reply::empty().fated(Fate::Withheld);
    }
    let cursor = asked.param("cursor").and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
    let count = asked.param("count").and_then(|count| count.parse().ok()).unwrap_or(16_usize);
    if count > 50 {
        return Reply::json(
            200,
            &json!({"statusCode": 10_201, "status_code": 10_201, "status_msg": "invalid parameter"}),
        );
    }
    Reply::json(200, &data::item_list(world, &person, cursor, count.clamp(1, MOST_PER_CALL)))
}

fn user_detail(world: &World, asked: &Asked) -> Reply {
    if !is_signed(&asked.query, &secret(world.seed())) {
        return Reply::empty();
    }
    let found = asked.param("uniqueId").and_then(|handle| person(world, Site::TikTok, &handle.to_lowercase()));
    Reply::json(200, &found.map_or_else(data::nobody, |person| data::user_detail(world, &person)))
}

/// The profile that a call means: the handle stands in the id that its page was given.
fn by_sec_uid(world: &World, sec_uid: &str) -> Option<Person> {
    let named = super::people::handle_in_sec_uid(sec_uid)?;
    let person = person(world, Site::TikTok, &world.handle_today(Site::TikTok, &named))?;
    (person.sec_uid == sec_uid).then_some(person)
}

fn login_page() -> Reply {
    let page = "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"UTF-8\"><title>Log in | TikTok</title>\
        <link rel=\"icon\" href=\"data:,\"></head><body><div id=\"loginContainer\"><h2>Log in to TikTok</h2>\
        <form><input name=\"username\"><input type=\"password\"><button type=\"submit\">Log in</button></form></div></body></html>";
    Reply::new(200, "text/html; charset=utf-8", Bytes::from(page))
}
