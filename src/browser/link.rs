//! One connection to one Chromium. chromiumoxide types the commands; this task, and not its `Handler`, pairs answers with
//! commands and hands events to pages, because that handler's timeouts never fire on an idle socket, its navigations queue
//! behind hung ones and its event queues are unbounded. Here every queue has a bound, every call a deadline,
//! and when the connection ends every caller knows at once.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chromiumoxide::cdp::browser_protocol::target::CloseTargetParams;
use chromiumoxide::cdp::js_protocol::runtime::RunIfWaitingForDebuggerParams;
use chromiumoxide::types::{CallId, Command, Message, Method as _, MethodId, Response};
use tokio::sync::{mpsc, oneshot, watch};

use super::counters::Tally;
use super::error::BrowserError;
use super::pipe::{Pipe, Unreadable};
use super::wire::{Attached, Event, Incoming};

/// Commands waiting to be sent; a caller waits when there are more.
const COMMANDS: usize = 512;
/// Events waiting for one page; a page that sends more before they are read is ended.
pub(super) const EVENTS: usize = 8192;
/// How often answers that nobody waits for any more are forgotten.
const SWEEP: Duration = Duration::from_secs(5);

/// Where commands go. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Link {
    orders: mpsc::Sender<Order>,
    ended: watch::Receiver<bool>,
    timeout: Duration,
}

/// A page as the connection knows it.
#[derive(Debug)]
pub(super) struct Listener {
    pub(super) session: String,
    pub(super) target: String,
    pub(super) context: String,
    pub(super) events: mpsc::Sender<Event>,
}

#[derive(Debug)]
enum Order {
    Call {
        method: MethodId,
        session: Option<String>,
        params: serde_json::Value,
        reply: Option<oneshot::Sender<Response>>,
    },
    /// A script's compiled form, in base64, for a page.
    Compiled {
        session: String,
        url: String,
        compiled: Bytes,
    },
    Listen(Listener),
    /// The next page of this context, as soon as Chromium has attached us to it.
    Expect {
        context: String,
        page: oneshot::Sender<Attached>,
    },
}

/// A command that has been sent, to be awaited apart, so that more can be sent right behind it.
#[must_use = "the answer may be a refusal"]
pub(super) struct Sent<C> {
    method: MethodId,
    answer: oneshot::Receiver<Response>,
    command: PhantomData<fn() -> C>,
}

impl<C: Command> Sent<C> {
    /// Waits for the answer.
    pub(super) async fn answer(self, limit: Duration) -> Result<C::Response, BrowserError> {
        let Self { method, answer, .. } = self;
        let response = tokio::time::timeout(limit, answer)
            .await
            .map_err(|_| BrowserError::Timeout { doing: method.to_string(), limit })?
            .map_err(|_| BrowserError::Gone { doing: method.to_string() })?;
        match (response.result, response.error) {
            (_, Some(error)) => Err(refused(&method, error.message)),
            (result, None) => {
                C::response_from_value(result.unwrap_or_default()).map_err(|e| refused(&method, format!("answer: {e}")))
            }
        }
    }
}

fn refused(method: &MethodId, reason: String) -> BrowserError {
    BrowserError::Refused { command: method.to_string(), reason }
}

impl Link {
    /// Starts to read and write.
    pub(super) fn connect(pipe: Pipe, timeout: Duration, tally: Arc<Tally>) -> Self {
        let (orders, inbox) = mpsc::channel(COMMANDS);
        let (end, ended) = watch::channel(false);
        let post = Post { pipe, pending: HashMap::new(), pages: HashMap::new(), expected: HashMap::new(), tally };
        tokio::spawn(async move {
            post.run(inbox).await;
            end.send_replace(true);
        });
        Self { orders, ended, timeout }
    }

    /// How long a command may take.
    pub(super) const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Sends a command and waits for its answer, as long as `[browser] command_timeout_ms` allows.
    pub(super) async fn call<C: Command>(
        &self,
        session: Option<&str>,
        command: C,
    ) -> Result<C::Response, BrowserError> {
        self.call_within(session, command, self.timeout).await
    }

    /// The same with another deadline.
    pub(super) async fn call_within<C: Command>(
        &self,
        session: Option<&str>,
        command: C,
        limit: Duration,
    ) -> Result<C::Response, BrowserError> {
        let method = command.identifier();
        let called = async { self.send(session, command).await?.answer(limit).await };
        let late = |_| BrowserError::Timeout { doing: method.to_string(), limit };
        tokio::time::timeout(limit, called).await.map_err(late)?
    }

    /// Sends a command; its answer is awaited apart.
    pub(super) async fn send<C: Command>(&self, session: Option<&str>, command: C) -> Result<Sent<C>, BrowserError> {
        let method = command.identifier();
        let params = serde_json::to_value(command).map_err(|e| refused(&method, e.to_string()))?;
        let (reply, answer) = oneshot::channel();
        let session = session.map(str::to_owned);
        let order = Order::Call { method: method.clone(), session, params, reply: Some(reply) };
        let gone = |_| BrowserError::Gone { doing: method.to_string() };
        self.orders.send(order).await.map_err(gone)?;
        Ok(Sent { method, answer, command: PhantomData })
    }

    /// Sends a command whose answer does not matter.
    pub(super) async fn post<C: Command>(&self, session: Option<&str>, command: C) {
        let method = command.identifier();
        if let Ok(params) = serde_json::to_value(command) {
            let order = Order::Call { method, session: session.map(str::to_owned), params, reply: None };
            let _ = self.orders.send(order).await;
        }
    }

    /// The same from where nothing can be awaited, as in a drop; lost when the queue is full.
    pub(super) fn post_now<C: Command>(&self, command: C) {
        let method = command.identifier();
        if let Ok(params) = serde_json::to_value(command) {
            let _ = self.orders.try_send(Order::Call { method, session: None, params, reply: None });
        }
    }

    /// Gives a page the compiled form of a script, in base64.
    pub(super) async fn give_compiled(&self, session: &str, url: String, compiled: Bytes) {
        let _ = self.orders.send(Order::Compiled { session: session.to_owned(), url, compiled }).await;
    }

    /// From now on the page's events go to the listener.
    pub(super) async fn listen(&self, listener: Listener) {
        let _ = self.orders.send(Order::Listen(listener)).await;
    }

    /// The next page that is opened in a context, where Chromium attaches us to pages by itself. Order it before the page.
    pub(super) async fn expect(&self, context: &str) -> oneshot::Receiver<Attached> {
        let (page, attached) = oneshot::channel();
        let _ = self.orders.send(Order::Expect { context: context.to_owned(), page }).await;
        attached
    }

    /// Whether the connection is over.
    pub(super) fn has_ended(&self) -> bool {
        *self.ended.borrow()
    }

    /// Waits until the connection is over.
    pub(super) async fn ended(&self) {
        let mut ended = self.ended.clone();
        let _ = ended.wait_for(|over| *over).await;
    }
}

/// The task's own state.
struct Post {
    pipe: Pipe,
    pending: HashMap<CallId, oneshot::Sender<Response>>,
    pages: HashMap<String, Listener>,
    /// Who waits for a page, by its context.
    expected: HashMap<String, oneshot::Sender<Attached>>,
    tally: Arc<Tally>,
}

impl Post {
    async fn run(mut self, mut inbox: mpsc::Receiver<Order>) {
        let mut sweep = tokio::time::interval(SWEEP);
        loop {
            tokio::select! {
                order = inbox.recv(), if !self.pipe.is_full() => match order {
                    Some(order) => self.obey(order),
                    None => return,
                },
                message = self.pipe.next() => match message {
                    Some(Ok(Message::Response(response))) => self.answer(response),
                    Some(Ok(Message::Event(incoming))) => self.deliver(incoming),
                    Some(Err(unreadable)) => self.unreadable(&unreadable),
                    None => return,
                },
                _ = sweep.tick() => {
                    self.pending.retain(|_, reply| !reply.is_closed());
                    self.expected.retain(|_, page| !page.is_closed());
                }
            }
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Call { method, session, params, reply } => {
                let sent = self.pipe.submit(method, session, params);
                if let (Ok(id), Some(reply)) = (sent, reply) {
                    self.pending.insert(id, reply);
                }
            }
            Order::Compiled { session, url, compiled } => self.pipe.submit_compiled(&session, &url, compiled),
            Order::Listen(listener) => drop(self.pages.insert(listener.session.clone(), listener)),
            Order::Expect { context, page } => drop(self.expected.insert(context, page)),
        }
    }

    fn answer(&mut self, response: Response) {
        if let Some(reply) = self.pending.remove(&response.id) {
            // Nobody listens when the caller's deadline has passed.
            let _ = reply.send(response);
        }
    }

    fn deliver(&mut self, incoming: Incoming) {
        match (incoming.session, incoming.event) {
            (_, Event::Other) => {}
            (Some(session), event) => self.hand(&session, event),
            (None, Event::TargetCrashed(crash)) => {
                let page = self.pages.values().find(|page| page.target == crash.target_id);
                if let Some(session) = page.map(|page| page.session.clone()) {
                    self.hand(&session, Event::TargetCrashed(crash));
                }
            }
            (None, Event::Detached(detached)) => drop(self.pages.remove(&detached.session_id)),
            (None, Event::Attached(attached)) => self.attached(attached),
            (None, Event::TargetCreated(created)) => self.close_popup(&created.target_info),
            (None, _) => {}
        }
    }

    fn hand(&mut self, session: &str, event: Event) {
        let Some(page) = self.pages.get(session) else { return };
        if page.events.try_send(event).is_err() {
            // Closed (the page is done) or full (it floods us): either way it hears no more.
            self.pages.remove(session);
        }
    }

    fn attached(&mut self, attached: Attached) {
        let context = attached.target_info.browser_context_id.as_deref();
        if let Some(page) = context.and_then(|context| self.expected.remove(context)) {
            // Nobody listens when the caller's deadline has passed.
            let _ = page.send(attached);
        } else {
            // A popup is held as well, and with it the page that opened it.
            let go = RunIfWaitingForDebuggerParams::default();
            self.obey(Order::Call {
                method: go.identifier(),
                session: Some(attached.session_id),
                params: serde_json::to_value(go).unwrap_or_default(),
                reply: None,
            });
        }
    }

    /// A context has one page; whatever else opens in it is a popup.
    fn close_popup(&mut self, opened: &super::wire::TargetInfo) {
        let context = opened.browser_context_id.as_deref();
        let ours = self.pages.values().find(|page| Some(page.context.as_str()) == context);
        if opened.kind == "page" && ours.is_some_and(|page| page.target != opened.target_id) {
            let close = CloseTargetParams::new(opened.target_id.clone());
            let method = close.identifier();
            self.obey(Order::Call {
                method,
                session: None,
                params: serde_json::to_value(close).unwrap_or_default(),
                reply: None,
            });
        }
    }

    fn unreadable(&self, (text, error): &Unreadable) {
        self.tally.messages_dropped.one();
        let start: String = text.chars().take(120).collect();
        tracing::debug!(%error, start, "a message of the browser could not be read");
    }
}
