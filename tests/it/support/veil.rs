//! A site seen through a veil: whatever it answers is rewritten on the way. So a test changes a site in a way that the replica does not know.
#![expect(clippy::unwrap_used, reason = "a test's helper may fail the test")]

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What becomes of a body of text.
type Rewrite = dyn Fn(&str) -> String + Send + Sync;

/// The veil; gone with its runtime.
pub(crate) struct Veil {
    /// Its address, in place of the site's.
    pub(crate) base_url: String,
    rewrite: Arc<Mutex<Option<Arc<Rewrite>>>>,
}

impl Veil {
    /// Stands before a site at `base`; at first it changes nothing.
    pub(crate) async fn before(base: &str) -> Self {
        let site = base.strip_prefix("http://").unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let rewrite: Arc<Mutex<Option<Arc<Rewrite>>>> = Arc::default();
        let known = Arc::clone(&rewrite);
        tokio::spawn(async move {
            while let Ok((inside, _)) = listener.accept().await {
                let (site, known) = (site.clone(), Arc::clone(&known));
                tokio::spawn(async move {
                    // A browser that goes away in the middle is no concern of ours.
                    let _ = serve(inside, &site, &known).await;
                });
            }
        });
        Self { base_url, rewrite }
    }

    /// From now on pages, scripts and data are changed so.
    pub(crate) fn rewrite(&self, rewrite: impl Fn(&str) -> String + Send + Sync + 'static) {
        *self.rewrite.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(rewrite));
    }
}

/// One request a connection, as both sides are told.
async fn serve(mut inside: TcpStream, site: &str, rewrite: &Mutex<Option<Arc<Rewrite>>>) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut buffer = [0; 8 * 1024];
    let (head, rest) = loop {
        let read = inside.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        request.extend_from_slice(&buffer[..read]);
        if let Some(end) = request.windows(4).position(|window| window == b"\r\n\r\n") {
            break (String::from_utf8_lossy(&request[..end]).into_owned(), request.split_off(end + 4));
        }
    };
    let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = rest;
    while body.len() < length.unwrap_or(0) {
        let read = inside.read(&mut buffer).await?;
        body.extend_from_slice(&buffer[..read]);
    }
    let kept = |line: &&str| {
        let name = line.split(':').next().unwrap_or_default().to_lowercase();
        !matches!(name.as_str(), "connection" | "accept-encoding")
    };
    let head: Vec<&str> = head.lines().filter(kept).collect();
    let mut outside = TcpStream::connect(site).await?;
    outside.write_all(format!("{}\r\nconnection: close\r\n\r\n", head.join("\r\n")).as_bytes()).await?;
    outside.write_all(&body).await?;
    let mut answer = Vec::new();
    outside.read_to_end(&mut answer).await?;
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(answer.len());
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let body = answer.split_off((end + 4).min(answer.len()));
    let is_text = ["text/html", "javascript", "json"].iter().any(|kind| head.to_lowercase().contains(kind));
    let rewrite = rewrite.lock().unwrap_or_else(PoisonError::into_inner).clone().filter(|_| is_text);
    let body = rewrite.map_or(body.clone(), |rewrite| rewrite(&String::from_utf8_lossy(&body)).into_bytes());
    let kept = |line: &&str| {
        let name = line.split(':').next().unwrap_or_default().to_lowercase();
        !matches!(name.as_str(), "connection" | "content-length" | "transfer-encoding")
    };
    let head: Vec<&str> = head.lines().filter(kept).collect();
    let head = format!("{}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", head.join("\r\n"), body.len());
    inside.write_all(head.as_bytes()).await?;
    inside.write_all(&body).await?;
    inside.shutdown().await
}
