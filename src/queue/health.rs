//! Whether this Redis can be trusted with jobs. Read from `INFO`, which managed servers allow where they forbid `CONFIG`.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use super::Queue;

/// What readiness tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Whether jobs should be given to us.
    pub ready: bool,
    /// What is unsafe or wrong, the grave ones first.
    pub reasons: Vec<Reason>,
}

/// One thing that is unsafe or wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Whether it makes us unready, or is only told.
    pub grave: bool,
    /// What it is and how to mend it.
    pub text: String,
}

impl Queue {
    /// Looks at Redis. Never fails: a Redis that does not answer is the reason itself.
    pub async fn health(&self) -> Health {
        let reasons = match self.0.link.ask::<String>(redis::cmd("INFO").arg("everything")).await {
            Err(error) => vec![Reason { grave: true, text: error.to_string() }],
            Ok(info) => {
                let facts = facts(&info);
                let evicted = number(&facts, "evicted_keys");
                let before = self.0.evicted.swap(i64::try_from(evicted).unwrap_or(i64::MAX), Ordering::Relaxed);
                let just_evicted = u64::try_from(before).is_ok_and(|before| evicted > before);
                judge(&facts, just_evicted, self.0.config.require_append_only)
            }
        };
        Health { ready: !reasons.iter().any(|reason| reason.grave), reasons }
    }
}

fn facts(info: &str) -> HashMap<&str, &str> {
    info.lines().filter_map(|line| line.trim_end().split_once(':')).collect()
}

fn number(facts: &HashMap<&str, &str>, name: &str) -> u64 {
    facts.get(name).and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn judge(facts: &HashMap<&str, &str>, just_evicted: bool, require_append_only: bool) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let mut tell = |grave: bool, text: String| reasons.push(Reason { grave, text });
    let is = |name: &str, value: &str| facts.get(name).is_some_and(|found| *found == value);
    let version = facts.get("redis_version").copied().unwrap_or("0");
    if version.split('.').next().and_then(|major| major.parse::<u32>().ok()).unwrap_or(0) < 7 {
        tell(true, format!("Redis is version {version}: 7.0 or newer is needed"));
    }
    if is("cluster_enabled", "1") {
        tell(true, "Redis runs as a cluster: the queue's scripts need a single server".to_owned());
    }
    if is("loading", "1") {
        tell(true, "Redis is loading its data: wait".to_owned());
    }
    if is("role", "slave") {
        tell(true, "Redis is a replica and takes no writes: point queue.url at the primary".to_owned());
    }
    let policy = facts.get("maxmemory_policy").copied().unwrap_or("noeviction");
    if policy != "noeviction" {
        tell(true, format!("Redis' maxmemory-policy is {policy}: it may drop whole streams of jobs; set noeviction"));
    }
    let (evicted, used, most) =
        (number(facts, "evicted_keys"), number(facts, "used_memory"), number(facts, "maxmemory"));
    if evicted > 0 {
        let text = format!(
            "Redis has evicted {evicted} keys since its start; jobs among them are brought again by the ledger"
        );
        tell(just_evicted, text);
    }
    if most > 0 && used >= most {
        tell(true, format!("Redis is full ({used} of {most} bytes): jobs wait in the ledger; raise maxmemory"));
    }
    for (name, what) in [("aof_last_write_status", "append-only file"), ("rdb_last_bgsave_status", "snapshot")] {
        if is(name, "err") {
            tell(true, format!("Redis could not write its last {what}: look at its disk"));
        }
    }
    if is("aof_enabled", "0") {
        let text = "Redis' append-only file is off: what it holds is lost when it dies, until the ledger brings it again; set appendonly yes";
        tell(require_append_only, text.to_owned());
    }
    reasons.sort_by_key(|reason| !reason.grave);
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAFE: &str = "redis_version:7.0.15\r\nrole:master\r\nmaxmemory_policy:noeviction\r\nmaxmemory:0\r\nused_memory:900\r\naof_enabled:1\r\nevicted_keys:0\r\n";

    #[test]
    fn a_safe_redis_has_no_reasons() {
        assert_eq!(judge(&facts(SAFE), false, true), vec![]);
    }

    #[test]
    fn what_is_unsafe_is_told_and_what_is_grave_comes_first() {
        let unsafe_one = SAFE.replace("aof_enabled:1", "aof_enabled:0").replace("noeviction", "allkeys-lru");
        let reasons = judge(&facts(&unsafe_one), false, false);
        assert!(reasons[0].grave && reasons[0].text.contains("allkeys-lru"), "{reasons:?}");
        assert!(!reasons[1].grave && reasons[1].text.contains("append-only"), "{reasons:?}");
        let full = SAFE.replace("maxmemory:0", "maxmemory:900");
        assert!(judge(&facts(&full), false, false)[0].text.contains("full"));
    }
}
