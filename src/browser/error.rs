//! What can go wrong between us and a page, and which fault each is. No message repeats a proxy's credentials, a cookie
//! or a page's content.

use std::path::PathBuf;
use std::time::Duration;

use super::har::HarError;
use crate::model::fault::Fault;

/// Why a page could not be visited.
#[derive(Debug, thiserror::Error)]
pub enum BrowserError {
    /// No Chromium on this machine.
    #[error(
        "no Chromium found (looked for {looked_for}): install one (Debian, Ubuntu: apt-get install chromium-headless-shell, or chromium) \
         or name it in [browser] executable"
    )]
    NotInstalled {
        /// Where it was looked for.
        looked_for: String,
    },
    /// Chromium is there and does not start.
    #[error("{program} did not start: {reason}; try `{program} --headless --dump-dom about:blank` to see why")]
    Launch {
        /// What was started.
        program: String,
        /// What it said.
        reason: String,
    },
    /// The profile folder cannot be made.
    #[error("cannot make a profile folder in {}: {source}; set [browser] profile_folder to a folder that can be written", folder.display())]
    Folder {
        /// Where.
        folder: PathBuf,
        /// The system's word.
        source: std::io::Error,
    },
    /// A setting or a session's wish that cannot be fulfilled.
    #[error("{what}: {reason}")]
    Unusable {
        /// Which one.
        what: String,
        /// Why, and what would do.
        reason: String,
    },
    /// Every context stayed in use.
    #[error(
        "no browser context became free within {waited:?}: lower the number of workers or raise [browser] contexts_per_process"
    )]
    Busy {
        /// How long it was waited for.
        waited: Duration,
    },
    /// The browser process ended or broke its connection.
    #[error("the browser went away while {doing}")]
    Gone {
        /// What was being done.
        doing: String,
    },
    /// The page's renderer died.
    #[error("the page {url} crashed its renderer")]
    Crashed {
        /// Which page.
        url: String,
    },
    /// Something took too long.
    #[error("{doing} took more than {limit:?}")]
    Timeout {
        /// What was being done.
        doing: String,
        /// What it may take.
        limit: Duration,
    },
    /// The document could not be loaded.
    #[error("cannot load {url}: {reason}")]
    Navigation {
        /// Which page.
        url: String,
        /// Chromium's word for it, as in `net::ERR_NAME_NOT_RESOLVED`.
        reason: String,
    },
    /// The proxy itself failed: the only case in which an egress may be replaced.
    #[error("the proxy {proxy} failed for {url}: {reason}")]
    Proxy {
        /// Its address, without credentials.
        proxy: String,
        /// Which page.
        url: String,
        /// Chromium's word for it.
        reason: String,
    },
    /// A bound was exceeded.
    #[error("{url} sent more than allowed: {what} above {limit} (see [browser] max_*)")]
    TooBig {
        /// Which page.
        url: String,
        /// What there was too much of.
        what: &'static str,
        /// The bound.
        limit: u64,
    },
    /// A command was refused by the browser, or a script failed in the page.
    #[error("the browser refused {command}: {reason}")]
    Refused {
        /// Which command.
        command: String,
        /// Its word.
        reason: String,
    },
    /// The session ended with an earlier failure.
    #[error("this session ended with an earlier failure; open a new one")]
    SessionOver,
    /// The browser was shut down.
    #[error("the browser has been shut down")]
    ShutDown,
    /// A replay was asked for what was never recorded.
    #[error("{url} is not in the recording")]
    NotRecorded {
        /// Which page.
        url: String,
    },
    /// Only a real Chromium can do it.
    #[error("{what} needs a real browser; this one replays a recording")]
    NeedsChromium {
        /// What was asked for.
        what: &'static str,
    },
    /// A HAR file cannot be used.
    #[error(transparent)]
    Har(#[from] HarError),
}

impl BrowserError {
    /// What the engine makes of it. A browser never sees a refusal or an absence: those are pages, and pages are judged elsewhere.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::NotInstalled { .. }
            | Self::Launch { .. }
            | Self::Folder { .. }
            | Self::Busy { .. }
            | Self::Gone { .. }
            | Self::Crashed { .. }
            | Self::Timeout { .. }
            | Self::Navigation { .. }
            | Self::Proxy { .. }
            | Self::TooBig { .. }
            | Self::Refused { .. }
            | Self::SessionOver
            | Self::ShutDown => Fault::Transient,
            Self::Unusable { .. } | Self::NotRecorded { .. } | Self::NeedsChromium { .. } | Self::Har(_) => {
                Fault::Defect
            }
        }
    }

    /// Whether the proxy, and not the site, failed.
    #[must_use]
    pub fn is_proxy(&self) -> bool {
        matches!(self, Self::Proxy { .. })
    }
}
