//! Makes a new page as the session wishes, with all commands at once: their answers are awaited apart, for a held page gives
//! them only after its start.

use std::fmt;

use chromiumoxide::cdp::browser_protocol::emulation::{
    SetDeviceMetricsOverrideParams, SetLocaleOverrideParams, SetTimezoneOverrideParams, SetUserAgentOverrideParams,
};
use chromiumoxide::cdp::browser_protocol::{fetch, network, page as cdp_page};
use chromiumoxide::types::Command;
use futures::future::BoxFuture;

use super::config::Config;
use super::error::BrowserError;
use super::link::Link;
use super::open::Tab;
use super::spec::SessionSpec;

/// Answers that are yet to come.
#[derive(Default)]
pub(super) struct Answers(Vec<BoxFuture<'static, Result<(), BrowserError>>>);

impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answers({})", self.0.len())
    }
}

impl Answers {
    /// Sends a command now; `forgive` says which refusals do not matter, or what they mean.
    async fn ask<C: Command + 'static>(
        &mut self,
        tab: &Tab,
        command: C,
        forgive: impl FnOnce(BrowserError) -> Result<(), BrowserError> + Send + 'static,
    ) -> Result<(), BrowserError>
    where
        C::Response: Send,
    {
        let (link, sent) = (tab.link(), tab.link().send(Some(&tab.session), command).await?);
        let limit = link.timeout();
        self.0.push(Box::pin(async move { sent.answer(limit).await.map(drop).or_else(forgive) }));
        Ok(())
    }

    /// Waits for all of them; the first that is no good is the error.
    pub(super) async fn all(self) -> Result<(), BrowserError> {
        futures::future::try_join_all(self.0).await.map(drop)
    }
}

/// Sets everything on the new page, all commands at once.
pub(super) async fn prepare(tab: &Tab, spec: &SessionSpec, config: &Config) -> Result<Answers, BrowserError> {
    let buffers = network::EnableParams { max_total_buffer_size: Some(64 << 20), ..Default::default() };
    let (width, height) = (i64::from(config.viewport_width_px), i64::from(config.viewport_height_px));
    let locale = spec.locale.as_ref().unwrap_or(&config.locale);
    let zone = spec.timezone.as_ref().unwrap_or(&config.timezone);
    let mut answers = Answers::default();
    answers.ask(tab, cdp_page::EnableParams::default(), Err).await?;
    answers.ask(tab, buffers, Err).await?;
    answers.ask(tab, SetDeviceMetricsOverrideParams::new(width, height, 1.0, false), Err).await?;
    answers.ask(tab, network::SetBypassServiceWorkerParams::new(true), Err).await?;
    answers.ask(tab, SetTimezoneOverrideParams::new(zone), unknown_zone(zone.clone())).await?;
    // A refusal is said of a renderer that has it already.
    let refusal_is_well = |error| if matches!(error, BrowserError::Refused { .. }) { Ok(()) } else { Err(error) };
    answers.ask(tab, SetLocaleOverrideParams { locale: Some(locale.clone()) }, refusal_is_well).await?;
    // Only the browser-wide header is used where it fits: an override of the user agent, even by itself, would drop the
    // client hints.
    if *locale != config.locale || !config.user_agent.is_empty() {
        let own = if config.user_agent.is_empty() { &tab.place.browser.user_agent } else { &config.user_agent };
        let mut agent = SetUserAgentOverrideParams::new(own.clone());
        agent.accept_language = Some(locale.clone());
        answers.ask(tab, agent, Err).await?;
    }
    if tab.shared.intercept.lock().is_ok_and(|intercept| intercept.is_needed()) {
        answers.ask(tab, fetch_params(), Err).await?;
    }
    Ok(answers)
}

/// What a refusal of this time zone means.
fn unknown_zone(zone: String) -> impl FnOnce(BrowserError) -> Result<(), BrowserError> {
    move |error| {
        Err(match error {
            BrowserError::Refused { reason, .. } if reason.contains("Invalid") => BrowserError::Unusable {
                what: format!("the time zone {zone:?}"),
                reason: "write it as Europe/Berlin".to_owned(),
            },
            error => error,
        })
    }
}

fn fetch_params() -> fetch::EnableParams {
    fetch::EnableParams { patterns: None, handle_auth_requests: Some(true) }
}

/// Has Chromium hold every request for us, where that is needed.
pub(super) async fn enable_fetch(link: &Link, session: Option<&str>, needed: bool) -> Result<(), BrowserError> {
    if needed {
        link.call(session, fetch_params()).await?;
    }
    Ok(())
}
