//! Finds a Chromium and starts it. We spawn it ourselves: it dies with us, has its own process group, a fresh profile folder
//! and a pipe to us alone.
//!
//! Debian's `chromium-headless-shell` command is a shell script that stays in between, and a script's child does not inherit
//! the death signal: after a SIGKILL of ours the browser would live on. So the program behind a script is looked up.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::ChildStderr;

use super::config::Config;
use super::error::BrowserError;
use super::pipe::Pipe;
use super::profile::Profile;
use crate::process::{ChildGroup, Spawn};

/// What we look for, best first: the shell starts ten times faster and needs a third of the memory.
const NAMES: [&str; 5] =
    ["chromium-headless-shell", "chrome-headless-shell", "chromium", "chromium-browser", "google-chrome"];
/// Where we look.
const FOLDERS: [&str; 6] =
    ["/usr/lib/chromium", "/usr/local/bin", "/usr/bin", "/bin", "/opt/google/chrome", "/opt/chrome-headless-shell"];
/// Puts the pipe where Chromium looks for it: it reads descriptor 3 and writes descriptor 4. A shell does so without unsafe code.
///
/// Where the system lets us, the browser's threads are scheduled as `SCHED_BATCH`: one that wakes up waits for the end of the
/// other's slice and does not push it aside. Chromium's many threads wake each other thousands of times for a page; so a
/// page costs a tenth less, and comes sooner.
const START: &str = r#"if chrt --batch 0 true </dev/null >/dev/null 2>&1; then set -- chrt --batch 0 "$@"; fi
exec "$@" 3<&0 4>&1 </dev/null >/dev/null"#;
/// Lines of stderr kept to explain a failed start.
const LINES_KEPT: usize = 6;

/// A browser that has just started.
#[derive(Debug)]
pub(super) struct Launched {
    pub(super) child: ChildGroup,
    pub(super) profile: Profile,
    pub(super) pipe: Pipe,
    pub(super) said: Said,
    /// Ends with stderr.
    pub(super) listener: tokio::task::JoinHandle<()>,
}

/// The program to run: the configured one, else the best one installed.
pub(super) fn discover(config: &Config) -> Result<PathBuf, BrowserError> {
    if !config.executable.is_empty() {
        let path = PathBuf::from(&config.executable);
        return if path.is_file() {
            Ok(behind_script(path))
        } else {
            Err(BrowserError::NotInstalled { looked_for: config.executable.clone() })
        };
    }
    let candidates = NAMES.iter().flat_map(|name| FOLDERS.iter().map(move |folder| Path::new(folder).join(name)));
    candidates
        .into_iter()
        .find(|path| path.is_file())
        .map(behind_script)
        .ok_or_else(|| BrowserError::NotInstalled { looked_for: NAMES.join(", ") })
}

/// The program that a wrapper script runs without `exec`, or the path itself.
fn behind_script(path: PathBuf) -> PathBuf {
    let small = path.metadata().is_ok_and(|meta| meta.len() < 64 * 1024);
    let Some(script) = small.then(|| std::fs::read_to_string(&path).ok()).flatten() else { return path };
    let command = script.lines().filter(|line| line.starts_with('/')).find_map(|line| line.split_whitespace().next());
    match command.map(PathBuf::from) {
        Some(program) if script.starts_with("#!") && program.is_file() => program,
        Some(_) | None => path,
    }
}

/// Starts `program` with a pipe to it. Whether it is a browser shows when it answers.
pub(super) async fn launch(program: &Path, config: &Arc<Config>, parent: &Path) -> Result<Launched, BrowserError> {
    let profile = Profile::create(parent)?;
    let failed = |reason: String| BrowserError::Launch { program: program.display().to_string(), reason };
    let mut child = Spawn::new("/bin/sh")
        .args(["-c", START, "sh"])
        .arg(program)
        .args(flags(program, config, profile.path()))
        // What Chromium puts in the temporary folder goes with the profile. No session bus: it only costs time.
        .env("TMPDIR", profile.path().join("tmp"))
        .env("HOME", profile.path())
        .env("DBUS_SESSION_BUS_ADDRESS", "disabled:")
        .current_dir(profile.path())
        .piped()
        .map_err(|e| failed(e.to_string()))?;
    let (Some((input, output)), Some(stderr)) = (child.take_talk(), child.take_stderr()) else {
        return Err(failed("its pipes were not made".to_owned()));
    };
    let said = Said::default();
    let listener = tokio::spawn(listen(BufReader::new(stderr).lines(), said.clone()));
    Ok(Launched { child, profile, pipe: Pipe::new(input, output), said, listener })
}

/// The command line. What each flag is for stands beside it.
fn flags(program: &Path, config: &Config, profile: &Path) -> Vec<String> {
    let mut flags: Vec<String> = [
        "--headless",
        "--remote-debugging-pipe",
        // No machine here has a graphics card, and nobody looks at WebGL: no software one either, which takes 10 MB.
        "--disable-gpu",
        "--disable-software-rasterizer",
        // What puts frames together and what speaks to the network are threads of the browser and no processes of their own: a
        // twentieth less work and 25 MB less. Should one of them die, the fleet replaces the browser.
        "--in-process-gpu",
        "--enable-features=NetworkServiceInProcess2",
        // UDP is blocked in most containers, and a proxy does not carry it.
        "--disable-quic",
        "--no-first-run",
        "--no-default-browser-check",
        // Nothing of its own may go over the network.
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-default-apps",
        "--disable-extensions",
        "--disable-domain-reliability",
        "--disable-breakpad",
        "--dns-prefetch-disable",
        "--no-pings",
        "--metrics-recording-only",
        // WebRTC may not go around a proxy.
        "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
        // A container's /dev/shm is 64 MB.
        "--disable-dev-shm-usage",
        // Pages in the background work like the one in front.
        "--disable-background-timer-throttling",
        "--disable-backgrounding-occluded-windows",
        "--disable-renderer-backgrounding",
        "--mute-audio",
        "--hide-scrollbars",
        "--password-store=basic",
        "--use-mock-keychain",
    ]
    .map(str::to_owned)
    .into();
    flags.push(format!("--user-data-dir={}", profile.display()));
    flags.push(format!("--lang={}", config.locale));
    flags.push(format!("--accept-lang={}", config.locale));
    flags.push(format!("--window-size={},{}", config.viewport_width_px, config.viewport_height_px));
    if config.no_sandbox || runs_as_root() {
        flags.push("--no-sandbox".to_owned());
    }
    // A script that is compiled while it arrives is compiled although the code cache has it.
    let mut unused = vec!["ScriptStreaming"];
    if !program.ends_with("chromium-headless-shell") {
        unused.extend(["Translate", "MediaRouter", "OptimizationHints"]);
        // A first page that nobody uses holds a renderer of 15 MB. The shell opens none where it is given none.
        flags.push("--no-startup-window".to_owned());
    }
    flags.push(format!("--disable-features={}", unused.join(",")));
    flags
}

/// Whether we are root, for whom Chromium's sandbox does not work.
fn runs_as_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0)
}

/// What a browser says on stderr at its start, to explain why there is none.
#[derive(Debug, Clone, Default)]
pub(super) struct Said(Arc<Mutex<Vec<String>>>);

impl Said {
    /// Its words, in one line.
    pub(super) fn words(&self) -> String {
        let said = self.0.lock().unwrap_or_else(PoisonError::into_inner).join(" | ");
        if said.is_empty() { "it ended without a word".to_owned() } else { said }
    }

    fn hear(&self, line: &str) {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if said.len() < LINES_KEPT && !line.contains("dbus") && !line.trim().is_empty() {
            said.push(line.chars().take(300).collect());
        }
    }
}

/// Reads stderr to its end, so that a talkative browser never blocks on it.
async fn listen(mut lines: Lines<BufReader<ChildStderr>>, said: Said) {
    while let Ok(Some(line)) = lines.next_line().await {
        tracing::trace!(line, "chromium");
        said.hear(&line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_behind_a_wrapper_script_is_run() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("real");
        std::fs::write(&program, [0x7f, b'E', b'L', b'F']).unwrap();
        let wrapper = folder.path().join("wrapper");
        std::fs::write(&wrapper, format!("#!/bin/sh -e\n\n{} \"$@\"\n", program.display())).unwrap();
        assert_eq!(behind_script(wrapper), program);
        assert_eq!(behind_script(program.clone()), program);
    }
}
