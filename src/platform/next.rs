//! Which page a crawl loads next: the profile first, then, where the profile's page does not show the counts of its
//! posts, the posts' own pages, newest first, as far as the crawl's page loads reach.

use std::time::Duration;

use crate::model::capture::{Capture, CapturedPage};
use crate::model::document::{Outcome, Post};
use crate::model::selectors::{PageHints, SelectorSet};
use crate::model::visit::{Paging, Purpose, Ready, ResponseList, Visit};

use super::{CrawlPlan, Platform, read};

/// The next page worth loading, or none.
pub(super) fn next(platform: &dyn Platform, plan: &CrawlPlan, capture: &Capture, set: &SelectorSet) -> Option<Visit> {
    if capture.pages.len() >= plan.page_loads {
        return None;
    }
    if capture.pages.is_empty() {
        let path = platform.profile_path(&plan.target.handle);
        let want = usize::from(plan.posts) + usize::from(set.visit.pinned_allowance);
        let mut visit = visit(plan, Purpose::Profile, &path, &set.visit.profile, want);
        visit.picture = Some(plan.frame);
        if let Some(paging) = visit.paging.as_mut().filter(|_| set.visit.ids_in_time) {
            paging.in_order = Some(usize::from(plan.posts));
        }
        return Some(visit);
    }
    let hints = set.visit.post.as_ref()?;
    // One refused post page is enough: the next would be refused too, and every load costs the site's patience. A post that is
    // gone is no refusal, but two in a row may be one.
    let refused = |page: &CapturedPage| page.status.is_some_and(|status| status >= 400) && !is_gone(page);
    if capture.pages.iter().skip(1).any(refused) {
        return None;
    }
    let gone = capture.pages.iter().skip(1).rev().take_while(|page| is_gone(page)).count();
    if gone >= 2 {
        return None;
    }
    // The profile's page and the last post's tell all that is asked here; reading all of them each time would cost more
    // than the pages themselves.
    let mut pages: Vec<_> = capture.pages.first().into_iter().cloned().collect();
    pages.extend(capture.pages.iter().skip(1).last().cloned());
    let glance = Capture { target: capture.target.clone(), pages, ..Capture::default() };
    let document = read(platform, &glance, set, plan.posts);
    if !matches!(document.outcome, Outcome::Ok | Outcome::Partial) {
        return None;
    }
    // A post page that brought nothing new tells that the others will not either.
    let last = capture.pages.iter().skip(1).last().map(|page| &page.purpose);
    let just_visited = |post: &&Post| matches!(last, Some(Purpose::Post(key)) if names(post, key));
    let wants = &set.visit.post_wants;
    let brought_nothing = |post: &Post| wants.iter().all(|want| missing(post, want));
    if gone == 0 && document.posts.iter().find(just_visited).is_some_and(brought_nothing) {
        return None;
    }
    let visited =
        |post: &Post| capture.pages.iter().any(|page| matches!(&page.purpose, Purpose::Post(key) if names(post, key)));
    let post = document.posts.iter().find(|post| !visited(post) && wants.iter().any(|want| missing(post, want)))?;
    let key = post.code.clone().unwrap_or_else(|| post.id.clone());
    let path = platform.post_path(&plan.target.handle, &key);
    Some(visit(plan, Purpose::Post(key), &path, hints, 0))
}

/// Whether the page's post does not exist any more.
fn is_gone(page: &CapturedPage) -> bool {
    matches!(page.status, Some(404 | 410))
}

/// Whether a post goes by this code or id.
fn names(post: &Post, key: &str) -> bool {
    key == post.id || Some(key) == post.code.as_deref()
}

/// Whether a post lacks this count.
fn missing(post: &Post, count: &str) -> bool {
    match count {
        "views" => post.views.is_none(),
        "likes" => post.likes.is_none(),
        "comments" => post.comments.is_none(),
        _ => false,
    }
}

fn visit(plan: &CrawlPlan, purpose: Purpose, path: &str, hints: &PageHints, want: usize) -> Visit {
    let responses = hints.ready_responses.iter().cloned().map(Ready::Response);
    let elements = hints.ready_elements.iter().cloned().map(Ready::Element);
    Visit {
        purpose,
        url: format!("{}{path}", plan.base_url.as_str().trim_end_matches('/')),
        keep: hints.keep.clone(),
        ready: responses.chain(elements).collect(),
        patience: Duration::from_millis(hints.patience_ms),
        paging: hints.paging.as_ref().map(|paging| Paging {
            want,
            in_order: None,
            of: Some(plan.target.handle.as_str().to_lowercase()),
            lists: paging
                .lists
                .iter()
                .map(|list| ResponseList {
                    url: list.url.clone(),
                    list: list.list.clone(),
                    id: list.id.clone(),
                    owner: list.owner.clone(),
                    more: list.more.clone(),
                })
                .collect(),
            cards: paging.cards.clone(),
            max_steps: paging.max_steps,
            stall: Duration::from_millis(paging.stall_ms),
        }),
        picture: None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use url::Url;

    use super::*;
    use crate::extract::selectors::builtin;
    use crate::model::capture::KeptResponse;
    use crate::model::job::{Frame, PlatformId};
    use crate::platform::{get, parse_target};

    fn plan(target: &str, page_loads: usize) -> CrawlPlan {
        let base_url = Url::parse("http://127.0.0.1:8085/").unwrap();
        CrawlPlan { target: parse_target(target).unwrap(), posts: 30, frame: Frame::Viewport, base_url, page_loads }
    }

    fn visited(purpose: Purpose, html: &str, body: &str) -> CapturedPage {
        let response = KeptResponse {
            url: String::new(),
            method: "GET".to_owned(),
            request_body: None,
            status: 200,
            headers: Vec::new(),
            body: body.to_owned(),
        };
        CapturedPage {
            purpose,
            url: String::new(),
            final_url: String::new(),
            redirects: Vec::new(),
            status: Some(200),
            headers: Vec::new(),
            html: html.to_owned(),
            responses: vec![response],
        }
    }

    fn step(plan: &CrawlPlan, capture: &Capture) -> Option<Visit> {
        let id: &PlatformId = &plan.target.platform;
        next(&*get(id).unwrap(), plan, capture, &builtin(id).unwrap())
    }

    #[test]
    fn the_profile_comes_first_and_pages_until_the_posts_and_the_pinned_are_there() {
        let visit = step(&plan("@nasa@tiktok", 12), &Capture::default()).unwrap();
        assert_eq!(visit.url, "http://127.0.0.1:8085/@nasa");
        assert!(visit.paging.unwrap().want >= 33);
        assert!(visit.keep.iter().any(|part| part == "/api/post/item_list"));
        assert_eq!(visit.picture, Some(Frame::Viewport));
    }

    #[test]
    fn posts_without_counts_are_visited_newest_first_within_the_page_loads() {
        let post = |pk: u64| json!({"node": {"pk": pk.to_string(), "media_type": 1, "user": {"username": "nasa"}}});
        let list = json!({"data": {"xig_user_by_username": {"polaris_ordered_timeline_connection": {"edges": [
            post(3_465_880_498_545_589_704), post(3_565_880_498_545_589_704)], "page_info": {"has_next_page": false}}}}});
        let mut capture = Capture {
            target: Some(parse_target("@nasa@instagram").unwrap()),
            pages: vec![visited(Purpose::Profile, "<p>", &list.to_string())],
            ..Capture::default()
        };
        let first = step(&plan("@nasa@instagram", 12), &capture).unwrap();
        assert_eq!(first.url, "http://127.0.0.1:8085/p/DF8jWurTX3I/");
        assert_eq!(step(&plan("@nasa@instagram", 1), &capture), None, "the page loads are spent");
        let meta = "<meta property='og:url' content='https://www.instagram.com/p/DF8jWurTX3I/'><meta name='twitter:title' \
            content='NASA (@nasa) • Instagram photo'><meta property='og:description' content='298K likes, 553 comments - nasa on May 1'>";
        capture.pages.push(visited(first.purpose.clone(), meta, "{}"));
        let second = step(&plan("@nasa@instagram", 12), &capture).unwrap();
        assert_ne!(second.url, first.url);
        capture.pages[1].html = "<p>nothing</p>".to_owned();
        assert_eq!(step(&plan("@nasa@instagram", 12), &capture), None, "a page that brought nothing ends it");
        capture.pages[1].status = Some(404);
        assert_eq!(step(&plan("@nasa@instagram", 12), &capture), Some(second.clone()), "a post that is gone does not");
        capture.pages.push(CapturedPage { purpose: second.purpose, ..capture.pages[1].clone() });
        assert_eq!(step(&plan("@nasa@instagram", 12), &capture), None, "two in a row do");
    }
}
