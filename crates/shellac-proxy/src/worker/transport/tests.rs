//! The same over every kind of socket.

use std::future::poll_fn;
use std::io;
use std::task::{Poll, ready};

use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::runtime::Builder;

use super::Transport;

/// Both ends of a connection of each kind.
async fn pairs() -> Vec<(Transport, Transport)> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (client, server) = tokio::join!(TcpStream::connect(address), listener.accept());
    let (one, other) = UnixStream::pair().unwrap();
    vec![(client.unwrap().into(), server.unwrap().0.into()), (one.into(), other.into())]
}

async fn read(transport: &mut Transport, into: &mut [u8]) -> io::Result<usize> {
    poll_fn(|cx| transport.poll_read(cx, into)).await
}

async fn write(transport: &mut Transport, bytes: &[u8]) {
    assert_eq!(poll_fn(|cx| transport.poll_write(cx, bytes)).await.unwrap(), bytes.len());
    poll_fn(|cx| transport.poll_flush(cx)).await.unwrap();
}

fn block_on(test: impl Future<Output = ()>) {
    Builder::new_current_thread().enable_io().build().unwrap().block_on(test);
}

#[test]
fn bytes_go_both_ways_and_each_way_ends_by_itself() {
    block_on(async {
        for (mut one, mut other) in pairs().await {
            write(&mut one, b"ping").await;
            poll_fn(|cx| one.poll_end_writing(cx)).await;
            let mut got = [0; 16];
            assert_eq!(read(&mut other, &mut got).await.unwrap(), 4);
            assert_eq!(&got[..4], b"ping");
            assert_eq!(read(&mut other, &mut got).await.unwrap(), 0, "the end is told");
            write(&mut other, b"pong").await;
            assert_eq!(read(&mut one, &mut got).await.unwrap(), 4, "and the other way is open");
        }
    });
}

#[test]
fn an_unused_connection_has_news_when_there_are_bytes_or_its_end() {
    block_on(async {
        for (mut one, mut other) in pairs().await {
            assert!(one.news().is_none());
            write(&mut other, b"x").await;
            poll_fn(|cx| one.poll_read_ready(cx)).await;
            assert!(matches!(one.news(), Some(Ok(1))));
            assert!(one.news().is_none());
            drop(other);
            // What was ready before may still look so: only a look at the socket tells.
            let end = poll_fn(|cx| {
                loop {
                    ready!(one.poll_read_ready(cx));
                    if let Some(news) = one.news() {
                        return Poll::Ready(news);
                    }
                }
            });
            assert!(matches!(end.await, Ok(0)));
        }
    });
}

#[test]
fn a_head_is_read_as_anything_is_and_the_kernel_is_asked_once() {
    block_on(async {
        for (mut one, mut other) in pairs().await {
            let mut got = [0; 8];
            for text in [&b"1234567"[..], b"12345678", b"x"] {
                write(&mut other, text).await;
                let count = poll_fn(|cx| one.poll_read_head(cx, &mut got)).await.unwrap();
                assert_eq!(&got[..count], text);
            }
            // What came short has emptied it, and that is known without a read.
            assert!(one.news().is_none());
            assert!(poll_fn(|cx| Poll::Ready(one.poll_read_head(cx, &mut got).is_pending())).await);
            write(&mut other, b"the end").await;
            drop(other);
            assert_eq!(poll_fn(|cx| one.poll_read_head(cx, &mut got)).await.unwrap(), 7);
            for _ in 0..2 {
                assert_eq!(poll_fn(|cx| one.poll_read_head(cx, &mut got)).await.unwrap(), 0);
            }
        }
    });
}
