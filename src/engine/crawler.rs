//! The step "crawl" as the workers see it: a job goes in, what was seen comes out. Two implementations exist: the path with
//! its browser, and the scripted one of the chaos tests, which must kill its process, hang and ignore its end on demand.
//! What a worker owes a job (lease, fence, order of commits) is the same for both, and is proved with both.

use std::sync::Arc;

use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::crawl::{self, CrawlError, Crawled};
use super::rooms::Rooms;
use crate::browser::{Browser, SessionSpec};
use crate::gate::Permit;
use crate::model::job::Job;

/// Where a crawl runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// Beside others, in the browsers that all share.
    Shared,
    /// Alone in its process, with a browser of its own: workers have died of this job.
    Alone,
}

/// One job's turn at the crawler.
#[derive(Debug)]
pub struct CrawlTurn {
    /// The job.
    pub job: Job,
    /// Which attempt it is, 1 for the first.
    pub attempt: u32,
    /// Where it is to run.
    pub isolation: Isolation,
    /// The right to load pages. The worker reports it.
    pub permit: Permit,
    /// Cancelled when the turn is over and the crawl has not ended by itself: its browser context is to be killed.
    pub kill: CancellationToken,
}

/// Crawls one profile. The future is dropped when the job is cancelled, its lease is lost or its time is over.
pub trait Crawler: Send + Sync + 'static {
    /// Crawls.
    ///
    /// # Errors
    /// When nothing could be had. A refusal by the site is no error: it is a document.
    fn crawl<'a>(&'a self, turn: &'a mut CrawlTurn) -> BoxFuture<'a, Result<Crawled, CrawlError>>;
}

/// The real path.
pub(super) struct Path(pub(super) Arc<Rooms>);

impl Crawler for Path {
    fn crawl<'a>(&'a self, turn: &'a mut CrawlTurn) -> BoxFuture<'a, Result<Crawled, CrawlError>> {
        Box::pin(async move {
            let spec = SessionSpec { kill: turn.kill.clone(), ..SessionSpec::default() };
            match turn.isolation {
                Isolation::Shared => crawl::crawl(&self.0, &self.0.browser, &turn.job, &mut turn.permit, &spec).await,
                Isolation::Alone => {
                    let mut config = self.0.config.browser.clone();
                    (config.processes, config.contexts_per_process) = (1, 1);
                    let own = Browser::start(&config, self.0.clock).await?;
                    let crawled = crawl::crawl(&self.0, &own, &turn.job, &mut turn.permit, &spec).await;
                    own.shutdown().await;
                    crawled
                }
            }
        })
    }
}
