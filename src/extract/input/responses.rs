//! The responses in a saved body, in the forms in which people and programs save them.

use serde_json::Value;

use crate::model::capture::KeptResponse;

/// The responses in a saved body: a list whose every element has `url` and `body`, or one body.
pub(super) fn responses_of(text: &str) -> Vec<KeptResponse> {
    if let Ok(Value::Array(items)) = serde_json::from_str::<Value>(text.trim_start_matches('\u{feff}'))
        && !items.is_empty()
        && items.iter().all(|item| item.get("url").is_some_and(Value::is_string) && item.get("body").is_some())
    {
        return items.into_iter().map(response).collect();
    }
    vec![KeptResponse {
        url: String::new(),
        method: "GET".to_owned(),
        request_body: None,
        status: 200,
        headers: Vec::new(),
        body: text.to_owned(),
    }]
}

fn response(mut item: Value) -> KeptResponse {
    let body = match item.get_mut("body").map(Value::take) {
        None | Some(Value::Null) => String::new(),
        Some(body) => body.as_str().map_or_else(|| body.to_string(), str::to_owned),
    };
    let word = |key: &str| item.get(key).and_then(Value::as_str);
    let status = item.get("status").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok());
    KeptResponse {
        url: word("url").unwrap_or_default().to_owned(),
        method: word("method").unwrap_or("GET").to_ascii_uppercase(),
        request_body: None,
        status: status.unwrap_or(200),
        headers: headers(item.get("headers")),
        body,
    }
}

/// Headers as an object, or as a list of pairs or of `name` and `value`.
fn headers(value: Option<&Value>) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let value = value.unwrap_or(&Value::Null);
    match (value.as_object(), value.as_array()) {
        (Some(map), _) => map.iter().map(|(name, value)| (name.to_ascii_lowercase(), text(value))).collect(),
        (_, Some(list)) => {
            let pair = |entry: &Value| {
                let (name, value) = match entry.as_array() {
                    Some(pair) => (pair.first()?, pair.get(1)?),
                    None => (entry.get("name")?, entry.get("value")?),
                };
                Some((name.as_str()?.to_ascii_lowercase(), text(value)))
            };
            list.iter().filter_map(pair).collect()
        }
        (None, None) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_url_and_body_is_responses_and_any_other_list_is_one_body() {
        let several =
            r#"[{"url":"https://x/a","body":{"a":1},"status":401,"headers":{"X-A":"b"}},{"url":"u","body":"text"}]"#;
        let responses = responses_of(several);
        assert_eq!(responses.len(), 2);
        assert_eq!((responses[0].status, responses[0].body.as_str()), (401, r#"{"a":1}"#));
        assert_eq!(responses[0].headers, [("x-a".to_owned(), "b".to_owned())]);
        assert_eq!(responses[1].body, "text");
        assert_eq!(responses_of(r#"[{"url":"x","id":"1"}]"#).len(), 1);
        assert_eq!(responses_of("")[0].body, "");
    }
}
