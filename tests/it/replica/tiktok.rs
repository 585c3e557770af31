//! TikTok's side: lists and their signature, exact counts beside rounded ones.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use social_sentinel::replica::{Replica, Site};

use super::{between, ids, replica, truth};
use crate::support::http::get;

fn fnv(start: u32, text: &str) -> u32 {
    text.bytes().fold(start, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Signs a query as the page's script does, with the secret read from it.
pub(crate) async fn signed(replica: &Replica, query: &str) -> String {
    let script = get(replica.base_url(), "/static/tiktok-main.js").await.text();
    let secret = between(&script, "SECRET=\"", "\"");
    let query = format!("{query}&msToken=t");
    let first = fnv(0x811c_9dc5, &query);
    let second = fnv(first ^ 0x5bd1_e995, secret);
    let third = fnv(second, &query);
    format!("/api/post/item_list/?{query}&X-Bogus=DFSz{first:08x}{second:08x}{third:08x}")
}

pub(crate) async fn user_detail(replica: &Replica, name: &str) -> Value {
    let page = get(replica.base_url(), &format!("/@{name}")).await.text();
    let data = between(&page, "type=\"application/json\">", "</script>");
    let scope: Value = serde_json::from_str(data).expect("the page's data is JSON");
    scope["__DEFAULT_SCOPE__"]["webapp.user-detail"].clone()
}

/// Every item of a TikTok list, page by page, with doubles.
pub(super) async fn all_items(replica: &Replica, name: &str) -> Vec<Value> {
    let detail = user_detail(replica, name).await;
    let sec_uid = detail["userInfo"]["user"]["secUid"].as_str().expect("a secUid").to_owned();
    let (mut items, mut cursor) = (Vec::new(), "0".to_owned());
    loop {
        let path = signed(replica, &format!("secUid={sec_uid}&cursor={cursor}&count=16")).await;
        let body = get(replica.base_url(), &path).await.json();
        items.extend(body["itemList"].as_array().cloned().unwrap_or_default());
        if body["hasMore"] != json!(true) {
            return items;
        }
        cursor = body["cursor"].as_str().expect("a cursor").to_owned();
    }
}

#[tokio::test]
async fn tiktok_lists_give_the_truth_pinned_first_and_with_overlaps() {
    let replica = replica(11).await;
    let truth = truth(&replica, Site::TikTok, "sunny.kitchen");
    let items = all_items(&replica, "sunny.kitchen").await;
    let listed: BTreeSet<String> = items.iter().filter_map(|item| item["id"].as_str().map(str::to_owned)).collect();
    assert!(items.len() > listed.len(), "pages overlap");
    assert!(ids(&truth.posts).is_subset(&listed));
    let posts_count = truth.profile.and_then(|profile| profile.posts_count);
    assert_eq!(posts_count, u64::try_from(listed.len()).ok());
    let pinned: Vec<bool> = items.iter().take(4).map(|item| item["isPinnedItem"] == json!(true)).collect();
    assert_eq!(pinned, [true, true, true, false]);
    let times: Vec<i64> = items.iter().filter_map(|item| item["createTime"].as_i64()).collect();
    assert!(times[0] < times[1] || times[1] < times[2], "pinned posts are out of order");
    for item in &items {
        let Some(post) = truth.posts.iter().find(|post| item["id"] == json!(post.id)) else { continue };
        assert_eq!(item["statsV2"]["playCount"].as_str(), post.views.map(|n| n.to_string()).as_deref());
        assert_eq!(item["statsV2"]["commentCount"].as_str(), post.comments.map(|n| n.to_string()).as_deref());
        assert_eq!(item["desc"].as_str().filter(|text| !text.is_empty()), post.caption.as_deref());
    }
}

#[tokio::test]
async fn an_unsigned_or_wrongly_signed_call_gets_an_empty_200() {
    let replica = replica(12).await;
    let path = signed(&replica, "secUid=x&cursor=0&count=16").await;
    for path in ["/api/post/item_list/?secUid=x&cursor=0".to_owned(), path.replace("cursor=0", "cursor=1")] {
        let answer = get(replica.base_url(), &path).await;
        assert_eq!((answer.status, answer.body.len()), (200, 0));
    }
}

#[tokio::test]
async fn exact_counts_stand_beside_rounded_ones_and_great_likes_overflow() {
    let replica = replica(13).await;
    let truth = truth(&replica, Site::TikTok, "big.ben.plays").profile.expect("a profile");
    let info = user_detail(&replica, "big.ben.plays").await["userInfo"].clone();
    assert_eq!(info["statsV2"]["followerCount"].as_str(), truth.followers.map(|n| n.to_string()).as_deref());
    assert_eq!(info["statsV2"]["heartCount"].as_str(), truth.likes.map(|n| n.to_string()).as_deref());
    assert!(info["stats"]["heartCount"].as_i64().is_some_and(|n| n < 0));
}
