//! Comparing texts as a person would: white space does not count, and a text about oneself may change in part.

/// White space made single.
pub(crate) fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether two texts are the same but for white space.
pub(crate) fn same(a: &str, b: &str) -> bool {
    a == b || a.split_whitespace().eq(b.split_whitespace())
}

/// How much of two texts is the same, by words: 0 to 1.
pub(crate) fn alikeness(a: &str, b: &str) -> f64 {
    let (a, b) = (plain(a), plain(b));
    if a == b {
        return 1.0;
    }
    if a.len() > b.len() * 3 || b.len() > a.len() * 3 {
        return 0.0;
    }
    let (ours, theirs): (Vec<&str>, Vec<&str>) = (a.split(' ').collect(), b.split(' ').collect());
    let mut left = theirs.clone();
    let shared = ours
        .iter()
        .filter(|word| left.iter().position(|other| other == *word).map(|at| left.swap_remove(at)).is_some())
        .count();
    let total = u32::try_from(ours.len().max(theirs.len())).unwrap_or(u32::MAX);
    f64::from(u32::try_from(shared).unwrap_or(0)) / f64::from(total.max(1))
}
