//! The server: reads a request, lets the site's mode stand before it, has the site answer, and enters both in the
//! visitors' book.

use std::time::Duration;

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::COOKIE;
use axum::response::Response;
use tokio::net::TcpListener;

use super::catalogue::Site;
use super::http::Reply;
use super::requests::{RequestKind, SeenRequest};
use super::route::{InstagramRoute, Route, TikTokRoute, route};
use super::world::{Mode, World};
use super::{ballast, control, instagram, tiktok};

/// No page of ours sends more.
const MAX_REQUEST_BYTES: usize = 1 << 20;

/// What a site may know of a request.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) path: String,
    /// As sent, without `?`.
    pub(super) query: String,
    pub(super) cookies: String,
    /// The header by which Instagram's calls prove that they come from its page.
    pub(super) lsd: String,
    /// The page that a call comes from.
    pub(super) referer: String,
    pub(super) body: Bytes,
}

/// Serves until its task is aborted.
pub(super) async fn serve(listener: TcpListener, world: World) {
    let router = Router::new().fallback(answer).with_state(world);
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!(%error, "the replica stopped serving");
    }
}

async fn answer(State(world): State<World>, request: Request) -> Response {
    let at = world.requests().now();
    let Some(asked) = read(request).await else { return Reply::new(413, "text/plain", "too large").send().await };
    let route = moved_list(&world, &asked.path).unwrap_or_else(|| route(&asked.path));
    if let (Some(Mode::Latency { ms }), true) = (route.site().map(|site| world.mode(site)), route.is_guarded()) {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
    let reply = refusal(&world, &route).unwrap_or_else(|| serve_route(&world, &route, &asked));
    if !matches!(route, Route::Control(_)) {
        world.requests().enter(SeenRequest {
            at,
            platform: route.site().map(Site::name),
            kind: route.kind(),
            method: asked.method,
            path: asked.path,
            status: reply.status,
            bytes: reply.body.len(),
        });
    }
    reply.send().await
}

/// The call for posts under an address that a redesign has given it.
fn moved_list(world: &World, path: &str) -> Option<Route> {
    let site = world.site_of_moved_list(path)?;
    Some(match site {
        Site::TikTok => Route::TikTok(TikTokRoute::ItemList),
        Site::Instagram => Route::Instagram(InstagramRoute::GuestQuery),
    })
}

async fn read(request: Request) -> Option<Asked> {
    let (head, body) = request.into_parts();
    let header = |name: &str| {
        let values = head.headers.get_all(name).into_iter();
        values.filter_map(|value| value.to_str().ok()).collect::<Vec<_>>().join("; ")
    };
    Some(Asked {
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        cookies: header(COOKIE.as_str()),
        lsd: header("x-fb-lsd"),
        referer: header("referer"),
        body: to_bytes(body, MAX_REQUEST_BYTES).await.ok()?,
    })
}

/// What the site's mode answers in place of the site.
fn refusal(world: &World, route: &Route) -> Option<Reply> {
    let down = |site| {
        let Mode::Down { status } = world.mode(site) else { return None };
        Some(Reply::new(status, "text/plain; charset=utf-8", "Service unavailable"))
    };
    let Some(site) = route.site() else {
        // Pictures and scripts belong to no site: they are gone when both are.
        let shared = matches!(route.kind(), RequestKind::Asset | RequestKind::Media);
        return if shared { down(Site::TikTok).and(down(Site::Instagram)) } else { None };
    };
    if !route.is_guarded() {
        return down(site);
    }
    match world.mode(site) {
        Mode::Normal | Mode::Latency { .. } => None,
        Mode::Down { .. } => down(site),
        Mode::Throttle { retry_after_s } => Some(Reply::slow_down(retry_after_s)),
        Mode::EmptyBodies => Some(Reply::empty()),
        Mode::LoginWall | Mode::Captcha => wall(route, world.mode(site) == Mode::Captcha),
    }
}

/// The wall of the site that a route belongs to: its login page, or its test for humans.
fn wall(route: &Route, for_humans: bool) -> Option<Reply> {
    if let Route::TikTok(route) = route {
        return Some(if for_humans { tiktok::captcha(route) } else { tiktok::login_wall(route) });
    }
    let Route::Instagram(route) = route else { return None };
    Some(if for_humans { instagram::checkpoint(route) } else { instagram::login_wall(route) })
}

fn serve_route(world: &World, route: &Route, asked: &Asked) -> Reply {
    match route {
        Route::Control(verb) => {
            let (status, body) = control::answer(world, &asked.method, verb, &asked.body);
            Reply::json(status, &body)
        }
        Route::Script(name) => ballast::script(world, name),
        Route::Cover(key) => Reply::lasting("image/jpeg", world.gallery().cover(key)),
        Route::Avatar(key) => Reply::lasting("image/jpeg", world.gallery().avatar(key)),
        Route::Video => Reply::lasting("video/mp4", Bytes::from_static(b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2")),
        Route::Beacon => Reply::new(204, "text/plain", Bytes::new()),
        Route::Robots => Reply::new(200, "text/plain", "User-agent: *\nDisallow: /__control/\n"),
        Route::Unknown => Reply::new(404, "text/plain; charset=utf-8", "Not found"),
        Route::TikTok(route) => tiktok::answer(world, route, asked),
        Route::Instagram(route) => instagram::answer(world, route, asked),
    }
}

impl Asked {
    /// A parameter of the query, decoded.
    pub(super) fn param(&self, name: &str) -> Option<String> {
        parameter(self.query.as_bytes(), name)
    }

    /// A field of a posted form, decoded.
    pub(super) fn field(&self, name: &str) -> Option<String> {
        parameter(&self.body, name)
    }

    /// Whether the visitor brings a session.
    pub(super) fn is_logged_in(&self) -> bool {
        self.cookies.split(';').any(|cookie| cookie.trim().starts_with("sessionid="))
    }
}

fn parameter(form: &[u8], name: &str) -> Option<String> {
    url::form_urlencoded::parse(form).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
