//! Asks for a list's next page by the page's own `fetch`, as [`Follow`] says.

use std::time::Duration;

use serde_json::{Value, json};
use url::Url;

use super::error::BrowserError;
use super::evaluate::evaluate;
use super::list;
use super::open::Tab;
use super::paging::quoted;
use super::spec::Follow;
use super::tally::is_foreign;
use crate::model::capture::KeptResponse;
use crate::model::visit::Paging;

/// How far Chromium's events may be behind its scripts.
const EVENTS_BEHIND: Duration = Duration::from_secs(2);

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Followed {
    /// An answer came; it is among the kept responses.
    Asked,
    /// There is nothing to follow yet: scroll.
    Nothing,
    /// The page's `fetch` does not get it: scroll, and do not ask so again.
    Failed,
}

/// A request that asks for a list's next page.
#[derive(Debug, PartialEq, Eq)]
struct Next {
    url: String,
    /// The form of a POST.
    form: Option<String>,
    /// Headers that the page's script gave its own request.
    headers: Vec<(String, String)>,
}

impl Next {
    /// The page's own `fetch`; its value is the length of the answer.
    fn script(&self) -> String {
        let mut init = json!({ "credentials": "include" });
        if let Some(form) = &self.form {
            let headers =
                self.headers.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
            init["method"] = "POST".into();
            init["body"] = form.as_str().into();
            init["headers"] = Value::Object(headers);
        }
        format!("fetch({}, {init}).then(r => r.text()).then(t => t.length, () => 0)", quoted(&self.url))
    }
}

/// Asks for the page after the newest one.
pub(super) async fn follow(
    tab: &Tab,
    follows: &[Follow],
    paging: &Paging,
    limit: Duration,
) -> Result<Followed, BrowserError> {
    let (next, kept, ended) = {
        let state = tab.shared.state();
        let kept = &state.traffic.kept;
        let next = follows.iter().find_map(|follow| {
            let is_ours =
                |response: &&KeptResponse| response.url.contains(&follow.url) && !is_foreign(response, paging);
            let newest = kept.iter().rev().find(is_ours)?;
            let mut next = next(newest, follow)?;
            if next.form.is_some() {
                next.headers = state.traffic.script_headers(&newest.url);
            }
            Some((follow.url.clone(), next))
        });
        let ended = next.as_ref().map_or(0, |(part, _)| state.traffic.ended(part));
        (next, kept.len(), ended)
    };
    let Some((part, next)) = next else { return Ok(Followed::Nothing) };
    let length = evaluate(tab, &next.script(), limit).await?.as_u64().unwrap_or(0);
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
    Ok(Followed::Failed)
}

/// What asks for the page after this response; none where it is the last or has no cursor.
fn next(response: &KeptResponse, follow: &Follow) -> Option<Next> {
    if response.status != 200 {
        return None;
    }
    let cursor = list::scalar(&response.body, &follow.cursor).filter(|cursor| !cursor.is_empty())?;
    match (response.method.as_str(), &follow.form) {
        ("GET", None) => Some(Next { url: next_url(&response.url, follow, &cursor)?, form: None, headers: Vec::new() }),
        ("POST", Some(field)) => {
            let form = next_form(response.request_body.as_deref()?, field, &follow.param, &cursor)?;
            Some(Next { url: response.url.clone(), form: Some(form), headers: Vec::new() })
        }
        _ => None,
    }
}

/// The URL with the new cursor and without signatures.
fn next_url(url: &str, follow: &Follow, cursor: &str) -> Option<String> {
    let mut url = Url::parse(url).ok()?;
    let query = url.query()?.to_owned();
    // Unchanged parts stay as they are written: a signature may cover their spelling.
    let kept = query.split('&').filter(|pair| !follow.drop.iter().any(|drop| drop == name(pair)));
    let kept = kept.map(|pair| {
        if name(pair) == follow.param { format!("{}={}", follow.param, encoded(cursor)) } else { pair.to_owned() }
    });
    let next = kept.collect::<Vec<_>>().join("&");
    if next == query {
        return None;
    }
    url.set_query(Some(&next));
    Some(url.into())
}

/// The form with the new cursor in the JSON of one field.
fn next_form(form: &str, field: &str, param: &str, cursor: &str) -> Option<String> {
    let (_, value) = url::form_urlencoded::parse(form.as_bytes()).find(|(name, _)| name == field)?;
    let mut variables: serde_json::Map<String, Value> = serde_json::from_str(&value).ok()?;
    let old = variables.insert(param.to_owned(), cursor.into());
    if old.is_none_or(|old| old == cursor) {
        return None;
    }
    let changed = format!("{field}={}", encoded(&Value::Object(variables).to_string()));
    Some(form.split('&').map(|pair| if name(pair) == field { &changed } else { pair }).collect::<Vec<_>>().join("&"))
}

/// The name of a pair, as it is written.
fn name(pair: &str) -> &str {
    pair.split_once('=').map_or(pair, |(name, _)| name)
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
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
            form: None,
            drop: words(&["msToken", "X-Bogus"]),
        };
        let url = |response: &KeptResponse| next(response, &follow).map(|next| next.url);
        assert_eq!(url(&response).as_deref(), Some("https://a.test/api/list/?a=%20b&cursor=17+0&n=16"));
        assert_eq!(url(&KeptResponse { body: "{}".to_owned(), ..response.clone() }), None);
        assert_eq!(url(&KeptResponse { body: String::new(), ..response }), None);
    }

    #[test]
    fn the_next_page_of_a_form_has_the_new_cursor_among_its_variables() {
        let response = KeptResponse {
            url: "https://a.test/api/graphql".to_owned(),
            method: "POST".to_owned(),
            request_body: Some("av=0&variables=%7B%22after%22%3A%22x%22%2C%22first%22%3A12%7D&doc_id=7".to_owned()),
            status: 200,
            headers: Vec::new(),
            body: r#"for (;;);{"data":{"end_cursor":"y z"}}"#.to_owned(),
        };
        let follow = Follow {
            url: "/api/graphql".to_owned(),
            cursor: vec!["data".to_owned(), "end_cursor".to_owned()],
            param: "after".to_owned(),
            form: Some("variables".to_owned()),
            drop: Vec::new(),
        };
        let form = next(&response, &follow).and_then(|next| next.form).unwrap();
        assert_eq!(form, "av=0&variables=%7B%22after%22%3A%22y+z%22%2C%22first%22%3A12%7D&doc_id=7");
        let last = KeptResponse { body: r#"{"data":{"end_cursor":null}}"#.to_owned(), ..response };
        assert_eq!(next(&last, &follow), None);
    }
}
