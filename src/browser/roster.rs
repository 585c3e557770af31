//! The identities that an operator gave us, and which of them are well. Pure: it takes the time and holds no browser.
//!
//! An identity is a storage state with the way out that belongs to it. It serves one tenant and one platform and never meets
//! another's. A wall retires it: it is not replaced by another for the same job, because to come back under another name is
//! what a guest who was shown the door does not do. Its proxy is changed only when the proxy itself failed.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::config::Config;
use super::spec::{Proxy, SessionSpec};
use super::storage::StorageState;
use crate::model::job::PlatformId;

/// Health at the start, and the most there is.
const WELL: u8 = 100;
/// What a good visit gives back.
const GAIN: u8 = 5;
/// What a failed visit costs.
const LOSS: u8 = 20;
/// How long an identity rests when all its proxies failed.
const PROXIES_REST: Duration = Duration::from_secs(300);

/// One identity as the operator gives it.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Its name in status and logs.
    pub name: String,
    /// Whose it is.
    pub tenant: String,
    /// Where it is used.
    pub platform: PlatformId,
    /// Its cookies and local storage; none for a guest.
    pub storage_state: Option<StorageState>,
    /// Its ways out, the first of which is used as long as it works; none for our own address.
    pub proxies: Vec<Proxy>,
}

/// How a visit went for the identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report {
    /// A page came.
    Good,
    /// The site refused: the identity is over.
    Walled,
    /// The site said slow down until then.
    Throttled(DateTime<Utc>),
    /// The proxy itself failed.
    ProxyFailed,
    /// Something else failed.
    Failed,
}

/// Why an identity is not used any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retired {
    /// The site refused it.
    Walled,
    /// It was used as often as allowed.
    Uses,
    /// It is as old as allowed.
    Age,
    /// Too many of its visits failed.
    Health,
}

/// How an identity is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Its name.
    pub name: String,
    /// 0 to 100.
    pub health: u8,
    /// How often it was taken.
    pub uses: u64,
    /// Not used before then.
    pub resting_until: Option<DateTime<Utc>>,
    /// Why it is over, if it is.
    pub retired: Option<Retired>,
}

/// All identities.
#[derive(Debug)]
pub struct Roster {
    max_uses: u64,
    max_age: Duration,
    members: Vec<Member>,
}

#[derive(Debug)]
struct Member {
    identity: Identity,
    since: DateTime<Utc>,
    proxy: usize,
    status: Status,
}

impl Roster {
    /// An empty roster whose identities are retired after so many uses or at such an age.
    #[must_use]
    pub fn new(max_uses: u64, max_age: Duration) -> Self {
        Self { max_uses, max_age, members: Vec::new() }
    }

    /// An empty roster with the bounds of `[browser]`.
    #[must_use]
    pub fn from_config(config: &Config) -> Self {
        Self::new(config.identity_max_uses, Duration::from_secs(config.identity_max_age_s))
    }

    /// Adds an identity; one of the same name is replaced, as when an operator brings a new storage state.
    pub fn add(&mut self, identity: Identity, now: DateTime<Utc>) {
        self.members.retain(|member| member.identity.name != identity.name);
        let status = Status { name: identity.name.clone(), health: WELL, uses: 0, resting_until: None, retired: None };
        self.members.push(Member { identity, since: now, proxy: 0, status });
    }

    /// The healthiest identity of this tenant for this platform (the least used among equals), as a wish for a session, with its
    /// name. None where all rest or are retired: wait, or go as a guest where that is allowed.
    pub fn take(&mut self, tenant: &str, platform: &PlatformId, now: DateTime<Utc>) -> Option<(String, SessionSpec)> {
        let (max_uses, max_age) = (self.max_uses, self.max_age);
        for member in &mut self.members {
            member.grow_old(max_uses, max_age, now);
        }
        let fit = self.members.iter_mut().filter(|member| {
            member.identity.tenant == tenant && member.identity.platform == *platform && member.is_fit(now)
        });
        let best = fit.max_by_key(|member| (member.status.health, std::cmp::Reverse(member.status.uses)))?;
        best.status.uses += 1;
        let spec = SessionSpec {
            storage_state: best.identity.storage_state.clone(),
            proxy: best.identity.proxies.get(best.proxy).cloned(),
            ..SessionSpec::default()
        };
        Some((best.status.name.clone(), spec))
    }

    /// Takes in how a visit went.
    pub fn report(&mut self, name: &str, report: Report, now: DateTime<Utc>) {
        let Some(member) = self.members.iter_mut().find(|member| member.status.name == name) else { return };
        let status = &mut member.status;
        match report {
            Report::Good => status.health = status.health.saturating_add(GAIN).min(WELL),
            Report::Walled => {
                status.retired.get_or_insert(Retired::Walled);
            }
            Report::Throttled(until) => status.resting_until = Some(until.max(status.resting_until.unwrap_or(until))),
            Report::ProxyFailed => {
                member.proxy += 1;
                if member.proxy >= member.identity.proxies.len() {
                    member.proxy = 0;
                    status.resting_until = Some(now + PROXIES_REST);
                }
            }
            Report::Failed => {
                status.health = status.health.saturating_sub(LOSS);
                if status.health == 0 {
                    status.retired.get_or_insert(Retired::Health);
                }
            }
        }
    }

    /// How all of them are.
    #[must_use]
    pub fn status(&self) -> Vec<Status> {
        self.members.iter().map(|member| member.status.clone()).collect()
    }
}

impl Member {
    fn is_fit(&self, now: DateTime<Utc>) -> bool {
        self.status.retired.is_none() && self.status.resting_until.is_none_or(|until| until <= now)
    }

    fn grow_old(&mut self, max_uses: u64, max_age: Duration, now: DateTime<Utc>) {
        let age = (now - self.since).to_std().unwrap_or_default();
        if self.status.uses >= max_uses {
            self.status.retired.get_or_insert(Retired::Uses);
        } else if age >= max_age {
            self.status.retired.get_or_insert(Retired::Age);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_760_000_000 + seconds, 0).unwrap()
    }

    fn identity(name: &str, tenant: &str, proxies: &[&str]) -> Identity {
        let proxy = |server: &&str| Proxy { server: (*server).to_owned(), credentials: None, bypass: None };
        Identity {
            name: name.to_owned(),
            tenant: tenant.to_owned(),
            platform: PlatformId::new("tiktok"),
            storage_state: None,
            proxies: proxies.iter().map(proxy).collect(),
        }
    }

    fn roster(identities: Vec<Identity>) -> Roster {
        let mut roster = Roster::new(3, Duration::from_secs(100));
        for identity in identities {
            roster.add(identity, at(0));
        }
        roster
    }

    fn take(roster: &mut Roster, tenant: &str, now: i64) -> Option<String> {
        roster.take(tenant, &PlatformId::new("tiktok"), at(now)).map(|(name, _)| name)
    }

    #[test]
    fn a_walled_identity_is_over_and_no_tenant_gets_anothers() {
        let mut roster = roster(vec![identity("a", "one", &[])]);
        assert_eq!(take(&mut roster, "two", 0), None);
        assert_eq!(take(&mut roster, "one", 0).as_deref(), Some("a"));
        assert!(roster.take("one", &PlatformId::new("instagram"), at(0)).is_none());
        roster.report("a", Report::Walled, at(1));
        roster.report("a", Report::Good, at(2));
        assert_eq!(take(&mut roster, "one", 50), None);
        assert_eq!(roster.status()[0].retired, Some(Retired::Walled));
    }

    #[test]
    fn uses_and_age_retire() {
        let mut uses = roster(vec![identity("a", "one", &[])]);
        assert_eq!((0..4).filter(|_| take(&mut uses, "one", 0).is_some()).count(), 3);
        assert_eq!(uses.status()[0].retired, Some(Retired::Uses));
        let mut age = roster(vec![identity("a", "one", &[])]);
        assert_eq!(take(&mut age, "one", 100), None);
        assert_eq!(age.status()[0].retired, Some(Retired::Age));
    }

    #[test]
    fn a_throttled_identity_rests_and_the_healthier_goes_first() {
        let mut roster = roster(vec![identity("a", "one", &[]), identity("b", "one", &[])]);
        roster.report("a", Report::Failed, at(0));
        assert_eq!(take(&mut roster, "one", 0).as_deref(), Some("b"));
        roster.report("b", Report::Throttled(at(7)), at(0));
        assert_eq!(take(&mut roster, "one", 6).as_deref(), Some("a"));
        assert_eq!(take(&mut roster, "one", 7).as_deref(), Some("b"));
    }

    #[test]
    fn a_proxy_is_changed_only_when_it_failed_itself() {
        let mut roster = roster(vec![identity("a", "one", &["http://p1", "http://p2"])]);
        let platform = PlatformId::new("tiktok");
        let mut proxy = |report, now| {
            roster.report("a", report, at(now));
            roster.take("one", &platform, at(now)).map(|(_, spec)| spec.proxy.unwrap().server)
        };
        assert_eq!(proxy(Report::Throttled(at(0)), 0).as_deref(), Some("http://p1"));
        assert_eq!(proxy(Report::ProxyFailed, 0).as_deref(), Some("http://p2"));
        assert_eq!(proxy(Report::ProxyFailed, 0), None);
    }
}
