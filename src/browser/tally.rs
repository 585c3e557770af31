//! Counts what came of a list while a page is scrolled, and says when that is enough. A page receives lists of others too, and
//! empty ones beside the full one: each place where the list may stand is counted apart, and what is somebody else's is passed over.

use std::collections::HashSet;

use super::list;
use super::open::Tab;
use super::spec::PagingEnd;
use crate::model::capture::KeptResponse;
use crate::model::visit::Paging;

/// What has been counted so far.
#[derive(Debug)]
pub(super) struct Tally<'p> {
    paging: &'p Paging,
    ids: HashSet<String>,
    /// The same, in the order in which they came; none where an id is no number.
    numbers: Vec<Option<u64>>,
    /// Kept responses read so far.
    responses: usize,
    /// For each of the places where the list may stand.
    told: Vec<Told>,
    /// Items that the document shows.
    pub(super) cards: usize,
}

/// What was heard of the list at one place.
#[derive(Debug, Clone, Copy, Default)]
struct Told {
    items: usize,
    /// The newest answer says that it is over.
    ended: bool,
    /// The newest answer is a refusal: to scroll on would be to ask again.
    refused: bool,
}

impl<'p> Tally<'p> {
    pub(super) fn new(paging: &'p Paging) -> Self {
        let told = vec![Told::default(); paging.lists.len()];
        Self { paging, ids: HashSet::new(), numbers: Vec::new(), responses: 0, told, cards: 0 }
    }

    pub(super) fn items(&self) -> usize {
        // A page may show an item twice; cards count only where no response carries the list.
        if self.ids.is_empty() { self.cards } else { self.ids.len() }
    }

    /// How many items are larger than all that came after them: what is pinned is out of this order, unless it is new.
    fn in_order(&self) -> usize {
        let mut largest = 0;
        let falls = |number: &&Option<u64>| {
            let number = number.unwrap_or(0);
            let falls = number > largest;
            largest = largest.max(number);
            falls
        };
        self.numbers.iter().rev().filter(falls).count()
    }

    /// Why there is nothing more to do, where the list that was seen says so.
    pub(super) fn end(&self) -> Option<PagingEnd> {
        let enough = |enough| self.in_order() >= enough;
        if self.items() >= self.paging.want || self.paging.in_order.is_some_and(enough) {
            return Some(PagingEnd::Enough);
        }
        let list = self.told.iter().filter(|told| told.items > 0).max_by_key(|told| told.items)?;
        if list.ended {
            return Some(PagingEnd::ListEnded);
        }
        list.refused.then_some(PagingEnd::Refused)
    }

    /// Why there may be nothing more to do, where nothing but an empty list or a refusal was seen. Another place may still
    /// bring the list: whoever asks waits a little.
    pub(super) fn empty_end(&self) -> Option<PagingEnd> {
        if self.told.iter().any(|told| told.items > 0) {
            return None;
        }
        if self.told.iter().any(|told| told.refused) {
            return Some(PagingEnd::Refused);
        }
        self.told.iter().any(|told| told.ended).then_some(PagingEnd::ListEnded)
    }

    /// Reads the responses that came since the last time.
    pub(super) fn read(&mut self, tab: &Tab) {
        let new: Vec<KeptResponse> = {
            let state = tab.shared.state();
            let kept = &state.traffic.kept;
            let new = kept.get(self.responses..).unwrap_or_default().to_vec();
            self.responses = kept.len();
            new
        };
        new.iter().for_each(|response| self.take(response));
    }

    fn take(&mut self, response: &KeptResponse) {
        for (list, told) in self.paging.lists.iter().zip(&mut self.told) {
            if !response.url.contains(&list.url) {
                continue;
            }
            if response.status >= 400 || response.body.is_empty() {
                told.refused = true;
                continue;
            }
            let Some(seen) = list::read(&response.body, list, self.paging.of.as_deref()) else { continue };
            // Another kind of answer at the same address, or somebody else's list.
            if seen.foreign || (seen.ids.is_empty() && seen.more.is_none()) {
                continue;
            }
            *told = Told { items: told.items + seen.ids.len(), ended: seen.more == Some(false), refused: false };
            for id in seen.ids {
                let number = id.parse().ok();
                if self.ids.insert(id) {
                    self.numbers.push(number);
                }
            }
        }
    }
}

/// Whether a response carries somebody else's list at one of these places.
pub(super) fn is_foreign(response: &KeptResponse, paging: &Paging) -> bool {
    let of = paging.of.as_deref();
    let mut lists = paging.lists.iter().filter(|list| response.url.contains(&list.url));
    lists.any(|list| list::read(&response.body, list, of).is_some_and(|seen| seen.foreign))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::*;
    use crate::model::visit::ResponseList;

    fn paging() -> Paging {
        let keys = |text: &str| text.split('.').map(str::to_owned).collect::<Vec<_>>();
        let list = |url: &str, list: &str, more: &str| ResponseList {
            url: url.to_owned(),
            list: keys(list),
            id: keys("id"),
            owner: keys("author.name"),
            more: keys(more),
        };
        Paging {
            want: 30,
            in_order: None,
            of: Some("ghost".to_owned()),
            lists: vec![list("/list", "items", "more"), list("/info", "user.items", "user.more")],
            cards: None,
            max_steps: 5,
            stall: Duration::from_secs(3),
        }
    }

    fn got(url: &str, status: u16, body: &Value) -> KeptResponse {
        KeptResponse {
            url: format!("https://a.test{url}"),
            method: "GET".to_owned(),
            request_body: None,
            status,
            headers: Vec::new(),
            body: body.to_string(),
        }
    }

    fn items(from: u32, author: &str, more: bool) -> Value {
        let items: Vec<Value> =
            (from..from + 12).map(|n| json!({"id": n.to_string(), "author": {"name": author}})).collect();
        json!({"items": items, "more": more})
    }

    #[test]
    fn the_end_of_anothers_list_or_of_an_empty_one_is_no_end_of_ours() {
        let paging = paging();
        let mut tally = Tally::new(&paging);
        tally.take(&got("/info", 200, &json!({"user": {"items": [], "more": false}})));
        assert_eq!((tally.end(), tally.empty_end()), (None, Some(PagingEnd::ListEnded)));
        tally.take(&got("/list", 200, &items(0, "Ghost", true)));
        tally.take(&got("/list", 200, &items(50, "other.star", false)));
        tally.take(&got("/info", 400, &json!({})));
        assert_eq!((tally.items(), tally.end(), tally.empty_end()), (12, None, None));
        tally.take(&got("/list", 200, &items(12, "ghost", false)));
        assert_eq!((tally.items(), tally.end()), (24, Some(PagingEnd::ListEnded)));
    }

    #[test]
    fn a_refusal_of_the_list_itself_ends_it() {
        let paging = paging();
        let mut tally = Tally::new(&paging);
        tally.take(&got("/list", 200, &items(0, "ghost", true)));
        tally.take(&got("/list", 429, &json!({})));
        assert_eq!(tally.end(), Some(PagingEnd::Refused));
        assert!(is_foreign(&got("/list", 200, &items(0, "other", true)), &paging));
        assert!(!is_foreign(&got("/list", 200, &items(0, "ghost", true)), &paging));
    }
}
