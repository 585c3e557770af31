//! `sentinel selectors heal --platform`: what the service does by itself, at a person's word. One JSON object a template.

use anyhow::anyhow;
use serde_json::json;

use crate::blob::BlobStore;
use crate::cli::output;
use crate::clock::Clock;
use crate::config::Config;
use crate::engine::healer::{Healed, Work, heal_template};
use crate::engine::selectors::{active_pointer, ready};
use crate::model::job::PlatformId;
use crate::store::Store;

/// Heals the held-back templates of a platform, or one of them; 0 also where nothing is to be healed.
pub(super) async fn held(store: &Store, config: &Config, name: &str, fingerprint: Option<&str>) -> anyhow::Result<u8> {
    let id = PlatformId::new(name);
    let blobs = BlobStore::open(&config.blob)?;
    let work = Work { store, blobs: &blobs, clock: Clock::system() };
    for template in store.drifted_templates(name).await? {
        if fingerprint.is_some_and(|wanted| wanted != template.fingerprint) {
            continue;
        }
        let active = active_pointer(store, name, "").await?.ok_or_else(|| anyhow!("no version is in force"))?;
        let version = store.selector_version(name, &active).await?.ok_or_else(|| anyhow!("{active} is not stored"))?;
        let healed = heal_template(&work, &id, &template.fingerprint, &ready(&version)?).await?;
        let (outcome, detail) = match healed {
            Healed::Claimed => ("claimed", "another worker heals it now".to_owned()),
            Healed::Few { profiles, needed } => ("few", format!("{profiles} profiles; {needed} are needed")),
            Healed::Refused { why } => ("refused", why),
            Healed::FalseHeal { why } => ("false_heal", why),
            Healed::Promoted { version } => ("promoted", version),
        };
        output::json_line(&json!({
            "platform": name, "fingerprint": template.fingerprint, "held_profiles": template.profiles,
            "outcome": outcome, "detail": detail,
        }))?;
    }
    Ok(0)
}
