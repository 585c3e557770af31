//! The switches of the site, for tests in the same process and, by `/__control/…`, for programs outside it.
//!
//! Over HTTP, each POST takes a JSON object and each answers `{"ok": true}` or 400 with the reason:
//! - `/__control/mode` `{"platform": "tiktok", "mode": "normal" | "empty_bodies" | "login_wall" | "captcha"}`, or
//!   `{…, "mode": "throttle", "retry_after_s": 7}`, `{…, "mode": "down", "status": 503}`, `{…, "mode": "latency", "ms": 200}`
//! - `/__control/redesign` `{"platform", "redesign": {"kind": "dom" | "json" | "both" | "moved" | "moved_json", "seed": 1, "share": 0.5} | null}`
//! - `/__control/fault` `{"rule": {"kind": "renderer_crash", "platform"?, "handle"?, "every"?}}`, `/__control/clear_faults`
//! - `/__control/surge` `{"platform", "handle", "factor"}`, `/__control/rename` `{"platform", "old", "new"}`
//! - `/__control/delete_posts` `{"ids": […]}`, `/__control/advance_time` `{"days"}`, `/__control/reset`,
//!   `/__control/clear_requests`
//!
//! GET reads: `/__control/requests`, `/__control/handles`, `/__control/truth/<platform>/<handle>`.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::model::job::{Handle, PlatformId};

use super::catalogue::{Site, entries};
use super::faults::FaultRule;
use super::redesign::Redesign;
use super::requests::RequestLog;
use super::truth::truth;
use super::world::{Mode, World};

/// The switches. Cheap to clone; clones switch one site. Every switch acts on the next request.
#[derive(Debug, Clone)]
pub struct Control(World);

impl Control {
    pub(super) const fn new(world: World) -> Self {
        Self(world)
    }

    /// How a site answers everyone from now on.
    pub fn set_mode(&self, site: Site, mode: Mode) {
        self.0.changes().modes.insert(site, mode);
    }

    /// Rolls out a redesign, or takes it back.
    pub fn redesign(&self, site: Site, redesign: Option<Redesign>) {
        match redesign {
            Some(redesign) => self.0.changes().redesigns.insert(site, redesign),
            None => self.0.changes().redesigns.remove(&site),
        };
    }

    /// Plants a fault; the first rule that fits a page wins.
    pub fn fault(&self, rule: FaultRule) {
        self.0.changes().faults.push(rule);
    }

    /// Removes all planted faults.
    pub fn clear_faults(&self) {
        self.0.changes().faults.clear();
    }

    /// Multiplies a profile's followers and likes, in hundredths; 1 takes it back.
    pub fn surge(&self, site: Site, handle: &Handle, factor: f64) {
        if let Some(first) = self.0.first_handle(site, handle.as_str()) {
            self.0.changes().surges.insert((site, first), factor);
        }
    }

    /// Gives a profile a new handle; the old one is free, and nobody has it.
    pub fn rename(&self, site: Site, old: &Handle, new: &Handle) {
        let Some(first) = self.0.first_handle(site, old.as_str()) else { return };
        let (old, new) = ((site, old.as_str().to_owned()), (site, new.as_str().to_owned()));
        let mut changes = self.0.changes();
        changes.renames.remove(&old);
        changes.given_up.insert(old);
        changes.given_up.remove(&new);
        changes.renames.insert(new, first);
    }

    /// Deletes posts by id.
    pub fn delete_posts(&self, ids: &[String]) {
        self.0.changes().deleted.extend(ids.iter().cloned());
    }

    /// Lets days pass: counts drift, new posts appear.
    pub fn advance_time(&self, days: u64) {
        self.0.changes().days += days;
    }

    /// Takes back everything that was switched.
    pub fn reset(&self) {
        *self.0.changes() = Default::default();
    }

    /// Who asked for what since the start or the last [`Control::clear_requests`].
    #[must_use]
    pub fn requests(&self) -> RequestLog {
        self.0.requests().read()
    }

    /// Empties the log.
    pub fn clear_requests(&self) {
        self.0.requests().clear();
    }
}

/// A command from outside, tagged with the last part of its path.
#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
enum Command {
    Mode {
        platform: String,
        #[serde(flatten)]
        mode: Mode,
    },
    Redesign {
        platform: String,
        redesign: Option<Redesign>,
    },
    Fault {
        rule: FaultRule,
    },
    ClearFaults,
    Surge {
        platform: String,
        handle: Handle,
        factor: f64,
    },
    Rename {
        platform: String,
        old: Handle,
        new: Handle,
    },
    DeletePosts {
        ids: Vec<String>,
    },
    AdvanceTime {
        days: u64,
    },
    Reset,
    ClearRequests,
}

/// Answers `/__control/<verb>`: a status and a JSON body. GET reads, POST with a JSON object switches.
pub(super) fn answer(world: &World, method: &str, verb: &str, body: &[u8]) -> (u16, Value) {
    let control = Control::new(world.clone());
    if method == "GET" {
        return read(world, &control, verb);
    }
    let fields = if body.is_empty() { Ok(json!({})) } else { serde_json::from_slice::<Value>(body) };
    let command = fields.and_then(|mut fields| {
        if let Some(fields) = fields.as_object_mut() {
            fields.insert("do".to_owned(), json!(verb));
        }
        serde_json::from_value::<Command>(fields)
    });
    match command.map_err(|error| error.to_string()).and_then(|command| switch(&control, command)) {
        Ok(()) => (200, json!({"ok": true})),
        Err(error) => (400, json!({"ok": false, "error": error})),
    }
}

fn switch(control: &Control, command: Command) -> Result<(), String> {
    let site = |platform: String| {
        Site::of(&PlatformId::new(platform.clone()))
            .ok_or(format!("{platform:?} is not a platform: tiktok or instagram"))
    };
    match command {
        Command::Mode { platform, mode } => control.set_mode(site(platform)?, mode),
        Command::Redesign { platform, redesign } => control.redesign(site(platform)?, redesign),
        Command::Fault { rule } => control.fault(rule),
        Command::ClearFaults => control.clear_faults(),
        Command::Surge { platform, handle, factor } => control.surge(site(platform)?, &handle, factor),
        Command::Rename { platform, old, new } => control.rename(site(platform)?, &old, &new),
        Command::DeletePosts { ids } => control.delete_posts(&ids),
        Command::AdvanceTime { days } => control.advance_time(days),
        Command::Reset => control.reset(),
        Command::ClearRequests => control.clear_requests(),
    }
    Ok(())
}

fn read(world: &World, control: &Control, verb: &str) -> (u16, Value) {
    let parts: Vec<&str> = verb.split('/').collect();
    match parts.as_slice() {
        ["requests"] => (200, json!(control.requests())),
        ["handles"] => {
            let entry = |e: super::CatalogueEntry| json!({"platform": e.platform, "handle": e.handle, "outcome": e.outcome, "note": e.note});
            (200, entries().into_iter().map(entry).collect())
        }
        ["truth", platform, handle] => {
            let site = Site::of(&PlatformId::new(*platform));
            match (site, handle.parse::<Handle>()) {
                (Some(site), Ok(handle)) => (200, json!(truth(world, site, &handle))),
                _ => (404, json!({"error": "ask for truth/<tiktok|instagram>/<handle>"})),
            }
        }
        _ => (404, json!({"error": "GET requests, handles or truth/<platform>/<handle>; POST the switches"})),
    }
}
