//! Reads the path language from text; what it means is explained and carried out in `path.rs`. Apart from it because a
//! path is read once, when a selector file is loaded, and walked a thousand times.

use super::path::{Path, PathError, Step, Test};

/// Reads a path.
pub(super) fn read(text: &str) -> Result<Path, PathError> {
    let mut parser = Parser { text, at: 0 };
    let path = parser.path(false)?;
    if parser.at < text.len() { Err(parser.wrong("unexpected character")) } else { Ok(path) }
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn eat(&mut self, token: &str) -> bool {
        let there = self.rest().starts_with(token);
        if there {
            self.at += token.len();
        }
        there
    }

    fn wrong(&self, wrong: &'static str) -> PathError {
        PathError { path: self.text.to_owned(), at: self.at, wrong }
    }

    fn until(&mut self, stops: &[char]) -> String {
        let rest = self.rest();
        let end = rest.find(stops).unwrap_or(rest.len());
        let part = rest.get(..end).unwrap_or_default().to_owned();
        self.at += end;
        part
    }

    /// Steps to the end, or inside a predicate to its `]`, `=`, `~` or `!=`.
    fn path(&mut self, inside: bool) -> Result<Path, PathError> {
        const STOPS: &[char] = &['.', '[', ']', '=', '!', '~', '{', '}'];
        let mut steps = Vec::new();
        loop {
            if self.rest().is_empty() || (inside && self.rest().starts_with([']', '=', '~', '!'])) {
                steps.shrink_to_fit();
                return Ok(Path(steps));
            }
            if self.eat("{*}") {
                steps.push(Step::Values);
            } else if self.eat("..") {
                steps.push(Step::Deep(self.key(STOPS)?));
            } else if self.eat("[") {
                steps.push(self.bracket()?);
            } else {
                if !steps.is_empty() && !self.eat(".") {
                    return Err(self.wrong("expected . or ["));
                }
                steps.push(Step::Key(self.key(STOPS)?));
            }
        }
    }

    fn key(&mut self, stops: &[char]) -> Result<String, PathError> {
        let key = self.until(stops);
        if key.is_empty() { Err(self.wrong("a key is missing")) } else { Ok(key) }
    }

    fn bracket(&mut self) -> Result<Step, PathError> {
        if self.eat("*]") {
            return Ok(Step::All);
        }
        if self.eat("$handle]") {
            return Ok(Step::HandleKey);
        }
        if self.eat("\"") {
            let key = self.until(&['"']);
            return if self.eat("\"]") { Ok(Step::Key(key)) } else { Err(self.wrong("expected \"]")) };
        }
        if self.eat("?") {
            let absent = self.eat("!");
            let path = self.path(true)?;
            let test = if absent {
                Test::Absent
            } else if self.eat("!=") {
                Test::IsNot(self.literal()?)
            } else if self.eat("~") {
                Test::Has(self.literal()?.to_lowercase())
            } else if self.eat("=") {
                self.equals()?
            } else {
                Test::There
            };
            return if self.eat("]") { Ok(Step::Where(path, test)) } else { Err(self.wrong("expected ]")) };
        }
        let digits = self.until(&[']']);
        let index = digits.parse().map_err(|_| self.wrong("expected a number, *, ? or a quoted key"))?;
        if self.eat("]") { Ok(Step::Index(index)) } else { Err(self.wrong("expected ]")) }
    }

    fn equals(&mut self) -> Result<Test, PathError> {
        if self.eat("$handle") {
            return Ok(Test::Handle);
        }
        if self.eat("null") {
            return Ok(Test::Null);
        }
        Ok(Test::Is(self.literal()?))
    }

    fn literal(&mut self) -> Result<String, PathError> {
        if self.eat("\"") {
            let text = self.until(&['"']);
            return if self.eat("\"") { Ok(text) } else { Err(self.wrong("expected \"")) };
        }
        let text = self.until(&[']']);
        if text.is_empty() { Err(self.wrong("a value is missing")) } else { Ok(text) }
    }
}
