//! Regular expressions of selector sets. Each is checked when its set is read and compiled when a page first needs it: most are
//! for markup, which a page with its data in JSON is never read for. And each is compiled once for the whole process: a rule is
//! part of every shape whose record names it, and several versions of a set are alive at a time. All of them compiled, and apart,
//! were half of our memory.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError, Weak};

use regex::Regex;

/// What sets in use name, by its text; it goes with the last of them.
static KNOWN: LazyLock<Mutex<HashMap<String, Weak<Pattern>>>> = LazyLock::new(Mutex::default);

/// An expression of a selector set.
#[derive(Debug)]
pub(super) struct Pattern {
    text: String,
    /// None where it does not compile, which was tried before.
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// The expression, compiled now where it was not yet.
    pub(super) fn regex(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| Regex::new(&self.text).ok()).as_ref()
    }

    pub(super) fn is_match(&self, text: &str) -> bool {
        self.regex().is_some_and(|regex| regex.is_match(text))
    }
}

/// The expression of this text, or what is wrong with it.
pub(super) fn pattern(text: &str) -> Result<Arc<Pattern>, String> {
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(pattern) = known.get(text).and_then(Weak::upgrade) {
        return Ok(pattern);
    }
    Regex::new(text).map_err(|error| error.to_string())?;
    let pattern = Arc::new(Pattern { text: text.to_owned(), compiled: OnceLock::new() });
    known.retain(|_, pattern| pattern.strong_count() > 0);
    known.insert(text.to_owned(), Arc::downgrade(&pattern));
    Ok(pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_text_is_one_expression_while_somebody_uses_it() {
        let (first, second) = (pattern("^a+7$").unwrap(), pattern("^a+7$").unwrap());
        assert!(first.compiled.get().is_none(), "nobody has needed it yet");
        assert!(Arc::ptr_eq(&first, &second) && first.is_match("aa7") && !first.is_match("aa8"));
        assert!(second.compiled.get().is_some_and(Option::is_some));
        drop((first, second));
        let _other = pattern("^b+7$").unwrap();
        assert!(!KNOWN.lock().unwrap().contains_key("^a+7$"), "what nobody uses is let go");
        assert!(pattern("(").is_err());
    }
}
