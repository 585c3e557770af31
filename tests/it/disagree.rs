//! Sources of one page that say different numbers: the fresher one counts, an old copy is left out, and what is outvoted is doubted.

use serde_json::{Value, json};
use social_sentinel::extract::detect::Doubt;
use social_sentinel::extract::selectors::builtin;
use social_sentinel::model::document::{Document, SourceKind};
use social_sentinel::model::job::PlatformId;
use social_sentinel::platform;

use crate::support::page::{Seen, page, script};

const LIST: &str = "https://www.tiktok.com/api/post/item_list/?aid=1988";

/// A profile page: in its data, in its elements and in its meta tags, each with followers of its own.
fn shown(data: u64, header: Option<u64>, meta: Option<&str>) -> Seen {
    let user = json!({"id": "7", "uniqueId": "ghost", "nickname": "Ghost", "signature": "boo"});
    let stats = json!({"followerCount": data, "followingCount": 12, "heartCount": 5_321, "videoCount": 2});
    let info = json!({"user": user, "stats": stats, "statsV2": stats});
    let state = json!({"__DEFAULT_SCOPE__": {"webapp.user-detail": {"statusCode": 0, "userInfo": info}}});
    let meta = meta.map(|count| {
        format!(
            "<meta property='og:title' content='Ghost (@ghost) | TikTok'>\
             <meta name='description' content='Ghost (@ghost) on TikTok | 5321 Likes. {count} Followers. boo'>"
        )
    });
    let header = header.map(|count| {
        format!(
            "<h1 data-e2e='user-title'>ghost</h1><strong data-e2e='following-count'>12</strong>\
             <strong data-e2e='followers-count'>{count}</strong>"
        )
    });
    let header = header.map(|html| html.replace('\'', "\"")).unwrap_or_default();
    let state = script("id=\"__UNIVERSAL_DATA_FOR_REHYDRATION__\" type=\"application/json\"", &state);
    page("@ghost@tiktok", format!("<head>{}</head><body>{state}{header}</body>", meta.unwrap_or_default()))
}

/// The list of its posts, each with a copy of the profile with these followers.
fn list(copies: &[u64]) -> String {
    let author = json!({"id": "7", "uniqueId": "ghost", "nickname": "Ghost"});
    let item = |(n, followers): (usize, &u64)| {
        json!({"id": (7_300_000_000_000_000_001_u64 + n as u64).to_string(), "author": author, "stats": {"playCount": 5},
            "authorStats": {"followerCount": followers, "followingCount": 12, "heartCount": 5_321, "videoCount": 2}})
    };
    let items: Vec<Value> = copies.iter().enumerate().map(item).collect();
    json!({"statusCode": 0, "hasMore": false, "itemList": items}).to_string()
}

fn read(seen: Seen) -> (Document, Vec<Doubt>) {
    let id = PlatformId::new("tiktok");
    let (site, set) = (platform::get(&id).unwrap(), builtin(&id).unwrap());
    platform::read_doubting(site.as_ref(), &seen.capture(), &set, 30)
}

#[test]
fn a_fresh_answer_that_the_page_bears_out_wins_over_an_old_copy_in_the_pages_data() {
    for old in [6_809, 5_000] {
        let (document, doubts) = read(shown(old, Some(7_071), Some("7071")).got(LIST, 200, list(&[7_071, 7_071])));
        let note = &document.fields["profile.followers"];
        assert_eq!((document.profile.unwrap().followers, note.source), (Some(7_071), SourceKind::Network), "{old}");
        assert_eq!(note.agreed_by, [SourceKind::Dom, SourceKind::Meta], "{old}");
        assert_eq!(doubts, [], "{old}");
    }
    // Of two kinds of data that differ by little the fresher is right.
    let (document, doubts) = read(shown(7_070, None, None).got(LIST, 200, list(&[7_071, 7_071])));
    assert_eq!((document.profile.unwrap().followers, doubts), (Some(7_071), Vec::new()));
}

#[test]
fn copies_that_posts_carry_count_only_where_they_say_one_number() {
    for copies in [[7_071, 6_950], [0, 0]] {
        let (document, _) = read(shown(7_072, Some(7_072), None).got(LIST, 200, list(&copies)));
        let source = document.fields["profile.followers"].source;
        assert_eq!((document.profile.unwrap().followers, source), (Some(7_072), SourceKind::Embedded), "{copies:?}");
    }
}

#[test]
fn a_number_that_is_outvoted_is_doubted_and_one_that_moved_for_seconds_is_not() {
    let contradiction = |one, other| Doubt::Contradiction { path: "profile.followers".to_owned(), one, other };
    for (what, seen, expected) in [
        (
            "old data, elements and tags agree",
            shown(6_809, Some(7_071), Some("7071")),
            vec![contradiction(6_809, 7_071)],
        ),
        ("old data, tags alone", shown(6_809, None, Some("7071")), vec![contradiction(6_809, 7_071)]),
        ("a few seconds", shown(7_070, Some(7_071), Some("7072")), vec![]),
        ("cut", shown(112_649, Some(112_649), Some("112.6K")), vec![]),
        ("one old tag", shown(7_071, Some(7_071), Some("6900")), vec![]),
        ("far away", shown(7_071, Some(7_071), Some("9000")), vec![contradiction(7_071, 9_000)]),
    ] {
        assert_eq!(read(seen).1, expected, "{what}");
    }
}
