//! What a crawl says of the platform's willingness, for the gate, and what its outcome means for the job.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::crawl::{CrawlError, Crawled};
use super::rooms::Rooms;
use crate::browser::BrowserError;
use crate::gate::{Permit, Report};
use crate::model::capture::CapturedPage;
use crate::model::document::{Outcome, ShortReason};
use crate::model::fault::Fault;

/// Tells the gate how a crawl went, and ends its permit.
pub(super) async fn report(rooms: &Rooms, permit: Permit, result: &Result<Crawled, CrawlError>) {
    match result {
        Ok(crawled) => {
            let fault = willingness(crawled);
            if matches!(fault, Some(Fault::Walled { .. } | Fault::Throttled { .. })) {
                let seen = crawled.document.evidence.as_ref().map(|evidence| evidence.signal.as_str());
                let cause = seen.unwrap_or_else(|| crawled.document.outcome.as_str());
                rooms.session_retired(permit.platform(), permit.egress(), cause);
            }
            let report = Report {
                fault,
                retry_after: crawled.spent.retry_after,
                latency: (!crawled.spent.latency.is_zero()).then_some(crawled.spent.latency),
                bytes: crawled.spent.bytes,
                page_loads: crawled.spent.page_loads,
            };
            permit.report(report).await;
        }
        Err(error) => {
            if let CrawlError::Browser(BrowserError::Proxy { .. }) = error {
                rooms.ways.proxy_failed(permit.platform(), permit.egress());
            }
            // Before a page was asked for, whatever failed was ours.
            let unseen = matches!(error, CrawlError::GateClosed { .. } | CrawlError::Interrupted);
            if permit.page_loads() == 0 || unseen {
                permit.end_unseen().await;
            } else {
                permit.report(Report { fault: Some(error.fault()), ..Report::default() }).await;
            }
        }
    }
}

/// What a crawl says of the platform's willingness: the word of any answer in it that refused counts, also where the profile
/// itself was read.
fn willingness(crawled: &Crawled) -> Option<Fault> {
    let (document, spent) = (&crawled.document, &crawled.spent);
    let refused = |status| {
        let answers = |page: &CapturedPage| {
            page.status == Some(status) || page.responses.iter().any(|response| response.status == status)
        };
        crawled.capture.pages.iter().any(answers)
    };
    match fault_of(document.outcome, spent.retry_after) {
        Some(fault @ (Fault::Throttled { .. } | Fault::Walled { .. } | Fault::Transient)) => Some(fault),
        _ if refused(429) || (refused(503) && spent.retry_after.is_some()) => {
            Some(Fault::Throttled { retry_after: spent.retry_after })
        }
        None if document.coverage.reason == Some(ShortReason::BlockedMidway) => {
            Some(Fault::Walled { kind: Outcome::Blocked })
        }
        fault => fault,
    }
}

/// The longest `Retry-After` that a refusing response of this page carried: seconds, or a date.
pub(super) fn retry_after(page: &CapturedPage, now: DateTime<Utc>) -> Option<Duration> {
    let own = (page.status.unwrap_or(200), page.headers.as_slice());
    std::iter::once(own)
        .chain(page.responses.iter().map(|response| (response.status, response.headers.as_slice())))
        .filter(|(status, _)| matches!(status, 429 | 503))
        .flat_map(|(_, headers)| headers)
        .filter(|(name, _)| name.eq_ignore_ascii_case("retry-after"))
        .filter_map(|(_, value)| wait_of(value, now))
        .max()
}

fn wait_of(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let at = DateTime::parse_from_rfc2822(value.trim()).ok()?;
    (at.with_timezone(&Utc) - now).to_std().ok()
}

/// What an outcome means for the job.
#[must_use]
pub(super) fn fault_of(outcome: Outcome, retry_after: Option<Duration>) -> Option<Fault> {
    match outcome {
        Outcome::Ok | Outcome::Partial => None,
        Outcome::Private | Outcome::NotFound | Outcome::AgeGated => Some(Fault::Absent { kind: outcome }),
        Outcome::RateLimited => Some(Fault::Throttled { retry_after }),
        Outcome::LoginWall | Outcome::Captcha | Outcome::Checkpoint | Outcome::RegionBlocked | Outcome::Blocked => {
            Some(Fault::Walled { kind: outcome })
        }
        Outcome::Unavailable | Outcome::Failed => Some(Fault::Transient),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(status: u16, value: &str) -> CapturedPage {
        let page = serde_json::json!({
            "purpose": "profile", "url": "", "final_url": "", "status": status, "html": "", "responses": [],
            "headers": [["retry-after", value]],
        });
        serde_json::from_value(page).unwrap()
    }

    #[test]
    fn a_retry_after_is_read_in_seconds_and_as_a_date_and_only_where_the_answer_refused() {
        let now = DateTime::parse_from_rfc3339("2026-10-15T12:00:00Z").unwrap().to_utc();
        for (status, value, expected) in [
            (429, "7", Some(7)),
            (503, " 120 ", Some(120)),
            (429, "Thu, 15 Oct 2026 12:00:30 GMT", Some(30)),
            (429, "Thu, 15 Oct 2026 11:00:00 GMT", None),
            (429, "soon", None),
            (200, "7", None),
        ] {
            let seen = retry_after(&page(status, value), now).map(|wait| wait.as_secs());
            assert_eq!(seen, expected, "{status} {value:?}");
        }
    }
}
