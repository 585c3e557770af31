//! A site's text as a value of ours. What does not read as a value of its field is none: a negative count, a text for a
//! number, a word that nobody knows.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use scraper::ElementRef;

use super::parse;
use crate::model::document::{PostKind, Precision};
use crate::model::page::{Field, Value};

/// The value of a text for a field. `json` tells that it stood in JSON and not on a page for people.
pub(super) fn value(field: Field, text: &str, json: bool) -> Option<(Value, Precision)> {
    use Field as F;
    let exact = |value| Some((value, Precision::Exact));
    match field {
        F::Followers | F::Following | F::Likes | F::PostsCount | F::Views | F::Comments | F::Shares | F::Saves => {
            count(text, json)
        }
        F::Width | F::Height => exact(Value::Count { value: text.parse().ok().filter(|v| *v > 0)?, unit: 1 }),
        F::Verified | F::Private | F::Business | F::Pinned | F::Sponsored | F::AiLabel => {
            exact(Value::Flag(flag(text)?))
        }
        F::PublishedAt => exact(Value::Time(time(text)?)),
        F::DurationS => exact(Value::Seconds(text.parse().ok().filter(|s: &f64| s.is_finite() && *s > 0.0)?)),
        F::PictureUrl | F::ThumbnailUrl | F::VideoUrl | F::Url => exact(Value::Text(web_address(text)?)),
        F::Caption => exact(Value::Text(text.to_owned())),
        F::Kind => kind(text).map(|_| (Value::Text(text.to_owned()), Precision::Exact)),
        F::Links | F::Hashtags | F::Mentions | F::Children => None,
        F::Username => {
            let name = text.trim().trim_start_matches('@');
            let is_one = !name.is_empty() && !name.contains(char::is_whitespace);
            is_one.then(|| (Value::Text(name.to_owned()), Precision::Exact))
        }
        F::Id
        | F::DisplayName
        | F::Bio
        | F::Category
        | F::Language
        | F::Region
        | F::Code
        | F::MusicId
        | F::MusicTitle
        | F::MusicAuthor => exact(Value::Text(text.trim().to_owned())),
    }
}

fn count(text: &str, json: bool) -> Option<(Value, Precision)> {
    let text = text.trim();
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some((Value::Count { value: text.parse().ok()?, unit: 1 }, Precision::Exact));
    }
    // "1.0" and "-1" are numbers of a program: a fraction or a negative count means nothing.
    if json && text.parse::<f64>().is_ok() {
        let whole = text.strip_suffix(".0").and_then(|digits| digits.parse().ok())?;
        return Some((Value::Count { value: whole, unit: 1 }, Precision::Exact));
    }
    let parsed = parse::count(text).or_else(|| parse::count_in(text).filter(|_| !json))?;
    Some((Value::Count { value: parsed.value, unit: parsed.unit }, parsed.precision))
}

/// An element's text for a label: number and label that stand in elements of their own get a space between them, which the page
/// makes by its layout. Anything else stays as it is.
pub(super) fn label_text<'t>(element: ElementRef<'_>, text: &'t str) -> Cow<'t, str> {
    let parts: Vec<&str> = element.text().map(str::trim).filter(|part| !part.is_empty()).take(3).collect();
    let [one, other] = parts.as_slice() else { return Cow::Borrowed(text) };
    let named = |number: &str, word: &str| parse::count(number).is_some() && parse::label(word).is_some();
    if named(one, other) || named(other, one) { Cow::Owned(format!("{one} {other}")) } else { Cow::Borrowed(text) }
}

/// The count beside a label, where there is exactly one.
pub(super) fn labelled(text: &str, label: parse::CountLabel) -> Option<(Value, Precision)> {
    let mut counts = parse::labelled(text).into_iter().filter(|(seen, _)| *seen == label);
    let (_, count) = counts.next()?;
    Some((Value::Count { value: count.value, unit: count.unit }, count.precision))
}

fn flag(text: &str) -> Option<bool> {
    match text.trim() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// Seconds or milliseconds since 1970, or an ISO 8601 time.
fn time(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let parsed = if let Ok(number) = text.parse::<i64>() {
        if number.abs() < 100_000_000_000 {
            DateTime::from_timestamp(number, 0)
        } else {
            DateTime::from_timestamp_millis(number)
        }
    } else {
        DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc())
    };
    // Before 2005 there was neither site: such a time is a zero or a mistake.
    parsed.filter(|time| time.timestamp() > 1_104_537_600)
}

/// The word of a kind, as in selector files.
pub(super) fn kind(text: &str) -> Option<PostKind> {
    match text {
        "image" => Some(PostKind::Image),
        "video" => Some(PostKind::Video),
        "carousel" => Some(PostKind::Carousel),
        "slideshow" => Some(PostKind::Slideshow),
        "reel" => Some(PostKind::Reel),
        _ => None,
    }
}

fn web_address(text: &str) -> Option<String> {
    let text = text.trim();
    if let Some(rest) = text.strip_prefix("//") {
        return Some(format!("https://{rest}"));
    }
    (text.starts_with("https://") || text.starts_with("http://")).then(|| text.to_owned())
}
