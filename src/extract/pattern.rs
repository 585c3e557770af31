//! Regular expressions of selector sets, each compiled once for the whole process. A rule is part of every shape whose record
//! names it, and several versions of a set are alive at a time; compiled apart, their expressions were half of our memory.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};

use regex::Regex;

/// What is compiled, by its text; it goes with the last set that uses it.
static COMPILED: LazyLock<Mutex<HashMap<String, Weak<Regex>>>> = LazyLock::new(Mutex::default);

/// The expression of this text, or what is wrong with it.
pub(super) fn pattern(text: &str) -> Result<Arc<Regex>, String> {
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(pattern) = compiled.get(text).and_then(Weak::upgrade) {
        return Ok(pattern);
    }
    let pattern = Arc::new(Regex::new(text).map_err(|error| error.to_string())?);
    compiled.retain(|_, pattern| pattern.strong_count() > 0);
    compiled.insert(text.to_owned(), Arc::downgrade(&pattern));
    Ok(pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_text_is_one_expression_while_somebody_uses_it() {
        let (first, second) = (pattern("^a+7$").unwrap(), pattern("^a+7$").unwrap());
        assert!(Arc::ptr_eq(&first, &second) && first.is_match("aa7"));
        drop((first, second));
        let _other = pattern("^b+7$").unwrap();
        assert!(!COMPILED.lock().unwrap().contains_key("^a+7$"), "what nobody uses is let go");
        assert!(pattern("(").is_err());
    }
}
