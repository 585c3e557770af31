//! Loads selector files: `selectors/<platform>/v<N>.toml`. This is the grammar:
//!
//! - `schema`, `platform`, `version`, `author` (`file` or `heal`), `parent`, `fingerprints`: what the set is.
//! - `[visit.profile]`, `[visit.post]`: which responses a browser keeps, what it waits for, how it pages.
//! - `[json]`: prefixes dropped from responses, keys never read. `[[scripts]]`: which scripts carry JSON.
//! - `[records.<name>]`: `kind` (profile, post, child), `owner` (whose it is), `fields` (name = rule or list of rules).
//! - `[[shapes]]`: where records stand: `record`, `from` (network, embedded, jsonld | dom | meta), `role` (profile,
//!   timeline, side, part, post), `at` (paths or selectors, all that find something are read), `each` (from there to the
//!   items of a list), `more`. Shapes earlier in the file win among equals.
//! - A rule is `at` (JSON path, see `path.rs`; CSS selector; or meta name, by the shape's source) with `attr`, `regex`
//!   (its first group), `constant`, `when`, `unless`, `map`, `precision`, `sibling`, `unwrap`, `record`, `name`. A rule
//!   of `at` alone is written as a bare text. The first rule that gives a value counts.
//!   `milliseconds` divides a length by a thousand.
//! - A shape may be kept to responses by `url` (contains one of these, or is not known) and `not_url` (is known and contains none).
//! - `[[signals]]`: what tells a wall, an error or a fact; all conditions given must hold; the first that holds counts.

use std::sync::{Arc, LazyLock};

use super::compile::compile;
use super::program::program;
use crate::model::job::PlatformId;
use crate::model::selectors::{SELECTOR_SCHEMA, SelectorSet};

/// Why a selector file is refused. Every message names the file, the place and the mend.
#[derive(Debug, thiserror::Error)]
pub enum SelectorError {
    /// Not TOML, or a key of the wrong name or type.
    #[error("{origin}{}: {message}", line.map(|n| format!(":{n}")).unwrap_or_default())]
    Form {
        /// The file.
        origin: String,
        /// The line, from 1.
        line: Option<usize>,
        /// What is wrong and what is expected.
        message: String,
    },
    /// A schema number that this program does not read.
    #[error(
        "{origin}: schema = {found}, but this program reads schema {SELECTOR_SCHEMA}: migrate the file or use a newer program"
    )]
    Schema {
        /// The file.
        origin: String,
        /// The number in the file.
        found: u32,
    },
    /// A value that means nothing: a path, a CSS selector, an expression, a name.
    #[error("{origin}{}: {key}: {wrong}", line.map(|n| format!(":{n}")).unwrap_or_default())]
    Value {
        /// The file.
        origin: String,
        /// The line where the value seems to stand.
        line: Option<usize>,
        /// The key.
        key: String,
        /// What is wrong with it.
        wrong: String,
    },
}

/// Reads and checks a selector file; `origin` is its name in messages.
///
/// # Errors
/// [`SelectorError`] with file, line, key and mend.
pub fn parse(text: &str, origin: &str) -> Result<SelectorSet, SelectorError> {
    let set: SelectorSet = toml::from_str(text).map_err(|error| SelectorError::Form {
        origin: origin.to_owned(),
        line: error.span().map(|span| line_of(text, span.start)),
        message: error.message().to_owned(),
    })?;
    if set.schema != SELECTOR_SCHEMA {
        return Err(SelectorError::Schema { origin: origin.to_owned(), found: set.schema });
    }
    compile(&set).map_err(|fault| SelectorError::Value {
        origin: origin.to_owned(),
        line: quoted(&fault.wrong).and_then(|value| text.find(&value)).map(|at| line_of(text, at)),
        key: fault.key,
        wrong: fault.wrong,
    })?;
    // Compiled now, so that the first page is not slower than the others.
    program(&set);
    Ok(set)
}

/// Writes a set as a selector file that reads back as the same set.
///
/// # Errors
/// [`toml::ser::Error`] where the set holds a value that TOML cannot carry; none that [`parse`] returned does.
pub fn export(set: &SelectorSet) -> Result<String, toml::ser::Error> {
    toml::to_string_pretty(set)
}

/// The set that is built in for a platform, its newest version.
#[must_use]
pub fn builtin(platform: &PlatformId) -> Option<Arc<SelectorSet>> {
    static SETS: LazyLock<Vec<Arc<SelectorSet>>> =
        LazyLock::new(|| BUILTIN.iter().filter_map(|(origin, text)| parse(text, origin).ok()).map(Arc::new).collect());
    SETS.iter().rfind(|set| set.platform == *platform).cloned()
}

/// The files that are built in, by name.
pub const BUILTIN: [(&str, &str); 2] = [
    ("selectors/instagram/v1.toml", include_str!("../../selectors/instagram/v1.toml")),
    ("selectors/tiktok/v1.toml", include_str!("../../selectors/tiktok/v1.toml")),
];

fn line_of(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}

/// The first text in double quotes, which in our messages is the value at fault.
fn quoted(message: &str) -> Option<String> {
    message.split('"').nth(1).map(str::to_owned).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_files_are_sound() {
        for (origin, text) in BUILTIN {
            if let Err(error) = parse(text, origin) {
                panic!("{error}");
            }
        }
        assert!(builtin(&PlatformId::new("tiktok")).is_some());
        assert!(builtin(&PlatformId::new("instagram")).is_some());
        assert!(builtin(&PlatformId::new("myspace")).is_none());
    }

    #[test]
    fn a_set_is_written_back_as_it_was_read() {
        for (origin, text) in BUILTIN {
            let set = parse(text, origin).unwrap();
            let written = export(&set).unwrap();
            assert_eq!(parse(&written, "written").unwrap(), set);
        }
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        let (origin, text) = BUILTIN[1];
        let cases = [
            (text.replacen("schema = 1", "schema = 9", 1), "schema 1"),
            (text.replacen("[records.", "[recods.", 1), "recods"),
            (text.replacen("followers =", "folowers =", 1), "folowers"),
            (format!("{text}\n[[signals]]\nname = \"x\"\noutcome = \"captcha\"\non = \"page\"\n"), "no condition"),
            (
                format!("{text}\n[[signals]]\nname = \"x\"\noutcome = \"captcha\"\non = \"page\"\njson = [\"a[\"]\n"),
                "a[",
            ),
        ];
        for (broken, word) in cases {
            let message = parse(&broken, origin).unwrap_err().to_string();
            assert!(message.starts_with(origin) && message.contains(word), "{message}");
        }
    }
}
