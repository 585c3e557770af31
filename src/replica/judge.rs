//! Whether a document says of a profile what is true of it: for the demo, the benchmarks and the tests. A value that is
//! absent is wrong only where a guest is shown it; a value that differs is wrong always.

use serde_json::{Map, Value};

use super::truth::Truth;
use crate::model::document::{Document, Precision};

/// How many posts a document is expected to hold.
fn expected_posts(truth: &Truth, requested: u16) -> usize {
    truth.guest.posts_reachable.min(truth.posts.len()).min(usize::from(requested))
}

/// Everything that the document says wrongly or leaves out though it is shown; empty where it is right.
#[must_use]
pub fn judge(document: &Document, truth: &Truth) -> Vec<String> {
    let mut wrong = Vec::new();
    if document.outcome != truth.outcome {
        wrong.push(format!("outcome is {}, not {}", document.outcome.as_str(), truth.outcome.as_str()));
    }
    if document.coverage.reason != truth.reason {
        wrong.push(format!("coverage.reason is {:?}, not {:?}", document.coverage.reason, truth.reason));
    }
    judge_profile(document, truth, &mut wrong);
    judge_posts(document, truth, &mut wrong);
    wrong
}

fn judge_profile(document: &Document, truth: &Truth, wrong: &mut Vec<String>) {
    match (&document.profile, &truth.profile) {
        (None, None) => {}
        (Some(_), None) => wrong.push("a profile is told where none is to be seen".to_owned()),
        (None, Some(_)) => wrong.push("the profile is missing".to_owned()),
        (Some(said), Some(real)) => {
            let (said, real) = (object(said), object(real));
            compare("profile", &said, &real, truth.guest.profile_fields, document, wrong);
        }
    }
}

fn judge_posts(document: &Document, truth: &Truth, wrong: &mut Vec<String>) {
    let expected = expected_posts(truth, document.coverage.requested);
    if document.posts.len() != expected {
        wrong.push(format!("{} posts, not {expected}", document.posts.len()));
    }
    for post in &document.posts {
        let path = format!("posts.{}", post.id);
        match truth.posts.iter().find(|real| real.id == post.id) {
            Some(real) => compare(&path, &object(post), &object(real), truth.guest.list_fields, document, wrong),
            None => wrong.push(format!("{path} is not one of the profile's")),
        }
    }
    if truth.guest.posts_reachable >= truth.posts.len() {
        let newest: Vec<&str> = truth.posts.iter().take(expected).map(|post| post.id.as_str()).collect();
        let missing = newest.iter().filter(|id| !document.posts.iter().any(|post| post.id == **id)).count();
        if missing > 0 {
            wrong.push(format!("{missing} of the newest {expected} posts are missing"));
        }
    }
}

fn object(value: &impl serde::Serialize) -> Map<String, Value> {
    match serde_json::to_value(value) {
        Ok(Value::Object(map)) => map,
        Ok(_) | Err(_) => Map::new(),
    }
}

fn compare(
    path: &str,
    said: &Map<String, Value>,
    real: &Map<String, Value>,
    shown: &[&str],
    document: &Document,
    wrong: &mut Vec<String>,
) {
    for (field, real) in real {
        let said = said.get(field).unwrap_or(&Value::Null);
        if is_nothing(said) {
            if !is_nothing(real) && shown.contains(&field.as_str()) {
                wrong.push(format!("{path}.{field} is missing; it is {real}"));
            }
            continue;
        }
        let note = document.fields.get(&format!("{path}.{field}"));
        let precision = note.map_or(Precision::Exact, |note| note.precision);
        // What we worked out from an id is marked as such and is not to the second.
        if precision == Precision::Approximate || field == "published_precision" {
            continue;
        }
        if !says(said, real, precision) {
            wrong.push(format!("{path}.{field} is {said}, not {real}"));
        }
    }
}

fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}

fn says(said: &Value, real: &Value, precision: Precision) -> bool {
    match (precision, said.as_u64(), real.as_u64()) {
        (Precision::Rounded, Some(said), Some(real)) => said.abs_diff(real) <= unit(said),
        _ => said == real,
    }
}

/// One unit of the last digit that is not a trailing zero.
fn unit(value: u64) -> u64 {
    let mut unit = 1;
    while value > 0 && (value / unit).is_multiple_of(10) {
        unit *= 10;
    }
    unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_abbreviated_count_may_differ_by_one_unit_of_its_last_digit() {
        let (said, near, far) = (Value::from(12_600_u64), Value::from(12_699_u64), Value::from(12_701_u64));
        assert!(says(&said, &near, Precision::Rounded));
        assert!(!says(&said, &far, Precision::Rounded));
        assert!(!says(&said, &near, Precision::Exact));
    }
}
