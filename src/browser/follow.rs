//! Asks for a list's next page by the page's own `fetch`, as [`Follow`] says.

use std::time::Duration;

use url::Url;

use super::context::evaluate;
use super::error::BrowserError;
use super::list;
use super::open::Tab;
use super::paging::quoted;
use super::spec::Follow;
use crate::model::capture::KeptResponse;

/// How far Chromium's events may be behind its scripts.
const EVENTS_BEHIND: Duration = Duration::from_secs(2);

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Followed {
    /// An answer came; it is among the kept responses.
    Asked,
    /// There is nothing to follow here, or the page's `fetch` does not get it: scroll.
    Scroll,
}

/// Asks for the page after the newest one.
pub(super) async fn follow(tab: &Tab, follows: &[Follow], limit: Duration) -> Result<Followed, BrowserError> {
    let (next, kept, ended) = {
        let state = tab.shared.state();
        let kept = &state.traffic.kept;
        let next = follows.iter().find_map(|follow| {
            let newest = kept.iter().rev().find(|response| response.url.contains(&follow.url))?;
            Some((follow.url.clone(), next_url(newest, follow)?))
        });
        let ended = next.as_ref().map_or(0, |(part, _)| state.traffic.ended(part));
        (next, kept.len(), ended)
    };
    let Some((part, url)) = next else { return Ok(Followed::Scroll) };
    let script = format!(
        "fetch({}, {{ credentials: 'include' }}).then(r => r.text()).then(t => t.length, () => 0)",
        quoted(&url)
    );
    let length = evaluate(tab, &script, limit).await?.as_u64().unwrap_or(0);
    // Its events, and its body, may follow the script's answer.
    let came = tab.shared.until(|state| (state.traffic.ended(&part) > ended && state.fetching == 0).then_some(()));
    let _ = tokio::time::timeout(EVENTS_BEHIND, came).await;
    if length > 0 {
        return Ok(Followed::Asked);
    }
    // Nothing came of what we asked for: that is no word of the site about the profile.
    let ours =
        |response: &KeptResponse| response.url.contains(&part) && response.status == 200 && response.body.is_empty();
    let mut state = tab.shared.state();
    let mut index = 0;
    state.traffic.kept.retain(|response| {
        index += 1;
        index <= kept || !ours(response)
    });
    Ok(Followed::Scroll)
}

/// The URL of the page after this response; none where it is the last or has no cursor.
fn next_url(response: &KeptResponse, follow: &Follow) -> Option<String> {
    if response.method != "GET" || response.status != 200 {
        return None;
    }
    let cursor = list::scalar(&response.body, &follow.cursor).filter(|cursor| !cursor.is_empty())?;
    let mut url = Url::parse(&response.url).ok()?;
    let query = url.query()?.to_owned();
    let name = |pair: &str| pair.split_once('=').map_or(pair, |(name, _)| name).to_owned();
    // Unchanged parts stay as they are written: a signature may cover their spelling.
    let kept = query.split('&').filter(|pair| !follow.drop.contains(&name(pair))).map(|pair| {
        let encode = || url::form_urlencoded::byte_serialize(cursor.as_bytes()).collect::<String>();
        if name(pair) == follow.param { format!("{}={}", follow.param, encode()) } else { pair.to_owned() }
    });
    let next = kept.collect::<Vec<_>>().join("&");
    if next == query {
        return None;
    }
    url.set_query(Some(&next));
    Some(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_the_last_request_with_the_new_cursor_and_no_signature() {
        let response = KeptResponse {
            url: "https://a.test/api/list/?a=%20b&cursor=0&n=16&msToken=x&X-Bogus=y".to_owned(),
            method: "GET".to_owned(),
            request_body: None,
            status: 200,
            headers: Vec::new(),
            body: r#"{"cursor":"17 0","hasMore":true}"#.to_owned(),
        };
        let words = |list: &[&str]| list.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        let follow = Follow {
            url: "/api/list".to_owned(),
            cursor: words(&["cursor"]),
            param: "cursor".to_owned(),
            drop: words(&["msToken", "X-Bogus"]),
        };
        assert_eq!(next_url(&response, &follow).as_deref(), Some("https://a.test/api/list/?a=%20b&cursor=17+0&n=16"));
        assert_eq!(next_url(&KeptResponse { body: "{}".to_owned(), ..response.clone() }, &follow), None);
        assert_eq!(next_url(&KeptResponse { body: String::new(), ..response }, &follow), None);
    }
}
