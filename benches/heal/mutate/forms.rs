//! The same facts in other forms of JSON: stores whose entries refer to each other, rows under a header, a list for each column, pairs,
//! bare places, named and doubled values, posts without an owner, and an old copy beside the new data.

use serde_json::{Map, Value, json};

use super::{Docs, sent};
use crate::chance::Chance;
use crate::data;
use crate::layout::Site;
use crate::made::Change;
use crate::person::{Person, Post};

/// A record as its entries in order.
type Record = Vec<(String, Value)>;

/// Puts the profile and its posts into another form, inside the page or, at severity 2, into a response. At severity 3 all keys are new.
pub(super) fn docs(
    docs: &mut Docs,
    site: Site,
    now: &Person,
    before: &Person,
    others: &[Person],
    change: &Change<'_>,
) -> Option<()> {
    let form = change.class.strip_prefix("form_")?;
    if form == "old_copy" {
        old_copy(docs, site, before, others, change);
        return Some(());
    }
    let wrapped = form == "wrapped_ids";
    let opaque = (change.severity > 2).then_some(change.seed);
    let owned = form != "ownerless";
    let people: Vec<(String, Record)> = std::iter::once(now)
        .chain(&others[..2])
        .map(|person| (person.uid.clone(), facts(site, person, opaque)))
        .collect();
    let clips: Vec<(String, Record)> =
        now.own_posts().map(|post| (post.num.clone(), clip(site, post, now, owned, opaque))).collect();
    let clips = if wrapped { sent::wrapped(clips) } else { clips };
    let whole = match form {
        "apollo" => apollo(now, &people, clips),
        "relay" => relay(now, &people, clips),
        "rows" => {
            json!({"people": rows(records(people), change.severity), "clips": rows(records(clips), change.severity)})
        }
        "columns" => json!({"person": object(records(people).swap_remove(0)), "clips": columns(&records(clips))}),
        _ => {
            let as_form: fn(Record) -> Value = match form {
                "pairs" => |record| record.into_iter().map(|(key, value)| json!([key, value])).collect(),
                "places" => |record| record.into_iter().map(|(_, value)| value).collect(),
                "named" => {
                    |record| record.into_iter().map(|(key, value)| json!({"name": key, "value": value})).collect()
                }
                "valued" => |record| {
                    let both = |value: Value| json!({"text": value.to_string().trim_matches('"'), "value": value});
                    object(
                        record
                            .into_iter()
                            .map(|(key, value)| (key, if value.is_number() { both(value) } else { value }))
                            .collect(),
                    )
                },
                _ => object,
            };
            let mut people: Vec<Value> = records(people).into_iter().map(as_form).collect();
            let person = people.remove(0);
            json!({"person": person, "near": people, "clips": records(clips).into_iter().map(as_form).collect::<Value>()})
        }
    };
    let rest = json!({"build": "2026.11", "ready": true});
    if sent::docs(docs, form, &whole, &rest) {
        return Some(());
    }
    (docs.embedded[0], docs.network) = if change.severity == 2 { (rest, whole) } else { (whole, rest) };
    Some(())
}

/// What the page was like at the last visit, or some days before it, kept beside what it is now.
fn old_copy(docs: &mut Docs, site: Site, before: &Person, others: &[Person], change: &Change<'_>) {
    let mut old = before.clone();
    if change.severity > 2 {
        old.followers -= old.followers / 90;
        old.likes -= old.likes / 150;
        old.stamp -= 86_400;
    }
    let (mut embedded, address, mut network) = data::base(site, &old, others);
    if change.severity > 1 {
        data::rename(&mut embedded, change.seed);
        data::rename(&mut network, change.seed);
    }
    docs.embedded.push(json!({"cache": {"saved": embedded}}));
    if change.severity == 1 {
        docs.extra.push(json!({"url": format!("{address}&cached=1"), "body": network}));
    }
}

fn key(plain: &str, opaque: Option<u64>) -> String {
    let Some(seed) = opaque else { return plain.to_owned() };
    let sum = plain.bytes().fold(seed, |sum, b| sum.wrapping_mul(131).wrapping_add(u64::from(b)));
    format!("k{}", Chance::new(sum).token(5))
}

fn facts(site: Site, person: &Person, opaque: Option<u64>) -> Record {
    let third = match site {
        Site::Tik => ("likes_count", person.likes),
        Site::Ins => ("posts_count", person.posts_count),
    };
    let facts = [
        ("id", json!(person.uid)),
        ("username", json!(person.handle)),
        ("full_name", json!(person.name)),
        ("about", json!(person.bio)),
        ("picture", json!(person.avatar_url())),
        ("website", json!(person.link)),
        ("followers_count", json!(person.followers)),
        ("following_count", json!(person.following)),
        (third.0, json!(third.1)),
        ("private", json!(false)),
    ];
    facts.map(|(name, value)| (key(name, opaque), value)).into()
}

fn clip(site: Site, post: &Post, person: &Person, owned: bool, opaque: Option<u64>) -> Record {
    let code = (site == Site::Ins).then(|| ("code", json!(post.code)));
    let facts = [
        Some(("id", json!(post.num))),
        code,
        Some(("text", json!(post.caption))),
        Some(("made", json!(post.time))),
        owned.then(|| ("username", json!(person.handle))),
        Some(("plays", if post.photo { Value::Null } else { json!(post.views) })),
        Some(("hearts", json!(post.likes))),
        Some(("replies", json!(post.comments))),
    ];
    facts.into_iter().flatten().map(|(name, value)| (key(name, opaque), value)).collect()
}

fn records(entries: Vec<(String, Record)>) -> Vec<Record> {
    entries.into_iter().map(|(_, record)| record).collect()
}

fn object(record: Record) -> Value {
    Value::Object(record.into_iter().collect())
}

/// `{columns, rows}`, or at severity 3 the header as the first row.
fn rows(records: Vec<Record>, severity: usize) -> Value {
    let header: Value = records[0].iter().map(|(key, _)| json!(key)).collect();
    let mut rows: Vec<Value> =
        records.into_iter().map(|record| record.into_iter().map(|(_, value)| value).collect()).collect();
    if severity > 2 {
        rows.insert(0, header);
        return json!(rows);
    }
    json!({"columns": header, "rows": rows})
}

fn columns(records: &[Record]) -> Value {
    let names = records[0].iter().map(|(key, _)| key);
    let column = |at: usize| records.iter().map(|record| record[at].1.clone()).collect::<Value>();
    Value::Object(names.enumerate().map(|(at, name)| (name.clone(), column(at))).collect())
}

/// A normalised cache whose entries refer to each other by `__ref`.
fn apollo(now: &Person, people: &[(String, Record)], clips: Vec<(String, Record)>) -> Value {
    let mut store = Map::new();
    let root = format!("user({{\"handle\":\"{}\"}})", now.handle);
    store.insert("ROOT_QUERY".to_owned(), json!({"__typename": "Query", root: {"__ref": format!("User:{}", now.uid)}}));
    let refs: Vec<Value> = clips.iter().map(|(id, _)| json!({"__ref": format!("Clip:{id}")})).collect();
    for (at, (uid, record)) in people.iter().enumerate() {
        let mut entry = object(record.clone());
        entry["__typename"] = json!("User");
        if at == 0 {
            entry["clips"] = json!(refs);
        }
        store.insert(format!("User:{uid}"), entry);
    }
    for (id, record) in clips {
        let mut entry = object(record);
        entry["__typename"] = json!("Clip");
        entry["author"] = json!({"__ref": format!("User:{}", now.uid)});
        store.insert(format!("Clip:{id}"), entry);
    }
    Value::Object(store)
}

/// A record store with `__refs`, everything under its own id.
fn relay(now: &Person, people: &[(String, Record)], clips: Vec<(String, Record)>) -> Value {
    let mut store = Map::new();
    store.insert(
        "client:root".to_owned(),
        json!({"__id": "client:root", "__typename": "__Root", "user": {"__ref": now.uid}}),
    );
    let refs: Vec<Value> = clips.iter().map(|(id, _)| json!(id)).collect();
    for (at, (uid, record)) in people.iter().enumerate() {
        let mut entry = object(record.clone());
        entry["__id"] = json!(uid);
        entry["__typename"] = json!("User");
        if at == 0 {
            entry["clips"] = json!({"__refs": refs});
        }
        store.insert(uid.clone(), entry);
    }
    for (id, record) in clips {
        let mut entry = object(record);
        entry["__id"] = json!(id);
        entry["__typename"] = json!("Clip");
        entry["author"] = json!({"__ref": now.uid});
        store.insert(id, entry);
    }
    Value::Object(store)
}
