//! robots.txt files as they are found.

use super::*;

fn allows(file: &str, path: &str) -> bool {
    Robots::parse(file.as_bytes(), "SocialSentinel").answer(path) == RobotsAnswer::Allowed
}

#[test]
fn our_own_group_counts_alone_and_groups_of_one_name_are_one() {
    let file = "User-agent: *\nDisallow: /\n\nuser-agent: socialsentinel/2.0\nDisallow: /a\n\n\
                User-agent: other\nUser-agent: SocialSentinel\nDisallow: /b\n";
    assert!(allows(file, "/@nasa"));
    assert!(!allows(file, "/a") && !allows(file, "/b"));
    assert!(!allows("User-agent: *\nDisallow: /", "/@nasa"));
    assert!(allows("User-agent: SocialSentinelPlus\nDisallow: /", "/@nasa"), "another robot's name");
}

#[test]
fn an_own_group_without_a_rule_allows_all() {
    assert!(allows("User-agent: *\nDisallow: /\n\nUser-agent: SocialSentinel\nDisallow:", "/x"));
}

#[test]
fn the_longest_rule_wins_and_allow_where_both_are_as_long() {
    let file = "User-agent: *\nDisallow: /shop\nAllow: /shop/open\nDisallow: /same\nAllow: /same";
    for (path, allowed) in [("/shop/x", false), ("/shop/open/y", true), ("/same", true), ("/", true)] {
        assert_eq!(allows(file, path), allowed, "{path}");
    }
}

#[test]
fn star_is_anything_and_dollar_the_end() {
    for (pattern, path, matched) in [
        ("/*.php", "/a/b.php?x", true),
        ("/*.php$", "/a/b.php?x", false),
        ("/*.php$", "/a.php/b.php", true),
        ("/fish*", "/fishheads", true),
        ("/a*b*c", "/a-b-b-d", false),
        ("/$", "/", true),
        ("/$", "/x", false),
        ("*/embed", "/p/x/embed", true),
        ("/*?*lang", "/@nasa?lang=en", true),
        ("/fish", "/Fish", false),
    ] {
        assert_eq!(!allows(&format!("User-agent: *\nDisallow: {pattern}"), path), matched, "{pattern} {path}");
    }
}

#[test]
fn escapes_of_one_meaning_are_one() {
    for (pattern, path) in [("/caf%C3%A9", "/café"), ("/%7Euser", "/~user"), ("/a%2fb", "/a%2Fb"), ("/ü", "/%c3%bc")]
    {
        assert!(!allows(&format!("User-agent: *\nDisallow: {pattern}"), path), "{pattern} {path}");
    }
}

#[test]
fn comments_byte_order_marks_and_strange_lines_do_not_matter() {
    let file = "\u{feff}User-agent: * # all\r\nSitemap: https://x/y\r\nnonsense\r\nDisallow : /a # why\r\n";
    assert!(!allows(file, "/a") && allows(file, "/b"));
}

#[test]
fn the_status_decides_where_there_is_no_file() {
    let answer = |answer| Robots::from_answer(answer, "x").answer("/@nasa") == RobotsAnswer::Allowed;
    assert!(answer(Some((404, b"".as_slice()))) && answer(Some((403, b"Disallow: /".as_slice()))));
    assert!(!answer(Some((500, b"".as_slice()))) && !answer(Some((429, b"".as_slice()))) && !answer(None));
}

#[test]
fn the_delay_is_read_where_it_is_sane() {
    let delay =
        |value: &str| Robots::parse(format!("User-agent: *\nCrawl-delay: {value}").as_bytes(), "x").crawl_delay();
    assert_eq!(delay("2.5"), Some(Duration::from_millis(2_500)));
    for value in ["-1", "NaN", "1e300", "soon"] {
        assert_eq!(delay(value), None);
    }
}

#[test]
fn robots_txt_itself_may_always_be_read() {
    assert!(allows("User-agent: *\nDisallow: /", "/robots.txt"));
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_read_in_bounded_time(file in proptest::collection::vec(proptest::num::u8::ANY, 0..2_000), path in ".{0,200}") {
        let _ = Robots::parse(&file, "SocialSentinel").answer(&path);
    }
}
