//! Work that keeps a processor busy: off the async threads, and no more of it at a time than there are processors. More at
//! once would end no sooner and hold a picture or a page each, and each thread keeps memory of its own.

use std::num::NonZero;
use std::sync::{Arc, LazyLock};

use tokio::sync::Semaphore;

use super::crawl::CrawlError;

/// One permit for each processor that this process may use.
static PROCESSORS: LazyLock<Arc<Semaphore>> =
    LazyLock::new(|| Arc::new(Semaphore::new(std::thread::available_parallelism().map_or(1, NonZero::get))));

/// Runs work when a processor is free for it; a panic in it is an error of this job alone.
pub(super) async fn on_processor<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, CrawlError> {
    let turn = Arc::clone(&PROCESSORS).acquire_owned().await;
    let done = tokio::task::spawn_blocking(move || {
        // Held until the work ends, also where nobody waits for it any more.
        let _turn = turn;
        work()
    });
    done.await.map_err(|error| CrawlError::Panicked(error.to_string()))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn no_more_works_at_a_time_than_there_are_processors_and_a_panic_is_told() {
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let all = (0..40).map(|n| {
            let (now, most) = (Arc::clone(&now), Arc::clone(&most));
            on_processor(move || {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                std::thread::yield_now();
                now.fetch_sub(1, Ordering::SeqCst);
                n
            })
        });
        let done: Vec<usize> = futures::future::try_join_all(all).await.unwrap();
        assert_eq!(done, (0..40).collect::<Vec<_>>());
        assert!(most.load(Ordering::SeqCst) <= std::thread::available_parallelism().map_or(1, NonZero::get));
        let panicked = on_processor(|| std::panic::resume_unwind(Box::new("on purpose"))).await;
        assert!(matches!(panicked, Err::<(), _>(CrawlError::Panicked(_))));
        assert_eq!(on_processor(|| 7).await.unwrap(), 7, "its turn was given back");
    }
}
