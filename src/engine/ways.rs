//! How we come to a platform: with whose session and by which way out, as the operator's settings say. A refusal or a
//! "slow down" changes neither: to come back under another name or from another address is what a guest who was shown the
//! door does not do. Only a proxy that itself failed makes room for the next one of the list.
//!
//! A session is a fresh browser context for one crawl and ends with it, so none ever serves two jobs or two tenants, and
//! none outlives a wall. The storage state is read from the operator's file at start, lives in memory, and is never
//! written anywhere by us.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::browser::{BrowserError, Proxy, SessionSpec, StorageState};
use crate::config::{Config, PlatformConfig};
use crate::gate::{Ask, Egress, Source};
use crate::model::job::PlatformId;

/// With a proxy every request goes by it; Chromium would go around it to the loopback.
const NONE_AROUND: &str = "<-loopback>";

/// The ways to every platform.
#[derive(Debug, Default)]
pub(super) struct Ways(BTreeMap<PlatformId, Way>);

#[derive(Debug)]
struct Way {
    storage_state: Option<StorageState>,
    /// In the order of the settings; empty for our own address.
    proxies: Vec<(Egress, Proxy)>,
    /// The proxy in use.
    current: Mutex<usize>,
}

impl Ways {
    /// Reads what the settings name.
    ///
    /// # Errors
    /// A storage state that cannot be read, or a proxy's address that is none; no message repeats a password.
    pub(super) fn new(config: &Config) -> Result<Self, BrowserError> {
        let way = |(name, section): (&String, &PlatformConfig)| {
            Ok((PlatformId::new(name.as_str()), Way::new(name, section)?))
        };
        config.platform.iter().map(way).collect::<Result<_, _>>().map(Self)
    }

    /// The question to the gate before a crawl, for the way in use.
    pub(super) fn ask(&self, platform: &PlatformId) -> Ask {
        let egress = self.0.get(platform).and_then(Way::current).map_or_else(Egress::direct, |(egress, _)| egress);
        Ask { platform: platform.clone(), egress, source: Source::profile(), page_loads: 1 }
    }

    /// A session by the way that the gate was asked for. What the caller brings of its own stands above the settings.
    pub(super) fn session(&self, platform: &PlatformId, egress: &Egress, wished: &SessionSpec) -> SessionSpec {
        let mut spec = wished.clone();
        if let Some(way) = self.0.get(platform) {
            spec.storage_state = spec.storage_state.or_else(|| way.storage_state.clone());
            let proxy = way.proxies.iter().find(|(name, _)| name == egress).map(|(_, proxy)| proxy.clone());
            spec.proxy = spec.proxy.or(proxy);
        }
        spec
    }

    /// Whether the operator's own session is used there, and not a guest's.
    pub(super) fn has_operators_session(&self, platform: &PlatformId) -> bool {
        self.0.get(platform).is_some_and(|way| way.storage_state.is_some())
    }

    /// The proxy of this name failed itself: the next of the list is used from now on, after the last the first again.
    pub(super) fn proxy_failed(&self, platform: &PlatformId, egress: &Egress) {
        let Some(way) = self.0.get(platform) else { return };
        let mut current = way.current.lock().unwrap_or_else(PoisonError::into_inner);
        // Of many crawls that meet the same failure, the first moves on.
        if way.proxies.len() > 1 && way.proxies.get(*current).is_some_and(|(name, _)| name == egress) {
            *current = (*current + 1) % way.proxies.len();
            let next = way.proxies.get(*current).map(|(name, _)| name.as_str());
            tracing::warn!(%platform, proxy = %egress, next, "the proxy failed; the next of the list is used");
        }
    }
}

impl Way {
    fn new(platform: &str, section: &PlatformConfig) -> Result<Self, BrowserError> {
        let file = &section.storage_state_file;
        let storage_state = if file.is_empty() { None } else { Some(StorageState::read(Path::new(file))?) };
        let list = section.proxy.expose_secret().split([',', ' ', '\n', '\t']).filter(|text| !text.is_empty());
        let proxies = list.map(|text| proxy(platform, text)).collect::<Result<_, _>>()?;
        Ok(Self { storage_state, proxies, current: Mutex::default() })
    }

    fn current(&self) -> Option<(Egress, &Proxy)> {
        let current = *self.current.lock().unwrap_or_else(PoisonError::into_inner);
        self.proxies.get(current).map(|(egress, proxy)| (egress.clone(), proxy))
    }
}

/// A proxy from its address with credentials; its name at the gate is its host and port.
fn proxy(platform: &str, text: &str) -> Result<(Egress, Proxy), BrowserError> {
    let unusable = |reason: &str| BrowserError::Unusable {
        what: format!("platform.{platform}.proxy"),
        reason: format!("{reason}; write http://user:password@host:port, or https:// or socks5:// in place of http://"),
    };
    let mut url = Url::parse(text).map_err(|_| unusable("an address in it cannot be read"))?;
    let scheme = url.scheme().to_owned();
    if !matches!(scheme.as_str(), "http" | "https" | "socks5") {
        return Err(unusable("a proxy's address begins otherwise"));
    }
    let host =
        url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| unusable("an address has no host"))?.to_owned();
    let port = url.port_or_known_default().or((scheme == "socks5").then_some(1080));
    let port = port.ok_or_else(|| unusable("an address has no port"))?;
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let password = url.password().map(decoded).unwrap_or_default();
    let user = decoded(url.username());
    let credentials = (!user.is_empty()).then(|| (user, SecretString::from(password)));
    let bare = url.set_username("").is_ok() && url.set_password(None).is_ok();
    if !bare {
        return Err(unusable("an address cannot be read"));
    }
    let server = format!("{scheme}://{host}:{port}");
    Ok((Egress::new(format!("{host}:{port}")), Proxy { server, credentials, bypass: Some(NONE_AROUND.to_owned()) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ways(proxies: &str) -> Result<Ways, BrowserError> {
        let mut config = Config::builtin().unwrap();
        config.platform.get_mut("tiktok").unwrap().proxy = SecretString::from(proxies);
        Ways::new(&config)
    }

    fn tiktok() -> PlatformId {
        PlatformId::new("tiktok")
    }

    #[test]
    fn a_proxy_is_named_by_its_host_and_its_password_is_apart() {
        for (text, server, egress) in [
            ("http://anna:p%40ss@proxy.test:3128", "http://proxy.test:3128", "proxy.test:3128"),
            ("socks5://anna:p%40ss@10.0.0.7", "socks5://10.0.0.7:1080", "10.0.0.7:1080"),
        ] {
            let ways = ways(text).unwrap();
            let ask = ways.ask(&tiktok());
            let proxy = ways.session(&tiktok(), &ask.egress, &SessionSpec::default()).proxy.unwrap();
            assert_eq!((ask.egress.as_str(), proxy.server.as_str()), (egress, server));
            let (user, password) = proxy.credentials.unwrap();
            assert_eq!((user.as_str(), password.expose_secret()), ("anna", "p@ss"));
        }
    }

    #[test]
    fn without_a_proxy_we_come_from_our_own_address_and_other_platforms_do_too() {
        let ways = ways("http://proxy.test:3128").unwrap();
        let instagram = PlatformId::new("instagram");
        assert_eq!(ways.ask(&instagram).egress, Egress::direct());
        assert!(ways.session(&instagram, &Egress::direct(), &SessionSpec::default()).proxy.is_none());
    }

    #[test]
    fn the_next_proxy_comes_only_when_the_one_in_use_failed_itself() {
        let ways = ways("http://one.test:1, http://two.test:2").unwrap();
        let in_use = || ways.ask(&tiktok()).egress.as_str().to_owned();
        let (one, two) = (Egress::new("one.test:1"), Egress::new("two.test:2"));
        assert_eq!(in_use(), "one.test:1");
        ways.proxy_failed(&tiktok(), &two);
        assert_eq!(in_use(), "one.test:1");
        ways.proxy_failed(&tiktok(), &one);
        ways.proxy_failed(&tiktok(), &one);
        assert_eq!(in_use(), "two.test:2", "two crawls met the same failure");
        ways.proxy_failed(&tiktok(), &two);
        assert_eq!(in_use(), "one.test:1");
    }

    #[test]
    fn an_address_that_is_none_is_refused_without_its_password() {
        for text in ["anna:secret", "ftp://anna:secret@proxy.test:1", "http://anna:secret@"] {
            let error = ways(text).unwrap_err().to_string();
            assert!(error.contains("platform.tiktok.proxy") && !error.contains("secret"), "{error}");
        }
    }
}
