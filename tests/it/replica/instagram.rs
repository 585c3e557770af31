//! Instagram's side: what guests get, what members get, and posts by their codes.

use serde_json::{Value, json};
use social_sentinel::replica::{Replica, Site};

use super::{between, ids, replica, truth};
use crate::support::http::{get, post};

/// The records of Instagram's data blocks that hold a key.
fn records<'a>(blocks: &'a [Value], key: &str) -> Vec<&'a Value> {
    fn find<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
        match value {
            Value::Object(map) => map.get(key).or_else(|| map.values().find_map(|value| find(value, key))),
            Value::Array(list) => list.iter().find_map(|value| find(value, key)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        }
    }
    blocks.iter().filter_map(|block| find(block, key)).collect()
}

fn blocks(page: &str) -> Vec<Value> {
    let scripts = page.split("data-sjs>").skip(1).filter_map(|rest| rest.split_once("</script>"));
    scripts.map(|(json, _)| serde_json::from_str(json).expect("a data block is JSON")).collect()
}

/// A guest's later pages, as the page's script asks for them.
async fn guest_pages(replica: &Replica, name: &str) -> (Value, Vec<Value>) {
    let page = get(replica.base_url(), &format!("/{name}/")).await.text();
    let blocks = blocks(&page);
    let first = records(&blocks, "polaris_ordered_timeline_connection")[0].clone();
    let doc_id = records(&blocks, "queryID")[0].as_str().expect("a query id").to_owned();
    let lsd = between(&page, "\"LSD\",[],{\"token\":\"", "\"");
    let id = records(&blocks, "xig_user_by_username")[0]["id"].clone();
    let mut nodes = first["edges"].as_array().cloned().unwrap_or_default();
    let mut info = first["page_info"].clone();
    while info["has_next_page"] == json!(true) && nodes.len() < 60 {
        let variables = json!({"after": info["end_cursor"], "first": 12, "id": id}).to_string();
        let variables: String = url::form_urlencoded::byte_serialize(variables.as_bytes()).collect();
        let headers = [
            ("x-fb-lsd", lsd.to_owned()),
            ("referer", format!("{}/{name}/", replica.base_url())),
            ("content-type", "application/x-www-form-urlencoded".to_owned()),
        ];
        let answer =
            post(replica.base_url(), "/api/graphql", &headers, &format!("doc_id={doc_id}&variables={variables}")).await;
        let text = answer.text();
        let body: Value = serde_json::from_str(text.strip_prefix("for (;;);").expect("a guarded body")).expect("JSON");
        let list = &body["data"]["node"]["polaris_ordered_timeline_connection"];
        let edges = list["edges"].as_array().cloned().unwrap_or_default();
        if edges.is_empty() {
            break;
        }
        nodes.extend(edges);
        info = list["page_info"].clone();
    }
    (info, nodes)
}

#[tokio::test]
async fn an_instagram_guest_gets_posts_without_counts_and_strangers_among_them() {
    let replica = replica(14).await;
    let truth = truth(&replica, Site::Instagram, "two.of.us.cook");
    let (_, edges) = guest_pages(&replica, "two.of.us.cook").await;
    let own = ids(&truth.posts);
    let listed: Vec<&Value> = edges.iter().map(|edge| &edge["node"]).collect();
    assert!(listed.iter().all(|node| node.get("like_count").is_none() && node.get("taken_at").is_none()));
    let strangers = listed.iter().filter(|node| !own.contains(node["pk"].as_str().unwrap_or_default())).count();
    assert!(strangers >= 3, "each page has an injected post");
    let coauthored = listed.iter().filter(|node| {
        own.contains(node["pk"].as_str().unwrap_or_default()) && node["user"]["username"] != json!("two.of.us.cook")
    });
    assert!(coauthored.count() >= 3);
}

#[tokio::test]
async fn a_guest_of_a_limited_profile_sees_two_pages_and_hears_that_there_is_more() {
    let replica = replica(15).await;
    let (info, edges) = guest_pages(&replica, "shown.in.part").await;
    assert_eq!((edges.len(), &info["has_next_page"]), (24, &json!(true)));
    assert_eq!(truth(&replica, Site::Instagram, "shown.in.part").guest.posts_reachable, 24);
}

#[tokio::test]
async fn a_post_can_be_opened_by_its_code_alone() {
    let replica = replica(16).await;
    let truth = truth(&replica, Site::Instagram, "creator_77");
    for post in truth.posts.iter().take(6) {
        let code = post.code.as_deref().expect("a code");
        let page = get(replica.base_url(), &format!("/p/{code}/")).await;
        assert_eq!(page.status, 200);
        assert!(page.text().contains(&format!("instagram://media?id={}", post.id)));
    }
}

#[tokio::test]
async fn a_member_gets_counts_and_times() {
    let replica = replica(17).await;
    let truth = truth(&replica, Site::Instagram, "creator_5");
    let headers = [("cookie", "sessionid=abc".to_owned())];
    let body = "variables=%7B%22username%22%3A%22creator_5%22%2C%22first%22%3A12%7D";
    let timeline = post(replica.base_url(), "/graphql/query", &headers, body).await.json();
    let edges = &timeline["data"]["xdt_api__v1__feed__user_timeline_graphql_connection"]["edges"];
    for edge in edges.as_array().expect("edges") {
        let node = &edge["node"];
        let post = truth.posts.iter().find(|post| node["pk"] == json!(post.id)).expect("one of the profile's");
        assert_eq!(node["like_count"].as_u64(), post.likes);
        assert_eq!(node["taken_at"].as_i64(), post.published_at.map(|at| at.timestamp()));
    }
    let guest = post(replica.base_url(), "/graphql/query", &[], "variables=%7B%7D").await;
    assert_eq!(guest.status, 401);
}
