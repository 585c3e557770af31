//! Makes a selector set ready to run. Compiling is also the check: everything that can be wrong with a set is found here,
//! once, and named.

use std::sync::Arc;

use scraper::Selector;

use super::parse::CountLabel;
use super::path::Path;
use super::pattern::{Pattern, pattern};
use super::program::{Language, Place, Program, RecordCode, RuleCode, ShapeCode, SignalCode};
use crate::model::document::SourceKind;
use crate::model::page::Field;
use crate::model::selectors::{Exactness, Owner, Record, RecordKind, Role, Rule, Rules, SelectorSet, Shape, Signal};

/// What is wrong with a set: the key's path and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) key: String,
    pub(super) wrong: String,
}

/// Compiles a set, or says what is wrong with it.
pub(super) fn compile(set: &SelectorSet) -> Result<Program, Fault> {
    let shapes = set.shapes.iter().enumerate().map(|(rank, shape)| shape_code(set, rank, shape));
    let signals = set.signals.iter().enumerate().map(|(n, signal)| signal_code(n, signal));
    let (shapes, signals) = (shapes.collect::<Result<Vec<_>, _>>()?, signals.collect::<Result<Vec<_>, _>>()?);
    let keys = key_pattern(&shapes, &signals);
    Ok(Program { shapes, signals, keys })
}

fn key_pattern(shapes: &[ShapeCode], signals: &[SignalCode]) -> Option<Arc<Pattern>> {
    let of_shapes = shapes.iter().flat_map(|shape| &shape.at).filter_map(|place| match place {
        Place::Json(path) => path.first_key(),
        Place::Css(_) | Place::Meta(_) => None,
    });
    let of_signals = signals.iter().flat_map(|code| code.json.iter().chain(&code.detail)).filter_map(Path::first_key);
    let mut keys: Vec<String> = of_shapes.chain(of_signals).map(regex::escape).collect();
    keys.sort();
    keys.dedup();
    pattern(&format!("\"(?:{})\"", keys.join("|"))).ok()
}

fn shape_code(set: &SelectorSet, rank: usize, shape: &Shape) -> Result<ShapeCode, Fault> {
    let key = |part: &str| format!("shapes[{rank}] ({}).{part}", shape.name);
    let language = language(&shape.from).ok_or_else(|| Fault {
        key: key("from"),
        wrong: "name network, embedded and jsonld together, or dom alone, or meta alone".to_owned(),
    })?;
    let record = set.records.get(&shape.record).ok_or_else(|| Fault {
        key: key("record"),
        wrong: format!("there is no record {:?}; there are {}", shape.record, names(set)),
    })?;
    let expected = if shape.role == Role::Profile { RecordKind::Profile } else { RecordKind::Post };
    if record.kind != expected {
        return Err(Fault { key: key("role"), wrong: "a profile's record goes with role profile alone".to_owned() });
    }
    if let Some(script) = &shape.script
        && !set.scripts.iter().any(|known| known.name == *script)
    {
        return Err(Fault { key: key("script"), wrong: format!("there is no script {script:?}") });
    }
    let place = |part: &str, text: &String| place(language, text).map_err(|wrong| Fault { key: key(part), wrong });
    let json = |part: &str, text: &String| {
        Path::parse(text).map_err(|error| Fault { key: key(part), wrong: error.to_string() })
    };
    Ok(ShapeCode {
        name: shape.name.clone(),
        rank,
        language,
        from: shape.from.clone(),
        role: shape.role,
        at: shape.at.iter().map(|text| place("at", text)).collect::<Result<_, _>>()?,
        each: shape.each.as_ref().map(|text| place("each", text)).transpose()?,
        more: shape.more.as_ref().map(|text| json("more", text)).transpose()?,
        script: shape.script.clone(),
        url: shape.url.clone(),
        not_url: shape.not_url.clone(),
        contains: any_of(&shape.contains).map_err(|wrong| Fault { key: key("contains"), wrong })?,
        first_page_only: shape.first_page_only,
        of_page: shape.of_page,
        record: Arc::new(record_code(
            set,
            &shape.record,
            &whole(set, &shape.record, record)?,
            language,
            &shape.name,
            0,
        )?),
    })
}

/// An expression for any of these texts: it searches several at once, and faster than one by one.
fn any_of(texts: &[String]) -> Result<Option<Arc<Pattern>>, String> {
    if texts.is_empty() {
        return Ok(None);
    }
    let escaped: Vec<String> = texts.iter().map(|text| regex::escape(text)).collect();
    pattern(&escaped.join("|")).map(Some)
}

fn names(set: &SelectorSet) -> String {
    set.records.keys().cloned().collect::<Vec<_>>().join(", ")
}

fn language(from: &[SourceKind]) -> Option<Language> {
    let of = |kind: &SourceKind| match kind {
        SourceKind::Network | SourceKind::Embedded | SourceKind::Jsonld => Language::Json,
        SourceKind::Dom => Language::Css,
        SourceKind::Meta => Language::Meta,
    };
    let first = of(from.first()?);
    from.iter().all(|kind| of(kind) == first).then_some(first)
}

fn place(language: Language, text: &str) -> Result<Place, String> {
    match language {
        Language::Json => Path::parse(text).map(Place::Json).map_err(|error| error.to_string()),
        Language::Css if text.is_empty() => Ok(Place::Css(None)),
        Language::Css => css(text).map(|selector| Place::Css(Some(selector))),
        Language::Meta => Ok(Place::Meta(text.to_ascii_lowercase())),
    }
}

fn css(text: &str) -> Result<Selector, String> {
    Selector::parse(text).map_err(|error| format!("{text:?} is no CSS selector: {error}"))
}

/// A record with what it has of the one that it extends; that one extends none.
fn whole(set: &SelectorSet, name: &str, record: &Record) -> Result<Record, Fault> {
    let Some(base) = &record.extends else { return Ok(record.clone()) };
    let fault = |wrong: String| Fault { key: format!("records.{name}.extends"), wrong };
    let base = set.records.get(base).ok_or_else(|| fault(format!("there is no record {base:?}")))?;
    if base.extends.is_some() {
        return Err(fault("the record that it names extends another: one step is all there is".to_owned()));
    }
    let mut merged = base.clone();
    merged.fields.extend(record.fields.clone());
    if record.owner != Owner::default() {
        merged.owner = record.owner.clone();
    }
    Ok(merged)
}

/// Records may name a record of children, which may not name another: two levels are all there is.
fn record_code(
    set: &SelectorSet,
    name: &str,
    record: &Record,
    language: Language,
    shape: &str,
    depth: u8,
) -> Result<RecordCode, Fault> {
    if depth > 1 {
        return Err(Fault { key: format!("records.{name}"), wrong: "children have no children".to_owned() });
    }
    let rules = |part: &str, rules: &Rules| {
        let code = |(n, rule): (usize, &Rule)| {
            let key = format!("records.{name}.{part}[{n}]");
            let number = if n == 0 { String::new() } else { format!("#{}", n + 1) };
            let note = rule.name.clone().unwrap_or_else(|| format!("{shape}.{part}{number}"));
            rule_code(set, rule, language, shape, note, depth).map_err(|wrong| Fault { key, wrong })
        };
        // A list keeps room for four where most fields have one rule: as a slice it keeps none.
        rules.0.iter().enumerate().map(code).collect::<Result<Box<[RuleCode]>, _>>()
    };
    let mut fields = Vec::with_capacity(record.fields.len());
    for (field, field_rules) in &record.fields {
        let known = Field::from_name(field).ok_or_else(|| Fault {
            key: format!("records.{name}.fields.{field}"),
            wrong: format!("there is no field {field:?}; there are {}", Field::names().collect::<Vec<_>>().join(", ")),
        })?;
        fields.push((known, rules(field, field_rules)?));
    }
    Ok(RecordCode {
        username: rules("owner.username", &record.owner.username)?,
        id: rules("owner.id", &record.owner.id)?,
        shared: rules("owner.shared", &record.owner.shared)?,
        fields,
    })
}

fn rule_code(
    set: &SelectorSet,
    rule: &Rule,
    language: Language,
    shape: &str,
    name: String,
    depth: u8,
) -> Result<RuleCode, String> {
    if rule.at.is_empty() && rule.constant.is_none() && rule.attr.is_none() {
        return Err("say where the value stands (at), or give a constant".to_owned());
    }
    let optional = |text: &Option<String>| text.as_ref().map(|text| place(language, text)).transpose();
    let record = match &rule.record {
        None => None,
        Some(child) => {
            let record = set.records.get(child).ok_or_else(|| format!("there is no record {child:?}"))?;
            let code = record_code(set, child, record, language, shape, depth + 1);
            Some(Arc::new(code.map_err(|fault| format!("{}: {}", fault.key, fault.wrong))?))
        }
    };
    let at = if rule.at.is_empty() && rule.attr.is_none() { None } else { Some(place(language, &rule.at)?) };
    Ok(RuleCode {
        name,
        at,
        attr: rule.attr.clone(),
        regex: rule.regex.as_deref().map(pattern).transpose()?,
        reject: rule.reject.as_deref().map(pattern).transpose()?,
        label: rule.label.as_deref().map(label).transpose()?,
        constant: rule.constant.clone(),
        when: optional(&rule.when)?,
        unless: optional(&rule.unless)?,
        map: rule.map.clone(),
        cut: rule.precision == Some(Exactness::Cut),
        milliseconds: rule.milliseconds,
        sibling: optional(&rule.sibling)?,
        unwrap: rule.unwrap.clone(),
        record,
    })
}

fn label(word: &str) -> Result<CountLabel, String> {
    match word {
        "followers" => Ok(CountLabel::Followers),
        "following" => Ok(CountLabel::Following),
        "likes" => Ok(CountLabel::Likes),
        "posts" => Ok(CountLabel::Posts),
        "views" => Ok(CountLabel::Views),
        "comments" => Ok(CountLabel::Comments),
        "shares" => Ok(CountLabel::Shares),
        _ => Err(format!("{word:?} is no label: use followers, following, likes, posts, views, comments or shares")),
    }
}

fn signal_code(n: usize, signal: &Signal) -> Result<SignalCode, Fault> {
    let fault = |wrong: String| Fault { key: format!("signals[{n}] ({})", signal.name), wrong };
    let nothing = signal.status.is_empty()
        && signal.route.is_empty()
        && signal.json.is_empty()
        && signal.element.is_empty()
        && signal.script.is_empty()
        && signal.markup.is_empty()
        && signal.header.is_none()
        && !signal.empty;
    if nothing {
        return Err(fault("it has no condition and would hold for every page".to_owned()));
    }
    let path = |text: &String| Path::parse(text).map_err(|error| fault(error.to_string()));
    Ok(SignalCode {
        signal: signal.clone(),
        json: signal.json.iter().map(path).collect::<Result<_, _>>()?,
        detail: signal.detail.as_ref().map(path).transpose()?,
        element: signal.element.iter().map(|text| css(text).map_err(fault)).collect::<Result<_, _>>()?,
    })
}
