//! Puts cookies and local storage into a context and takes them out again.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chromiumoxide::cdp::browser_protocol::browser::BrowserContextId;
use chromiumoxide::cdp::browser_protocol::network::{self, CookieParam, CookieSameSite, TimeSinceEpoch};
use chromiumoxide::cdp::browser_protocol::storage::{GetCookiesParams, SetCookiesParams};
use std::sync::PoisonError;

use super::context::Context;
use super::error::BrowserError;
use super::evaluate::evaluate;
use super::open::Tab;
use super::route::{Answer, Route};
use super::storage::{Cookie, Item, Origin, StorageState};

/// Gives a fresh context these cookies.
pub(super) async fn restore_cookies(tab: &Tab, state: &StorageState) -> Result<(), BrowserError> {
    // A list of none is left out on the way, and Chromium refuses a call without one.
    if state.cookies.is_empty() {
        return Ok(());
    }
    let mut set = SetCookiesParams::new(state.cookies.iter().map(param).collect());
    set.browser_context_id = Some(BrowserContextId::new(tab.context.clone()));
    tab.link().call(None, set).await.map(drop).map_err(|_| BrowserError::Unusable {
        what: "the storage state".to_owned(),
        // Chromium's message may repeat a value.
        reason: "Chromium takes one of its cookies for invalid".to_owned(),
    })
}

/// Gives a fresh context this local storage. It belongs to an origin, so each is visited with an empty page that never touches
/// the network.
pub(super) async fn restore_storage(context: &Context, state: &StorageState) -> Result<(), BrowserError> {
    let tab = context.tab().await?;
    let origins: Vec<&Origin> = state.origins.iter().filter(|origin| !origin.local_storage.is_empty()).collect();
    if origins.is_empty() {
        return Ok(());
    }
    context.route("*", |_| Route::Fulfil(Answer::ok("text/html", "<!doctype html>"))).await?;
    for origin in origins {
        context.navigate(&tab, &origin.origin, &[], context.config.navigation_timeout()).await?;
        let items = serde_json::to_vec(&origin.local_storage).unwrap_or_default();
        let script = format!(
            "for (const item of JSON.parse(new TextDecoder().decode(Uint8Array.from(atob('{}'), c => c.charCodeAt(0))))) \
             localStorage.setItem(item.name, item.value)",
            STANDARD.encode(items)
        );
        evaluate(&tab, &script, context.config.command_timeout()).await?;
    }
    let needed = {
        let mut intercept = tab.shared.intercept.lock().unwrap_or_else(PoisonError::into_inner);
        intercept.rules.pop();
        intercept.is_needed()
    };
    if !needed {
        tab.link()
            .call(Some(&tab.session), chromiumoxide::cdp::browser_protocol::fetch::DisableParams::default())
            .await?;
    }
    Ok(())
}

/// The context's cookies and the local storage of the page's origin.
pub(super) async fn read(tab: &Tab, limit: Duration) -> Result<StorageState, BrowserError> {
    let get = GetCookiesParams { browser_context_id: Some(BrowserContextId::new(tab.context.clone())) };
    let cookies = tab.link().call(None, get).await?.cookies.into_iter().map(cookie).collect();
    let script = "(() => { try { return [location.origin, Object.entries(localStorage)] } catch { return null } })()";
    let stored = evaluate(tab, script, limit).await?;
    let origins = match serde_json::from_value::<(String, Vec<(String, String)>)>(stored) {
        Ok((origin, items)) if !items.is_empty() => {
            let local_storage = items.into_iter().map(|(name, value)| Item { name, value }).collect();
            vec![Origin { origin, local_storage }]
        }
        Ok(_) | Err(_) => Vec::new(),
    };
    Ok(StorageState { cookies, origins })
}

fn param(cookie: &Cookie) -> CookieParam {
    let mut param = CookieParam::new(cookie.name.clone(), cookie.value.clone());
    param.domain = Some(cookie.domain.clone());
    param.path = Some(cookie.path.clone());
    param.expires = (cookie.expires > 0.0).then(|| TimeSinceEpoch::new(cookie.expires));
    param.http_only = Some(cookie.http_only);
    param.secure = Some(cookie.secure);
    param.same_site = cookie.same_site.parse().ok();
    param
}

fn cookie(cookie: network::Cookie) -> Cookie {
    Cookie {
        name: cookie.name,
        value: cookie.value,
        domain: cookie.domain,
        path: cookie.path,
        expires: if cookie.session { -1.0 } else { cookie.expires },
        http_only: cookie.http_only,
        secure: cookie.secure,
        same_site: match cookie.same_site {
            Some(CookieSameSite::Strict) => "Strict",
            Some(CookieSameSite::None) => "None",
            Some(CookieSameSite::Lax) | None => "Lax",
        }
        .to_owned(),
    }
}
