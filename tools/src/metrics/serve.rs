//! The listener: one thread accepts, one per connection reads and answers, and the one that called makes pages.
//!
//! A page is made at most once per `fresh`, however many ask for it: who asks in between gets the one that is there.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;

use super::http::{self, Asked, Left};
use super::scrape::Scraper;
use super::text::Form;

/// Connections at a time; one more is told so and closed.
const CONNECTIONS: usize = 32;
/// How long a connection may last.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it is looked whether to end.
const LOOK: Duration = Duration::from_millis(200);

const PLAIN: &str = "text/plain; charset=utf-8";

/// Somebody who waits for a page.
struct Order {
    form: Form,
    reply: SyncSender<Arc<Made>>,
}

/// A page that was made.
struct Made {
    text: String,
    form: Form,
}

/// A time at which patience ends.
struct Until(Instant);

impl Left for Until {
    #[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
    fn left(&self) -> Option<Duration> {
        self.0.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
    }
}

/// Serves until `stop` says so. `ready` is told the address once connections are accepted.
pub(super) fn serve(
    address: SocketAddr,
    mut scraper: Scraper,
    fresh: Duration,
    stop: &Arc<AtomicBool>,
    ready: impl FnOnce(SocketAddr),
) -> anyhow::Result<()> {
    let listener = TcpListener::bind(address).with_context(|| {
        format!("cannot listen on {address}: is another exporter running there?")
    })?;
    let bound = listener.local_addr().context("cannot tell the listening address")?;
    let (orders, waiting) = sync_channel(CONNECTIONS);
    let accepting = thread::Builder::new()
        .name("accept".to_owned())
        .spawn(move || accept(&listener, &orders))
        .context("cannot start a thread")?;
    ready(bound);
    cook(&waiting, &mut scraper, fresh, stop);
    // The thread hangs in accept and ends with the process.
    drop(accepting);
    Ok(())
}

/// Makes pages for those who wait.
#[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
fn cook(waiting: &Receiver<Order>, scraper: &mut Scraper, fresh: Duration, stop: &AtomicBool) {
    let mut kept: [Option<(Instant, Arc<Made>)>; 2] = [None, None];
    while !stop.load(Ordering::Relaxed) {
        let order = match waiting.recv_timeout(LOOK) {
            Ok(order) => order,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        let form = scraper.form(order.form);
        let slot = &mut kept[usize::from(form == Form::OpenMetrics)];
        let made = match slot {
            Some((at, made)) if at.elapsed() < fresh => Arc::clone(made),
            _ => {
                let (text, _) = scraper.scrape(form);
                let made = Arc::new(Made { text, form });
                *slot = Some((Instant::now(), Arc::clone(&made)));
                made
            }
        };
        // Whoever gave up meanwhile does not listen any more.
        let _ = order.reply.send(made);
    }
}

fn accept(listener: &TcpListener, orders: &SyncSender<Order>) {
    let open = Arc::new(AtomicUsize::new(0));
    loop {
        let stream = match listener.accept() {
            Ok((stream, _)) => stream,
            // Out of descriptors, or a client that left: the next one may do better, but not at once.
            Err(_) => {
                thread::sleep(Duration::from_millis(100));
                continue;
            }
        };
        if open.fetch_add(1, Ordering::Relaxed) >= CONNECTIONS {
            open.fetch_sub(1, Ordering::Relaxed);
            refuse(stream);
            continue;
        }
        let (orders, mine) = (orders.clone(), Arc::clone(&open));
        let run = move || {
            // A connection that fails has nobody to tell it to.
            let _ = converse(stream, &orders);
            mine.fetch_sub(1, Ordering::Relaxed);
        };
        if thread::Builder::new().name("connection".to_owned()).spawn(run).is_err() {
            open.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// Tells one too many so, without waiting for anything.
fn refuse(mut stream: TcpStream) {
    let _ = stream.set_nonblocking(true);
    let text = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 1\r\nConnection: close\r\n\r\n";
    let _ = std::io::Write::write(&mut stream, text);
}

#[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
fn converse(mut stream: TcpStream, orders: &SyncSender<Order>) -> std::io::Result<()> {
    let until = Until(Instant::now() + PATIENCE);
    let Some(asked) = http::read(&mut stream, &until)? else { return Ok(()) };
    match asked {
        Asked::Metrics { form, with_body } => {
            let (reply, made) = sync_channel(1);
            let ordered = orders.try_send(Order { form, reply }).is_ok();
            let made =
                until.left().filter(|_| ordered).and_then(|left| made.recv_timeout(left).ok());
            match made {
                Some(made) => {
                    let kind = made.form.content_type();
                    http::answer(&mut stream, &until, (200, "OK"), kind, &made.text, with_body)
                }
                None => {
                    let text = "too many ask at once\n";
                    let status = (503, "Service Unavailable");
                    http::answer(&mut stream, &until, status, PLAIN, text, with_body)
                }
            }
        }
        Asked::Healthy { with_body } => {
            http::answer(&mut stream, &until, (200, "OK"), PLAIN, "healthy\n", with_body)
        }
        Asked::Index { with_body } => {
            let text = "shellac metrics: /metrics, /-/healthy\n";
            http::answer(&mut stream, &until, (200, "OK"), PLAIN, text, with_body)
        }
        Asked::Refused { status, reason, with_body } => {
            let text = format!("{reason}\n");
            http::answer(&mut stream, &until, (status, reason), PLAIN, &text, with_body)
        }
    }
}
