//! Brings more of a list into the page by scrolling, and knows when to stop: enough is there, the list says that it is over, the
//! site refuses, nothing new comes, or the steps are used up. Scrolling without looking at what it brings would never end on a page that
//! grows without end, and never notice one that does not move.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::error::BrowserError;
use super::evaluate::evaluate;
use super::follow::{self, Followed};
use super::open::Tab;
use super::spec::{Follow, PagingEnd};
use super::tally::Tally;
use crate::model::visit::Paging;

/// How often the page is looked at while nothing is heard of it.
const LOOK: Duration = Duration::from_millis(100);
/// When a scroll has brought nothing for this long, the next step is made.
const STEP: Duration = Duration::from_millis(600);

/// A page that has grown since it was scrolled (its cards were only being laid out) is scrolled again so often within a step.
const AGAIN: usize = 3;

/// Scrolls everything that holds the list to its end, or only measures it. Where it is there already, a window's height back
/// first, and a frame between: an observer of the list's end sees only what a frame shows.
const SCROLL: &str = "(async (cards, moves) => { const last = cards ? [...document.querySelectorAll(cards)].at(-1) : null;
    const frame = () => new Promise(done => { requestAnimationFrame(() => done()); setTimeout(done, 50) });
    const root = document.scrollingElement || document.documentElement;
    const scrolls = e => e.scrollHeight > e.clientHeight + 8 && /auto|scroll/.test(getComputedStyle(e).overflowY);
    const boxes = [];
    for (let e = last; e; e = e.parentElement) if (scrolls(e)) boxes.push(e);
    if (!boxes.length && root.scrollHeight <= innerHeight + 8) { let best = null;
        for (const e of document.querySelectorAll('div,main,section,ul')) if (scrolls(e) && (!best || e.clientHeight > best.clientHeight)) best = e;
        if (best) boxes.push(best) }
    if (!boxes.includes(root)) boxes.push(root);
    const height = () => root.scrollHeight + boxes.reduce((sum, e) => sum + e.scrollHeight, 0);
    if (!moves) return height();
    await frame();
    let back = false;
    for (const e of boxes) if (e.scrollTop > 0 && e.scrollTop + e.clientHeight >= e.scrollHeight - 2) { e.scrollTop -= e.clientHeight; back = true }
    if (back) { await frame(); await frame() }
    for (const e of boxes) e.scrollTop = e.scrollHeight;
    return height() })";

/// Pages until there is a reason to stop.
pub(super) async fn page(
    tab: &Tab,
    paging: &Paging,
    follows: &[Follow],
    limit: Duration,
) -> Result<PagingEnd, BrowserError> {
    let mut count = Tally::new(paging);
    let mut changes = tab.shared.changes();
    let mut steps = 0;
    let mut news = Instant::now();
    let mut stepped: Option<Instant> = None;
    // Whether something new came since the last step, so that the next may be made at once.
    let mut due = true;
    let mut follow = Followed::Nothing;
    let (mut height, mut again) = (0.0, 0);
    loop {
        let before = count.items();
        count.read(tab);
        if count.items() < paging.want {
            count.cards = count_cards(tab, paging, limit).await?;
        }
        let grew = count.items() > before;
        if grew {
            news = Instant::now();
            due = true;
        }
        // A body on its way may be all that is missing.
        let idle = tab.shared.state().fetching == 0;
        let quiet = news.elapsed();
        if let Some(end) = count.end().or_else(|| (quiet >= paging.stall).then_some(PagingEnd::Stalled)) {
            return Ok(end);
        }
        if let Some(end) = count.empty_end() {
            // Nothing is asked for meanwhile: a refusal would only be repeated.
            if idle && quiet >= STEP {
                return Ok(end);
            }
        } else if idle && (due || stepped.is_none_or(|at| at.elapsed() >= STEP.min(paging.stall / 2))) {
            if steps >= paging.max_steps {
                return Ok(PagingEnd::OutOfSteps);
            }
            steps += 1;
            if follow != Followed::Failed {
                follow = followed(tab, paging, follows, &mut count, limit).await?;
                if follow == Followed::Asked {
                    news = Instant::now();
                    continue;
                }
            }
            height = scroll(tab, paging, true, limit).await?;
            stepped = Some(Instant::now());
            (due, again) = (false, 0);
        } else if idle && stepped.is_some() && again < AGAIN && scroll(tab, paging, false, limit).await? > height + 8.0
        {
            height = scroll(tab, paging, true, limit).await?;
            again += 1;
        }
        heard(tab, &mut changes).await?;
    }
}

/// Scrolls to the list's end where it `moves`; how high the page and the boxes that scroll are, in pixels.
async fn scroll(tab: &Tab, paging: &Paging, moves: bool, limit: Duration) -> Result<f64, BrowserError> {
    let script = format!("{SCROLL}({}, {moves})", quoted(paging.cards.as_deref().unwrap_or("")));
    Ok(evaluate(tab, &script, limit).await?.as_f64().unwrap_or(0.0))
}

/// How many items the document shows.
async fn count_cards(tab: &Tab, paging: &Paging, limit: Duration) -> Result<usize, BrowserError> {
    let Some(cards) = &paging.cards else { return Ok(0) };
    let script = format!(
        "(() => {{ try {{ return document.querySelectorAll({}).length }} catch {{ return 0 }} }})()",
        quoted(cards)
    );
    let number = evaluate(tab, &script, limit).await?.as_u64().unwrap_or(0);
    Ok(usize::try_from(number).unwrap_or(0))
}

/// Asks for the next page without scrolling; whether it brought anything.
async fn followed(
    tab: &Tab,
    paging: &Paging,
    follows: &[Follow],
    count: &mut Tally<'_>,
    limit: Duration,
) -> Result<Followed, BrowserError> {
    let items = count.items();
    let followed = follow::follow(tab, follows, paging, limit).await?;
    count.read(tab);
    let brought = followed != Followed::Asked || count.items() > items;
    Ok(if brought { followed } else { Followed::Failed })
}

/// Waits for a kept response, or a little.
async fn heard(tab: &Tab, changes: &mut tokio::sync::watch::Receiver<u64>) -> Result<(), BrowserError> {
    let kept = tab.shared.state().traffic.kept.len();
    let more = async {
        loop {
            {
                let state = tab.shared.state();
                if state.over.is_some() || state.traffic.kept.len() > kept {
                    return;
                }
            }
            if changes.changed().await.is_err() {
                return;
            }
        }
    };
    let _ = tokio::time::timeout(LOOK, more).await;
    let state = tab.shared.state();
    match state.over {
        Some(over) => Err(over.error(&state.traffic.document.url)),
        None => Ok(()),
    }
}

/// Scrolls until an expression is true; false when it never was.
pub(super) async fn scroll_until(
    tab: &Tab,
    condition: &str,
    steps: usize,
    stall: Duration,
    limit: Duration,
) -> Result<bool, BrowserError> {
    let mut height = Value::Null;
    let mut moved = Instant::now();
    let mut made = 0;
    loop {
        if evaluate(tab, &format!("!!({condition})"), limit).await? == Value::Bool(true) {
            return Ok(true);
        }
        if moved.elapsed() >= stall || made >= steps {
            return Ok(false);
        }
        let now = evaluate(tab, &format!("{SCROLL}('', true)"), limit).await?;
        made += 1;
        if now != height {
            height = now;
            moved = Instant::now();
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// A text as a JavaScript literal.
pub(super) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
