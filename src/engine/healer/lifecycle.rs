//! A version's life: candidate, replay over archived captures, shadow beside the version in force, canary on a few pages whose rows
//! carry it, active; or refused at the first step that speaks against it. Each step is a row and an event, each promotion and
//! each rollback a move of a pointer. The new template gets a pointer of its own, the old ones keep their version by theirs, and
//! templates that nobody has met are read by the new one, which reads both.

use serde_json::{Value, json};

use super::samples::{self, Sample};
use super::verify::{self, Doubtful};
use super::{HEALER, HealError, Healed, STORY, Work, needed, note, rederive};
use crate::engine::selectors;
use crate::extract::relearn::Relearned;
use crate::model::capture::Capture;
use crate::model::job::PlatformId;
use crate::model::selectors::SelectorSet;
use crate::platform;
use crate::store::StoreError;
use crate::store::selectors::{Move, SelectorVersion, Slot};

/// Held pages that a version writes first.
const CANARY_PAGES: usize = 2;

/// A version on its way.
struct Candidate<'a> {
    work: &'a Work<'a>,
    platform: &'a PlatformId,
    template: &'a str,
    name: String,
}

/// Heals a template that is ours.
pub(super) async fn heal(
    work: &Work<'_>,
    platform: &PlatformId,
    template: &str,
    parent: &SelectorSet,
) -> Result<Healed, HealError> {
    let needed = needed(work.store, platform, template).await?;
    let mut samples = samples::gather(work, platform, template, parent, needed).await?;
    if samples.len() < needed || platform::get(platform).is_none() {
        return Ok(Healed::Few { profiles: samples.len(), needed });
    }
    // In one order, whoever came first: the same pages give the same version.
    samples.sort_by(|a, b| a.handle.cmp(&b.handle));
    let old = samples::of_before(work, platform, template, &samples).await?;
    let since = work.clock.uptime();
    let (judged, samples, old) = judged(work, platform, parent, needed, (samples, old)).await?;
    let Judged { learned, mut evidence, replay, shadow } = judged;
    evidence["study_ms"] = json!(u64::try_from((work.clock.uptime() - since).as_millis()).unwrap_or(u64::MAX));
    let relearned = match learned {
        Ok(relearned) => relearned,
        Err(doubtful) => return refused(work, platform, template, doubtful, evidence).await,
    };
    let candidate = Candidate { work, platform, template, name: relearned.set.version.clone() };
    candidate.enter(&relearned, &evidence).await?;
    if candidate.is_forbidden().await? {
        let why = format!("{} was learned again, and it was forbidden before", candidate.name);
        return refused(work, platform, template, Doubtful::Refused(why), evidence).await;
    }
    for (from, to, outcome) in [("candidate", "replay", replay), ("replay", "shadow", shadow)] {
        match outcome {
            Ok(told) => candidate.step(from, to, &told).await?,
            Err(why) => return candidate.fail(from, &format!("{to}: {why}"), evidence).await,
        }
    }
    match candidate.canary(&relearned.set).await? {
        Ok(told) => candidate.step("shadow", "canary", &told).await?,
        Err(why) => return candidate.fail("shadow", &format!("canary: {why}"), evidence).await,
    }
    match candidate.activate(parent, &samples, &old).await? {
        Healed::Refused { why } => refused(work, platform, template, Doubtful::Refused(why), evidence).await,
        healed @ (Healed::Claimed | Healed::Few { .. } | Healed::FalseHeal { .. } | Healed::Promoted { .. }) => {
            Ok(healed)
        }
    }
}

/// What the checks came to.
struct Judged {
    learned: Result<Relearned, Doubtful>,
    evidence: Value,
    replay: Result<Value, String>,
    shadow: Result<Value, String>,
}

type Pages = (Vec<Sample>, Vec<(String, Capture)>);
type Thought = (Judged, Vec<Sample>, Vec<(String, Capture)>);

/// All that only thinks, off the async threads.
async fn judged(
    work: &Work<'_>,
    platform: &PlatformId,
    parent: &SelectorSet,
    needed: usize,
    (samples, old): Pages,
) -> Result<Thought, HealError> {
    let (clock, parent, id) = (work.clock, parent.clone(), platform.clone());
    let think = move || -> Result<Thought, HealError> {
        let bug = || Err(Doubtful::Refused("an unknown platform".to_owned()));
        let Some(site) = platform::get(&id) else {
            let judged = Judged { learned: bug(), evidence: json!({}), replay: Ok(json!({})), shadow: Ok(json!({})) };
            return Ok((judged, samples, old));
        };
        let site = site.as_ref();
        let (learned, evidence) = verify::learn(site, &parent, &samples, needed, &clock)?;
        let set = learned.as_ref().ok().map(|relearned| &relearned.set);
        let replay = set.map_or(Ok(json!({})), |set| verify::replay(site, &parent, set, &samples));
        let shadow = set.map_or(Ok(json!({})), |set| verify::shadow(site, &parent, set, &old));
        Ok((Judged { learned, evidence, replay, shadow }, samples, old))
    };
    match tokio::task::spawn_blocking(think).await {
        Ok(judged) => judged,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// Remembers for the template that nothing came of it, and with how many profiles.
async fn refused(
    work: &Work<'_>,
    platform: &PlatformId,
    template: &str,
    doubtful: Doubtful,
    evidence: Value,
) -> Result<Healed, HealError> {
    let profiles = profiles_there(work, platform, template, &evidence).await?;
    match doubtful {
        Doubtful::Refused(why) => {
            let detail = json!({"why": why, "profiles": profiles, "evidence": evidence});
            note(work, platform, template, "refused", detail).await?;
            Ok(Healed::Refused { why })
        }
        Doubtful::FalseHeal(why) => {
            let detail = json!({"why": why, "profiles": profiles, "evidence": evidence});
            note(work, platform, template, "false_heal", detail).await?;
            Ok(Healed::FalseHeal { why })
        }
    }
}

async fn profiles_there(
    work: &Work<'_>,
    platform: &PlatformId,
    template: &str,
    evidence: &Value,
) -> Result<i64, StoreError> {
    let held = work.store.drifted_templates(platform.as_str()).await?;
    let held = held.iter().find(|known| known.fingerprint == template).map_or(0, |known| known.profiles);
    Ok(held.max(evidence["profiles"].as_i64().unwrap_or_default()))
}

impl Candidate<'_> {
    fn key(&self) -> (&str, &str) {
        (self.platform.as_str(), &self.name)
    }

    async fn enter(&self, relearned: &Relearned, evidence: &Value) -> Result<(), StoreError> {
        let version = SelectorVersion {
            platform: self.platform.to_string(),
            version: self.name.clone(),
            parent: relearned.set.parent.clone(),
            fingerprint: Some(self.template.to_owned()),
            evidence: evidence.clone(),
            author: HEALER.to_owned(),
            body: relearned.text.clone(),
            state: "candidate".to_owned(),
            created_at: chrono::DateTime::UNIX_EPOCH,
        };
        self.work.store.add_selectors(&version).await
    }

    /// The same pages give the same version: one that was refuted is learned again, and must not be tried again.
    async fn is_forbidden(&self) -> Result<bool, StoreError> {
        let stored = self.work.store.selector_version(self.platform.as_str(), &self.name).await?;
        Ok(stored.is_some_and(|stored| stored.state == "forbidden"))
    }

    async fn step(&self, from: &str, to: &str, why: &Value) -> Result<(), StoreError> {
        self.work.store.set_selectors_state(self.key(), from, to, HEALER, why).await.map(drop)
    }

    /// It goes no further, and is never tried again.
    async fn fail(&self, from: &str, why: &str, evidence: Value) -> Result<Healed, HealError> {
        self.step(from, "forbidden", &json!(why)).await?;
        refused(self.work, self.platform, self.template, Doubtful::Refused(why.to_owned()), evidence).await
    }

    /// A few held-back pages are written by it, after each was found plausible; their rows carry its name.
    async fn canary(&self, set: &SelectorSet) -> Result<Result<Value, String>, HealError> {
        let canary = Slot::Canary;
        let why = json!({"pages": CANARY_PAGES});
        self.point(canary, self.template, Some(&self.name), None, &why).await?;
        let written = rederive::some(self.work, self.platform, self.template, set, CANARY_PAGES).await?;
        self.point(canary, self.template, None, Some(&self.name), &json!({"over": true})).await?;
        Ok(written.map(|pages| json!({"pages": pages, "doubts": 0})))
    }

    async fn point(
        &self,
        slot: Slot,
        template: &str,
        version: Option<&str>,
        from: Option<&str>,
        detail: &Value,
    ) -> Result<bool, StoreError> {
        let platform = self.platform.as_str();
        let step = Move { platform, fingerprint: template, slot, version, from, actor: HEALER, detail };
        self.work.store.move_selectors(&step).await
    }

    /// The pointers move: the template's own to the version, the old templates' to what reads them now, and last that of all others.
    async fn activate(
        &self,
        parent: &SelectorSet,
        samples: &[Sample],
        old: &[(String, Capture)],
    ) -> Result<Healed, HealError> {
        let store = self.work.store;
        let id = self.platform.as_str();
        let why = json!({"fingerprint": self.template, "agreed": samples.len()});
        let own = selectors::active_pointer(store, id, self.template).await?;
        if !self.point(Slot::Active, self.template, Some(&self.name), own.as_deref(), &why).await? {
            return Ok(Healed::Refused { why: "the pointer is pinned, or the version forbidden".to_owned() });
        }
        let mut marks: Vec<&str> = old.iter().map(|(mark, _)| mark.as_str()).filter(|m| *m != self.template).collect();
        marks.sort_unstable();
        marks.dedup();
        for mark in marks {
            if selectors::active_pointer(store, id, mark).await?.is_none() {
                let keeps = json!({"keeps": parent.version});
                self.point(Slot::Active, mark, Some(&parent.version), None, &keeps).await?;
            }
        }
        let from = selectors::active_pointer(store, id, "").await?;
        // Where a person has fixed it, the template alone is read by the new version.
        let moved = self.point(Slot::Active, "", Some(&self.name), from.as_deref(), &why).await?;
        store.set_selectors_state(self.key(), "canary", "active", HEALER, &why).await?;
        if let Some(from) = from.filter(|_| moved) {
            let pointers = store.selector_pointers(id).await?;
            if !pointers.iter().any(|pointer| pointer.version == from) {
                let by = json!({"by": self.name});
                store.set_selectors_state((id, &from), "active", "retired", HEALER, &by).await?;
            }
        }
        Ok(Healed::Promoted { version: self.name.clone() })
    }
}

/// What a template's pointer was before it went to a version, where that may still be used.
async fn before_of(
    work: &Work<'_>,
    platform: &PlatformId,
    template: &str,
    version: &str,
) -> Result<Option<String>, StoreError> {
    let story = work.store.selector_events(platform.as_str(), Some(template), None, STORY).await?;
    let moved = story.iter().find(|event| {
        event.kind == "moved"
            && event.fingerprint == template
            && event.detail["slot"] == Slot::Active.as_str()
            && event.detail["to"] == version
    });
    let Some(before) = moved.and_then(|event| event.detail["from"].as_str()) else { return Ok(None) };
    let stored = work.store.selector_version(platform.as_str(), before).await?;
    Ok(stored.filter(|stored| stored.state != "forbidden").map(|stored| stored.version))
}

/// Puts the version before back in force wherever the refuted one was, and forbids that one.
pub(super) async fn roll_back(
    work: &Work<'_>,
    platform: &PlatformId,
    (refuted, before): (&str, &str),
) -> Result<(), HealError> {
    let (id, store) = (platform.as_str(), work.store);
    let why = json!({"why": "two pages contradicted it", "from": refuted, "to": before});
    tracing::error!(%platform, refuted, before, "a selector version was contradicted by two pages and is rolled back");
    for pointer in store.selector_pointers(id).await? {
        if pointer.version != refuted || pointer.slot != Slot::Active.as_str() {
            continue;
        }
        let own = before_of(work, platform, &pointer.fingerprint, refuted).await?;
        let step = Move {
            platform: id,
            fingerprint: &pointer.fingerprint,
            slot: Slot::Active,
            // That of all pages moves; a template's own goes back to what it was, or goes.
            version: if pointer.fingerprint.is_empty() { Some(before) } else { own.as_deref() },
            from: Some(refuted),
            actor: HEALER,
            detail: &why,
        };
        if !store.move_selectors(&step).await? {
            tracing::warn!(%platform, refuted, "its pointer is pinned, or was moved by somebody else just now");
        }
    }
    for state in ["active", "canary", "candidate", "shadow", "replay", "retired"] {
        if store.set_selectors_state((id, refuted), state, "forbidden", HEALER, &why).await? {
            break;
        }
    }
    store.set_selectors_state((id, before), "retired", "active", HEALER, &why).await?;
    Ok(())
}
