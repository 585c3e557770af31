//! A child process that dies with us. `setpriv --pdeathsig KILL` makes the kernel kill it when our process ends in
//! whatever way (even by SIGKILL), without unsafe code; a process group of its own lets us end its whole family.
//! The death signal follows the *thread* that started the child, so spawn from a thread that lives as long as we do
//! (tokio's workers do; its blocking pool does not).

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::process::{Child, Command};

/// How a child is started: which program, as which user, with its output where.
#[derive(Debug)]
pub struct Spawn {
    command: Command,
    program: String,
}

impl Spawn {
    /// `program` by name or path, run as ourselves.
    #[must_use]
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        Self::with_setpriv(program.as_ref(), &[])
    }

    /// `program` run as another user of this machine; only root may do so.
    #[must_use]
    pub fn as_user(program: impl AsRef<OsStr>, user: &str) -> Self {
        let identity = [format!("--reuid={user}"), format!("--regid={user}"), "--init-groups".to_owned()];
        Self::with_setpriv(program.as_ref(), &identity)
    }

    fn with_setpriv(program: &OsStr, identity: &[String]) -> Self {
        let mut command = Command::new("setpriv");
        command.args(identity).args(["--pdeathsig", "KILL", "--"]).arg(program);
        command.process_group(0).kill_on_drop(true).stdin(Stdio::null());
        Self { command, program: program.to_string_lossy().into_owned() }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(args);
        self
    }

    /// Sets a variable of the child's environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Sets the folder it starts in.
    #[must_use]
    pub fn current_dir(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Starts it with stderr readable by us and stdout dropped.
    ///
    /// # Errors
    /// When the program, or `setpriv` of util-linux, cannot be started.
    pub fn piped_stderr(mut self) -> Result<ChildGroup, SpawnError> {
        self.command.stdout(Stdio::null()).stderr(Stdio::piped());
        self.start()
    }

    /// Starts it with its stdin, stdout and stderr in our hands.
    ///
    /// # Errors
    /// When the program, or `setpriv` of util-linux, cannot be started.
    pub fn piped(mut self) -> Result<ChildGroup, SpawnError> {
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        self.start()
    }

    /// Starts it with both outputs appended to a file.
    ///
    /// # Errors
    /// When the file cannot be opened or the program cannot be started.
    pub fn logged_to(mut self, file: &Path) -> Result<ChildGroup, SpawnError> {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(file)
            .and_then(|log| Ok((log.try_clone()?, log)))
            .map_err(|source| SpawnError { program: self.program.clone(), source })?;
        self.command.stdout(log.0).stderr(log.1);
        self.start()
    }

    fn start(mut self) -> Result<ChildGroup, SpawnError> {
        let child = self.command.spawn().map_err(|source| SpawnError { program: self.program.clone(), source })?;
        Ok(ChildGroup { pid: child.id(), child, program: self.program })
    }
}

/// A program could not be started.
#[derive(Debug, thiserror::Error)]
#[error("cannot start {program} (through setpriv of util-linux): {source}")]
pub struct SpawnError {
    /// What was to be started.
    pub program: String,
    /// The system's word.
    pub source: io::Error,
}

/// A running child and its process group. Dropping it kills the group.
#[derive(Debug)]
pub struct ChildGroup {
    child: Child,
    pid: Option<u32>,
    program: String,
}

impl ChildGroup {
    /// The child's process id, which is its group's id too.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.pid
    }

    /// Takes both ends of the talk with a child that was [`piped`](Spawn::piped), once: what it reads, and what it writes.
    pub fn take_talk(&mut self) -> Option<(tokio::process::ChildStdin, tokio::process::ChildStdout)> {
        self.child.stdin.take().zip(self.child.stdout.take())
    }

    /// Takes the child's stderr, once.
    pub fn take_stderr(&mut self) -> Option<tokio::process::ChildStderr> {
        self.child.stderr.take()
    }

    /// Waits until it has ended and reaps it.
    ///
    /// # Errors
    /// When the system cannot tell.
    pub async fn wait(&mut self) -> io::Result<std::process::ExitStatus> {
        let status = self.child.wait().await?;
        Ok(status)
    }

    /// Whether it has ended already.
    #[must_use]
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Sends `signal` (a name as `kill` takes it, without SIG) to the child alone.
    pub async fn signal(&self, signal: &str) {
        if let Some(pid) = self.pid {
            send(signal, Receiver::Process(pid));
        }
    }

    /// Asks politely with `signal`, waits up to `grace`, then kills the whole group and reaps the child.
    pub async fn stop(mut self, signal: &str, grace: Duration) {
        self.signal(signal).await;
        if tokio::time::timeout(grace, self.child.wait()).await.is_err() {
            tracing::warn!(program = %self.program, pid = self.pid, ?grace, "did not stop in time; killing it");
        }
        self.kill().await;
    }

    /// Kills the whole group at once and reaps the child.
    pub async fn kill(&mut self) {
        if let Some(pid) = self.pid.take() {
            send("KILL", Receiver::Group(pid));
        }
        let _ = self.child.kill().await;
    }
}

impl Drop for ChildGroup {
    fn drop(&mut self) {
        let Some(pid) = self.pid.take() else { return };
        // A drop cannot wait: the child itself is killed by `kill_on_drop`; this ends the rest of its family.
        send("KILL", Receiver::Group(pid));
    }
}

/// Who gets a signal.
enum Receiver {
    Process(u32),
    Group(u32),
}

/// Sends a signal by the system call (a slim image has no `kill` program). A receiver that is already gone is no error.
fn send(name: &str, receiver: Receiver) {
    let signal = match name {
        "INT" => Signal::INT,
        "QUIT" => Signal::QUIT,
        "KILL" => Signal::KILL,
        "STOP" => Signal::STOP,
        "CONT" => Signal::CONT,
        _ => Signal::TERM,
    };
    let (Receiver::Process(pid) | Receiver::Group(pid)) = receiver;
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return };
    let sent = match receiver {
        Receiver::Process(_) => kill_process(pid, signal),
        Receiver::Group(_) => kill_process_group(pid, signal),
    };
    if let Err(error) = sent {
        tracing::debug!(%error, ?pid, name, "a signal reached nobody");
    }
}
