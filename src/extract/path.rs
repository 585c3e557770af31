//! The path language of selector files, for JSON: `data.user`, `["webapp.user-detail"].userInfo`, `edges[*].node`,
//! `items[0]`, `ItemModule{*}` (every value of an object), `users[$handle]` (the requested profile's key; without one the
//! only key there is), `..xig_user_by_username` (at any depth), and predicates that keep only what fits:
//! `[?hashtagName]`, `[?type=1]`, `[?uniqueId=$handle]`, `[?kind!="ad"]`, `[?message~"please wait"]` (holds it, in any
//! case of letters), `[?!userList]` (no such key, not even an empty one). A predicate looks at the elements of a list, or
//! at an object itself; an empty path is the value itself.

use std::fmt;
use std::ops::ControlFlow;

use super::json::Json;
use super::path_syntax;

/// What a path may refer to beside the JSON itself.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Variables<'v> {
    /// The requested profile's handle, in lower case; `$handle` matches nothing without one.
    pub(crate) handle: Option<&'v str>,
}

/// A parsed path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path(pub(super) Vec<Step>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Index(usize),
    /// Every element of a list.
    All,
    /// Every value of an object.
    Values,
    /// The value under the requested handle.
    HandleKey,
    Deep(String),
    Where(Path, Test),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Test {
    /// Something is there.
    There,
    /// A scalar that reads like this text.
    Is(String),
    /// Something else is there, or nothing.
    IsNot(String),
    /// A text that contains this one, which is in lower case.
    Has(String),
    /// The path leads nowhere: not even a null or an empty list stands there.
    Absent,
    /// Null stands there.
    Null,
    /// The requested handle, in any case.
    Handle,
}

/// Why a text is no path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path:?} is no path: {wrong} at byte {at}")]
pub(crate) struct PathError {
    pub(super) path: String,
    pub(super) at: usize,
    pub(super) wrong: &'static str,
}

impl Path {
    /// Reads a path.
    pub(crate) fn parse(text: &str) -> Result<Self, PathError> {
        path_syntax::read(text)
    }

    /// The first key that any match must have in its text: a cheap test before parsing.
    pub(crate) fn first_key(&self) -> Option<&str> {
        self.0.iter().find_map(|step| match step {
            Step::Key(key) | Step::Deep(key) => Some(key.as_str()),
            Step::Where(path, Test::There | Test::Is(_) | Test::Has(_) | Test::Null | Test::Handle) => path.first_key(),
            Step::Where(_, Test::IsNot(_) | Test::Absent)
            | Step::Index(_)
            | Step::All
            | Step::Values
            | Step::HandleKey => None,
        })
    }

    /// The key it searches at any depth and what follows, where it begins so.
    pub(crate) fn split_deep(&self) -> Option<(&str, Self)> {
        match self.0.split_first() {
            Some((Step::Deep(key), rest)) => Some((key, Self(rest.to_vec()))),
            _ => None,
        }
    }

    /// Whether its last step keeps only what has a null somewhere.
    pub(crate) fn asks_for_null(&self) -> bool {
        matches!(self.0.last(), Some(Step::Where(_, Test::Null)))
    }

    /// Calls `found` with each value, in the order of the text, until it says break.
    pub(crate) fn visit<'j, 't>(
        &self,
        root: &'j Json<'t>,
        variables: Variables<'_>,
        found: &mut dyn FnMut(&'j Json<'t>) -> ControlFlow<()>,
    ) {
        let _ = walk(&self.0, root, variables, found);
    }

    /// The first value found.
    pub(crate) fn first<'j, 't>(&self, root: &'j Json<'t>, variables: Variables<'_>) -> Option<&'j Json<'t>> {
        let mut found = None;
        let _ = walk(&self.0, root, variables, &mut |value| {
            found = Some(value);
            ControlFlow::Break(())
        });
        found
    }

    /// All values found, in the order of the text.
    pub(crate) fn all<'j, 't>(&self, root: &'j Json<'t>, variables: Variables<'_>) -> Vec<&'j Json<'t>> {
        let mut found = Vec::new();
        let _ = walk(&self.0, root, variables, &mut |value| {
            found.push(value);
            ControlFlow::Continue(())
        });
        found
    }

    /// Whether something is there: an empty text, list or object counts as nothing, false and 0 as something.
    pub(crate) fn finds(&self, root: &Json<'_>, variables: Variables<'_>) -> bool {
        let mut there = false;
        let _ = walk(&self.0, root, variables, &mut |value| {
            there = !value.is_nothing();
            if there { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        there
    }
}

fn walk<'j, 't>(
    steps: &[Step],
    value: &'j Json<'t>,
    variables: Variables<'_>,
    found: &mut dyn FnMut(&'j Json<'t>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let Some((step, rest)) = steps.split_first() else { return found(value) };
    match step {
        Step::Key(key) => value.get(key).map_or(ControlFlow::Continue(()), |v| walk(rest, v, variables, found)),
        Step::Index(index) => {
            let item = value.items().and_then(|items| items.get(*index));
            item.map_or(ControlFlow::Continue(()), |v| walk(rest, v, variables, found))
        }
        Step::All => value.items().unwrap_or_default().iter().try_for_each(|v| walk(rest, v, variables, found)),
        Step::Values => {
            let entries = value.entries().unwrap_or_default();
            entries.iter().try_for_each(|(_, v)| walk(rest, v, variables, found))
        }
        Step::HandleKey => {
            let entries = value.entries().unwrap_or_default();
            let entry = match variables.handle {
                Some(handle) => entries.iter().find(|(key, _)| key.to_lowercase() == handle),
                None => entries.first().filter(|_| entries.len() == 1),
            };
            entry.map_or(ControlFlow::Continue(()), |(_, v)| walk(rest, v, variables, found))
        }
        Step::Deep(key) => {
            if let Some(direct) = value.get(key) {
                walk(rest, direct, variables, found)?;
            }
            children(value).try_for_each(|child| walk(steps, child, variables, found))
        }
        Step::Where(path, test) => {
            let mut keep = |candidate: &'j Json<'t>| {
                if test.holds(path, candidate, variables) {
                    walk(rest, candidate, variables, found)
                } else {
                    ControlFlow::Continue(())
                }
            };
            match value.items() {
                Some(items) => items.iter().try_for_each(keep),
                None => keep(value),
            }
        }
    }
}

fn children<'j, 't>(value: &'j Json<'t>) -> Box<dyn Iterator<Item = &'j Json<'t>> + 'j> {
    match value {
        Json::List(items) => Box::new(items.iter()),
        Json::Object(entries) => Box::new(entries.iter().map(|(_, value)| value)),
        Json::Null | Json::Bool(_) | Json::Int(_) | Json::Float(_) | Json::Str(_) => Box::new(std::iter::empty()),
    }
}

impl Test {
    fn holds(&self, path: &Path, value: &Json<'_>, variables: Variables<'_>) -> bool {
        let reads = |text: &str| path.first(value, variables).and_then(Json::scalar).is_some_and(|s| s == text);
        match self {
            Self::There => path.finds(value, variables),
            Self::Is(text) => reads(text),
            Self::IsNot(text) => !reads(text),
            Self::Has(text) => path
                .first(value, variables)
                .and_then(Json::scalar)
                .is_some_and(|seen| seen.to_lowercase().contains(text.as_str())),
            Self::Absent => path.first(value, variables).is_none(),
            Self::Null => path.first(value, variables) == Some(&Json::Null),
            Self::Handle => {
                let seen = path.first(value, variables).and_then(Json::scalar);
                seen.zip(variables.handle).is_some_and(|(seen, handle)| seen.to_lowercase() == handle)
            }
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if key.contains(['.', '[', ']', '=', '!', '~', '"', '{', '}']) => {
                    write!(f, "[\"{key}\"]")?
                }
                Step::Key(key) if n == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::All => f.write_str("[*]")?,
                Step::Values => f.write_str("{*}")?,
                Step::HandleKey => f.write_str("[$handle]")?,
                Step::Deep(key) => write!(f, "..{key}")?,
                Step::Where(path, Test::There) => write!(f, "[?{path}]")?,
                Step::Where(path, Test::Is(text)) => write!(f, "[?{path}=\"{text}\"]")?,
                Step::Where(path, Test::IsNot(text)) => write!(f, "[?{path}!=\"{text}\"]")?,
                Step::Where(path, Test::Has(text)) => write!(f, "[?{path}~\"{text}\"]")?,
                Step::Where(path, Test::Absent) => write!(f, "[?!{path}]")?,
                Step::Where(path, Test::Null) => write!(f, "[?{path}=null]")?,
                Step::Where(path, Test::Handle) => write!(f, "[?{path}=$handle]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::json::parse_all;
    use super::*;

    fn found(path: &str, json: &str) -> Vec<String> {
        let root = parse_all(json, &[]).unwrap().remove(0);
        let variables = Variables { handle: Some("nasa") };
        let path = Path::parse(path).unwrap();
        assert_eq!(Path::parse(&path.to_string()).unwrap(), path, "a path reads back as it is written");
        path.all(&root, variables).iter().map(|v| v.scalar().unwrap_or_default().into_owned()).collect()
    }

    #[test]
    fn every_step_finds_what_it_says() {
        let json = r#"{"a.b":{"c":[{"t":1,"n":"x"},{"t":2,"n":"y","u":"NASA"}]},"m":{"7":{"v":"p"},"8":{"v":"q"}}}"#;
        assert_eq!(found(r#"["a.b"].c[1].n"#, json), ["y"]);
        assert_eq!(found(r#"["a.b"].c[*].n"#, json), ["x", "y"]);
        assert_eq!(found(r#"["a.b"].c[?t=2].n"#, json), ["y"]);
        assert_eq!(found(r#"["a.b"].c[?t!=2].n"#, json), ["x"]);
        assert_eq!(found(r#"["a.b"].c[?u=$handle].n"#, json), ["y"]);
        assert_eq!(found(r#"["a.b"].c[?u].n"#, json), ["y"]);
        assert_eq!(found(r#"["a.b"].c[?u~"as"].n"#, json), ["y"]);
        assert_eq!(found(r#"["a.b"].c[?!u].n"#, json), ["x"]);
        assert_eq!(found("[?!none].m[?7][?!9].8.v", json), ["q"]);
        assert_eq!(found("..n", json), ["x", "y"]);
        assert_eq!(found("m{*}.v", json), ["p", "q"]);
        assert_eq!(found("m[*].v", json), Vec::<String>::new());
        assert_eq!(found("h[$handle]", r#"{"h":{"NASA":"n","esa":"e"}}"#), ["n"]);
        assert_eq!(found("m[?7].8.v", json), ["q"]);
        assert_eq!(found("[?m]..v", json), ["p", "q"]);
        assert_eq!(found("nowhere[0].x", json), Vec::<String>::new());
    }

    #[test]
    fn a_bad_path_is_refused_with_its_place() {
        for bad in ["a[", "a[x]", "a..", "[\"a", "a[?b", "a]", "a b[?c=]", "a{x}"] {
            assert!(Path::parse(bad).is_err(), "{bad}");
        }
    }
}
