//! A child that is spoken to by lines of JSON: the engine, the replica, and the peers in node. It ends with its input.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use serde_json::Value;

/// The running child.
pub(crate) struct Speaker {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<Value>,
    name: String,
}

impl Speaker {
    pub(crate) fn start(name: &str, command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap_or_else(|error| panic!("{name} cannot be started: {error}"));
        let (sender, lines) = channel();
        let output = BufReader::new(child.stdout.take().expect("piped above"));
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if let Ok(value) = serde_json::from_str(&line) {
                    let _ = sender.send(value);
                }
            }
        });
        let input = child.stdin.take();
        Self { child, input, lines, name: name.to_owned() }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn say(&mut self, order: &Value) {
        let input = self.input.as_mut().expect("open until the end");
        writeln!(input, "{order}").unwrap_or_else(|error| panic!("{} does not listen: {error}", self.name));
    }

    /// The next line; none when nothing came within `wait`.
    pub(crate) fn hear(&self, wait: Duration) -> Option<Value> {
        match self.lines.recv_timeout(wait) {
            Ok(value) => Some(value),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => panic!("{} ended too early", self.name),
        }
    }

    /// Ends its input and waits for its end; what does not end is killed.
    pub(crate) fn end(mut self) {
        self.input = None;
        for _ in 0..150 {
            if self.child.try_wait().is_ok_and(|ended| ended.is_some()) {
                return;
            }
            let _ = self.lines.recv_timeout(Duration::from_millis(100));
            std::thread::park_timeout(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
