//! One page's heal by its size, parsing excluded: the median and the 99th percentile over many cases, and criterion's figure for one.

use std::hint::black_box;

use criterion::Criterion;
use social_sentinel::clock::Clock;
use social_sentinel::extract::heal::heal;
use social_sentinel::extract::heal::selectors::OldSelectors;

use crate::made::Made;
use crate::parsed;

/// Changes of every kind: of the look, of the data, of both, of people beside and of posts.
const CLASSES: [&str; 8] = [
    "class_rotate",
    "json_rename",
    "redesign",
    "redesign_locales",
    "decoy_close",
    "torn_number",
    "post_mixed",
    "control",
];
/// Cases of each class, and how often each is healed.
const CASES: u64 = 12;
const ROUNDS: usize = 3;

/// Prints both figures for pages of about 450 and of about 3,000 elements.
pub(crate) fn measure() {
    let mut criterion = Criterion::default().sample_size(40);
    for (name, posts) in [("450_elements", 38), ("3000_elements", 330)] {
        let cases: Vec<Made> = CLASSES
            .iter()
            .flat_map(|class| (1..=CASES).map(move |seed| Made::sized(class, 2, seed * 7, &[posts])))
            .collect();
        let (mut times, mut elements) = (Vec::new(), Vec::new());
        for case in &cases {
            elements.extend(
                case.pages.iter().map(|page| page.html.matches("</").count() + page.html.matches("<img").count()),
            );
            let (known, pages) = parsed(case);
            for _ in 0..ROUNDS {
                times.extend(heal(&OldSelectors::default(), &known, &pages, &Clock::system()).heal_ms);
            }
        }
        times.sort_by(f64::total_cmp);
        elements.sort_unstable();
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
        let [low, middle, high] = [0, elements.len() / 2, elements.len() - 1].map(|at| elements[at]);
        println!(
            "heal, {name}: {} pages of {low} to {high} elements (median {middle}), {} heals: median {:.2} ms, 99th percentile {:.2} ms, most {:.2} ms a page",
            elements.len(),
            times.len(),
            at(0.5),
            at(0.99),
            at(1.0)
        );
        let case = Made::sized("redesign", 2, 11, &[posts]);
        let (known, pages) = parsed(&case);
        criterion.bench_function(&format!("heal/{name}/{}_pages_at_once", pages.len()), |bencher| {
            bencher.iter(|| {
                black_box(heal(&OldSelectors::default(), black_box(&known), black_box(&pages), &Clock::system()))
            });
        });
    }
    criterion.final_summary();
}
