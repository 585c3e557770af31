//! The settings of the browser room: section `[browser]` of `config.toml`, where every key is explained.
//! There is no default here, so that there is only one list of defaults.

use std::time::Duration;

/// Section `[browser]`.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Path of the Chromium to run; empty for the best one installed.
    pub executable: String,
    /// Whether to run without Chromium's sandbox even where we are not root.
    pub no_sandbox: bool,
    /// Folder for profile folders; empty for the system's temporary folder.
    pub profile_folder: String,
    /// Browser processes; 0 for one per two cores.
    pub processes: usize,
    /// Contexts per process.
    pub contexts_per_process: usize,
    /// Longest wait for a free context.
    pub context_wait_ms: u64,
    /// Longest start of a browser.
    pub launch_timeout_ms: u64,
    /// Longest single command.
    pub command_timeout_ms: u64,
    /// Longest load of a document.
    pub navigation_timeout_ms: u64,
    /// Longest visit.
    pub visit_timeout_ms: u64,
    /// Rest of a loaded page after which its data is no longer waited for; 0 for never.
    pub rest_ms: u64,
    /// A browser's age at which it is replaced.
    pub recycle_after_s: u64,
    /// Contexts after which a browser is replaced.
    pub recycle_after_contexts: u64,
    /// Memory above which a browser is replaced.
    pub recycle_above_bytes: u64,
    /// Failed pages after which a browser is replaced.
    pub recycle_after_failures: u64,
    /// The window's width.
    pub viewport_width_px: u32,
    /// The window's height.
    pub viewport_height_px: u32,
    /// The pages' language, as in `en-US`.
    pub locale: String,
    /// The pages' time zone, as in `Europe/Berlin`.
    pub timezone: String,
    /// The operator's own user agent; empty for Chromium's.
    pub user_agent: String,
    /// How pictures are encoded.
    pub picture_format: PictureFormat,
    /// Quality of JPEG and WebP, 1 to 100.
    pub picture_quality: u8,
    /// Longest wait for a picture's images.
    pub picture_wait_ms: u64,
    /// Largest height of a full-page picture.
    pub picture_max_height_px: u32,
    /// Largest response.
    pub max_response_bytes: usize,
    /// Most responses kept.
    pub max_responses: usize,
    /// Most bytes received.
    pub max_visit_bytes: u64,
    /// Largest document.
    pub max_html_bytes: usize,
    /// Whether images are requested only when and where a picture shows them.
    pub late_images: bool,
    /// Most bytes of compiled scripts kept for later pages; 0 for none.
    pub code_cache_bytes: usize,
    /// URL patterns never requested except by a session with [`Blocking::None`](super::Blocking::None).
    pub block_urls: Vec<String>,
    /// URL patterns that a [`Blocking::Lean`](super::Blocking::Lean) session does not request either.
    pub block_urls_lean: Vec<String>,
}

/// How a picture is encoded by the browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PictureFormat {
    /// The least work: Chromium encodes it while it copies.
    Jpeg,
    /// Smaller; costs Chromium 0.13 CPU-seconds more.
    Webp,
    /// Lossless, to be encoded by us.
    Png,
}

impl Config {
    pub(super) fn command_timeout(&self) -> Duration {
        Duration::from_millis(self.command_timeout_ms)
    }

    pub(super) fn navigation_timeout(&self) -> Duration {
        Duration::from_millis(self.navigation_timeout_ms)
    }

    pub(super) fn visit_timeout(&self) -> Duration {
        Duration::from_millis(self.visit_timeout_ms)
    }
}
