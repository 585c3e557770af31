//! What stands on a terminal while profiles are crawled: a terminal of `script`, and its screen worked out from the bytes.

use std::process::{Command, Stdio};

use super::{Sentinel, replica};

/// Narrower than a sentence, so that the terminal wraps it.
const COLUMNS: usize = 70;

/// The lines of a screen after these bytes; what the terminal wrapped is one line again.
fn screen(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let mut rows: Vec<(Vec<char>, bool)> = vec![(Vec::new(), false)];
    let (mut row, mut column) = (0, 0);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => column = 0,
            '\n' => row += 1,
            '\u{1b}' if chars.peek() == Some(&'[') => {
                chars.next();
                let mut given = String::new();
                let verb = loop {
                    match chars.next() {
                        Some(c) if c.is_ascii_digit() || matches!(c, ';' | '?') => given.push(c),
                        verb => break verb,
                    }
                };
                let n: usize = given.parse().unwrap_or(0);
                match verb {
                    Some('A') => row -= n.max(1).min(row),
                    Some('B') => row += n.max(1),
                    Some('C') => column += n.max(1),
                    Some('D') => column -= n.max(1).min(column),
                    Some('G') => column = n.max(1) - 1,
                    Some('K') if n == 2 => rows[row] = (Vec::new(), false),
                    Some('K') => rows[row].0.truncate(column),
                    Some('J') => {
                        rows[row].0.truncate(column);
                        rows.truncate(row + 1);
                    }
                    _ => {}
                }
            }
            c if c.is_control() => {}
            c => {
                if column == COLUMNS {
                    rows[row].1 = true;
                    (row, column) = (row + 1, 0);
                    rows.resize(rows.len().max(row + 1), (Vec::new(), false));
                }
                let cells = &mut rows[row].0;
                cells.resize(cells.len().max(column + 1), ' ');
                cells[column] = c;
                column += 1;
            }
        }
        rows.resize(rows.len().max(row + 1), (Vec::new(), false));
    }
    let mut lines = vec![String::new()];
    for (cells, wrapped) in rows {
        lines.last_mut().unwrap().extend(cells);
        if !wrapped {
            lines.push(String::new());
        }
    }
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sentence_longer_than_the_terminal_stays_whole_and_no_bar_stays() {
    let site = replica(5).await;
    let sentinel = Sentinel::new().at(&site);
    let plain = sentinel.command(&[]);
    for table in ["", " --table"] {
        let crawl = format!(
            "stty cols {COLUMNS} rows 40; '{}' crawl @walled_1@instagram @few_1@tiktok @missing_1@instagram @few_2@tiktok{table} > /dev/null",
            env!("CARGO_BIN_EXE_sentinel")
        );
        let mut script = Command::new("script");
        script.args(["-q", "-e", "-c", &crawl, "/dev/null"]).current_dir(sentinel.folder()).env_clear();
        script.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let ran = script.env("TERM", "xterm").env("SHELL", "/bin/sh").stdin(Stdio::null()).output().unwrap();
        let bytes = ran.stdout;
        assert!(bytes.contains(&0x1b), "it is a terminal: {}", String::from_utf8_lossy(&bytes));
        let lines = screen(&bytes);
        for (target, end) in [
            ("@walled_1@instagram: login_wall", "try again later, or give your own session by --session FILE"),
            ("@missing_1@instagram: not_found", "check the spelling, or whether it was renamed"),
        ] {
            let whole = lines.iter().filter(|line| line.starts_with(target) && line.contains(end)).count();
            assert_eq!(whole, 1, "{lines:#?}");
        }
        assert!(!lines.iter().any(|line| line.contains("of 4 profiles")), "a bar stayed: {lines:#?}");
    }
}
