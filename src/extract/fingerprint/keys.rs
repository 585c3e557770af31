//! The keys that lead to the profile's name in a page's JSON, read backwards from the name.

use std::collections::BTreeSet;

use memchr::memmem;

use super::KEY_MAX;

/// Keys above the name's own that count.
const LEVELS: usize = 3;
/// Bytes that are read backwards from one place; a record that begins further away has no keys for us.
const BACK: usize = 64 * 1024;
/// Places of the name that are looked at.
const PLACES: usize = 32;

/// The keys that lead to the name, of its first place in each script: further ones are its posts'.
pub(super) fn key_ways(html: &str, handle: &str, keys: &mut BTreeSet<String>) {
    let (quoted, bytes) = (format!("\"{handle}\""), html.as_bytes());
    let end = memmem::Finder::new("</script");
    let mut before = 0;
    let mut told = false;
    for at in memmem::find_iter(bytes, &quoted).take(PLACES) {
        told &= bytes.get(before..at).is_none_or(|gap| end.find(gap).is_none());
        before = at;
        if told {
            continue;
        }
        if let Some(way) = keys_above(bytes, at) {
            keys.insert(way);
            told = true;
        }
    }
}

/// The keys above the value at `at`, innermost first; none where it is no value of a key.
fn keys_above(bytes: &[u8], at: usize) -> Option<String> {
    let mut back = Backwards { bytes, at, end: at.saturating_sub(BACK) };
    let mut way = vec![back.key()?];
    while way.len() <= LEVELS {
        match back.opening() {
            Some(b'{') => match back.key() {
                Some(key) => way.push(key),
                None => way.push("[]".to_owned()),
            },
            Some(_) => {
                if let Some(key) = back.key() {
                    way.push(key);
                }
            }
            None => break,
        }
    }
    Some(way.join("<"))
}

/// A walk backwards through JSON text.
struct Backwards<'b> {
    bytes: &'b [u8],
    at: usize,
    end: usize,
}

impl Backwards<'_> {
    fn previous(&mut self) -> Option<u8> {
        if self.at <= self.end {
            return None;
        }
        self.at -= 1;
        self.bytes.get(self.at).copied()
    }

    fn skip_spaces(&mut self) {
        while self.at > self.end && self.bytes.get(self.at - 1).is_some_and(u8::is_ascii_whitespace) {
            self.at -= 1;
        }
    }

    /// The key whose value begins here; nothing moves where there is none.
    fn key(&mut self) -> Option<String> {
        let start = self.at;
        self.skip_spaces();
        if self.previous() == Some(b':') {
            self.skip_spaces();
            if self.previous() == Some(b'"') {
                let end = self.at;
                self.string();
                let key = std::str::from_utf8(self.bytes.get(self.at + 1..end)?).ok()?;
                let is_data = key.is_empty() || key.len() > KEY_MAX || key.bytes().all(|byte| byte.is_ascii_digit());
                return Some(if is_data { "*".to_owned() } else { key.to_owned() });
            }
        }
        self.at = start;
        None
    }

    /// From a string's closing quote to its opening one.
    fn string(&mut self) {
        while let Some(byte) = self.previous() {
            let escapes = self.bytes.get(self.end..self.at).unwrap_or_default().iter().rev();
            if byte == b'"' && escapes.take_while(|byte| **byte == b'\\').count() % 2 == 0 {
                return;
            }
        }
    }

    /// The bracket that the place lies in.
    fn opening(&mut self) -> Option<u8> {
        let mut depth = 0_usize;
        loop {
            match self.previous()? {
                b'"' => self.string(),
                b'}' | b']' => depth += 1,
                b'{' | b'[' if depth > 0 => depth -= 1,
                opening @ (b'{' | b'[') => return Some(opening),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_backwards_past_strings_and_brackets() {
        let text = r#"{"a": {"b": [1, "]\"", {"c": {"d": "}"}, "name": "x"}]}}"#;
        assert_eq!(keys_above(text.as_bytes(), text.find("\"x\"").unwrap()).as_deref(), Some("name<[]<b<a"));
        assert_eq!(keys_above(b"<img alt=\"x\">", 9), None);
    }
}
