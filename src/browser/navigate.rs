//! Goes to a URL, and tells a page from the many ways in which there is none. chromiumoxide's own navigation has a fixed
//! deadline and queues behind hung ones; this one is a plain command, with the page's events beside it.

use std::time::Duration;

use chromiumoxide::cdp::browser_protocol::page::NavigateParams;

use super::context::Context;
use super::error::BrowserError;
use super::evaluate::within;
use super::har::without_fragment;
use super::open::{Tab, resume};
use super::traffic::{Document, Traffic};

/// How long after a document's end Chromium may say that it is a download.
const DOWNLOAD: Duration = Duration::from_millis(300);

/// Where a navigation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Landing {
    /// The URL that answered.
    pub url: String,
    /// Its HTTP status; none for a page without one.
    pub status: Option<u16>,
    /// Response headers, names in lower case, credentials removed.
    pub headers: Vec<(String, String)>,
    /// Every URL that redirected on the way, first to last.
    pub redirects: Vec<String>,
    /// Whether the response had no body at all.
    pub empty: bool,
}

impl Context {
    /// Goes to a URL, keeping the responses whose URLs contain one of `keep`.
    pub(super) async fn navigate(
        &self,
        tab: &Tab,
        url: &str,
        keep: &[String],
        limit: Duration,
    ) -> Result<Landing, BrowserError> {
        if !url.starts_with("https://") && !url.starts_with("http://") {
            return Err(BrowserError::Unusable {
                what: format!("{url:?}"),
                reason: "only http and https are visited".to_owned(),
            });
        }
        let url = without_fragment(url);
        tab.shared.reset(Traffic::new(&tab.target, keep, self.spec.record_to.is_some()));
        within(limit, || format!("loading {url}"), self.load(tab, url, limit)).await?
    }

    async fn load(&self, tab: &Tab, url: &str, limit: Duration) -> Result<Landing, BrowserError> {
        let landed = match tab.take_start() {
            Some(start) if start.url == url => {
                resume(tab).await;
                let landed = started(tab, url).await;
                start.told().await?;
                landed
            }
            Some(start) => {
                resume(tab).await;
                start.told().await?;
                sent(tab, url, limit).await
            }
            None => sent(tab, url, limit).await,
        };
        let landing = match landed? {
            Ok(landing) => landing,
            Err(reason) => return self.not_shown(tab, url, reason),
        };
        if landing.status == Some(407) {
            return self.not_shown(tab, url, "the proxy does not accept our credentials".to_owned());
        }
        Ok(landing)
    }

    /// Chromium shows no document. Where there was a response (an error status or a 204 without a body), that is what came.
    fn not_shown(&self, tab: &Tab, url: &str, reason: String) -> Result<Landing, BrowserError> {
        let state = tab.shared.state();
        let document = &state.traffic.document;
        let bodiless = reason.contains("ERR_HTTP_RESPONSE_CODE_FAILURE") || matches!(document.status, Some(204 | 205));
        let by_proxy = document.status == Some(407);
        if document.status.is_some() && bodiless && !by_proxy {
            return Ok(Landing { empty: true, ..landing(document) });
        }
        let proxy_failed = by_proxy || ["PROXY", "TUNNEL", "SOCKS"].iter().any(|word| reason.contains(word));
        let url = url.to_owned();
        Err(match &self.spec.proxy {
            Some(proxy) if proxy_failed => BrowserError::Proxy { proxy: proxy.server.clone(), url, reason },
            _ if state.downloads => {
                BrowserError::Navigation { url, reason: "it is a file to download, not a page".to_owned() }
            }
            _ if self.spec.answer_from.is_some() && reason.contains("ERR_ABORTED") => {
                BrowserError::NotRecorded { url: document.url.clone() }
            }
            _ => BrowserError::Navigation { url, reason },
        })
    }
}

/// Sends the page to a URL and waits until its document is parsed; or Chromium's word for why there is none.
async fn sent(tab: &Tab, url: &str, limit: Duration) -> Result<Result<Landing, String>, BrowserError> {
    let go = tab.link().call_within(Some(&tab.session), NavigateParams::new(url), limit);
    let returned = tokio::select! {
        over = tab.shared.until(|_| None::<()>) => return Err(over.err().map_or(BrowserError::SessionOver, |over| over.error(url))),
        returned = go => returned?,
    };
    if let Some(reason) = returned.error_text {
        return Ok(Err(reason));
    }
    let parsed = tab.shared.until(|state| {
        let document = &state.traffic.document;
        (returned.loader_id.is_none() || document.dom_ready).then(|| landing(document))
    });
    parsed.await.map(Ok).map_err(|over| over.error(url))
}

/// The same for a page that was opened with its URL: nothing answers, so its events tell.
async fn started(tab: &Tab, url: &str) -> Result<Result<Landing, String>, BrowserError> {
    let seen = tab.shared.until(|state| {
        let document = &state.traffic.document;
        document.refused.clone().map(Err).or_else(|| document.dom_ready.then(|| Ok(landing(document))))
    });
    let seen = seen.await.map_err(|over| over.error(url))?;
    if seen.is_err() {
        // That it is a download is said last.
        let told = tab.shared.until(|state| {
            let answered = state.traffic.document.status.is_some_and(|status| !matches!(status, 204 | 205));
            (state.downloads || !answered).then_some(())
        });
        let _ = tokio::time::timeout(DOWNLOAD, told).await;
    }
    Ok(seen)
}

fn landing(document: &Document) -> Landing {
    Landing {
        url: document.url.clone(),
        status: document.status,
        headers: document.headers.clone(),
        redirects: document.redirects.clone(),
        empty: document.size == 0,
    }
}
