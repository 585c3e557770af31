//! The smallest HTTP client that will do: one request a connection, over a plain socket.
#![expect(clippy::expect_used, clippy::unwrap_used, reason = "helpers of tests may panic")]

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// The body, whole.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }

    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// GET, from a server that answers in full.
pub(crate) async fn get(base: &str, path: &str) -> Answer {
    ask(base, "GET", path, &[], "").await.expect("an answer")
}

/// POST, to a server that answers in full.
pub(crate) async fn post(base: &str, path: &str, headers: &[(&str, String)], body: &str) -> Answer {
    ask(base, "POST", path, headers, body).await.expect("an answer")
}

/// One request; an error where the answer does not come in full.
pub(crate) async fn ask(
    base: &str,
    method: &str,
    path: &str,
    headers: &[(&str, String)],
    body: &str,
) -> std::io::Result<Answer> {
    let host = base.strip_prefix("http://").expect("a plain address");
    let mut socket = TcpStream::connect(host).await?;
    let extra: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {length}\r\n{extra}\r\n{body}"
    );
    socket.write_all(request.as_bytes()).await?;
    let mut bytes = Vec::new();
    socket.read_to_end(&mut bytes).await?;
    let cut = || std::io::Error::new(std::io::ErrorKind::UnexpectedEof, "the answer is not whole");
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").ok_or_else(cut)?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap_or_default().split(' ').nth(1).and_then(|status| status.parse().ok());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let body = bytes[end + 4..].to_vec();
    let said = headers.iter().find(|(name, _)| name == "content-length").map(|(_, value)| value.parse().unwrap());
    // Without a length the body comes in chunks; only broken answers of the replica do.
    if said != Some(body.len()) {
        return Err(cut());
    }
    Ok(Answer { status: status.ok_or_else(cut)?, headers, body })
}
