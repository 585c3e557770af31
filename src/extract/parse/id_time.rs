//! The time inside a post's id. Instagram puts milliseconds since its own epoch above the lowest 23 bits of a media's
//! number (the shortcode is that number in base 64); TikTok puts seconds above the lowest 32. Both are minutes, seldom
//! days, before publication (measured: Instagram median 35 s, TikTok 13 s), so they count as approximate.

use chrono::{DateTime, Duration, Utc};

/// Instagram's epoch in milliseconds since 1970.
const INSTAGRAM_EPOCH_MS: i64 = 1_314_220_021_721;
/// No post is older: Instagram began in October 2010.
const EARLIEST_S: i64 = 1_262_304_000;
/// The digits of a shortcode, in order.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// A post of a private account carries this many characters behind its own code.
const PRIVATE_TAIL: usize = 28;

/// When the Instagram media with this number was made; `<pk>_<owner>` is read too. None outside 2010 to tomorrow.
#[must_use]
pub fn instagram_time(pk: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let number: u64 = pk.split('_').next()?.parse().ok()?;
    let ms = i64::try_from(number >> 23).ok()?.checked_add(INSTAGRAM_EPOCH_MS)?;
    // Ids from before Instagram's epoch have no time in their upper bits: they would all look like August 2011.
    if number >> 23 < 1000 * 3600 {
        return None;
    }
    plausible(DateTime::from_timestamp_millis(ms)?, now)
}

/// When the TikTok post with this id was made. None outside 2010 to tomorrow.
#[must_use]
pub fn tiktok_time(id: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let number: u64 = id.parse().ok()?;
    plausible(DateTime::from_timestamp(i64::try_from(number >> 32).ok()?, 0)?, now)
}

/// The media number of a shortcode, as in `https://www.instagram.com/p/<code>/`. None where it is no shortcode.
#[must_use]
pub fn pk_from_shortcode(code: &str) -> Option<u64> {
    if !code.is_ascii() || code.is_empty() {
        return None;
    }
    let own = if code.len() > PRIVATE_TAIL { &code[..code.len() - PRIVATE_TAIL] } else { code };
    own.bytes().try_fold(0_u64, |number, byte| {
        let digit = ALPHABET.iter().position(|c| *c == byte)?;
        number.checked_mul(64)?.checked_add(u64::try_from(digit).ok()?)
    })
}

/// The shortcode of a media number.
#[must_use]
pub fn shortcode_from_pk(pk: u64) -> String {
    let mut code = Vec::with_capacity(11);
    let mut rest = pk;
    loop {
        let digit = usize::try_from(rest % 64).unwrap_or(0);
        code.push(char::from(ALPHABET[digit]));
        rest /= 64;
        if rest == 0 {
            return code.into_iter().rev().collect();
        }
    }
}

/// The time, if it lies between 2010 and a day from now.
pub(super) fn plausible(time: DateTime<Utc>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    (time.timestamp() >= EARLIEST_S && time <= now + Duration::days(1)).then_some(time)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-01T00:00:00Z".parse().unwrap()
    }

    #[test]
    fn known_ids_give_their_time_to_the_minute() {
        let tiktok = tiktok_time("7106594312292453675", now()).unwrap();
        assert_eq!(tiktok.to_rfc3339(), "2022-06-07T20:15:27+00:00");
        let pk = pk_from_shortcode("CVrTVqDjbcE").unwrap();
        assert_eq!(shortcode_from_pk(pk), "CVrTVqDjbcE");
        assert_eq!(
            instagram_time(&format!("{pk}_25025320"), now()).unwrap().format("%Y-%m-%d").to_string(),
            "2021-10-31"
        );
    }

    #[test]
    fn impossible_ids_have_no_time() {
        for id in ["", "0", "1", "-5", "abc", "99999999999999999999999", "18446744073709551615"] {
            assert_eq!(tiktok_time(id, now()), None, "{id}");
            assert_eq!(instagram_time(id, now()), None, "{id}");
        }
        assert_eq!(pk_from_shortcode("with space"), None);
        assert_eq!(pk_from_shortcode("____________"), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn a_shortcode_gives_back_its_number(pk in any::<u64>()) {
            prop_assert_eq!(pk_from_shortcode(&shortcode_from_pk(pk)), Some(pk));
        }

        #[test]
        fn no_text_makes_it_panic(text in ".*") {
            let _ = (pk_from_shortcode(&text), instagram_time(&text, now()), tiktok_time(&text, now()));
        }
    }
}
