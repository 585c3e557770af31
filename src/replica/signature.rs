//! The signature without which TikTok's calls for posts answer 200 with nothing. Not a secret: the page's script holds
//! it, as on the real site. The point is that only a page that ran its scripts can call.

/// The secret that the script is built with.
pub(super) fn secret(seed: u64) -> String {
    super::dice::Dice::new(seed, &["signing secret"]).hex(24)
}

/// The signature of a query string (everything after `?` and before `&X-Bogus=`): two FNV-1a rounds, in hexadecimal.
/// `pages/sign.js` computes the same.
pub(super) fn sign(query: &str, secret: &str) -> String {
    let first = fnv(0x811c_9dc5, query);
    let second = fnv(first ^ 0x5bd1_e995, secret);
    let third = fnv(second, query);
    format!("DFSz{first:08x}{second:08x}{third:08x}")
}

fn fnv(start: u32, text: &str) -> u32 {
    text.bytes().fold(start, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Whether a raw query string is signed, and rightly.
pub(super) fn is_signed(query: &str, secret: &str) -> bool {
    let Some((signed, signature)) = query.split_once("&X-Bogus=") else { return false };
    signed.contains("msToken=") && signature == sign(signed, secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_query_breaks_the_signature() {
        let good = format!("a=1&msToken=x&X-Bogus={}", sign("a=1&msToken=x", "s"));
        assert!(is_signed(&good, "s"));
        assert!(!is_signed(&good.replace("a=1", "a=2"), "s"));
        assert!(!is_signed(&good, "other"));
        assert!(!is_signed("a=1", "s"));
    }
}
