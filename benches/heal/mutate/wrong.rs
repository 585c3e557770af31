//! Pages that are not the profile's.

use serde_json::{Value, json};

use crate::chance::Chance;
use crate::data;
use crate::layout::Look;
use crate::made::{Change, Track};
use crate::page::{card, document};
use crate::person::Person;
use crate::tree::{el, text};

/// A page that is not the profile's.
pub(crate) fn wrong(
    asked: &str,
    now: &Person,
    look: &Look,
    track: Track,
    others: &[Person],
    change: &Change<'_>,
    chance: &mut Chance,
) -> (String, Value) {
    let other = if change.class == "look_alike" || chance.chance(0.3) {
        now.double(chance)
    } else {
        chance.pick(others).clone()
    };
    let (embedded, address, network) = data::base(look.site, &other, others);
    let responses = |docs: Value| if track == Track::Dom { json!([]) } else { docs };
    let kind = if change.class == "look_alike" { 0 } else { chance.below(6) };
    match kind {
        0 | 1 => (
            document(&other, look, track, look.body(&other, others), &[embedded], None),
            responses(json!([{"url": address, "body": network}])),
        ),
        2 => {
            // The address is still ours, everything in the body another's.
            let html = document(now, look, track, look.body(&other, others), &[embedded], Some(String::new()));
            (
                html.replace(&now.avatar_url().replace('&', "&amp;"), ""),
                responses(json!([{"url": address, "body": network}])),
            )
        }
        3 => {
            let form = vec![
                el("h1", "", vec![text("Log in")]).node(),
                el("p", "", vec![text(format!("Log in to see photos and videos from @{asked}"))]).node(),
                el("input", "", vec![]).with("type", "password").with("name", "password").node(),
                el("button", "", vec![text("Log in")]).node(),
            ];
            let body = el("body", "body", vec![el("form", "", form).node()]);
            (document(now, look, Track::Dom, body, &[], None), json!([]))
        }
        4 => {
            let mut children = vec![el("h2", "", vec![text("Sorry, this page isn't available.")]).node()];
            children.extend(others.iter().take(3).map(|other| card(look, other)));
            (document(now, look, Track::Dom, el("body", "body", children), &[], None), json!([]))
        }
        _ => {
            let children = vec![
                el("div", "", vec![text("Verify to continue")]).with("class", "captcha-box").node(),
                el("p", "", vec![text("Drag the 2 pieces into place, 3 tries left")]).node(),
            ];
            (
                document(now, look, Track::Dom, el("body", "body", children), &[], None),
                responses(json!([{"url": address, "body": {"code": 10000, "verify": "captcha"}}])),
            )
        }
    }
}
