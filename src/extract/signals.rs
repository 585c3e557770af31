//! Looks for the signals of a selector set: what tells a wall, an error or a fact. Statuses, routes, codes, keys and
//! structure only; never words in the page's text, because every page of both sites contains "captcha" and "login".

use percent_encoding::percent_decode_str;
use scraper::Selector;
use url::Url;

use super::json::Json;
use super::path::{Path, Variables};
use super::program::{Program, SignalCode};
use super::sources::{Body, Sources};
use crate::model::capture::KeptResponse;
use crate::model::document::{Evidence, Outcome, SourceKind};
use crate::model::page::SignalSeen;
use crate::model::selectors::{SelectorSet, SignalPlace};

/// The signals of one page in the file's order: the most certain decides, wherever it stands.
/// A page that shows the profile is no page in place of it; one that shows posts too is no wall, whatever stands over it.
pub(super) fn seen(
    sources: &Sources<'_>,
    set: &SelectorSet,
    program: &Program,
    variables: Variables<'_>,
    profile_seen: bool,
    posts_seen: bool,
) -> Vec<SignalSeen> {
    let look = Looker { sources, program, skip: &set.json.skip, variables };
    let mut found = Vec::new();
    for code in &program.signals {
        let spared = (!code.element.is_empty() && profile_seen && posts_seen)
            || (!code.signal.markup.is_empty() && profile_seen);
        if code.signal.on != SignalPlace::Response && !spared {
            found.extend(look.page(code));
        }
        if code.signal.on != SignalPlace::Page && code.element.is_empty() && code.signal.script.is_empty() {
            found.extend(sources.bodies.iter().filter_map(|body| look.response(code, body)));
        }
    }
    found
}

struct Looker<'l, 'c> {
    sources: &'l Sources<'c>,
    program: &'l Program,
    skip: &'l [String],
    variables: Variables<'l>,
}

impl Looker<'_, '_> {
    fn page(&self, code: &SignalCode) -> Option<SignalSeen> {
        let page = self.sources.page;
        let signal = &code.signal;
        // Saved responses alone have no page that could be judged.
        if page.html.is_empty() && page.status.is_none() {
            return None;
        }
        let holds = status_fits(&signal.status, page.status)
            && url_fits(code, &page.final_url)
            && header_fits(code, &page.headers)
            && (!signal.empty || page.html.trim().is_empty())
            && (signal.markup.is_empty() || is_short_page(&page.html, &signal.markup))
            && (signal.script.is_empty() || self.script_fits(&signal.script))
            && (code.element.is_empty() || self.element_fits(&code.element));
        if !holds {
            return None;
        }
        let detail = self.embedded(code)?;
        let detail = detail.or_else(|| self.plain_detail(code, page.status, &page.final_url));
        let final_url = Some(page.final_url.clone()).filter(|url| !url.is_empty());
        Some(self.sighting(code, page.status, final_url, detail, false))
    }

    /// Whether the JSON conditions hold in one of the page's scripts; the detail that stands there.
    fn embedded(&self, code: &SignalCode) -> Option<Option<String>> {
        if code.json.is_empty() {
            return Some(None);
        }
        let scripts = self.sources.bodies.iter().filter(|body| body.source == SourceKind::Embedded);
        scripts.filter(|body| self.json_fits(&code.json, body)).map(|body| self.detail(code, body)).next()
    }

    fn response(&self, code: &SignalCode, body: &Body<'_>) -> Option<SignalSeen> {
        let response = body.response?;
        let signal = &code.signal;
        let holds = status_fits(&signal.status, Some(response.status))
            && url_fits(code, &response.url)
            && header_fits(code, &response.headers)
            && (!signal.empty || self.is_empty_answer(response))
            && (signal.markup.is_empty() || is_short_page(&response.body, &signal.markup))
            && (!is_fact(signal.outcome) || self.is_of_the_profile(response))
            && self.json_fits(&code.json, body);
        if !holds {
            return None;
        }
        let detail = self.detail(code, body).or_else(|| self.plain_detail(code, Some(response.status), &response.url));
        let url = Some(response.url.clone()).filter(|url| !url.is_empty());
        Some(self.sighting(code, Some(response.status), url, detail, true))
    }

    /// Whether a request asked for the profile in question. A page asks for others too, and "there is no such user" about one
    /// of them says nothing about ours. A saved body that does not tell its request is what its owner says it is.
    fn is_of_the_profile(&self, response: &KeptResponse) -> bool {
        let Some(handle) = self.variables.handle else { return true };
        let untold = response.url.is_empty() && response.request_body.is_none();
        untold
            || names(&response.url, handle)
            || response.request_body.as_deref().is_some_and(|body| names(body, handle))
    }

    /// No bytes in place of data. An answer to an `OPTIONS` and a 204 have none by right.
    fn is_empty_answer(&self, response: &KeptResponse) -> bool {
        response.body.trim().is_empty()
            && response.status != 204
            && matches!(response.method.as_str(), "GET" | "POST" | "")
    }

    fn json_fits(&self, paths: &[Path], body: &Body<'_>) -> bool {
        paths.iter().all(|path| {
            if !body.may_have(path, self.program) {
                return false;
            }
            self.any_value(path, body, |value| !matches!(value, Json::Null)) || self.finds_null(path, body)
        })
    }

    /// A path whose last predicate asks for null finds the object around it; a path that ends in a null finds nothing.
    fn finds_null(&self, path: &Path, body: &Body<'_>) -> bool {
        path.asks_for_null() && self.any_value(path, body, |_| true)
    }

    fn any_value(&self, path: &Path, body: &Body<'_>, fits: impl Fn(&Json<'_>) -> bool) -> bool {
        if let Some((key, rest)) = path.split_deep() {
            let mut values = body.values_of(key, self.program, self.skip);
            return values.any(|value| rest.all(&value, self.variables).into_iter().any(&fits));
        }
        body.values(self.skip).iter().any(|value| path.all(value, self.variables).into_iter().any(&fits))
    }

    fn detail(&self, code: &SignalCode, body: &Body<'_>) -> Option<String> {
        let path = code.detail.as_ref()?;
        let text = |value: &Json<'_>| value.scalar().map(|text| text.chars().take(200).collect::<String>());
        if let Some((key, rest)) = path.split_deep() {
            let mut values = body.values_of(key, self.program, self.skip);
            return values.find_map(|value| rest.first(&value, self.variables).and_then(text));
        }
        body.values(self.skip).iter().find_map(|value| path.first(value, self.variables)).and_then(text)
    }

    fn plain_detail(&self, code: &SignalCode, status: Option<u16>, url: &str) -> Option<String> {
        let signal = &code.signal;
        if signal.empty {
            return Some("no bytes in place of data".to_owned());
        }
        if !signal.route.is_empty() {
            return Some(format!("the request ended at {}", Url::parse(url).ok()?.path()));
        }
        if let Some((name, _)) = &signal.header {
            return Some(format!("the header {name}"));
        }
        if !signal.status.is_empty() {
            return status.map(|status| format!("HTTP {status}"));
        }
        signal
            .script
            .first()
            .or(signal.element.first())
            .or(signal.markup.first())
            .map(|seen| format!("the page has {seen}"))
    }

    fn sighting(
        &self,
        code: &SignalCode,
        status: Option<u16>,
        final_url: Option<String>,
        detail: Option<String>,
        on_response: bool,
    ) -> SignalSeen {
        let evidence = Evidence { status, final_url, signal: code.signal.name.clone(), detail };
        SignalSeen { outcome: code.signal.outcome, evidence, visit: self.sources.visit, on_response }
    }

    fn script_fits(&self, texts: &[String]) -> bool {
        // A script that only holds data holds other people's words too, translations among them.
        let mut programs = self.sources.head.scripts.iter().filter(|script| script.is_program());
        programs.any(|script| texts.iter().all(|text| script.text.contains(text.as_str())))
    }

    fn element_fits(&self, selectors: &[Selector]) -> bool {
        !self.sources.page.html.is_empty()
            && selectors.iter().any(|css| self.sources.tree().select(css).next().is_some())
    }
}

/// Whether a signal states something about the profile itself, and not about our being let in.
const fn is_fact(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::NotFound | Outcome::Private | Outcome::AgeGated)
}

/// Whether a request's address or body has this handle as a word of its own.
fn names(request: &str, handle: &str) -> bool {
    let request = percent_decode_str(request).decode_utf8_lossy().to_lowercase();
    let in_handle = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    request.match_indices(&handle.to_lowercase()).any(|(at, found)| {
        let before = request.get(..at).and_then(|text| text.chars().next_back());
        let after = request.get(at + found.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(in_handle) && !after.is_some_and(in_handle)
    })
}

fn status_fits(wanted: &[u16], status: Option<u16>) -> bool {
    wanted.is_empty() || status.is_some_and(|status| wanted.contains(&status))
}

fn url_fits(code: &SignalCode, url: &str) -> bool {
    let signal = &code.signal;
    let contains = |parts: &[String]| parts.iter().any(|part| url.contains(part.as_str()));
    let route_fits = signal.route.is_empty()
        || Url::parse(url).is_ok_and(|url| signal.route.iter().any(|route| url.path().starts_with(route.as_str())));
    route_fits
        && (signal.url.is_empty() || url.is_empty() || contains(&signal.url))
        && (signal.not_url.is_empty() || !contains(&signal.not_url))
}

/// Whether a text is a short page that has all of these.
fn is_short_page(body: &str, texts: &[String]) -> bool {
    /// Pages of a wall's own are a few thousand bytes.
    const LONGEST: usize = 16 * 1024;
    let body = body.trim_start_matches('\u{feff}').trim();
    body.len() <= LONGEST && body.starts_with('<') && {
        let body = body.to_lowercase();
        texts.iter().all(|text| body.contains(text.as_str()))
    }
}

fn header_fits(code: &SignalCode, headers: &[(String, String)]) -> bool {
    code.signal.header.as_ref().is_none_or(|(name, part)| {
        headers.iter().any(|(seen, value)| seen.eq_ignore_ascii_case(name) && value.contains(part.as_str()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_names_a_profile_only_by_a_word_of_its_own() {
        for (request, names_it) in [
            ("https://www.tiktok.com/api/user/detail/?uniqueId=ghost&device=1", true),
            ("https://www.tiktok.com/api/user/detail/?uniqueId=sh.ghost", false),
            ("https://www.tiktok.com/api/user/detail/?uniqueId=ghost_2", false),
            ("https://www.instagram.com/ghost/?__a=1", true),
            ("variables=%7B%22username%22%3A%22Ghost%22%7D", true),
            ("https://www.instagram.com/graphql/query", false),
        ] {
            assert_eq!(names(request, "ghost"), names_it, "{request}");
        }
    }
}
