//! The wire to one Chromium: two pipes that only it and we hold, messages in JSON, each ended by a zero byte. A port would be
//! open to every process and page of the machine; Chromium would refuse some commands over it (what the code cache needs);
//! and a browser whose pipe ends, ends by itself.

use std::collections::VecDeque;
use std::io;

use bytes::{Buf as _, Bytes};
use chromiumoxide::types::{CallId, Message, MethodCall, MethodId};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{ChildStdin, ChildStdout};

use super::wire::Incoming;

/// Bytes that wait for Chromium to read them; then no more commands are taken.
const MOST_WAITING: usize = 16 << 20;
/// What is read at a time.
const CHUNK: usize = 64 << 10;
/// The memory for messages that is kept from one to the next.
const MESSAGE: usize = 256 << 10;

/// Our ends of the two pipes.
#[derive(Debug)]
pub(super) struct Pipe {
    input: ChildStdin,
    outgoing: VecDeque<Bytes>,
    output: BufReader<ChildStdout>,
    message: Vec<u8>,
    calls: usize,
}

/// A message that is none: its text, and why.
pub(super) type Unreadable = (String, serde_json::Error);

impl Pipe {
    /// `input` is what the browser reads, `output` what it writes.
    pub(super) fn new(input: ChildStdin, output: ChildStdout) -> Self {
        let output = BufReader::with_capacity(CHUNK, output);
        Self { input, outgoing: VecDeque::new(), output, message: Vec::new(), calls: 0 }
    }

    /// Puts a command behind those that are yet to be written.
    pub(super) fn submit(
        &mut self,
        method: MethodId,
        session_id: Option<String>,
        params: serde_json::Value,
    ) -> serde_json::Result<CallId> {
        let id = CallId::new(self.calls);
        self.calls += 1;
        let mut text = serde_json::to_vec(&MethodCall { id, method, session_id, params })?;
        text.push(0);
        self.outgoing.push_back(text.into());
        Ok(id)
    }

    /// The same for `Page.addCompilationCache`, whose answer does not matter: the compiled form, in base64, is written from where
    /// it is kept, for a page may be given megabytes.
    pub(super) fn submit_compiled(&mut self, session: &str, url: &str, compiled: Bytes) {
        let (id, session, url) = (self.calls, serde_json::json!(session), serde_json::json!(url));
        self.calls += 1;
        let head = format!(
            r#"{{"id":{id},"method":"Page.addCompilationCache","sessionId":{session},"params":{{"url":{url},"data":""#
        );
        self.outgoing.extend([Bytes::from(head), compiled, Bytes::from_static(b"\"}}\0")]);
    }

    /// Whether so much waits to be written that no more should be submitted now.
    pub(super) fn is_full(&self) -> bool {
        self.outgoing.iter().map(Bytes::len).sum::<usize>() > MOST_WAITING
    }

    /// The next message, writing meanwhile what waits; none when the browser has gone. May be dropped and called again at any
    /// time: what was read or written is not lost.
    pub(super) async fn next(&mut self) -> Option<Result<Message<Incoming>, Unreadable>> {
        loop {
            let waits = self.outgoing.front_mut();
            let writes = waits.is_some();
            let mut nothing = Bytes::new();
            tokio::select! {
                written = self.input.write_buf(waits.unwrap_or(&mut nothing)), if writes => {
                    if !matches!(written, Ok(bytes) if bytes > 0) {
                        return None;
                    }
                    self.outgoing.pop_front_if(|front| !front.has_remaining());
                }
                read = self.output.read_until(0, &mut self.message) => return self.take(read),
            }
        }
    }

    fn take(&mut self, read: io::Result<usize>) -> Option<Result<Message<Incoming>, Unreadable>> {
        if let Err(error) = read {
            tracing::debug!(%error, "the pipe to the browser broke");
            return None;
        }
        let text = self.message.strip_suffix(&[0])?;
        let message = serde_json::from_slice(text).map_err(|error| (String::from_utf8_lossy(text).into_owned(), error));
        self.message.clear();
        self.message.shrink_to(MESSAGE);
        Some(message)
    }
}

#[cfg(test)]
mod tests {
    use tokio::process::Command;

    use super::*;

    #[tokio::test]
    async fn what_is_written_in_pieces_is_one_message() {
        let mut echo = Command::new("cat");
        echo.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
        let mut echo = echo.spawn().unwrap();
        let mut pipe = Pipe::new(echo.stdin.take().unwrap(), echo.stdout.take().unwrap());
        pipe.submit_compiled("S", "https://a.test/\"x\".js", Bytes::from("YWJj".repeat(100_000)));
        let id = pipe.submit("Page.enable".into(), Some("S".to_owned()), serde_json::json!({})).unwrap();
        // The echo of a command reads like an answer to it.
        for expected in [CallId::new(0), id] {
            let Some(Ok(Message::Response(echoed))) = pipe.next().await else { panic!("not one message") };
            assert_eq!(echoed.id, expected);
        }
        drop(pipe);
        echo.wait().await.unwrap();
    }
}
