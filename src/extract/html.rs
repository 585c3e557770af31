//! A page's scripts, meta tags, title and canonical link, found in one pass over the text without building a tree:
//! most pages are read from these alone, and a tree of a page of one megabyte costs more than everything else.
//! It follows the tokenizer's rules (comments, quoted attributes, raw text elements) and ignores nesting, which none
//! of these four needs. Character references are resolved by the real parser where they are more than the usual few.

use std::borrow::Cow;

use scraper::Html;

/// The largest page that is read.
pub(crate) const MAX_PAGE_BYTES: usize = 10 * 1024 * 1024;
/// A page with more meta tags or scripts than this is no page that we know.
const MAX_TAGS: usize = 4096;

/// A script of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ScriptTag<'t> {
    pub(crate) attributes: Vec<(&'t str, Cow<'t, str>)>,
    pub(crate) text: &'t str,
}

impl ScriptTag<'_> {
    /// Whether a browser runs it: it has no type, or a script's.
    pub(crate) fn is_program(&self) -> bool {
        self.attribute("type").is_none_or(|kind| {
            let kind = kind.trim().to_ascii_lowercase();
            matches!(kind.as_str(), "" | "module") || kind.ends_with("javascript") || kind.ends_with("ecmascript")
        })
    }

    /// An attribute's value.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| &**value)
    }
}

/// What stands in a page outside its elements' tree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Head<'t> {
    pub(crate) scripts: Vec<ScriptTag<'t>>,
    /// By name or property in lower case; also `title` and `canonical`.
    pub(crate) meta: Vec<(String, Cow<'t, str>)>,
    /// The page without what stands inside its scripts: where its elements are, a few kilobytes of hundreds.
    pub(crate) outside_scripts: Vec<&'t str>,
}

impl Head<'_> {
    /// The first meta tag of this name or property with a content.
    pub(crate) fn meta(&self, name: &str) -> Option<&str> {
        self.meta.iter().find(|(known, value)| known == name && !value.trim().is_empty()).map(|(_, value)| &**value)
    }
}

/// Reads a page's head and scripts. A page beyond the limit is read up to it.
pub(crate) fn head(page: &str) -> Head<'_> {
    let end = (0..=MAX_PAGE_BYTES.min(page.len())).rev().find(|n| page.is_char_boundary(*n)).unwrap_or_default();
    let mut reader = Reader { page: page.get(..end).unwrap_or_default(), at: 0 };
    let mut head = Head::default();
    let mut outside = 0;
    while let Some(start) = reader.next_tag() {
        let name = start.name;
        if name.eq_ignore_ascii_case("script") {
            let begin = reader.at;
            let text = reader.raw_text("script");
            head.outside_scripts.extend(page.get(outside..begin));
            outside = begin + text.len();
            head.scripts.push(ScriptTag { attributes: start.attributes, text });
        } else if name.eq_ignore_ascii_case("meta") {
            let key = start.attribute("property").or_else(|| start.attribute("name")).map(str::to_ascii_lowercase);
            if let (Some(key), Some(content)) = (key, start.take("content")) {
                head.meta.push((key, content));
            }
        } else if name.eq_ignore_ascii_case("title") {
            // The first title is the document's; pictures in the body have titles of their own.
            let text = reader.raw_text("title");
            if !head.meta.iter().any(|(key, _)| key == "title") {
                head.meta.push(("title".to_owned(), decoded(text)));
            }
        } else if name.eq_ignore_ascii_case("link") {
            if start.attribute("rel").is_some_and(|rel| rel.eq_ignore_ascii_case("canonical"))
                && let Some(href) = start.take("href")
            {
                head.meta.push(("canonical".to_owned(), href));
            }
        } else {
            reader.raw_text(name);
        }
        if head.scripts.len() + head.meta.len() >= MAX_TAGS {
            break;
        }
    }
    head.outside_scripts.extend(page.get(outside..));
    head
}

/// The text of a page's first element of this name.
pub(crate) fn first_text_of(page: &str, name: &str) -> Option<String> {
    let tree = Html::parse_document(page);
    let selector = scraper::Selector::parse(name).ok()?;
    tree.select(&selector).next().map(|element| element.text().collect())
}

struct StartTag<'t> {
    name: &'t str,
    attributes: Vec<(&'t str, Cow<'t, str>)>,
}

impl<'t> StartTag<'t> {
    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| &**value)
    }

    fn take(self, name: &str) -> Option<Cow<'t, str>> {
        self.attributes.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

struct Reader<'t> {
    page: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.page.get(self.at..).unwrap_or_default()
    }

    /// Moves behind the next occurrence of a text; to the end without one.
    fn skip_past(&mut self, text: &str) {
        self.at = self.rest().find(text).map_or(self.page.len(), |n| self.at + n + text.len());
    }

    /// The next start tag whose name matters, read to its end. Other tags are passed over attribute by attribute too,
    /// because a `>` or `<script` may stand inside a quoted value.
    fn next_tag(&mut self) -> Option<StartTag<'t>> {
        loop {
            self.at += self.rest().find('<')?;
            let rest = self.rest();
            if rest.starts_with("<!--") {
                self.at += 4;
                self.skip_past("-->");
                continue;
            }
            let name_end = rest.bytes().skip(1).position(|b| b.is_ascii_whitespace() || b == b'>' || b == b'/');
            let name = rest.get(1..1 + name_end.unwrap_or(rest.len() - 1)).unwrap_or_default();
            if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
                self.at += 1;
                continue;
            }
            self.at += 1 + name.len();
            let wanted = ["script", "meta", "title", "link", "style", "textarea", "iframe", "xmp", "noembed"]
                .iter()
                .any(|known| name.eq_ignore_ascii_case(known));
            let attributes = self.attributes(wanted);
            if wanted {
                return Some(StartTag { name, attributes });
            }
        }
    }

    /// Reads attributes to the tag's end; without `keep` they are only passed over.
    fn attributes(&mut self, keep: bool) -> Vec<(&'t str, Cow<'t, str>)> {
        let mut attributes = Vec::new();
        loop {
            let rest = self.rest();
            let blank = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/').len();
            self.at += blank;
            let rest = self.rest();
            if rest.is_empty() {
                return attributes;
            }
            if rest.starts_with('>') {
                self.at += 1;
                return attributes;
            }
            let bytes = rest.as_bytes();
            let name_end = bytes
                .iter()
                .enumerate()
                .position(|(n, b)| b.is_ascii_whitespace() || matches!(b, b'/' | b'>') || (*b == b'=' && n > 0))
                .unwrap_or(bytes.len());
            let name = rest.get(..name_end).unwrap_or_default();
            self.at += name_end;
            let value = self.attribute_value();
            if keep {
                attributes.push((name, decoded(value)));
            }
        }
    }

    fn attribute_value(&mut self) -> &'t str {
        let rest = self.rest();
        let trimmed = rest.trim_start_matches(|c: char| c.is_ascii_whitespace());
        let Some(value) = trimmed.strip_prefix('=') else { return "" };
        let value = value.trim_start_matches(|c: char| c.is_ascii_whitespace());
        self.at += rest.len() - value.len();
        for quote in ['"', '\''] {
            if let Some(quoted) = value.strip_prefix(quote) {
                let end = quoted.find(quote).unwrap_or(quoted.len());
                self.at += 1 + end + usize::from(end < quoted.len());
                return quoted.get(..end).unwrap_or_default();
            }
        }
        let end = value.find(|c: char| c.is_ascii_whitespace() || c == '>').unwrap_or(value.len());
        self.at += end;
        value.get(..end).unwrap_or_default()
    }

    /// The text up to the end tag of a raw text element, in any case of letters.
    fn raw_text(&mut self, name: &str) -> &'t str {
        let start = self.at;
        let mut from = start;
        // A script of half a megabyte holds few of these: looking for the one byte is faster than for the two.
        while let Some(found) = self.page.get(from..).and_then(|rest| rest.find('<')) {
            let close = from + found;
            if self.page.as_bytes().get(close + 1) != Some(&b'/') {
                from = close + 1;
                continue;
            }
            let behind = self.page.get(close + 2..).unwrap_or_default();
            if behind.get(..name.len()).is_some_and(|tag| tag.eq_ignore_ascii_case(name)) {
                self.at = close + 2 + name.len();
                self.skip_past(">");
                return self.page.get(start..close).unwrap_or_default();
            }
            from = close + 2;
        }
        self.at = self.page.len();
        self.page.get(start..).unwrap_or_default()
    }
}

/// A text with its character references resolved.
fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        out.push_str(rest.get(..start).unwrap_or_default());
        rest = rest.get(start..).unwrap_or_default();
        if let Some((resolved, used)) = reference(rest) {
            out.push(resolved);
            rest = rest.get(used..).unwrap_or_default();
        } else if rest.get(1..2).is_some_and(|c| c.starts_with(|c: char| c.is_ascii_alphabetic()))
            && rest.get(..40.min(rest.len())).unwrap_or(rest).contains(';')
        {
            // A rarer named reference: the real parser knows the whole table.
            return Cow::Owned(Html::parse_fragment(&text.replace('<', "&lt;")).root_element().text().collect());
        } else {
            out.push('&');
            rest = rest.get(1..).unwrap_or_default();
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// A numeric reference or one of the usual named ones at the beginning of a text, and its length.
fn reference(text: &str) -> Option<(char, usize)> {
    let end = text.char_indices().take(12).find(|(_, c)| *c == ';')?.0;
    let name = text.get(1..end)?;
    let resolved = if let Some(digits) = name.strip_prefix('#') {
        let code = match digits.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => digits.parse().ok()?,
        };
        char::from_u32(code).filter(|c| *c != '\0').unwrap_or('\u{fffd}')
    } else {
        match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            "nbsp" => '\u{a0}',
            _ => return None,
        }
    };
    Some((resolved, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_in_any_order_and_quoting_are_read_with_their_references() {
        let page = "<head><META content='1 &amp; 2 &#064;x &#x2022; &eacute;' property=og:description >\n\
                    <meta\n name=\"description\"\n content=\"a > b <script>no</script>\"/><link href=/x rel=canonical></head>";
        let head = head(page);
        assert_eq!(head.meta("og:description"), Some("1 & 2 @x • é"));
        assert_eq!(head.meta("description"), Some("a > b <script>no</script>"));
        assert_eq!(head.meta("canonical"), Some("/x"));
        assert!(head.scripts.is_empty());
    }

    #[test]
    fn scripts_are_found_and_comments_are_not() {
        let page = "<!-- <script id=a>1</script> --><script id=\"b\" type='application/json'>{\"x\":\"<!-- <b>\"}</script >\
                    <style><script></style><svg><title>no</title></svg><title> A &lt; B </title><SCRIPT>2</SCRIPT>";
        let head = head(page);
        assert_eq!(head.scripts.len(), 2);
        assert_eq!(head.scripts[0].attribute("id"), Some("b"));
        assert_eq!(head.scripts[0].text, "{\"x\":\"<!-- <b>\"}");
        assert_eq!(head.scripts[1].text, "2");
        let outside = head.outside_scripts.concat();
        assert_eq!(outside, page.replace("{\"x\":\"<!-- <b>\"}", "").replace("SCRIPT>2<", "SCRIPT><"));
    }

    #[test]
    fn broken_pages_end_without_harm() {
        for broken in [
            "<",
            "<script",
            "<script>",
            "<meta content=\"",
            "<meta content",
            "<!--",
            "</",
            "<a b='",
            "&",
            "<title>&#xffffffff;",
        ] {
            let _ = head(broken);
        }
    }
}
