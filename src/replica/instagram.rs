//! Instagram's pages and calls, for guests and, with a `sessionid` cookie, for members.

use serde_json::json;

use super::catalogue::{Role, Site, role};
use super::dice::Dice;
use super::faults::{self, fault_of_page};
use super::http::{Fate, Reply};
use super::instagram_data as data;
use super::instagram_page as page;
use super::people::{Person, handle_in_fb_id, person};
use super::posts::by_code;
use super::redesign::list_address;
use super::route::InstagramRoute;
use super::server::Asked;
use super::world::World;

/// Answers a request that is Instagram's.
pub(super) fn answer(world: &World, route: &InstagramRoute, asked: &Asked) -> Reply {
    match route {
        InstagramRoute::Profile(handle) => profile(world, route, handle, asked),
        InstagramRoute::Unslashed(handle) => Reply::redirect(format!("/{handle}/")),
        InstagramRoute::Post(code) => post(world, route, code),
        InstagramRoute::GuestQuery => guest_query(world, asked),
        InstagramRoute::SessionQuery => session_query(world, asked),
        InstagramRoute::ProfileInfo => profile_info(world, asked),
        InstagramRoute::Login => {
            page::plain(world, 200, "PolarisLoginRoot.react", "loginPage", "LOGIN", "Login • Instagram")
        }
        InstagramRoute::Challenge => {
            page::plain(world, 200, "PolarisChallengeRoot.react", "challengePage", "CHALLENGE", "Instagram")
        }
    }
}

/// The login wall before a page or a call.
pub(super) fn login_wall(route: &InstagramRoute) -> Reply {
    match next(route) {
        Some(next) => Reply::redirect(format!("/accounts/login/?next={next}")),
        None => wait_a_few_minutes(),
    }
}

/// The checkpoint before a page or a call.
pub(super) fn checkpoint(route: &InstagramRoute) -> Reply {
    match next(route) {
        Some(next) => Reply::redirect(format!("/challenge/?next={next}")),
        None => {
            let body = json!({"message": "checkpoint_required", "checkpoint_url": "/challenge/624247/replica/", "lock": false, "status": "fail"});
            Reply::json(400, &body)
        }
    }
}

/// Where a wall leads back to; none for calls.
fn next(route: &InstagramRoute) -> Option<String> {
    match route {
        InstagramRoute::Profile(handle) | InstagramRoute::Unslashed(handle) => Some(format!("%2F{handle}%2F")),
        InstagramRoute::Post(code) => Some(format!("%2Fp%2F{code}%2F")),
        InstagramRoute::GuestQuery
        | InstagramRoute::SessionQuery
        | InstagramRoute::ProfileInfo
        | InstagramRoute::Login
        | InstagramRoute::Challenge => None,
    }
}

fn wait_a_few_minutes() -> Reply {
    let body = json!({
        "message": "Please wait a few minutes before you try again.", "require_login": true, "igweb_rollout": true,
        "status": "fail",
    });
    Reply::json(401, &body)
}

fn profile(world: &World, route: &InstagramRoute, handle: &str, asked: &Asked) -> Reply {
    let first = world.first_handle(Site::Instagram, handle);
    let role = first.as_deref().map_or(Role::Missing, |first| role(Site::Instagram, first));
    if let Some(refusal) = refusal(world, route, handle, role) {
        return refusal;
    }
    let Some(person) = person(world, Site::Instagram, handle) else { return page::gone(world, handle) };
    let fault = fault_of_page(world, Site::Instagram, handle, role);
    let reply = if asked.is_logged_in() {
        page::member_profile(world, &person, fault)
    } else {
        page::guest_profile(world, &person, fault)
    };
    faults::applied(reply, fault, &format!("/{handle}/"))
}

/// What stands in place of the page, by the part the profile plays.
fn refusal(world: &World, route: &InstagramRoute, handle: &str, role: Role) -> Option<Reply> {
    let told_now = role == Role::ThrottledOnce && world.tell_once(Site::Instagram, handle);
    if role == Role::Walled {
        Some(login_wall(route))
    } else if role == Role::Checkpoint {
        Some(checkpoint(route))
    } else if role == Role::RegionBlocked {
        let text = "<!DOCTYPE html><html><head><title>Unavailable For Legal Reasons</title></head><body>\
            <h1>This profile is not available in your region</h1></body></html>";
        Some(Reply::html(451, text.to_owned()))
    } else if role == Role::Throttled {
        Some(Reply::slow_down(2))
    } else if told_now {
        Some(Reply::slow_down(1))
    } else if role == Role::Empty {
        Some(Reply::empty())
    } else if role == Role::Broken {
        Some(page::plain(world, 200, "PolarisErrorRoot.react", "httpErrorPage", "PROFILE", "Instagram"))
    } else {
        None
    }
}

fn post(world: &World, route: &InstagramRoute, code: &str) -> Reply {
    let Some((person, made)) = by_code(world, code).filter(|(owner, _)| !owner.private) else {
        return page::plain(world, 404, "PolarisErrorRoot.react", "httpErrorPage", "POST_GONE", "Instagram");
    };
    if person.role == Role::NoPosts {
        return page::plain(world, 200, "PolarisErrorRoot.react", "httpErrorPage", "POST", "Instagram");
    }
    refusal(world, route, &person.handle, person.role).unwrap_or_else(|| page::post(world, &person, &made))
}

/// The id of the stored query for later pages: it is retired every few days, so it must be read from the page.
pub(super) fn query_id(world: &World) -> String {
    let days = (world.now() - world.epoch()).num_days() / 3;
    let mut dice = Dice::new(world.seed(), &["query id", &days.to_string()]);
    dice.between(20_000_000_000_000_000, 39_999_999_999_999_999).to_string()
}

/// The token that a page's calls must carry.
pub(super) fn lsd_token(world: &World) -> String {
    Dice::new(world.seed(), &["lsd"]).hex(22)
}

fn guest_query(world: &World, asked: &Asked) -> Reply {
    let guarded =
        |body: &serde_json::Value| Reply::new(200, "text/javascript; charset=utf-8", format!("for (;;);{body}"));
    if asked.lsd != lsd_token(world) {
        return guarded(&json!({
            "error": 1_357_004, "errorSummary": "Sorry, something went wrong",
            "errorDescription": "Please try closing and re-opening your browser window.",
        }));
    }
    if asked.field("doc_id") != Some(query_id(world)) {
        return guarded(&json!({"errors": [{"message": "The GraphQL document was not found.", "code": 1_675_030}]}));
    }
    let variables = asked.field("variables").and_then(|v| serde_json::from_str::<serde_json::Value>(&v).ok());
    let text = |key: &str| variables.as_ref().and_then(|v| v.get(key)?.as_str().map(str::to_owned));
    let found = text("username")
        .and_then(|handle| person(world, Site::Instagram, &handle))
        .or_else(|| by_fb_id(world, asked, &text("id")?));
    let Some(person) = found.filter(may_be_listed) else {
        return guarded(&json!({"data": {"node": null}, "extensions": {"is_final": true}}));
    };
    // Where the call has moved, nothing answers under its old address.
    if asked.path != list_address(Site::Instagram, world.redesign(Site::Instagram, &person.handle).as_ref()) {
        return Reply::new(404, "text/plain; charset=utf-8", "Not found");
    }
    if world.calls_hang(Site::Instagram, &person.handle) {
        return Reply::empty().fated(Fate::Withheld);
    }
    let timeline = data::guest_timeline(world, &person, data::place_of(text("after").as_deref()));
    let body = json!({
        "data": {"node": {"__typename": "XIGUser", "id": person.fb_id, "polaris_ordered_timeline_connection": timeline}},
        "extensions": {"is_final": true},
    });
    guarded(&data::dressed(world, &person, body))
}

fn may_be_listed(person: &Person) -> bool {
    !person.private && !matches!(person.role, Role::NoPosts | Role::Walled | Role::Checkpoint | Role::AgeGated)
}

/// The profile that a call means: by its id, or, where the id does not lead back, by the page that calls.
fn by_fb_id(world: &World, asked: &Asked, fb_id: &str) -> Option<Person> {
    let named = handle_in_fb_id(fb_id).map(|first| world.handle_today(Site::Instagram, &first));
    let handle = named.or_else(|| asked.referer.split('/').nth(3).map(str::to_owned))?;
    person(world, Site::Instagram, &handle).filter(|person| person.fb_id == fb_id)
}

fn session_query(world: &World, asked: &Asked) -> Reply {
    if !asked.is_logged_in() {
        return wait_a_few_minutes();
    }
    let variables = asked.field("variables").and_then(|v| serde_json::from_str::<serde_json::Value>(&v).ok());
    let text = |key: &str| variables.as_ref().and_then(|v| v.get(key)?.as_str().map(str::to_owned));
    match text("username").and_then(|handle| person(world, Site::Instagram, &handle)).filter(may_be_listed) {
        Some(person) => Reply::json(200, &data::xdt_timeline(world, &person, text("after").as_deref())),
        None => Reply::json(
            200,
            &json!({"errors": [{"message": "execution error", "severity": "CRITICAL"}], "data": null, "status": "ok"}),
        ),
    }
}

fn profile_info(world: &World, asked: &Asked) -> Reply {
    if !asked.is_logged_in() {
        return Reply::json(400, &json!({"message": "Please make sure you are logged in.", "status": "fail"}));
    }
    match asked.param("username").and_then(|handle| person(world, Site::Instagram, &handle)) {
        Some(person) => Reply::json(200, &data::web_profile_info(world, &person)),
        None => Reply::json(404, &json!({"data": {"user": null}, "status": "ok"})),
    }
}
