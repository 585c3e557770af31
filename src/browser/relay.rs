//! Logs in to a SOCKS5 proxy for Chromium, which cannot: it speaks to this relay on the loopback without a password, and the
//! relay speaks to the proxy with one. It lives as long as its context.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// Connections at a time.
const CONNECTIONS: usize = 256;
/// How long the proxy may take to let us in.
const GREETING: Duration = Duration::from_secs(15);
/// "The server failed", in the words of RFC 1928.
const FAILED: [u8; 10] = [5, 1, 0, 1, 0, 0, 0, 0, 0, 0];

/// A running relay; it ends with this value.
#[derive(Debug)]
pub(super) struct Relay {
    address: SocketAddr,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Relay {
    /// Listens on a free port of the loopback, for the proxy at `upstream` (`host:port`).
    pub(super) async fn start(upstream: String, user: String, password: SecretString) -> io::Result<Self> {
        let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        let proxy = Arc::new((upstream, user, password));
        let task = tokio::spawn(async move {
            while let Ok(place) = Arc::clone(&places).acquire_owned().await {
                let Ok((stream, _)) = listener.accept().await else { continue };
                let proxy = Arc::clone(&proxy);
                tokio::spawn(async move {
                    if let Err(error) = carry(stream, &proxy.0, &proxy.1, &proxy.2).await {
                        tracing::debug!(%error, "a connection through the SOCKS proxy ended");
                    }
                    drop(place);
                });
            }
        });
        Ok(Self { address, task })
    }

    /// What Chromium is told to use.
    pub(super) fn server(&self) -> String {
        format!("socks5://{}", self.address)
    }
}

/// Carries one connection from greeting to end.
async fn carry(mut browser: TcpStream, upstream: &str, user: &str, password: &SecretString) -> io::Result<()> {
    let greeted = tokio::time::timeout(GREETING, async {
        let request = asked(&mut browser).await?;
        let mut proxy = TcpStream::connect(upstream).await?;
        log_in(&mut proxy, user, password).await?;
        proxy.write_all(&request).await?;
        Ok::<_, io::Error>(proxy)
    });
    match greeted.await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
        // The proxy's answer to the request is the first thing that flows back.
        Ok(mut proxy) => copy_bidirectional(&mut browser, &mut proxy).await.map(drop),
        Err(error) => {
            browser.write_all(&FAILED).await?;
            Err(error)
        }
    }
}

/// Greets the browser and reads what it wants to connect to, as it is to be passed on.
async fn asked(browser: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut head = [0; 2];
    browser.read_exact(&mut head).await?;
    let mut methods = vec![0; usize::from(head[1])];
    browser.read_exact(&mut methods).await?;
    browser.write_all(&[5, 0]).await?;
    let mut request = vec![0; 4];
    browser.read_exact(&mut request).await?;
    let length = match request[3] {
        1 => 4,
        4 => 16,
        3 => {
            let name = browser.read_u8().await?;
            request.push(name);
            usize::from(name)
        }
        _ => return Err(io::ErrorKind::InvalidData.into()),
    };
    let mut rest = vec![0; length + 2];
    browser.read_exact(&mut rest).await?;
    request.extend(rest);
    Ok(request)
}

/// Logs in, as RFC 1929 says.
async fn log_in(proxy: &mut TcpStream, user: &str, password: &SecretString) -> io::Result<()> {
    let refused = || io::Error::new(io::ErrorKind::PermissionDenied, "the proxy does not accept our credentials");
    proxy.write_all(&[5, 1, 2]).await?;
    let mut answer = [0; 2];
    proxy.read_exact(&mut answer).await?;
    if answer != [5, 2] {
        return Err(refused());
    }
    let mut message = vec![1];
    for part in [user, password.expose_secret()] {
        message.push(u8::try_from(part.len()).map_err(|_| refused())?);
        message.extend(part.as_bytes());
    }
    proxy.write_all(&message).await?;
    proxy.read_exact(&mut answer).await?;
    if answer[1] == 0 { Ok(()) } else { Err(refused()) }
}
