//! The changes themselves.

use serde_json::{Value, json};

use crate::chance::Chance;
use crate::data;
use crate::layout::{Look, Site};
use crate::made::{Change, Track, card, document, other_locale};
use crate::person::Person;
use crate::tree::{El, Node, el, text};

/// What happened to the person.
pub(crate) fn person(now: &mut Person, before: &Person, change: &Change<'_>, chance: &mut Chance) {
    match change.class {
        "surge" => {
            let factor = 1.3 + chance.unit() * (change.severity as f64) * 4.0;
            now.followers = (before.followers as f64 * factor) as u64;
            if change.severity > 1 {
                now.likes = (before.likes as f64 * (1.1 + chance.unit())) as u64;
            }
            for post in now.posts.iter_mut().take(3) {
                post.views = (post.views as f64 * (1.5 + chance.unit() * 6.0)) as u64;
            }
        }
        "user_rename" => {
            now.handle = format!("{}.{}", chance.pick(&["its", "hello", "new"]), before.handle.replace(['.', '_'], ""));
        }
        "pinned" => {
            let count = now.posts.len();
            for at in 0..chance.between(1, 3) as usize {
                let from = count / 2 + at;
                let post = now.posts.remove(from);
                now.posts.insert(0, post);
            }
        }
        "bio_changed" => {
            now.bio = match chance.below(3) {
                0 => format!("{}\non a break {}", before.bio.lines().next().unwrap_or_default(), chance.below(99)),
                1 => format!("brand new words {} about everything", chance.token(6)),
                _ => format!("{} ✈️", before.bio),
            };
            if change.severity > 1 {
                now.name = format!("{} (back)", before.name);
            }
        }
        _ => {}
    }
}

/// What happened to the look.
pub(crate) fn look(look: &mut Look, change: &Change<'_>, at: usize) {
    let mut chance = Chance::new(change.seed);
    match change.class {
        "class_rotate" => {
            look.class_seed = change.seed;
            if change.severity > 1 {
                look.data_attr = None;
            }
            if change.severity > 2 {
                look.class_seed = change.seed.wrapping_add(at as u64);
            }
        }
        "attr_rename" => look.data_attr = Some(*chance.pick(&["data-testid", "data-x", "data-qa-id"])),
        "attr_drop" => {
            look.data_attr = None;
            look.exact_title = false;
            look.class_seed = change.seed;
        }
        "reorder" => {
            chance.shuffle(&mut look.blocks);
            chance.shuffle(&mut look.count_order);
            look.grid_first = chance.chance(0.5);
        }
        "language" => {
            other_locale(look, change.seed.wrapping_add(if change.severity > 2 { at as u64 } else { 0 }));
            look.data_attr = if change.severity > 1 { None } else { look.data_attr };
        }
        "number_format" => {
            if change.severity > 1 {
                other_locale(look, change.seed);
            }
            look.abbreviate = chance.chance(0.5);
            look.exact_title = chance.chance(0.5);
        }
        "unknown_locale" => {
            other_locale(look, change.seed);
            look.locale.followers = "quvanchlar";
            look.locale.following = "ergashuvda";
            look.locale.likes = "yoqtirish";
            look.locale.posts = "yozuvlar";
            look.data_attr = None;
            look.class_seed = change.seed;
        }
        "redesign" | "half_rollout" | "foreign_grid" | "mixed_wrong" => {
            *look = Look::redesigned(look.site, &mut chance)
        }
        "redesign_locales" => {
            *look = Look::redesigned(look.site, &mut chance);
            other_locale(look, change.seed.wrapping_add(at as u64));
        }
        "decoy_before" | "decoy_close" | "decoy_exact" | "removed" | "removed_decoy" | "hidden_copy" | "look_alike"
            if change.severity > 1 =>
        {
            look.class_seed = change.seed;
            look.data_attr = None;
            look.exact_title = false;
        }
        "merge_text" => look.counts = crate::layout::Counts::Flat,
        _ => {}
    }
}

fn wrap(node: Node, depth: usize, chance: &mut Chance) -> Node {
    (0..depth).fold(node, |inner, _| {
        el(if chance.chance(0.7) { "div" } else { "span" }, "wrapper", vec![inner])
            .with("class", format!("w{}", chance.token(5)))
            .node()
    })
}

#[expect(clippy::too_many_arguments, reason = "one call, and each is needed")]
pub(crate) fn body(
    body: &mut El,
    look: &Look,
    now: &Person,
    before: &Person,
    others: &[Person],
    change: &Change<'_>,
    chance: &mut Chance,
    removed: &mut Vec<String>,
) {
    let mut shared = Chance::new(change.seed);
    match change.class {
        "wrap" => wrap_some(body, change.severity, if change.severity > 2 { chance } else { &mut shared }),
        "tag_change" => body.each(&mut |element| {
            element.tag = match element.tag.as_str() {
                "h1" | "h2" | "h3" | "h4" | "p" | "button" | "figure" => "div".to_owned(),
                "strong" => "b".to_owned(),
                "header" | "main" => "section".to_owned(),
                other => other.to_owned(),
            };
            element.attrs.retain(|(name, _)| change.severity < 2 || !name.starts_with("data-"));
        }),
        "split_text" => split_numbers(body, change.severity),
        "decoy_before" => add_cards(body, look, &others[..1 + change.severity.min(3)], 0, true),
        "decoy_close" => {
            let near: Vec<Person> = (0..3).map(|_| now.near(chance, 0.03)).collect();
            add_cards(body, look, &near, chance.below(3), chance.chance(0.5));
        }
        "decoy_exact" => {
            let near: Vec<Person> = (0..3).map(|_| before.near(chance, 0.0)).collect();
            add_cards(body, look, &near, chance.below(3), chance.chance(0.5));
        }
        "look_alike" => {
            let near: Vec<Person> = (0..2).map(|_| now.double(chance)).collect();
            add_cards(body, look, &near, chance.below(3), true);
        }
        "hidden_copy" => hidden_copy(body, look, before, change.severity, chance),
        "foreign_grid" => foreign_grid(body, look, others, chance),
        "no_labels" => {
            body.each_list(&mut |_, children| {
                children.retain(|child| !matches!(child, Node::El(element) if element.role.starts_with("label:")))
            });
            body.each(&mut |element| {
                if element.role == "countlink" || element.role == "countbox" {
                    element.children.truncate(1);
                    element.attrs.retain(|(name, _)| name != "href" || change.severity < 3);
                }
                element.attrs.retain(|(name, _)| !name.starts_with("data-") || change.severity < 2);
            });
        }
        "look_alike_counts" => {
            let shown = |value: u64| look.locale.show(value, true).0;
            let cell = |value: String, word: &str| {
                el(
                    "div",
                    "cell:alien",
                    vec![
                        el("strong", "number:alien", vec![text(value)]).node(),
                        el("span", "label:alien", vec![text(word)]).node(),
                    ],
                )
                .node()
            };
            let mut cells = vec![
                cell(shown(before.followers + 1), "Friends"),
                cell(shown(before.following), "Mutual friends"),
                cell(shown(before.likes / 2), "Avg. views"),
            ];
            body.each_list(&mut |role, children| {
                if role == "counts"
                    && !cells.is_empty()
                    && look.counts != crate::layout::Counts::Rows
                    && look.counts != crate::layout::Counts::Pairs
                {
                    let at = chance.below(children.len() + 1);
                    children.splice(at..at, std::mem::take(&mut cells));
                }
            });
        }
        "removed" | "removed_decoy" => remove(body, look, others, before, change, chance, removed),
        _ => {}
    }
}

fn wrap_some(body: &mut El, severity: usize, chance: &mut Chance) {
    body.each_list(&mut |_, children| {
        let nodes = std::mem::take(children);
        *children = nodes
            .into_iter()
            .map(|node| {
                let plain = matches!(&node, Node::El(element) if !matches!(element.tag.as_str(), "dt" | "dd" | "wrapper") && element.role != "wrapper");
                if plain && chance.chance(0.25 * severity as f64) {
                    let depth = 1 + chance.below(severity);
                    wrap(node, depth, chance)
                } else {
                    node
                }
            })
            .collect();
    });
}

/// `12.6K` as `12`, `.`, `6K`, or digit groups apart.
fn split_numbers(body: &mut El, severity: usize) {
    body.each(&mut |element| {
        if !(element.role.starts_with("number:") || element.role == "views") {
            return;
        }
        let Some(Node::Text(shown)) = element.children.first().cloned() else { return };
        let mut parts: Vec<String> = vec![String::new()];
        for c in shown.chars() {
            let numeric = c.is_numeric();
            if !numeric && (severity > 1 || !c.is_alphabetic()) && matches!(c, '.' | ',' | '٫' | '٬') {
                parts.push(c.to_string());
                parts.push(String::new());
            } else if c.is_alphabetic()
                && severity > 1
                && parts.last().is_some_and(|last| last.chars().all(char::is_numeric) && !last.is_empty())
            {
                parts.push(c.to_string());
            } else if let Some(last) = parts.last_mut() {
                last.push(c);
            }
        }
        parts.retain(|part| !part.is_empty());
        element.children = parts.into_iter().map(|part| el("span", "part", vec![text(part)]).node()).collect();
    });
}

fn add_cards(body: &mut El, look: &Look, people: &[Person], place: usize, boxed: bool) {
    let mut cards: Vec<Node> = people.iter().map(|other| card(look, other)).collect();
    if boxed {
        cards = vec![el("div", "spotlight", cards).with("class", "spot").node()];
    }
    body.each_list(&mut |role, children| {
        let here = match place {
            0 | 1 => role == "main",
            _ => role == "body",
        };
        if here && !cards.is_empty() {
            let at = if place == 1 { children.len() } else { 0 };
            let taken = std::mem::take(&mut cards);
            children.splice(at..at, taken);
        }
    });
}

/// A copy of the head with the values of the last visit, out of sight.
fn hidden_copy(body: &mut El, look: &Look, before: &Person, severity: usize, chance: &mut Chance) {
    let mut copy = look.header(before);
    match chance.below(4 + severity.min(2)) {
        5 => {
            copy.set("class", "zq9");
            copy.children.push(el("style", "", vec![text(".zq8{color:red}.zq9{display: none !important}")]).node());
        }
        0 => copy.set("style", "display:none"),
        1 => copy.set("hidden", ""),
        2 => copy.set("style", "visibility: hidden; position:absolute"),
        3 => copy = el("template", "", vec![copy.node()]),
        _ => copy = el("noscript", "", vec![copy.node()]),
    }
    let mut copy = Some(copy.node());
    body.each_list(&mut |role, children| {
        if role == "main"
            && let Some(copy) = copy.take()
        {
            children.insert(0, copy);
        }
    });
}

/// A grid of another's posts, in the same markup.
fn foreign_grid(body: &mut El, look: &Look, others: &[Person], chance: &mut Chance) {
    let other = chance.pick(others).clone();
    let mut look = look.clone();
    look.named_posts = look.site == Site::Tik || chance.chance(0.5);
    let title = el(
        "h2",
        "more",
        vec![
            text("More from "),
            el("a", "moreof", vec![text(&other.handle)]).with("href", look.profile_path(&other.handle)).node(),
        ],
    );
    let block = el("section", "foreign", vec![title.node(), look.grid(&other).node()]).node();
    let mut block = Some(block);
    let front = chance.chance(0.5);
    body.each_list(&mut |role, children| {
        if role == "main"
            && let Some(block) = block.take()
        {
            let at = if front { 0 } else { children.len() };
            children.insert(at, block);
        }
    });
}

fn remove(
    body: &mut El,
    look: &Look,
    others: &[Person],
    before: &Person,
    change: &Change<'_>,
    chance: &mut Chance,
    removed: &mut Vec<String>,
) {
    let mut shared = Chance::new(change.seed ^ 5);
    let third = if look.site == Site::Tik { "likes" } else { "posts_count" };
    let field =
        *shared.pick(&["followers", "following", third, "bio", "avatar_url", "external_url", "views", "followers"]);
    removed.push(field.to_owned());
    let role = match field {
        "bio" => "bio",
        "avatar_url" => "avatar",
        "external_url" => "links",
        "views" => "views",
        "posts_count" => "cell:posts",
        "followers" => "cell:followers",
        "following" => "cell:following",
        _ => "cell:likes",
    };
    let mut moved = None;
    body.each_list(&mut |_, children| {
        children.retain(|child| {
            let gone = matches!(child, Node::El(element) if element.role == role);
            if gone {
                moved = Some(child.clone());
            }
            !gone
        });
    });
    if change.class != "removed_decoy" || !role.starts_with("cell:") {
        return;
    }
    // The number that is gone from the profile stands in its head for someone else, within or outside the past's reach.
    let other = if chance.chance(0.5) { before.near(chance, 0.03) } else { chance.pick(others).clone() };
    let mut own = look.clone();
    own.suggestions = 0;
    let mut cell = None;
    own.header(&other).each_list(&mut |_, children| {
        cell = cell.take().or_else(|| {
            children.iter().find(|child| matches!(child, Node::El(element) if element.role == role)).cloned()
        });
    });
    let named = match chance.below(3) {
        0 => el("span", "whose", vec![text(&other.handle)]).node(),
        1 => el("a", "whose", vec![text(&other.name)]).with("href", look.profile_path(&other.handle)).node(),
        _ => el("span", "whose", vec![text(format!("@{}", other.handle))]).node(),
    };
    let block = el("section", "stranger", vec![named, el("div", "counts", cell.into_iter().collect()).node()]).node();
    let mut block = Some(block);
    let at_front = chance.chance(0.5);
    body.each_list(&mut |role, children| {
        if role == "header"
            && let Some(block) = block.take()
        {
            let at = if at_front { 0 } else { children.len() };
            children.insert(at, block);
        }
    });
}

/// A page's JSON.
pub(crate) struct Docs {
    pub(crate) embedded: Vec<Value>,
    pub(crate) address: String,
    pub(crate) network: Value,
    pub(crate) extra: Vec<Value>,
    pub(crate) description: Option<String>,
}

#[expect(clippy::too_many_arguments, reason = "one call, and each is needed")]
pub(crate) fn docs(
    docs: &mut Docs,
    look: &Look,
    now: &Person,
    before: &Person,
    others: &[Person],
    change: &Change<'_>,
    chance: &mut Chance,
    removed: &mut Vec<String>,
) {
    let mut shared = Chance::new(change.seed ^ 9);
    let foreign = |at: usize| data::base(look.site, &others[at], others);
    match change.class {
        "json_rename" => rename_all(docs, change.seed, change.severity, &mut shared),
        "json_nest" => {
            let depth = 1 + shared.below(3 + change.severity);
            let viewer = (change.severity > 1).then(|| foreign(5).0);
            docs.embedded[0] = data::nest(docs.embedded[0].take(), viewer.clone(), vec![foreign(6).0], depth);
            docs.network = data::nest(docs.network.take(), viewer, vec![foreign(6).2], depth);
            if change.severity > 2 {
                rename_all(docs, change.seed, 1, &mut shared);
            }
        }
        "json_retype" => {
            let way = shared.below(4);
            data::retype(&mut docs.embedded[0], way);
            data::retype(&mut docs.network, way);
        }
        "json_map" => {
            data::map_lists(&mut docs.network);
            if change.severity > 1 {
                rename_all_but_ids(docs, change.seed);
            }
        }
        "json_foreign" => {
            let (embedded, address, network) = foreign(chance.below(9));
            docs.embedded.insert(chance.below(2), embedded);
            docs.extra.push(json!({"url": address, "body": network}));
            let near = now.near(chance, 0.02);
            let (embedded, address, network) = data::base(look.site, &near, others);
            docs.embedded.push(embedded);
            docs.extra.push(json!({"url": address, "body": network}));
            if change.severity > 1 {
                rename_all(docs, change.seed, 1, &mut shared);
            }
        }
        "json_stale" => {
            let (embedded, _, _) = data::base(look.site, before, others);
            docs.embedded[0] = embedded;
        }
        "json_normal" => {
            let people: Vec<&Person> = others.iter().take(3).chain(std::iter::once(now)).collect();
            docs.embedded[0] = data::normal(look.site, &people, &mut shared);
            if change.severity > 1 {
                rename_all_but_ids(docs, change.seed);
            }
        }
        "json_pairs" => docs.embedded[0] = data::pairs(look.site, now, &others[0], change.severity),
        "look_alike_counts" => {
            for value in docs.embedded.iter_mut().chain(std::iter::once(&mut docs.network)) {
                data::add_near(value, before);
            }
            if change.severity > 1 {
                rename_all(docs, change.seed, 1, &mut shared);
            }
        }
        "redesign" | "half_rollout" | "redesign_locales" | "mixed_wrong" => {
            let depth = shared.below(5);
            let viewer = shared.chance(0.5).then(|| foreign(5).0);
            docs.embedded[0] = data::nest(docs.embedded[0].take(), viewer.clone(), vec![foreign(6).0], depth);
            docs.network = data::nest(docs.network.take(), viewer, vec![foreign(7).2], depth);
            rename_all(docs, change.seed, change.severity, &mut shared);
            if shared.chance(0.3) {
                let way = shared.below(3);
                data::retype(&mut docs.embedded[0], way);
                data::retype(&mut docs.network, way);
            }
        }
        "stale_meta" => {
            let facts: Vec<String> = look
                .facts(before)
                .iter()
                .map(|(_, value, word)| format!("{} {word}", look.locale.show(*value, false).0))
                .collect();
            docs.description = Some(format!("{} - from {}", facts.join(", "), now.name));
        }
        "removed" | "removed_decoy" => remove_from_docs(docs, look, now, change, removed),
        _ => {}
    }
}

fn rename_all(docs: &mut Docs, seed: u64, severity: usize, shared: &mut Chance) {
    let mut order = shared.clone();
    let every = docs
        .embedded
        .iter_mut()
        .chain(std::iter::once(&mut docs.network))
        .chain(docs.extra.iter_mut().map(|extra| &mut extra["body"]));
    for value in every {
        data::rename(value, seed);
        if severity > 1 {
            data::shuffle(value, &mut order.clone());
        }
    }
    let _ = order.next();
}

fn rename_all_but_ids(docs: &mut Docs, seed: u64) {
    data::rename(&mut docs.embedded[0], seed);
}

fn remove_from_docs(docs: &mut Docs, look: &Look, now: &Person, change: &Change<'_>, removed: &mut Vec<String>) {
    let mut shared = Chance::new(change.seed ^ 5);
    let third = if look.site == Site::Tik { "likes" } else { "posts_count" };
    let field =
        *shared.pick(&["followers", "following", third, "bio", "avatar_url", "external_url", "views", "followers"]);
    if !removed.iter().any(|held| held == field) {
        removed.push(field.to_owned());
    }
    let keys: &[&str] = match field {
        "followers" => &["followerCount", "follower_count", "edge_followed_by"],
        "following" => &["followingCount", "following_count", "edge_follow"],
        "likes" => &["heart", "heartCount"],
        "posts_count" => &["media_count"],
        "bio" => &["signature", "biography"],
        "avatar_url" => &["avatarLarger", "hd_profile_pic_url_info", "profile_pic_url_hd"],
        "external_url" => &["bioLink", "bio_links", "external_url"],
        _ => &["playCount", "video_view_count"],
    };
    data::drop_keys(&mut docs.embedded[0], keys);
    data::drop_keys(&mut docs.network, keys);
    if field == "posts_count"
        && let Some(list) = docs.network["data"]["user"]["edge_owner_to_timeline_media"].as_object_mut()
    {
        list.remove("count");
    }
    let facts: Vec<String> = look
        .facts(now)
        .iter()
        .filter(|(name, _, _)| *name != field && !(*name == "posts" && field == "posts_count"))
        .map(|(_, value, word)| format!("{} {word}", look.locale.show(*value, true).0))
        .collect();
    docs.description = Some(format!("{} - {}", facts.join(", "), now.name));
    if change.severity > 1 {
        let mut order = Chance::new(change.seed);
        rename_all(docs, change.seed, 1, &mut order);
    }
}

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
