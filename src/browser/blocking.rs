//! What a page does not request. Three things decide it: the session's level, the picture that a visit wants, and the moment.
//!
//! A picture of the window needs the window's images alone, and needs them last. So they are held back while the data comes and
//! requested when the picture is taken: what lies below the window is then never loaded, decoded or painted. Until then a held
//! image must not look broken to the page, which might put a placeholder in its place: the `error` event of images is
//! stopped before the page hears it, from a script world that the page cannot see.

use chromiumoxide::cdp::browser_protocol::network::{BlockPattern, SetBlockedUrLsParams};
use chromiumoxide::cdp::browser_protocol::page::AddScriptToEvaluateOnNewDocumentParams;

use super::config::Config;
use super::error::BrowserError;
use super::open::Tab;
use super::spec::{Blocking, SessionSpec};
use crate::model::job::Frame;

/// What is held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    /// Nothing.
    Nothing,
    /// What neither data nor picture needs.
    Useless,
    /// Images as well.
    Images,
    /// Images as well, and the page is not painted: nobody looks at it.
    Sight,
    /// Images as well, until the picture is taken; the page is painted once they are there.
    ImagesUntilPicture,
}

/// Stops the error events of held images until the named event tells that they are let go.
const HOLD: &str = "(name => { let held = true;
    window.addEventListener('error', event => { if (held && event.target instanceof HTMLImageElement) event.stopImmediatePropagation() }, true);
    document.addEventListener(name, () => { held = false }) })";

/// Paints nothing until the named event: of a page that is only read not at all, of one whose picture is taken once and not anew
/// for each thing that comes. Layout, and what observes it, goes on.
const VEIL: &str = "(name => { const veil = new CSSStyleSheet(); veil.replaceSync('html { opacity: 0 !important }');
    document.adoptedStyleSheets.push(veil);
    document.addEventListener(name, () => { document.adoptedStyleSheets = document.adoptedStyleSheets.filter(s => s !== veil) }) })";

/// Requests again the images that were held back and stand in the window.
const REVEAL: &str = "(name => { document.dispatchEvent(new Event(name)); scrollTo(0, 0);
    const seen = e => { const r = e.getBoundingClientRect();
        return r.width > 1 && r.height > 1 && r.bottom > 0 && r.right > 0 && r.top < innerHeight && r.left < innerWidth };
    for (const i of document.images) if (!i.naturalWidth && (i.currentSrc || i.src) && seen(i)) { i.loading = 'eager';
        if (i.srcset) i.srcset = i.srcset; else i.src = i.src }
    for (const e of document.querySelectorAll('[style*=\"url(\"]')) if (seen(e)) { const image = e.style.backgroundImage;
        if (image) { e.style.backgroundImage = 'none'; e.getBoundingClientRect(); e.style.backgroundImage = image } } })";

/// Empties the places of images that will not come. Their alternative texts would make a picture larger than the images do: too
/// large for its budget, so that it had to be encoded twice.
const BLANK: &str = "(() => { const style = document.createElement('style'); style.textContent = 'img { visibility: hidden !important }';
    (document.head || document.documentElement).append(style) })()";

/// What a visit holds back.
pub(super) fn plan(spec: &SessionSpec, config: &Config, picture: Option<Frame>) -> Held {
    // A recording is to be a whole page.
    let late = config.late_images && spec.record_to.is_none();
    match (spec.blocking, picture) {
        (Blocking::None, _) | (_, Some(Frame::FullPage)) => Held::Nothing,
        (Blocking::Lean | Blocking::Faithful, None) if late => Held::Sight,
        (Blocking::Lean, _) => Held::Images,
        (Blocking::Faithful, Some(Frame::Viewport)) if late => Held::ImagesUntilPicture,
        (Blocking::Faithful, _) => Held::Useless,
    }
}

/// What a caller who steers the context itself holds back: it may look at any time.
pub(super) fn steered(spec: &SessionSpec) -> Held {
    match spec.blocking {
        Blocking::None => Held::Nothing,
        Blocking::Faithful => Held::Useless,
        Blocking::Lean => Held::Images,
    }
}

/// Tells Chromium, before a navigation, what it may not request.
pub(super) async fn hold(tab: &Tab, config: &Config, held: Held) {
    let useless = config.block_urls.iter().filter(|_| held != Held::Nothing);
    let holds_images = matches!(held, Held::Images | Held::Sight | Held::ImagesUntilPicture);
    let images = config.block_urls_lean.iter().filter(|_| holds_images);
    block(tab, useless.chain(images)).await;
    if holds_images && tab.first_hold() {
        at_start(tab, format!("{HOLD}('{}')", tab.target)).await;
    }
    if matches!(held, Held::Sight | Held::ImagesUntilPicture) && tab.first_veil() {
        at_start(tab, format!("{VEIL}('{}')", lift(tab))).await;
    }
}

/// Has this script run at the start of each document, in a world of its own.
async fn at_start(tab: &Tab, script: String) {
    let mut script = AddScriptToEvaluateOnNewDocumentParams::new(script);
    script.world_name = Some("sentinel".to_owned());
    tab.link().post(Some(&tab.session), script).await;
}

/// The event that lifts the veil.
fn lift(tab: &Tab) -> String {
    format!("{}-seen", tab.target)
}

/// A statement that has the page painted after all, where it is not.
pub(super) fn unveiling(tab: &Tab) -> String {
    if tab.is_veiled() { format!("document.dispatchEvent(new Event('{}'))", lift(tab)) } else { "null".to_owned() }
}

/// Lets go of the images that were held back.
pub(super) async fn reveal(tab: &Tab, config: &Config) -> Result<(), BrowserError> {
    block(tab, config.block_urls.iter()).await;
    super::evaluate::evaluate(tab, &format!("{REVEAL}('{}')", tab.target), config.command_timeout()).await.map(drop)
}

/// Shows nothing where images were left out.
pub(super) async fn blank(tab: &Tab, config: &Config) -> Result<(), BrowserError> {
    super::evaluate::evaluate(tab, BLANK, config.command_timeout()).await.map(drop)
}

/// Commands are carried out in order, so what is sent after this is under the new rule.
async fn block(tab: &Tab, patterns: impl Iterator<Item = &String>) {
    let patterns = patterns.map(|pattern| BlockPattern::new(pattern.as_str(), true)).collect();
    tab.link().post(Some(&tab.session), SetBlockedUrLsParams { url_patterns: Some(patterns) }).await;
}
