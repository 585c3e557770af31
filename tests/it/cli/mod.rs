//! The product as a person and a program meet it: the real `sentinel` binary, as a process of its own, with real Chromium,
//! Redis and PostgreSQL of the test's own, and the replica in place of the sites.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test's helper may fail the test")]

mod bad_input;
mod crawl;
mod help;
mod joins;
mod own_servers;
mod screen;
mod selectors;
mod serve;
mod shutdown;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use social_sentinel::clock::Clock;
use social_sentinel::model::document::Document;
use social_sentinel::replica::{Replica, ReplicaOptions};

use crate::support::servers::{fresh_database_url, redis_prefix, servers};

/// How long anything may take before the test gives up on it: noise is no failure, a hang is.
const PATIENCE: Duration = Duration::from_secs(120);

/// A command line with a folder and settings of its own; nothing of the caller's environment but PATH reaches it.
pub(super) struct Sentinel {
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

impl Sentinel {
    /// With polite limits out of the way, and no port opened.
    pub(super) fn new() -> Self {
        let folder = crate::support::servers::open_folder();
        let profiles = folder.path().join("profiles");
        let mut sentinel = Self { folder, variables: Vec::new() };
        for (key, value) in [
            ("GATE__PAGE_LOADS_PER_MINUTE", "6000"),
            ("GATE__BURST_PAGE_LOADS", "3000"),
            ("GATE__OPEN_AFTER_FAILURES", "100"),
            ("GATE__REST_S", "1"),
            ("GATE__ROBOTS", "ignore"),
            ("ENGINE__RETRY__BACKOFF_FIRST_MS", "50"),
            ("TELEMETRY__LISTEN", ""),
            ("BROWSER__PROCESSES", "1"),
        ] {
            sentinel = sentinel.with(key, value);
        }
        sentinel.with("BROWSER__PROFILE_FOLDER", &profiles.display().to_string())
    }

    /// One more setting, as in `ENGINE__WORKERS`.
    pub(super) fn with(mut self, key: &str, value: &str) -> Self {
        let name = format!("SENTINEL__{key}");
        self.variables.retain(|(known, _)| *known != name);
        self.variables.push((name, value.to_owned()));
        self
    }

    /// Both platforms are this replica.
    pub(super) fn at(self, replica: &Replica) -> Self {
        let base = replica.base_url();
        self.with("PLATFORM__TIKTOK__BASE_URL", base).with("PLATFORM__INSTAGRAM__BASE_URL", base)
    }

    /// A database and a Redis prefix of its own.
    pub(super) async fn with_servers(self) -> Self {
        let sentinel = self.with_store().await;
        sentinel.with("QUEUE__URL", &servers().redis_url).with("QUEUE__PREFIX", &redis_prefix())
    }

    /// A database of its own.
    pub(super) async fn with_store(self) -> Self {
        let database = fresh_database_url().await;
        self.with("STORE__URL", &database)
    }

    /// The value of a setting made above.
    pub(super) fn setting(&self, key: &str) -> &str {
        let name = format!("SENTINEL__{key}");
        &self.variables.iter().find(|(known, _)| *known == name).unwrap().1
    }

    /// The folder it works in.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sentinel"));
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).envs(self.variables.clone());
        command
    }

    /// Runs it to its end.
    pub(super) fn run(&self, arguments: &[&str]) -> Run {
        self.run_with(arguments, b"")
    }

    /// Runs it to its end with something on stdin.
    pub(super) fn run_with(&self, arguments: &[&str], stdin: &[u8]) -> Run {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let begun = Instant::now();
        let mut child = command.spawn().unwrap();
        let _ = child.stdin.take().unwrap().write_all(stdin);
        let id = child.id();
        let (done, ended) = std::sync::mpsc::channel::<()>();
        let watch = std::thread::spawn(move || {
            if ended.recv_timeout(PATIENCE).is_err_and(|error| error == std::sync::mpsc::RecvTimeoutError::Timeout) {
                signal(id, "KILL");
            }
        });
        let output = child.wait_with_output().unwrap();
        drop(done);
        watch.join().unwrap();
        println!("{:.1} s: sentinel {}", begun.elapsed().as_secs_f64(), arguments.join(" "));
        Run {
            arguments: arguments.join(" "),
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            took: begun.elapsed(),
        }
    }

    /// Starts `sentinel serve` and waits until it serves.
    pub(super) fn serve(&self) -> Serving {
        let serving = self.start_serve();
        serving.wait_for("serving;");
        serving
    }

    /// Starts `sentinel serve`.
    pub(super) fn start_serve(&self) -> Serving {
        let mut command = self.command(&["serve"]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let said = Arc::new((Mutex::new(String::new()), Condvar::new()));
        let (stderr, hear) = (child.stderr.take().unwrap(), said.clone());
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let mut text = hear.0.lock().unwrap();
                text.push_str(&line);
                text.push('\n');
                hear.1.notify_all();
            }
        });
        Serving { child, said }
    }

    /// What lies in the folder of browser profiles.
    pub(super) fn profiles(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.folder.path().join("profiles")).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect()
    }
}

/// How a command ended.
#[derive(Debug)]
pub(super) struct Run {
    arguments: String,
    pub(super) code: Option<i32>,
    pub(super) stdout: String,
    pub(super) stderr: String,
    pub(super) took: Duration,
}

impl Run {
    /// Itself, where it ended with this code.
    #[track_caller]
    pub(super) fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "sentinel {}\n{}\n{}", self.arguments, self.stdout, self.stderr);
        self
    }

    /// Itself, where stderr says all of this.
    #[track_caller]
    pub(super) fn says(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.stderr.contains(word), "sentinel {} does not say {word:?}:\n{}", self.arguments, self.stderr);
        }
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        self
    }

    /// Every line of stdout, each of which must be JSON.
    #[track_caller]
    pub(super) fn lines(&self) -> Vec<Value> {
        let read =
            |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{}: {error}: {line}", self.arguments));
        self.stdout.lines().map(read).collect()
    }

    /// All of stdout as one JSON value.
    #[track_caller]
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{}: {error}: {}", self.arguments, self.stdout))
    }

    /// Every line of stdout, each of which must be a document.
    #[track_caller]
    pub(super) fn documents(&self) -> Vec<Document> {
        self.lines().into_iter().map(|line| serde_json::from_value(line).unwrap()).collect()
    }
}

/// A running `sentinel serve`; killed when dropped.
pub(super) struct Serving {
    child: Child,
    said: Arc<(Mutex<String>, Condvar)>,
}

impl Serving {
    /// Waits until its stderr says this.
    #[track_caller]
    pub(super) fn wait_for(&self, words: &str) {
        let (text, heard) = (self.said.0.lock().unwrap(), &self.said.1);
        let (text, waited) = heard.wait_timeout_while(text, PATIENCE, |text| !text.contains(words)).unwrap();
        assert!(!waited.timed_out(), "serve never said {words:?}:\n{text}");
    }

    pub(super) fn stderr(&self) -> String {
        self.said.0.lock().unwrap().clone()
    }

    pub(super) fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }

    /// It and all that it has started.
    pub(super) fn family(&self) -> Family {
        Family::of(self.child.id())
    }

    /// Its exit code, once it has ended; none where a signal ended it.
    #[track_caller]
    pub(super) fn end(&mut self) -> Option<i32> {
        let ended = eventually(PATIENCE, || self.child.try_wait().unwrap());
        ended.unwrap_or_else(|| panic!("serve does not end:\n{}", self.stderr())).code()
    }

    /// SIGTERM, and its end; nothing of it is left.
    pub(super) fn stop(mut self) {
        let family = self.family();
        self.signal("TERM");
        assert_eq!(self.end(), Some(0), "{}", self.stderr());
        family.assert_gone();
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Processes as they stood at one moment: each with the time of its start, so that a number used again is no mistake.
#[derive(Debug)]
pub(super) struct Family(Vec<(u32, String, String)>);

impl Family {
    /// A process and all that descends from it.
    pub(super) fn of(ancestor: u32) -> Self {
        let all: Vec<(u32, u32, String)> = std::fs::read_dir("/proc")
            .unwrap()
            .flatten()
            .filter_map(|entry| {
                let id = entry.file_name().to_str()?.parse().ok()?;
                let (parent, started) = standing(id)?;
                Some((id, parent, started))
            })
            .collect();
        let mut family = vec![ancestor];
        let mut at = 0;
        while let Some(&parent) = family.get(at) {
            family.extend(all.iter().filter(|(_, of, _)| *of == parent).map(|(id, ..)| *id));
            at += 1;
        }
        let known = family.into_iter().filter_map(|id| {
            let words = std::fs::read(format!("/proc/{id}/cmdline")).ok()?;
            Some((id, standing(id)?.1, String::from_utf8_lossy(&words).replace('\0', " ")))
        });
        Self(known.collect())
    }

    /// How many of them are Chromium's renderers.
    pub(super) fn renderers(&self) -> usize {
        self.0.iter().filter(|(.., words)| words.contains("--type=renderer")).count()
    }

    /// Whether one of them is this program.
    pub(super) fn runs(&self, program: &str) -> bool {
        let is = |words: &str| words.split(' ').next().is_some_and(|path| path.rsplit('/').next() == Some(program));
        self.0.iter().any(|(.., words)| is(words))
    }

    /// Looks again and again, for the 5 seconds that are promised, until none of them lives.
    #[track_caller]
    pub(super) fn assert_gone(&self) {
        let living = || self.0.iter().filter(|(id, started, _)| standing(*id).is_some_and(|now| now.1 == *started));
        let gone = eventually(Duration::from_secs(5), || (living().count() == 0).then_some(()));
        assert!(gone.is_some(), "still there: {:#?}", living().collect::<Vec<_>>());
    }
}

/// A living process's parent and the time of its start; none for one that has ended, be it waited for or not.
fn standing(id: u32) -> Option<(u32, String)> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let rest: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    (*rest.first()? != "Z").then_some((rest.get(1)?.parse().ok()?, (*rest.get(19)?).to_owned()))
}

/// Sends a signal by the program that every system has.
fn signal(process: u32, name: &str) {
    let sent = Command::new("sh").args(["-c", &format!("kill -{name} {process}")]).status().unwrap();
    assert!(sent.success());
}

/// Looks every few milliseconds until there is something to see.
pub(super) fn eventually<T>(patience: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let begun = Instant::now();
    loop {
        if let Some(seen) = look() {
            return Some(seen);
        }
        if begun.elapsed() > patience {
            return None;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A site of this seed.
pub(super) async fn replica(seed: u64) -> Replica {
    Replica::start(ReplicaOptions::seeded(seed, Clock::system())).await.expect("the replica starts")
}

/// All that is wrong with a document, held against the replica's truth.
pub(super) fn complaints(replica: &Replica, document: &Document) -> Vec<String> {
    let handle = document.handle.as_ref().unwrap();
    replica.truth(&document.platform, handle).unwrap().complaints(document)
}

/// A file of the corpus; none where the corpus is not there.
pub(super) fn corpus(file: &str) -> Option<String> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/corpus")).join(file);
    std::fs::read(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}
