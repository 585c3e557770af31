//! Text into HTML and JSON into scripts, and counts as sites abbreviate them.

use serde_json::Value;

/// Text for element content and double-quoted attributes.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#039;"),
            '@' => out.push_str("&#064;"),
            '•' => out.push_str("&#x2022;"),
            _ => out.push(c),
        }
    }
    out
}

/// JSON for the inside of a script element: no text in it can end the element.
pub(super) fn in_script(value: &Value) -> String {
    value.to_string().replace('<', "\\u003C").replace('\u{2028}', "\\u2028")
}

/// A template with `{{name}}` replaced.
pub(super) fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((name, after)) = after.split_once("}}") else {
            out.push_str("{{");
            rest = after;
            continue;
        };
        out.push_str(values.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value));
        rest = after;
    }
    out.push_str(rest);
    out
}

/// "1,234,567".
pub(super) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// As Instagram's meta tags write it: "9,999", "12K", "15M"; cut, not rounded.
pub(super) fn whole_units(count: u64) -> String {
    match count {
        0..10_000 => grouped(count),
        10_000..1_000_000 => format!("{}K", count / 1_000),
        1_000_000..1_000_000_000 => format!("{}M", count / 1_000_000),
        _ => format!("{}B", count / 1_000_000_000),
    }
}

/// As TikTok's pages write it: "9999", "12.3K", "3.9M"; cut, not rounded.
pub(super) fn one_decimal(count: u64) -> String {
    let (unit, letter) = match count {
        0..10_000 => return count.to_string(),
        10_000..1_000_000 => (1_000, 'K'),
        1_000_000..1_000_000_000 => (1_000_000, 'M'),
        _ => (1_000_000_000, 'B'),
    };
    let tenths = count * 10 / unit;
    if tenths.is_multiple_of(10) {
        format!("{}{letter}", tenths / 10)
    } else {
        format!("{}.{}{letter}", tenths / 10, tenths % 10)
    }
}

/// A count as TikTok's `stats` hold it: what the abbreviation means, written out.
pub(super) fn rounded(count: u64) -> u64 {
    match count {
        0..10_000 => count,
        10_000..1_000_000 => count / 100 * 100,
        1_000_000..1_000_000_000 => count / 100_000 * 100_000,
        _ => count / 100_000_000 * 100_000_000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_cut_and_not_rounded() {
        assert_eq!(one_decimal(783_499), "783.4K");
        assert_eq!(one_decimal(2_000_001), "2M");
        assert_eq!(whole_units(1_999_999), "1M");
        assert_eq!(grouped(1_137_245), "1,137,245");
        assert_eq!(rounded(3_922_256), 3_900_000);
    }

    #[test]
    fn no_caption_can_end_a_script_element() {
        assert!(!in_script(&serde_json::json!("</script>")).contains("</"));
    }

    #[test]
    fn a_template_is_filled_once_and_values_are_left_alone() {
        assert_eq!(fill("a{{x}}b{{y}}", &[("x", "{{y}}"), ("y", "2")]), "a{{y}}b2");
    }
}
