//! robots.txt as RFC 9309 has it: parsed and asked here, fetched by the engine. Pure.
//!
//! The crates for it have not been kept for years, and it is little: the group that names us (else `*`), the longest
//! matching rule, allow before disallow where both are as long; `*` is anything and `$` the end.
//!
//! Whether it binds is the operator's setting, and the default is to read it and to say so ("warn"): both sites' files
//! disallow every robot but the large search engines, and this program visits single public profiles that a person named,
//! at a person's pace. "honour" by default would make a program that does nothing; "ignore" would hide what the site asks.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What is read of a file; RFC 9309 asks for at least 500 KiB.
const MOST_BYTES: usize = 512 * 1024;

/// How robots.txt is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RobotsPolicy {
    /// A disallowed page is not visited.
    Honour,
    /// A disallowed page is visited, and the log says so.
    Warn,
    /// robots.txt is not fetched.
    Ignore,
}

/// What one site's file says to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Robots {
    rules: Vec<Rule>,
    crawl_delay: Option<Duration>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    kind: Kind,
    pattern: String,
}

/// In the order in which the stronger is the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Disallow,
    Allow,
}

/// The answer for one page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RobotsAnswer {
    /// It may be visited.
    Allowed,
    /// It may not.
    Disallowed {
        /// The line that says so, for the log.
        rule: String,
    },
}

impl Robots {
    /// Reads the answer to `GET /robots.txt`, redirects followed: none where the site could not be reached. As RFC 9309
    /// has it, a 4xx is "no rules" and a 5xx or silence is "nothing is allowed"; a 429 is the latter too, it is no consent.
    #[must_use]
    pub fn from_answer(answer: Option<(u16, &[u8])>, agent: &str) -> Self {
        match answer {
            Some((200..=299, body)) => Self::parse(body, agent),
            Some((429, _)) | None => Self::nothing_allowed(),
            Some((300..=499, _)) => Self { rules: Vec::new(), crawl_delay: None },
            Some(_) => Self::nothing_allowed(),
        }
    }

    fn nothing_allowed() -> Self {
        Self { rules: vec![Rule { kind: Kind::Disallow, pattern: "/".to_owned() }], crawl_delay: None }
    }

    /// Reads a file for the product token `agent`: its own groups where there are any, else those of `*`.
    #[must_use]
    pub fn parse(file: &[u8], agent: &str) -> Self {
        let text = String::from_utf8_lossy(file.get(..MOST_BYTES).unwrap_or(file));
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let (mut own, mut general, mut named) = (Group::default(), Group::default(), false);
        let (mut for_us, mut for_all, mut in_rules) = (false, false, false);
        for line in text.split(['\n', '\r']) {
            let line = line.split('#').next().unwrap_or_default();
            let Some((key, value)) = line.split_once(':') else { continue };
            let (key, value) = (key.trim().to_ascii_lowercase(), value.trim());
            if key == "user-agent" {
                if in_rules {
                    (for_us, for_all, in_rules) = (false, false, false);
                }
                let us = product_token(value).eq_ignore_ascii_case(agent);
                (for_us, for_all, named) = (for_us || us, for_all || value.starts_with('*'), named || us);
            } else {
                // A sitemap stands outside of any group and ends none.
                in_rules = in_rules || matches!(key.as_str(), "allow" | "disallow" | "crawl-delay");
                if for_us {
                    own.take(&key, value);
                }
                if for_all {
                    general.take(&key, value);
                }
            }
        }
        let Group { rules, crawl_delay } = if named { own } else { general };
        Self { rules, crawl_delay }
    }

    /// May this page be visited? `path` with its query, as in `/@nasa?lang=en`.
    #[must_use]
    pub fn answer(&self, path: &str) -> RobotsAnswer {
        let path = normal(path);
        if path == "/robots.txt" {
            return RobotsAnswer::Allowed;
        }
        let matching = self.rules.iter().filter(|rule| matches(&rule.pattern, &path));
        match matching.max_by_key(|rule| (rule.pattern.len(), rule.kind)) {
            Some(Rule { kind: Kind::Disallow, pattern }) => {
                RobotsAnswer::Disallowed { rule: format!("Disallow: {pattern}") }
            }
            Some(Rule { kind: Kind::Allow, .. }) | None => RobotsAnswer::Allowed,
        }
    }

    /// The pause between visits that the file asks for, up to an hour. Not in the RFC, but a guest's manners.
    #[must_use]
    pub fn crawl_delay(&self) -> Option<Duration> {
        self.crawl_delay
    }
}

#[derive(Debug, Default)]
struct Group {
    rules: Vec<Rule>,
    crawl_delay: Option<Duration>,
}

impl Group {
    fn take(&mut self, key: &str, value: &str) {
        let kind = match key {
            "allow" => Kind::Allow,
            "disallow" => Kind::Disallow,
            "crawl-delay" => {
                let seconds = value.parse().ok().filter(|seconds: &f64| (0.0..=3_600.0).contains(seconds));
                self.crawl_delay = self.crawl_delay.or(seconds.map(Duration::from_secs_f64));
                return;
            }
            _ => return,
        };
        // An empty disallow forbids nothing.
        if !value.is_empty() {
            self.rules.push(Rule { kind, pattern: normal(value) });
        }
    }
}

/// The letters, dashes and underscores at the beginning, as in `SocialSentinel` of `SocialSentinel/1.0`.
fn product_token(value: &str) -> &str {
    let end = value.find(|c: char| !(c.is_ascii_alphabetic() || c == '_' || c == '-')).unwrap_or(value.len());
    value.get(..end).unwrap_or_default()
}

/// One form for paths that mean the same: what is not ASCII escaped, needless escapes undone, escapes in capitals.
fn normal(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut out = String::with_capacity(path.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = bytes.get(at + 1..at + 3).filter(|_| byte == b'%').and_then(hex);
        at += if escaped.is_some() { 3 } else { 1 };
        match escaped {
            Some(code) if code.is_ascii_alphanumeric() || b"-._~".contains(&code) => out.push(char::from(code)),
            Some(code) => out.push_str(&format!("%{code:02X}")),
            None if byte.is_ascii() => out.push(char::from(byte)),
            None => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

fn hex(digits: &[u8]) -> Option<u8> {
    let text = std::str::from_utf8(digits).ok().filter(|text| text.chars().all(|c| c.is_ascii_hexdigit()))?;
    u8::from_str_radix(text, 16).ok()
}

/// Whether `pattern` matches from the beginning of `path`. Greedy with one point of return, so that no pattern takes more
/// than length times length.
fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, anchored) = match pattern.strip_suffix('$') {
        Some(pattern) => (pattern.as_bytes(), true),
        None => (pattern.as_bytes(), false),
    };
    let path = path.as_bytes();
    let (mut at, mut pos, mut star) = (0, 0, None);
    loop {
        match pattern.get(at) {
            None if !anchored || pos == path.len() => return true,
            Some(b'*') => {
                star = Some((at, pos));
                at += 1;
                continue;
            }
            Some(byte) if path.get(pos) == Some(byte) => {
                (at, pos) = (at + 1, pos + 1);
                continue;
            }
            None | Some(_) => {}
        }
        match star {
            Some((star_at, from)) if from < path.len() => {
                star = Some((star_at, from + 1));
                (at, pos) = (star_at + 1, from + 1);
            }
            Some(_) | None => return false,
        }
    }
}

#[cfg(test)]
mod tests;
