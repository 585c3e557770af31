//! A loopback site of awkward pages, and a browser with the settings of `config.toml`.
#![expect(clippy::unwrap_used, reason = "a test stops where its setup fails")]

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{any, get};
use social_sentinel::browser::{Browser, Config};
use social_sentinel::clock::Clock;
use social_sentinel::model::visit::{Paging, Purpose, Ready, ResponseList, Visit};

/// The site, its address and what it was asked.
pub(crate) struct Site {
    pub(crate) base: String,
    pub(crate) hits: Arc<AtomicU64>,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for Site {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Site {
    pub(crate) async fn start() -> Self {
        let hits = Arc::new(AtomicU64::new(0));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let router = router(Arc::clone(&hits));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { base: format!("http://{address}"), hits, server }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    pub(crate) fn asked(&self) -> u64 {
        self.hits.load(Ordering::SeqCst)
    }

    /// A visit that keeps `/api/` and waits for nothing.
    pub(crate) fn visit(&self, path: &str) -> Visit {
        Visit {
            purpose: Purpose::Profile,
            url: self.url(path),
            keep: vec!["/api/".to_owned()],
            ready: Vec::new(),
            patience: Duration::from_secs(3),
            paging: None,
            picture: None,
        }
    }

    /// A visit to the list that pages until `want` are there.
    pub(crate) fn paging_visit(&self, want: usize) -> Visit {
        let path = |text: &str| text.split('.').map(str::to_owned).collect::<Vec<_>>();
        Visit {
            ready: vec![Ready::Response("/api/list".to_owned())],
            paging: Some(Paging {
                in_order: None,
                of: None,
                want,
                lists: vec![ResponseList {
                    url: "/api/list".to_owned(),
                    list: path("itemList"),
                    id: path("id"),
                    owner: Vec::new(),
                    more: path("hasMore"),
                }],
                cards: Some(".card".to_owned()),
                max_steps: 30,
                stall: Duration::from_secs(4),
            }),
            ..self.visit("/list")
        }
    }
}

/// The settings of `config.toml`, with shorter waits.
pub(crate) fn config() -> Config {
    let file: HashMap<String, toml::Value> =
        toml::from_str(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/config.toml"))).unwrap();
    let mut config: Config = file["browser"].clone().try_into().unwrap();
    config.processes = 1;
    config
}

/// A browser with these settings.
pub(crate) async fn browser(config: &Config) -> Browser {
    Browser::start(config, Clock::system()).await.unwrap()
}

fn router(hits: Arc<AtomicU64>) -> Router {
    Router::new()
        .route("/", get(|| async { Html("<!doctype html><title>t</title><h1>hello</h1>") }))
        .route("/list", get(|| async { Html(LIST) }))
        .route("/api/list", get(list))
        .route("/api/echo", any(echo))
        .route("/api/empty", get(|| async { (StatusCode::OK, [(header::CONTENT_TYPE, "application/json")], "") }))
        .route("/api/refused/{status}", get(refused))
        .route("/refused/{status}", get(refused))
        .route("/redirect", get(|| async { Redirect::to("/redirect2") }))
        .route("/redirect2", get(|| async { Redirect::to("/login") }))
        .route("/login", get(|| async { Html("<p>log in") }))
        .route("/script-redirect", get(|| async { Html("<script>location.replace('/login')</script>") }))
        .route("/empty", get(|| async { Html("") }))
        .route("/moved/{name}", get(moved))
        .route("/v2/feed/{name}", get(feed))
        .route("/calls/{what}", get(calls))
        .route("/loop", get(|| async { Html("<p>x<script>while(true){}</script>") }))
        .route("/alert", get(|| async { Html("<script>alert(1);confirm(2);prompt(3)</script><p id=after>after") }))
        .route(
            "/popup",
            get(|| async { Html("<script>open('/popped');open('/popped','_blank','noopener')</script><p>opener") }),
        )
        .route("/scripts", get(|| async { Html("<p id=n>0</p><script src=/lasting.js></script><script src=/changing.js></script>") }))
        .route("/lasting.js", get(|| async { script("public, max-age=31536000, immutable") }))
        .route("/changing.js", get(|| async { script("max-age=60") }))
        .route("/popped", get(|| async { Html("<p>popped") }))
        .route("/download", get(download))
        .route("/hang", get(hang))
        .route("/half", get(half))
        .route("/hanging-image", get(|| async { Html("<p>x<img src=/hang><script>fetch('/api/echo')</script>") }))
        .route("/huge", get(|| async { Html("<script>fetch('/api/huge').then(r => r.text())</script>") }))
        .route("/api/huge", get(|| async { Bytes::from(vec![b'x'; 3_000_000]) }))
        .route(
            "/store",
            get(|| async {
                (
                    [(header::SET_COOKIE, "sid=1; Path=/; HttpOnly")],
                    Html("<script>localStorage.setItem('k','v')</script>"),
                )
            }),
        )
        .route("/picture", get(|| async { Html(PICTURE) }))
        .route("/images", get(|| async { Html(IMAGES) }))
        .route("/broken", get(|| async { "" }))
        .route("/slow.png", get(slow_image))
        .fallback(|| async { StatusCode::NOT_FOUND })
        .layer(axum::middleware::from_fn_with_state(
            hits,
            |State(hits): State<Arc<AtomicU64>>, request: axum::extract::Request, next: axum::middleware::Next| async move {
                if request.uri().path() != "/favicon.ico" {
                    hits.fetch_add(1, Ordering::SeqCst);
                }
                next.run(request).await
            },
        ))
}

const LIST: &str = "<!doctype html><meta charset=utf-8><style>.card{height:200px}</style><div id=l></div><div id=end>.</div><script>
let cursor = 0, busy = false, more = true;
async function next() { if (busy || !more) return; busy = true;
  const r = await (await fetch('/api/list?cursor=' + cursor)).json(); cursor = r.cursor; more = r.hasMore;
  for (const i of r.itemList) { const d = document.createElement('div'); d.className = 'card'; d.textContent = i.id; l.append(d) }
  busy = false }
new IntersectionObserver(e => e.some(x => x.isIntersecting) && next()).observe(document.getElementById('end'));
</script>";

const PICTURE: &str = "<!doctype html><body style='margin:0;background:#fff'><img src=/slow.png width=1280 height=900 style='display:block'>
<div style='height:3000px'></div>";

/// One image in the window and one far below it; a broken one makes the page ask for `/broken`.
const IMAGES: &str = "<!doctype html><body style='margin:0'><script>const broken = () => fetch('/broken')</script>
<img onerror=broken() src='/slow.png?1' width=100 height=100><div style='height:9000px'></div><img src='/slow.png?2' width=100 height=100>";

/// Pages of 10 that overlap by 2, 58 different items in all.
async fn list(Query(query): Query<HashMap<String, String>>) -> Response {
    let cursor: u64 = query.get("cursor").and_then(|c| c.parse().ok()).unwrap_or(0);
    let items: Vec<_> = (cursor..cursor + 10).map(|id| serde_json::json!({ "id": id.to_string() })).collect();
    let more = cursor + 8 < 56;
    axum::Json(serde_json::json!({ "itemList": items, "hasMore": more, "cursor": cursor + 8 })).into_response()
}

async fn echo(headers: HeaderMap, body: String) -> Response {
    let headers: HashMap<String, String> =
        headers.iter().map(|(k, v)| (k.to_string(), v.to_str().unwrap_or("").to_owned())).collect();
    axum::Json(serde_json::json!({ "headers": headers, "body": body })).into_response()
}

async fn refused(Path(status): Path<u16>) -> Response {
    (StatusCode::from_u16(status).unwrap(), [(header::RETRY_AFTER, "7")], "").into_response()
}

/// A page that asks for its data where nobody knows, and for somebody else's.
async fn moved(Path(name): Path<String>) -> Html<String> {
    Html(format!(
        "<p>{name}<script>fetch('/v2/feed/{name}').then(r => r.text());fetch('/v2/feed/somebody').then(r => r.text())</script>"
    ))
}

async fn feed(Path(name): Path<String>) -> Response {
    let body = format!(r#"{{"owner":"{name}","items":["{}"]}}"#, "x".repeat(500));
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

async fn calls(Path(what): Path<String>) -> Html<String> {
    Html(format!("<script>fetch('/api/{}')</script><p>page", what.replace('-', "/")))
}

async fn download() -> Response {
    (
        [
            (header::CONTENT_DISPOSITION, "attachment; filename=x.bin"),
            (header::CONTENT_TYPE, "application/octet-stream"),
        ],
        "data",
    )
        .into_response()
}

async fn hang() -> Response {
    std::future::pending().await
}

/// A document whose head comes and whose end never does.
async fn half() -> Response {
    let first = futures::stream::once(async { Ok::<_, std::io::Error>(Bytes::from_static(b"<!doctype html><p>half")) });
    let body = futures::StreamExt::chain(first, futures::stream::pending());
    ([(header::CONTENT_TYPE, "text/html")], Body::from_stream(body)).into_response()
}

async fn slow_image() -> Response {
    tokio::time::sleep(Duration::from_millis(400)).await;
    let mut png = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_pixel(8, 8, image::Rgb([255, 0, 0])).write_to(&mut png, image::ImageFormat::Png).unwrap();
    ([(header::CONTENT_TYPE, "image/png")], png.into_inner()).into_response()
}

/// A script that is long enough to be worth keeping and adds one to what the page shows.
fn script(cache_control: &'static str) -> impl IntoResponse {
    let filling: String = (0..200).map(|n| format!("function f{n}(x){{return x+{n}}}\n")).collect();
    let text = format!(
        "{filling}document.getElementById('n').textContent = f1(Number(document.getElementById('n').textContent))"
    );
    ([(header::CONTENT_TYPE, "text/javascript"), (header::CACHE_CONTROL, cache_control)], text)
}
