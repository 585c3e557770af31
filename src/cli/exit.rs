//! Exit codes: the one place that turns an outcome into what a shell sees.

use crate::browser::BrowserError;
use crate::engine::{EngineError, ServiceError, ServicesError};
use crate::model::document::Outcome;
use crate::store::StoreError;

/// Usage or bad input.
pub(super) const USAGE: u8 = 2;
/// Ours: something failed.
pub(super) const FAILED: u8 = 1;

/// The code of an error that ended a command: bad input is the caller's to mend, all else is ours.
#[must_use]
pub(super) fn of_error(error: &anyhow::Error) -> u8 {
    let bad_input = error.chain().any(|cause| {
        cause.is::<BadInput>()
            || cause.downcast_ref::<EngineError>().is_some_and(is_unusable)
            || cause
                .downcast_ref::<ServiceError>()
                .is_some_and(|error| matches!(error, ServiceError::Engine(error) if is_unusable(error)))
            || names_nothing(cause)
            || cause.is::<crate::config::ConfigError>()
            || cause.is::<crate::telemetry::TelemetryError>()
            || cause.is::<crate::platform::TargetError>()
            || cause.is::<crate::extract::input::InputError>()
    });
    if bad_input { USAGE } else { FAILED }
}

/// Whether a name was given that PostgreSQL has no row for.
fn names_nothing(cause: &(dyn std::error::Error + 'static)) -> bool {
    let in_store = |error: &StoreError| matches!(error, StoreError::NotFound { .. });
    let in_services = |error: &ServicesError| matches!(error, ServicesError::Store(error) if in_store(error));
    cause.downcast_ref().is_some_and(in_store) || cause.downcast_ref().is_some_and(in_services)
}

/// Whether a setting names what cannot be used: a storage state, a proxy.
const fn is_unusable(error: &EngineError) -> bool {
    matches!(error, EngineError::Browser(BrowserError::Unusable { .. }))
}

/// Input that a person must mend, in words.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct BadInput(pub String);

/// 0 read, 3 private, 4 not found, 5 refused, 6 unavailable, 1 failed.
#[must_use]
pub(super) const fn code(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Ok | Outcome::Partial => 0,
        Outcome::Private => 3,
        Outcome::NotFound => 4,
        Outcome::LoginWall
        | Outcome::Captcha
        | Outcome::Checkpoint
        | Outcome::RateLimited
        | Outcome::RegionBlocked
        | Outcome::AgeGated
        | Outcome::Blocked => 5,
        Outcome::Unavailable => 6,
        Outcome::Failed => FAILED,
    }
}

/// The code of several profiles: the highest.
#[must_use]
pub(super) fn highest(outcomes: impl IntoIterator<Item = Outcome>) -> u8 {
    outcomes.into_iter().map(code).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_nobody_has_is_the_callers_to_mend() {
        let nobody = || StoreError::NotFound { what: "live job", name: "x".to_owned() };
        assert_eq!(of_error(&nobody().into()), USAGE);
        assert_eq!(of_error(&ServicesError::Store(nobody()).into()), USAGE);
        assert_eq!(of_error(&anyhow::anyhow!("a full disk")), FAILED);
    }

    #[test]
    fn several_profiles_end_with_the_highest_code() {
        assert_eq!(highest([Outcome::Ok, Outcome::LoginWall, Outcome::NotFound]), 5);
        assert_eq!(highest([]), 0);
    }
}
