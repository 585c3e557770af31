//! The limiter in time that only the test moves, and the proof over sliding minutes.

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

fn limits(loads: u32, burst: u32) -> Limits {
    Limits { minute: MINUTE, loads, burst, per_hour: 0, per_day: 0, bytes_per_day: 0, concurrent: 1_000 }
}

fn both(limits: Limits) -> Bounds {
    Bounds { platform: limits, egress: limits }
}

fn payer(egress: &str) -> Payer {
    Payer { platform: PlatformId::new("tiktok"), egress: Egress::new(egress) }
}

async fn pass(wait: Duration) {
    // tokio's clock ticks in milliseconds.
    tokio::time::advance(wait + Duration::from_millis(1)).await;
}

/// Begins and ends crawls of one page load, waiting as told, until `until`; the times of the loads.
async fn saturate(limiter: &mut Limiter, payer: &Payer, bounds: &Bounds, until: Duration) -> Vec<Duration> {
    let mut loads = Vec::new();
    while limiter.clock.uptime() < until {
        match limiter.admit(payer, bounds, 1, Step::Begin) {
            Ok(()) => {
                let now = limiter.clock.uptime();
                loads.push(now);
                limiter.close(payer, now, Closing { over: 1, ..Closing::default() }, MINUTE);
            }
            Err(refusal) => pass(refusal.after).await,
        }
    }
    loads
}

fn most_in_a_minute(loads: &[Duration]) -> usize {
    let within = |end: &Duration| loads.iter().filter(|at| *at <= end && **at + MINUTE >= *end).count();
    loads.iter().map(within).max().unwrap_or(0)
}

#[tokio::test(start_paused = true)]
async fn twenty_a_minute_are_never_more_and_are_used() {
    let mut limiter = Limiter::new(Clock::system());
    let loads = saturate(&mut limiter, &payer("direct"), &both(limits(20, 12)), 10 * MINUTE).await;
    assert_eq!(most_in_a_minute(&loads), 20);
    assert!(loads.len() >= 198, "{} of 200", loads.len());
}

#[tokio::test(start_paused = true)]
async fn after_its_burst_one_address_pauses_between_page_loads() {
    let mut limiter = Limiter::new(Clock::system());
    let loads = saturate(&mut limiter, &payer("direct"), &both(limits(20, 5)), MINUTE / 2).await;
    assert!(loads[4] < Duration::from_millis(1));
    assert!(loads.windows(2).skip(4).all(|pair| pair[1] - pair[0] >= Duration::from_millis(2_990)), "{loads:?}");
}

#[tokio::test(start_paused = true)]
async fn the_platforms_budget_stands_above_all_addresses() {
    let mut limiter = Limiter::new(Clock::system());
    let bounds = Bounds { platform: limits(20, 12), egress: limits(12, 12) };
    let granted = |limiter: &mut Limiter, egress: &str| {
        (0..20).filter(|_| limiter.admit(&payer(egress), &bounds, 1, Step::Begin).is_ok()).count()
    };
    assert_eq!(granted(&mut limiter, "one"), 12);
    assert_eq!(granted(&mut limiter, "two"), 8);
    assert_eq!(granted(&mut limiter, "three"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_takes_nothing() {
    let mut limiter = Limiter::new(Clock::system());
    let bounds = both(limits(2, 2));
    limiter.admit(&payer("a"), &bounds, 2, Step::Begin).unwrap();
    for _ in 0..50 {
        let refusal = limiter.admit(&payer("a"), &bounds, 1, Step::Begin).unwrap_err();
        assert_eq!(refusal.reason, LaterReason::Minute);
    }
    let platform = limiter.spending().into_iter().find(|(_, egress, _)| egress.is_none()).unwrap().2;
    assert_eq!((platform.loads, platform.hour, platform.crawls), (2, 2, 1));
}

#[tokio::test(start_paused = true)]
async fn reserved_loads_that_were_not_made_come_back() {
    let mut limiter = Limiter::new(Clock::system());
    let bounds = both(limits(20, 12));
    limiter.admit(&payer("a"), &bounds, 12, Step::Begin).unwrap();
    limiter.close(&payer("a"), Duration::ZERO, Closing { over: 2, unused: 10, bytes: 7 }, MINUTE);
    let platform = limiter.spending().into_iter().find(|(_, egress, _)| egress.is_none()).unwrap().2;
    assert_eq!(platform, Spending { loads: 2, hour: 2, day: 2, bytes: 7, crawls: 0 });
}

#[tokio::test(start_paused = true)]
async fn crawls_under_way_are_capped_but_their_further_pages_are_not() {
    let mut limiter = Limiter::new(Clock::system());
    let bounds = both(Limits { concurrent: 1, ..limits(20, 12) });
    limiter.admit(&payer("a"), &bounds, 1, Step::Begin).unwrap();
    let refusal = limiter.admit(&payer("b"), &bounds, 1, Step::Begin).unwrap_err();
    assert_eq!(refusal, Refusal { after: RECHECK, reason: LaterReason::Concurrency });
    limiter.admit(&payer("a"), &bounds, 1, Step::Further).unwrap();
    limiter.close(&payer("a"), Duration::ZERO, Closing { over: 2, ..Closing::default() }, MINUTE);
    limiter.admit(&payer("b"), &bounds, 1, Step::Begin).unwrap();
}

#[tokio::test(start_paused = true)]
async fn hour_day_and_bytes_have_budgets_of_their_own() {
    let hours =
        |per_hour, per_day, bytes_per_day| both(Limits { per_hour, per_day, bytes_per_day, ..limits(100, 100) });
    for (bounds, reason, longest) in [
        (hours(3, 0, 0), LaterReason::Hour, 3_660),
        (hours(0, 3, 0), LaterReason::Day, 86_400 + 1_440),
        (hours(0, 0, 3), LaterReason::Bytes, 86_400 + 1_440),
    ] {
        let mut limiter = Limiter::new(Clock::system());
        for _ in 0..3 {
            limiter.admit(&payer("a"), &bounds, 1, Step::Begin).unwrap();
            limiter.close(&payer("a"), Duration::ZERO, Closing { over: 1, unused: 0, bytes: 1 }, MINUTE);
        }
        let refusal = limiter.admit(&payer("a"), &bounds, 1, Step::Begin).unwrap_err();
        assert_eq!(refusal.reason, reason);
        assert!(refusal.after <= Duration::from_secs(longest), "{refusal:?}");
        pass(refusal.after).await;
        limiter.admit(&payer("a"), &bounds, 1, Step::Begin).unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_of_pace_hands_out_no_burst() {
    let mut limiter = Limiter::new(Clock::system());
    limiter.admit(&payer("a"), &both(limits(60, 10)), 1, Step::Begin).unwrap();
    let refusal = limiter.admit(&payer("a"), &both(limits(30, 10)), 1, Step::Begin).unwrap_err();
    assert_eq!(refusal.reason, LaterReason::Spacing);
    assert!(refusal.after <= Duration::from_secs(2), "{refusal:?}");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(48))]

    /// Whatever is asked, at whatever moments, however long the loads take: no sliding minute in which the site sees more.
    #[test]
    fn no_sliding_minute_holds_more_than_the_limit(
        loads in 1_u32..30,
        burst in 1_u32..40,
        steps in proptest::collection::vec((0_u64..9_000, 1_u32..6, 0_u64..20_000, 0.0_f64..1.0), 1..200),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let mut limiter = Limiter::new(Clock::system());
            let bounds = both(limits(loads, burst));
            let (mut seen, mut under_way) = (Vec::new(), Vec::new());
            for (pause, wanted, took, part) in steps {
                tokio::time::advance(Duration::from_millis(pause)).await;
                let now = limiter.clock.uptime();
                under_way.retain(|(ends, granted)| {
                    let over = *ends <= now;
                    if over {
                        limiter.close(&payer("a"), now, Closing { over: *granted, ..Closing::default() }, MINUTE);
                    }
                    !over
                });
                let wanted = bounds.clamp(wanted);
                if limiter.admit(&payer("a"), &bounds, wanted, Step::Begin).is_ok() {
                    let took = Duration::from_millis(took);
                    // The site sees each somewhere between its grant and its end.
                    seen.extend((0..wanted).map(|_| now + took.mul_f64(part)));
                    under_way.push((now + took, wanted));
                }
            }
            proptest::prop_assert!(most_in_a_minute(&seen) <= loads as usize);
            Ok(())
        })?;
    }
}
