//! Holds the house to its plan: imports point down a floor, a foreign crate is named in its own room, a platform never
//! awaits. It reads the source as text, so it needs nothing but the standard library and takes milliseconds.

#![expect(clippy::unwrap_used, reason = "a test that cannot read the source must fail loudly")]

use std::fs;
use std::path::{Path, PathBuf};

/// Every module of the crate's root with its floor.
const FLOORS: &[(&str, u8)] = &[
    ("model", 0),
    ("clock", 0),
    ("process", 0),
    ("blob", 1),
    ("browser", 1),
    ("extract", 1),
    ("gate", 1),
    ("local", 1),
    ("queue", 1),
    ("replica", 1),
    ("screenshot", 1),
    ("store", 1),
    ("telemetry", 1),
    ("platform", 2),
    ("config", 3),
    ("engine", 4),
    ("api", 5),
    ("cli", 6),
];

/// Foreign crates and the rooms that may name them.
const ROOMS: &[(&str, &[&str])] = &[
    ("chromiumoxide", &["browser"]),
    ("scraper", &["extract"]),
    ("redis", &["queue", "gate/shared.rs"]),
    ("deadpool_redis", &["queue", "gate/shared.rs"]),
    ("sqlx", &["store"]),
    ("governor", &["gate"]),
    ("image", &["screenshot", "replica"]),
    ("mozjpeg", &["screenshot"]),
    ("webp", &["screenshot"]),
    ("aws_sdk_s3", &["blob"]),
    ("aws_config", &["blob"]),
    ("backoff", &["engine/verdict.rs"]),
    ("axum", &["replica", "telemetry", "api"]),
    ("prometheus_client", &["telemetry"]),
    ("clap", &["cli"]),
    ("anyhow", &["cli", "main.rs"]),
    ("indicatif", &["cli"]),
    ("comfy_table", &["cli"]),
    ("zip", &["browser"]),
];

fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let name = path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
                found.push((name, fs::read_to_string(path).unwrap()));
            }
        }
    }
    assert!(found.len() > 20, "the source folder was not found");
    found
}

/// The root module a file belongs to.
fn room(file: &str) -> &str {
    file.split(['/', '.']).next().unwrap()
}

fn floor(room: &str) -> Option<u8> {
    FLOORS.iter().find(|(name, _)| *name == room).map(|(_, floor)| *floor)
}

/// The code alone: no comments, and nothing from the unit tests at the file's end on (a test may look around).
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(text);
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The root modules that a file names as `crate::x`, also inside braces.
fn named(code: &str) -> Vec<String> {
    let word =
        |text: &str| text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut found = Vec::new();
    for (start, _) in code.match_indices("crate::") {
        let rest = &code[start + "crate::".len()..];
        let Some(group) = rest.strip_prefix('{') else {
            found.push(word(rest));
            continue;
        };
        let mut depth = 1;
        let mut fresh = true;
        for (at, c) in group.char_indices() {
            if fresh && depth == 1 && c.is_alphabetic() {
                found.push(word(&group[at..]));
                fresh = false;
            }
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 1 => fresh = true,
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
    }
    found
}

#[test]
fn imports_point_down_a_floor() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let own = room(&file);
        let Some(level) = floor(own) else { continue };
        for other in named(&code(&text)) {
            let Some(target) = floor(&other) else { continue };
            if other != own && target >= level && level > 0 || other != own && level == 0 && target > 0 {
                wrong.push(format!("{file} (floor {level}) names {other} (floor {target})"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_module_has_a_floor() {
    for (file, _) in sources() {
        let own = room(&file);
        assert!(floor(own).is_some() || matches!(own, "lib" | "main"), "{file} stands on no floor: add it to FLOORS");
    }
}

#[test]
fn a_foreign_crate_is_named_in_its_own_room() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let code = code(&text);
        for (name, rooms) in ROOMS {
            let used = code.contains(&format!("use {name}::"))
                || code
                    .match_indices(&format!("{name}::"))
                    .any(|(at, _)| !code[..at].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | ':')));
            let at_home = rooms.iter().any(|home| file.starts_with(home));
            if used && !at_home {
                wrong.push(format!("{file} names {name}, whose home is {}", rooms.join(", ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_platform_never_awaits() {
    for (file, text) in sources() {
        if room(&file) == "platform" || room(&file) == "extract" {
            let code = code(&text);
            assert!(!code.contains(".await") && !code.contains("async fn"), "{file} must stay pure");
        }
    }
}

#[test]
fn every_file_says_what_it_owns() {
    for (file, text) in sources() {
        assert!(text.starts_with("//!"), "{file} has no //! header");
    }
}
