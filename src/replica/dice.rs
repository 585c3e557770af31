//! Chance that depends on nothing but a seed and a path of names, so that any profile or post can be made on its own,
//! in any order, and always comes out the same. A mixing function of our own and not a library's generator: the
//! replica's data must not change when a dependency does.

/// A sequence of numbers that belongs to one seed and path.
#[derive(Debug, Clone)]
pub(super) struct Dice(u64);

impl Dice {
    /// The sequence that belongs to `seed` and `path`.
    pub(super) fn new(seed: u64, path: &[&str]) -> Self {
        let mut state = mix(seed ^ 0x5851_f42d_4c95_7f2d);
        for name in path {
            for byte in name.bytes() {
                state = mix(state ^ u64::from(byte));
            }
            state = mix(state ^ 0xff51);
        }
        Self(state)
    }

    /// The next 64 bits.
    pub(super) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// From 0 to `most - 1`; 0 where `most` is 0.
    pub(super) fn below(&mut self, most: u64) -> u64 {
        if most == 0 { 0 } else { self.bits() % most }
    }

    /// From `low` to `high`, both included.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// True in `percent` of 100 throws.
    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of the list; the list must not be empty.
    pub(super) fn pick<'a, T: ?Sized>(&mut self, list: &[&'a T]) -> &'a T {
        list[self.index(list.len())]
    }

    /// A place in a list of this length.
    pub(super) fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(u64::try_from(length).unwrap_or(1))).unwrap_or(0)
    }

    /// A number between the two whose *order of magnitude* is evenly spread, as audiences are.
    pub(super) fn magnitude(&mut self, low: u64, high: u64) -> u64 {
        let doublings = (high / low.max(1)).max(1).ilog2();
        let step = self.below(u64::from(doublings) + 1);
        let base = low << step;
        (base + self.below(base)).min(high)
    }

    /// `length` characters of hexadecimal.
    pub(super) fn hex(&mut self, length: usize) -> String {
        let mut text = String::with_capacity(length + 16);
        while text.len() < length {
            text.push_str(&format!("{:016x}", self.bits()));
        }
        text.truncate(length);
        text
    }
}

/// A bijection of 64 bits in which every input bit changes about half of the output.
fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_always_gives_the_same_sequence_and_another_path_another() {
        let draw = |seed, path: &[&str]| {
            (0..4).map(|_| ()).scan(Dice::new(seed, path), |d, ()| Some(d.bits())).collect::<Vec<_>>()
        };
        assert_eq!(draw(1, &["a", "b"]), draw(1, &["a", "b"]));
        assert_ne!(draw(1, &["a", "b"]), draw(1, &["ab"]));
        assert_ne!(draw(1, &["a"]), draw(2, &["a"]));
    }

    #[test]
    fn a_magnitude_stays_between_its_ends() {
        let mut dice = Dice::new(3, &["m"]);
        assert!((0..1000).map(|_| dice.magnitude(120, 60_000_000)).all(|n| (120..=60_000_000).contains(&n)));
    }
}
