//! Where a page asked for none of the data that its selectors know, the site may have moved it: what its scripts asked for instead
//! is kept, so that healing can find it. Only answers of the same site that name the profile, few and of bounded size: the rest
//! is somebody else's, and no refusal among them is one of ours.

use url::Url;

use super::open::Tab;
use super::page::body;
use super::traffic::Flight;
use crate::model::visit::Visit;

/// Answers that are looked at, the newest first.
const ANSWERS: usize = 6;
/// A list of posts has so many bytes.
const BYTES: std::ops::RangeInclusive<u64> = 400..=1_048_576;

/// Keeps the data calls of this page that name its profile. A body that cannot be had any more is left out.
pub(super) async fn keep(tab: &Tab, visit: &Visit) {
    let Some((site, name)) = subject(&visit.url) else { return };
    let flights: Vec<Flight> = {
        let state = tab.shared.state();
        let ours = state.traffic.finished.iter().rev().filter(|flight| flight.is_data(&BYTES) && is_of(flight, &site));
        ours.take(ANSWERS).cloned().collect()
    };
    let mut kept = Vec::new();
    for flight in flights.into_iter().rev() {
        match body(tab.link(), &tab.session, &flight.id).await {
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                if names(&text, &name) {
                    kept.push(flight.kept(text));
                }
            }
            Err(error) => {
                tracing::debug!(url = %flight.url, %error, "an unknown answer was gone before it could be kept")
            }
        }
    }
    tab.shared.state().traffic.kept.extend(kept);
}

/// The site of a profile's page and the profile's name.
fn subject(url: &str) -> Option<(String, String)> {
    let url = Url::parse(url).ok()?;
    let name = url.path_segments()?.rfind(|part| !part.is_empty())?.trim_start_matches('@').to_lowercase();
    Some((site(&url)?, name)).filter(|(_, name)| !name.is_empty())
}

/// The last two labels of a host: `www.` and `api.` are one site.
fn site(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    let from = host.rmatch_indices('.').nth(1).map_or(0, |(at, _)| at + 1);
    let is_name = matches!(url.host(), Some(url::Host::Domain(_)));
    Some(if is_name { host.get(from..)?.to_owned() } else { host.to_owned() })
}

fn is_of(flight: &Flight, wanted: &str) -> bool {
    Url::parse(&flight.url).ok().and_then(|url| site(&url)).is_some_and(|own| own == wanted)
}

/// Whether a JSON text has the profile's name as a value.
fn names(text: &str, name: &str) -> bool {
    text.to_lowercase().contains(&format!("\"{name}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_known_by_its_page_and_by_values_alone() {
        let (site, name) = subject("https://www.tiktok.com/@Nasa?lang=en").unwrap();
        assert_eq!((site.as_str(), name.as_str()), ("tiktok.com", "nasa"));
        assert_eq!(subject("http://127.0.0.1:8080/nasa/").unwrap().0, "127.0.0.1");
        assert!(names(r#"{"owner":"NASA"}"#, "nasa") && !names(r#"{"text":"about nasa"}"#, "nasa"));
        assert_eq!(subject("https://www.tiktok.com/"), None);
    }
}
