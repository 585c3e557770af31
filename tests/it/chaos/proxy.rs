//! A link that can be stalled and cut: TCP in front of a server's unix socket.
#![expect(clippy::unwrap_used, reason = "a test's helper may fail the test")]

use std::path::PathBuf;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, UnixStream};
use tokio::sync::watch;

/// How a link is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Link {
    /// Nothing passes, nothing is closed.
    stalled: bool,
    /// Connections of an earlier number are closed.
    number: u64,
}

/// The proxy; gone with its runtime.
pub(super) struct Proxy {
    pub(super) port: u16,
    link: watch::Sender<Link>,
}

impl Proxy {
    pub(super) async fn start(socket: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (link, seen) = watch::channel(Link { stalled: false, number: 0 });
        tokio::spawn(async move {
            while let Ok((inside, _)) = listener.accept().await {
                let (socket, seen) = (socket.clone(), seen.clone());
                tokio::spawn(async move {
                    // A server that is away closes what comes.
                    let Ok(outside) = UnixStream::connect(socket).await else { return };
                    let number = seen.borrow().number;
                    let mut cut = seen.clone();
                    let ((mut r1, mut w1), (mut r2, mut w2)) = (inside.into_split(), outside.into_split());
                    let (one, other) = (seen.clone(), seen);
                    tokio::select! {
                        () = pass(&mut r1, &mut w2, one) => {}
                        () = pass(&mut r2, &mut w1, other) => {}
                        _ = cut.wait_for(|link| link.number != number) => {}
                    }
                });
            }
        });
        Self { port, link }
    }

    /// From now on nothing passes.
    pub(super) fn stall(&self) {
        self.link.send_modify(|link| link.stalled = true);
    }

    /// It passes again, what had waited first.
    pub(super) fn resume(&self) {
        self.link.send_modify(|link| link.stalled = false);
    }

    /// Closes every connection there is.
    pub(super) fn cut(&self) {
        self.link.send_modify(|link| link.number += 1);
    }
}

async fn pass(
    from: &mut (impl tokio::io::AsyncRead + Unpin),
    to: &mut (impl tokio::io::AsyncWrite + Unpin),
    mut link: watch::Receiver<Link>,
) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        if link.wait_for(|link| !link.stalled).await.is_err() || to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
