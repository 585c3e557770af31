//! What can go wrong with a page through no fault of the profile: dying renderers, scripts without end, requests
//! without answer. A rule says where to plant which fault.

use serde::{Deserialize, Serialize};

use super::catalogue::{Role, Site};
use super::http::{Fate, Reply};
use super::world::World;

/// A fault of a profile page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// A script makes the renderer process die.
    RendererCrash,
    /// A script loops without end.
    EndlessScript,
    /// The page's request is never answered.
    HangingPage,
    /// The page is there; its calls for posts are never answered.
    HangingApi,
    /// The connection ends in the middle of the page.
    CutOff,
    /// A script opens an `alert()`.
    Dialog,
    /// The page comes as a file to download.
    Download,
    /// The page redirects to itself.
    RedirectLoop,
}

/// Where to plant a fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// What goes wrong.
    pub kind: FaultKind,
    /// Only on this platform; both where absent.
    #[serde(default)]
    pub platform: Option<String>,
    /// Only for this handle; all where absent.
    #[serde(default)]
    pub handle: Option<String>,
    /// Only in every n-th profile page that the replica serves; every one where absent.
    #[serde(default)]
    pub every: Option<u64>,
}

/// The fault that this profile page gets. Counts the page.
pub(super) fn fault_of_page(world: &World, site: Site, handle: &str, role: Role) -> Option<FaultKind> {
    let mut changes = world.changes();
    changes.pages += 1;
    let page = changes.pages;
    let planted = changes.faults.iter().find(|rule| {
        rule.platform.as_deref().is_none_or(|p| p == site.name())
            && rule.handle.as_deref().is_none_or(|h| h == handle)
            && rule.every.is_none_or(|n| n > 0 && page.is_multiple_of(n))
    });
    let fault = planted.map(|rule| rule.kind).or_else(|| fault_of_role(role));
    let key = (site, handle.to_owned());
    if fault == Some(FaultKind::HangingApi) {
        changes.hanging.insert(key);
    } else {
        changes.hanging.remove(&key);
    }
    fault
}

/// The fault that comes with the part a profile plays.
fn fault_of_role(role: Role) -> Option<FaultKind> {
    if role == Role::CrashingPage {
        Some(FaultKind::RendererCrash)
    } else if role == Role::EndlessPage {
        Some(FaultKind::EndlessScript)
    } else if role == Role::HangingPage {
        Some(FaultKind::HangingPage)
    } else {
        None
    }
}

/// The script to put at the end of the page, for faults that are scripts.
pub(super) const fn script(kind: FaultKind) -> Option<&'static str> {
    match kind {
        FaultKind::RendererCrash => Some(include_str!("pages/crash.js")),
        FaultKind::EndlessScript => Some("addEventListener('load',()=>setTimeout(()=>{for(;;){}},30));"),
        FaultKind::Dialog => Some("addEventListener('load',()=>alert('Are you still there?'));"),
        FaultKind::HangingPage
        | FaultKind::HangingApi
        | FaultKind::CutOff
        | FaultKind::Download
        | FaultKind::RedirectLoop => None,
    }
}

/// The page with a fault that is not a script.
pub(super) fn applied(page: Reply, fault: Option<FaultKind>, path: &str) -> Reply {
    match fault {
        Some(FaultKind::HangingPage) => page.fated(Fate::Withheld),
        Some(FaultKind::CutOff) => page.fated(Fate::CutOff),
        Some(FaultKind::RedirectLoop) => Reply::redirect(path.to_owned()),
        Some(FaultKind::Download) => Reply::new(200, "application/octet-stream", page.body)
            .with("content-disposition", "attachment; filename=profile.bin".to_owned()),
        Some(FaultKind::RendererCrash | FaultKind::EndlessScript | FaultKind::HangingApi | FaultKind::Dialog)
        | None => page,
    }
}
