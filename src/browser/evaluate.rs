//! Runs a script in a page, and takes its markup, with a deadline and an ear for the page's end.

use std::time::Duration;

use chromiumoxide::cdp::js_protocol::runtime::EvaluateParams;
use serde_json::Value;

use super::error::BrowserError;
use super::open::Tab;

/// Waits no longer than `limit`.
pub(super) async fn within<T>(
    limit: Duration,
    doing: impl FnOnce() -> String,
    what: impl Future<Output = T>,
) -> Result<T, BrowserError> {
    tokio::time::timeout(limit, what).await.map_err(|_| BrowserError::Timeout { doing: doing(), limit })
}

/// Runs an expression in the page's main world.
pub(super) async fn evaluate(tab: &Tab, expression: &str, limit: Duration) -> Result<Value, BrowserError> {
    let mut params = EvaluateParams::new(expression);
    params.return_by_value = Some(true);
    params.await_promise = Some(true);
    let call = tab.link().call_within(Some(&tab.session), params, limit);
    let returned = tokio::select! {
        over = tab.shared.until(|_| None::<()>) => {
            let url = tab.shared.state().traffic.document.url.clone();
            return Err(over.err().map_or(BrowserError::SessionOver, |over| over.error(&url)));
        }
        returned = call => returned?,
    };
    if let Some(thrown) = returned.exception_details {
        let said = thrown.exception.and_then(|object| object.description).unwrap_or(thrown.text);
        let reason = said.lines().next().unwrap_or_default().to_owned();
        return Err(BrowserError::Refused { command: "a script in the page".to_owned(), reason });
    }
    Ok(returned.result.value.unwrap_or(Value::Null))
}

/// The document's URL and markup.
pub(super) async fn content(tab: &Tab, most: usize, limit: Duration) -> Result<(String, String), BrowserError> {
    let script = format!(
        "(async () => {{ await new Promise(done => {{ requestAnimationFrame(() => done()); setTimeout(done, 50) }});
        const d = document.doctype, root = document.documentElement;
        const html = (d ? new XMLSerializer().serializeToString(d) + '\\n' : '') + (root ? root.outerHTML : '');
        return html.length > {most} ? [location.href] : [location.href, html]; }})()"
    );
    let value = evaluate(tab, &script, limit).await?;
    let Value::Array(parts) = value else {
        return Err(BrowserError::Refused { command: "the document".to_owned(), reason: "no markup came".to_owned() });
    };
    let mut texts = parts.into_iter().filter_map(|part| if let Value::String(text) = part { Some(text) } else { None });
    let url = texts.next().unwrap_or_default();
    match texts.next() {
        Some(html) => Ok((url, html)),
        None => Err(BrowserError::TooBig {
            url,
            what: "characters of markup",
            limit: u64::try_from(most).unwrap_or(u64::MAX),
        }),
    }
}
