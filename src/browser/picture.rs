//! Takes a picture of a page as a visitor sees it: the images that it shows are waited for, within a bound, and Chromium
//! encodes it straight in the format that is kept. A page longer than two windows is painted at half its size: it would be
//! halved afterwards to fit its budget, and Chromium needs a third to a half of the processor time for it.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chromiumoxide::cdp::browser_protocol::page::{CaptureScreenshotFormat, CaptureScreenshotParams, Viewport};

use super::config::{Config, PictureFormat};
use super::error::BrowserError;
use super::evaluate::evaluate;
use super::open::Tab;
use crate::model::capture::Picture;
use crate::model::job::Frame;

/// Scrolls to the top (a frame later the page knows what the window shows) and waits until each image in the window has come or
/// failed, has the page painted, and waits for two frames.
const SETTLE_WINDOW: &str = "(async (most, paint) => { const end = performance.now() + most, moved = scrollY > 0; scrollTo(0, 0);
    const seen = i => { const r = i.getBoundingClientRect();
        return r.width > 1 && r.height > 1 && r.bottom > 0 && r.right > 0 && r.top < innerHeight && r.left < innerWidth };
    const frame = () => new Promise(done => { requestAnimationFrame(done); setTimeout(done, 100) });
    if (moved) await frame();
    while (performance.now() < end && [...document.images].some(i => !i.complete && seen(i))) await new Promise(d => setTimeout(d, 10));
    paint(); await frame(); await frame(); return null })";

/// Scrolls through the page once, so that what loads late loads, then waits as above for all images.
const SETTLE_PAGE: &str = "(async (most, height, paint) => { const end = performance.now() + most; const root = document.scrollingElement || document.documentElement;
    for (let y = 0; y < Math.min(root.scrollHeight, height) && performance.now() < end; y += innerHeight) {
        scrollTo(0, y); await new Promise(d => setTimeout(d, 50)) }
    scrollTo(0, 0);
    while (performance.now() < end && [...document.images].some(i => !i.complete && i.getBoundingClientRect().top < height)) await new Promise(d => setTimeout(d, 25));
    paint(); await new Promise(d => requestAnimationFrame(() => requestAnimationFrame(d)));
    return [root.scrollWidth, Math.min(root.scrollHeight, height)] })";

/// Takes a picture; a page whose images do not all come is taken as it is.
pub(super) async fn take(
    tab: &Tab,
    frame: Frame,
    format: PictureFormat,
    config: &Config,
) -> Result<Picture, BrowserError> {
    let paint = super::blocking::unveiling(tab);
    let wait = config.picture_wait_ms;
    let limit = config.command_timeout() + Duration::from_millis(wait);
    let clip = match frame {
        Frame::Viewport => {
            evaluate(tab, &format!("{SETTLE_WINDOW}({wait}, () => {paint})"), limit).await?;
            None
        }
        Frame::FullPage => {
            let script = format!("{SETTLE_PAGE}({wait}, {}, () => {paint})", config.picture_max_height_px);
            let size = evaluate(tab, &script, limit).await?;
            let (_, height): (f64, f64) = serde_json::from_value(size).unwrap_or_default();
            let window = f64::from(config.viewport_height_px);
            let (height, scale) = (height.max(window), if height > 2.0 * window { 0.5 } else { 1.0 });
            Some(Viewport { x: 0.0, y: 0.0, width: f64::from(config.viewport_width_px), height, scale })
        }
    };
    let params = CaptureScreenshotParams {
        format: Some(match format {
            PictureFormat::Jpeg => CaptureScreenshotFormat::Jpeg,
            PictureFormat::Webp => CaptureScreenshotFormat::Webp,
            PictureFormat::Png => CaptureScreenshotFormat::Png,
        }),
        quality: (format != PictureFormat::Png).then(|| i64::from(config.picture_quality)),
        capture_beyond_viewport: Some(clip.is_some()),
        clip,
        from_surface: Some(true),
        optimize_for_speed: Some(true),
    };
    let taken = tab.link().call(Some(&tab.session), params).await?;
    let text: String = taken.data.into();
    let refused =
        |e: base64::DecodeError| BrowserError::Refused { command: "the picture".to_owned(), reason: e.to_string() };
    Ok(Picture { bytes: STANDARD.decode(text).map_err(refused)? })
}
