//! Learning a version from changed pages: small sites of six profiles, one for each way that a site may change.
#![expect(clippy::unwrap_used, reason = "the helpers of a test may fail it")]

use std::fmt::Write as _;

use serde_json::{Value, json};
use social_sentinel::extract::relearn::{Lesson, Relearned, Studied, draft, relearn};
use social_sentinel::extract::selectors::{builtin, parse};
use social_sentinel::model::capture::{Capture, CapturedPage, KeptResponse};
use social_sentinel::model::document::Document;
use social_sentinel::model::job::{PlatformId, Target};
use social_sentinel::model::selectors::SelectorSet;
use social_sentinel::model::visit::Purpose;
use social_sentinel::platform;

const HANDLES: [&str; 8] = ["anna.k", "bo_lind", "cemkaya", "dora99", "emil.s", "fay_w", "gus.t", "hana_m"];

fn tiktok() -> PlatformId {
    PlatformId::new("tiktok")
}

struct Person {
    handle: &'static str,
    followers: u64,
    following: u64,
    likes: u64,
    videos: u64,
}

fn people(count: usize) -> Vec<Person> {
    (0..count)
        .map(|at| {
            let n = u64::try_from(at).unwrap() + 1;
            Person {
                handle: HANDLES[at],
                followers: 48_211 * n * n,
                following: 317 + 41 * n,
                likes: 912_345 * n + 7,
                videos: 6,
            }
        })
        .collect()
}

fn id(person: &Person, post: u64) -> String {
    (7_500_000_000_000_000_000 + person.followers * 1_000_000 + post * 1_000_003).to_string()
}

fn uid(person: &Person) -> String {
    (6_700_000_000_000_000_000 + person.likes).to_string()
}

fn views(person: &Person, post: u64) -> u64 {
    person.following * 1_000 + post * 777
}

/// As TikTok cuts it.
fn shown(count: u64) -> String {
    match count {
        0..10_000 => count.to_string(),
        10_000..1_000_000 => format!("{}.{}K", count / 1_000, count % 1_000 / 100),
        _ => format!("{}.{}M", count / 1_000_000, count % 1_000_000 / 100_000),
    }
}

fn known(person: &Person) -> Document {
    let posts: Vec<Value> = (0..person.videos)
        .map(|post| {
            json!({"id": id(person, post), "kind": "video", "views": views(person, post),
                "caption": format!("caption {post} of {}", person.handle)})
        })
        .collect();
    let document = json!({
        "schema": 1, "platform": "tiktok", "handle": person.handle, "outcome": "ok",
        "profile": {"id": uid(person), "username": person.handle,
            "display_name": format!("Name of {}", person.handle), "bio": format!("{} likes tea", person.handle),
            "followers": person.followers, "following": person.following, "likes": person.likes,
            "posts_count": person.videos},
        "posts": posts, "coverage": {"requested": 6, "got": 6}, "metrics": {}, "fields": {},
        "selectors": {"version": "v1"},
    });
    serde_json::from_value(document).unwrap()
}

fn capture(handle: &str, html: String) -> Capture {
    let url = format!("https://www.tiktok.com/@{handle}");
    let page = CapturedPage {
        purpose: Purpose::Profile,
        url: url.clone(),
        final_url: url,
        redirects: Vec::new(),
        status: Some(200),
        headers: Vec::new(),
        html,
        responses: Vec::new(),
    };
    let target = Target { platform: tiktok(), handle: handle.parse().unwrap() };
    Capture { target: Some(target), pages: vec![page], ..Capture::default() }
}

/// Data for programs under new keys, in a script of this id.
fn embedded(person: &Person, script: &str) -> String {
    let data = json!({"v": 2, "data": {"page": {"acct": {"slug": person.handle, "label": format!("Name of {}", person.handle),
        "uid": uid(person), "about": format!("{} likes tea", person.handle)},
        "nums": {"fans": person.followers, "subs": person.following, "hearts": person.likes.to_string(), "clips": person.videos},
        "noise": [{"slug": "somebody", "nums": {"fans": 5}}, "x".repeat(300)]}}});
    format!(
        "<html><head></head><body><div id=\"app\"></div><script id=\"{script}\" type=\"application/json\">{data}</script></body></html>"
    )
}

/// A page that has elements alone. `mark` gives an element's attributes by its part's name.
fn rendered(person: &Person, mark: impl Fn(&str) -> String) -> String {
    let count = |part: &str, value: u64, label: &str| {
        format!("<div {}><b {}>{}</b><i {}>{label}</i></div>", mark("cell"), mark(part), shown(value), mark("label"))
    };
    let mut cards = String::new();
    for post in 0..person.videos {
        let (id, seen) = (id(person, post), shown(views(person, post)));
        let _ = write!(
            cards,
            "<div {}><div><a href=\"https://www.tiktok.com/@{}/video/{id}\"><img alt=\"caption {post} of {}\" src=\"https://cdn.test/{id}.jpg\"><b {}>{seen}</b></a></div></div>",
            mark("card"),
            person.handle,
            person.handle,
            mark("views"),
        );
    }
    format!(
        "<html><head><title>Clips</title></head><body><nav {}>For you</nav><aside><p>somebody · 337.9K Followers</p></aside><main {}>\
         <section {}><h2 {}>{}</h2><h3 {}>Name of {}</h3>{}{}{}<p {}>{} likes tea</p></section><div {}>{cards}</div></main></body></html>",
        mark("nav"),
        mark("main"),
        mark("head"),
        mark("name"),
        person.handle,
        mark("title"),
        person.handle,
        count("following", person.following, "Following"),
        count("followers", person.followers, "Followers"),
        count("likes", person.likes, "Likes"),
        mark("bio"),
        person.handle,
        mark("grid"),
    )
}

struct Lessons {
    people: Vec<Person>,
    captures: Vec<Capture>,
    pasts: Vec<Document>,
    parent: std::sync::Arc<SelectorSet>,
}

impl Lessons {
    fn new(count: usize, page: impl Fn(&Person) -> String) -> Self {
        let people = people(count);
        let captures = people.iter().map(|person| capture(person.handle, page(person))).collect();
        let pasts = people.iter().map(known).collect();
        Self { people, captures, pasts, parent: builtin(&tiktok()).unwrap() }
    }

    fn learn(&self) -> Option<Relearned> {
        self.learn_in((0..self.people.len()).collect(), 0)
    }

    /// In this order, each page beside the past of the one `shift` further.
    fn learn_in(&self, order: Vec<usize>, shift: usize) -> Option<Relearned> {
        let studied: Vec<Studied> = order.iter().map(|at| Studied::of(&self.captures[*at], &self.parent)).collect();
        let lessons: Vec<Lesson<'_>> = order
            .iter()
            .zip(&studied)
            .map(|(at, page)| Lesson {
                handle: self.people[*at].handle,
                past: &self.pasts[(at + shift) % self.people.len()],
                page,
            })
            .collect();
        let learned = relearn(&self.parent, &lessons, 5).unwrap();
        let trial = draft(&self.parent, &lessons, 5);
        assert_eq!(learned.as_ref().map(|learned| &learned.findings), trial.as_ref().map(|trial| &trial.findings));
        learned
    }

    /// Reads every page by what was learned, from its text: each count is right, or as far as it is shown.
    fn check(&self, learned: &Relearned, counts: &[&str]) -> Vec<Document> {
        let set = parse(&learned.text, "learned").unwrap();
        let site = platform::get(&tiktok()).unwrap();
        let read: Vec<Document> =
            self.captures.iter().map(|capture| platform::read(site.as_ref(), capture, &set, 30)).collect();
        for (person, document) in self.people.iter().zip(&read) {
            let profile =
                document.profile.as_ref().unwrap_or_else(|| panic!("{} is not read\n{}", person.handle, learned.text));
            let all = [
                ("followers", profile.followers, person.followers),
                ("following", profile.following, person.following),
                ("likes", profile.likes, person.likes),
                ("posts_count", profile.posts_count, person.videos),
            ];
            for (name, seen, truth) in all {
                assert!(seen.is_some() || !counts.contains(&name), "{}: {name}", person.handle);
                if let Some(seen) = seen {
                    let unit = if truth >= 1_000_000 { 100_000 } else { 100 };
                    assert!(seen == truth || seen == truth / unit * unit, "{}: {name} {seen} {truth}", person.handle);
                }
            }
        }
        read
    }
}

#[test]
fn renamed_and_nested_keys_are_learned_in_a_script_of_another_name() {
    let site = Lessons::new(6, |person| embedded(person, "__CLIPS_STATE__"));
    let learned = site.learn().unwrap();
    let read = site.check(&learned, &["followers", "following", "likes"]);
    assert_eq!(read[0].profile.as_ref().unwrap().bio.as_deref(), Some("anna.k likes tea"));
    assert!(
        learned.set.scripts.iter().any(|script| script.id.as_deref() == Some("__CLIPS_STATE__")),
        "{}",
        learned.text
    );
    assert!(learned.text.contains("nums.fans") && learned.text.contains("$handle"), "{}", learned.text);
}

#[test]
fn the_same_pages_give_the_same_bytes_in_whatever_order_they_came() {
    let site =
        Lessons::new(7, |person| rendered(person, |part| format!("data-q=\"{part}-x\" class=\"c{}\"", part.len())));
    let once = site.learn().unwrap();
    let again = site.learn_in(vec![6, 2, 4, 0, 1, 5, 3], 0).unwrap();
    assert_eq!(once.text, again.text);
    assert_eq!(once.set.version, again.set.version);
}

#[test]
fn elements_are_learned_by_their_attributes_with_the_cards_of_posts() {
    let site = Lessons::new(6, |person| rendered(person, |part| format!("data-q=\"{part}-x\"")));
    let learned = site.learn().unwrap();
    let read = site.check(&learned, &["followers", "following", "likes"]);
    for (person, document) in site.people.iter().zip(&read) {
        assert_eq!(document.posts.len(), 6, "{}", learned.text);
        for post in 0..person.videos {
            let seen = document.posts.iter().find(|seen| seen.id == id(person, post)).unwrap();
            let truth = views(person, post);
            assert!(seen.views == Some(truth / 100 * 100) || seen.views == Some(truth), "{:?} {truth}", seen.views);
            assert_eq!(seen.caption.as_deref(), Some(format!("caption {post} of {}", person.handle).as_str()));
        }
    }
    assert!(learned.text.contains("[data-q=\"followers-x\"]"), "{}", learned.text);
}

#[test]
fn where_every_class_is_new_on_every_page_labels_tell_the_counts() {
    // Hashes per page, as some sites make them: only the words stay.
    let site = Lessons::new(6, |person| {
        let salt = person.followers;
        rendered(person, move |part| format!("class=\"k{:x}{}\"", salt.wrapping_mul(0x9e37_79b9), part.len()))
    });
    let learned = site.learn().unwrap();
    site.check(&learned, &["followers", "following", "likes"]);
    assert!(learned.text.contains("label = \"followers\""), "{}", learned.text);
}

#[test]
fn strangers_pasts_teach_nothing_and_four_profiles_are_too_few() {
    for shift in 1..4 {
        let site = Lessons::new(7, |person| rendered(person, |part| format!("data-q=\"{part}-x\"")));
        let learned = site.learn_in((0..7).collect(), shift);
        let counts = learned.iter().flat_map(|learned| &learned.findings).filter(|f| f.field != "username");
        assert_eq!(counts.count(), 0, "shuffled by {shift}");
    }
    let few = Lessons::new(4, |person| embedded(person, "__CLIPS_STATE__"));
    let counts = few.learn().map(|learned| learned.findings.iter().filter(|f| f.field == "followers").count());
    assert!(counts.is_none_or(|counts| counts == 0));
    let enough = Lessons::new(5, |person| embedded(person, "__CLIPS_STATE__"));
    assert!(enough.learn().is_some());
}

#[test]
fn a_number_that_may_be_cut_is_never_called_exact() {
    // The keys hold cut numbers alone: 48200 for 48211.
    let site = Lessons::new(6, |person| {
        let cut = |count: u64| if count < 10_000 { count } else { count / 100 * 100 };
        let cut = Person { followers: cut(person.followers), likes: cut(person.likes), ..Person { ..*person } };
        embedded(&cut, "__CLIPS_STATE__")
    });
    let Some(learned) = site.learn() else { return };
    let set = parse(&learned.text, "learned").unwrap();
    let tiktok = platform::get(&tiktok()).unwrap();
    for (person, capture) in site.people.iter().zip(&site.captures) {
        let document = platform::read(tiktok.as_ref(), capture, &set, 30);
        let followers = document.profile.as_ref().and_then(|profile| profile.followers);
        let note = document.fields.get("profile.followers");
        if followers.is_some_and(|seen| seen != person.followers) {
            assert_eq!(serde_json::to_value(note.unwrap().precision).unwrap(), "rounded", "{}", person.handle);
        }
    }
}

/// The profile and its list in a response of an address that nobody knows, with an id in it.
fn answered(person: &Person) -> Capture {
    let clips: Vec<Value> = (0..person.videos)
        .map(|post| {
            json!({"cid": id(person, post), "txt": format!("caption {post} of {}", person.handle),
                "plays": views(person, post), "by": {"slug": person.handle}})
        })
        .collect();
    let body = json!({"res": {"acct": {"slug": person.handle, "label": format!("Name of {}", person.handle),
        "uid": uid(person), "about": format!("{} likes tea", person.handle), "fans": person.followers,
        "subs": person.following, "hearts": person.likes, "clips": person.videos}, "feed": {"list": clips, "more": false}}});
    let mut capture = capture(person.handle, "<html><head></head><body><p>loading</p></body></html>".to_owned());
    capture.pages[0].responses.push(KeptResponse {
        url: format!("https://www.tiktok.com/api/creator/feed/v3/{}/first?cursor=0&msToken=x", uid(person)),
        method: "GET".to_owned(),
        request_body: None,
        status: 200,
        headers: Vec::new(),
        body: body.to_string(),
    });
    capture
}

#[test]
fn data_that_moved_to_an_address_nobody_knew_is_learned_and_kept_from_then_on() {
    let people = people(6);
    let parent = builtin(&tiktok()).unwrap();
    let pages: Vec<Capture> = people.iter().map(answered).collect();
    let studied: Vec<Studied> = pages.iter().map(|page| Studied::of(page, &parent)).collect();
    let past: Vec<Document> = people.iter().map(known).collect();
    let lessons: Vec<Lesson<'_>> = people
        .iter()
        .zip(&studied)
        .zip(&past)
        .map(|((person, page), past)| Lesson { handle: person.handle, past, page })
        .collect();
    let learned = relearn(&parent, &lessons, 5).unwrap().unwrap();
    let visit = &learned.set.visit.profile;
    for list in [&visit.keep, &visit.ready_responses] {
        assert!(list.iter().any(|part| part == "/api/creator/feed/v3/"), "{list:?}");
    }
    assert!(parent.visit.profile.keep.iter().all(|part| visit.keep.contains(part)), "the old addresses stay");
    let site = platform::get(&tiktok()).unwrap();
    for (person, page) in people.iter().zip(&pages) {
        let read = platform::read(site.as_ref(), page, &learned.set, 6);
        let profile = read.profile.unwrap();
        assert_eq!((profile.followers, profile.likes), (Some(person.followers), Some(person.likes)));
        assert_eq!(read.posts.len(), 6, "{:?}", learned.findings);
        assert!(read.posts.iter().all(|post| post.views.is_some()));
    }
}
