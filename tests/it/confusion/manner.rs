//! What clients do.

use super::faults::LARGE;
use crate::support::client::Client;
use crate::support::deadline::Deadline;
use crate::support::origin::Origin;

/// What a client does.
#[derive(Clone, Copy, Debug)]
pub(super) enum Manner {
    /// Asks and waits for what comes.
    Get,
    /// The same with a small body.
    Post,
    /// The same with a body that fits into no buffer.
    PostLarge,
    /// Sends half of its body and says that this is all.
    StopsHalfWay,
    /// The same in the middle of a chunk.
    StopsInChunk,
    /// Sends half of its body and resets the connection.
    ResetsHalfWay,
    /// The same in the middle of a chunk.
    ResetsInChunk,
    /// Sends half of its body and waits.
    StallsHalfWay,
    /// Sends a chunk whose length is none.
    BreaksFraming,
    /// Resets the connection while it waits for an answer.
    LeavesWaiting,
    /// Resets the connection when the head of the answer has come.
    LeavesInBody,
    /// Asks for something good before on the same connection.
    Again,
    /// The same, and then it sends a body.
    AgainPost,
    /// The same with a body that is longer than what is kept in memory.
    PostFile,
    /// Takes nothing of its answer.
    StopsReading,
    /// Asks for nothing and says that this is all.
    SaysNothing,
    /// The same when half a head is there.
    StopsInHead,
    /// Sends what is no request.
    Babbles,
    /// Says that it will ask for nothing more, and waits for its answer.
    HalfCloses,
}

/// Where a client asks.
pub(super) struct Place<'a> {
    /// The start of the URLs of what is good there.
    pub(super) start: &'a str,
    pub(super) target: &'a str,
    /// Who is asked in the end.
    pub(super) origin: &'a Origin,
    /// Whether a request is sent on to it before all of its body is there.
    pub(super) is_sent_on: bool,
    /// What of an answer has to be there before the origin is told to go on.
    pub(super) until: Option<&'a str>,
    /// Waits until a connection that was used is there to be used again.
    pub(super) is_kept: &'a dyn Fn(),
}

/// What has become of a client.
pub(super) enum Met {
    /// This came until the connection was closed.
    Answer(Vec<u8>),
    /// It has left.
    Left,
    /// It takes nothing.
    Unread(Client),
}

impl Manner {
    /// Does it, with a connection that is new.
    pub(super) fn act(self, mut client: Client, place: &Place<'_>) -> Met {
        let (start, target) = (place.start, place.target);
        let head = |method: &str, more: &str| {
            format!("{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{more}\r\n")
        };
        let post = |len: usize| head("POST", &format!("Content-Length: {len}\r\n"));
        let mut seen = Vec::new();
        match self {
            Manner::Get => {
                client.send(head("GET", ""));
                if let Some(until) = place.until {
                    seen = client.until_closed_or(until.as_bytes());
                    place.origin.tell(target);
                }
            }
            Manner::Post => client.send(post(1000) + &"b".repeat(1000)),
            Manner::PostLarge => {
                client.send(post(LARGE));
                // It is told to stop before it is through.
                let _ = client.try_send(vec![b'b'; LARGE]);
            }
            Manner::StopsHalfWay => {
                client.send(post(1000) + &"b".repeat(500));
                if place.is_sent_on {
                    place.wait_at_origin();
                }
                client.half_close();
            }
            Manner::StopsInChunk | Manner::ResetsInChunk => {
                let head = head("POST", "Transfer-Encoding: chunked\r\n");
                client.send(head + "4\r\nsome\r\n64\r\nhalf");
                place.wait_at_origin();
                if matches!(self, Manner::ResetsInChunk) {
                    client.reset();
                    return Met::Left;
                }
                client.half_close();
            }
            Manner::ResetsHalfWay => {
                client.send(post(1000) + &"b".repeat(500));
                place.wait_at_origin();
                client.reset();
                return Met::Left;
            }
            Manner::StallsHalfWay => client.send(post(1000) + &"b".repeat(500)),
            Manner::BreaksFraming => {
                let head = head("POST", "Transfer-Encoding: chunked\r\n");
                client.send(head + "4\r\nsome\r\n");
                place.wait_at_origin();
                client.send("ZZ\r\n");
            }
            Manner::LeavesWaiting => {
                client.send(head("GET", ""));
                place.wait_at_origin();
                client.reset();
                return Met::Left;
            }
            Manner::LeavesInBody => {
                client.send(head("GET", ""));
                client.head();
                client.reset();
                return Met::Left;
            }
            Manner::Again | Manner::AgainPost => {
                Deadline::generous().wait_for("an answer that leaves a connection", || {
                    client.send(format!("GET {start}/good HTTP/1.1\r\nHost: x\r\n\r\n"));
                    (client.answer("GET").status == 200).then_some(())
                });
                (place.is_kept)();
                match self {
                    Manner::AgainPost => client.send(post(1000) + &"b".repeat(1000)),
                    _ => client.send(head("GET", "")),
                }
            }
            Manner::PostFile => client.send(post(40_000) + &"b".repeat(40_000)),
            Manner::StopsReading => {
                client.send(head("GET", ""));
                // Its end is what the log says.
                place.wait_at_origin();
                return Met::Unread(client);
            }
            Manner::SaysNothing => client.half_close(),
            Manner::StopsInHead => {
                client.send(format!("GET {target} HTTP/1.1\r\nHost"));
                client.half_close();
            }
            Manner::Babbles => client.send("what is this?\r\n\r\n"),
            Manner::HalfCloses => {
                client.send(head("GET", ""));
                client.half_close();
            }
        }
        seen.extend(client.until_closed());
        Met::Answer(seen)
    }
}

impl Place<'_> {
    fn wait_at_origin(&self) {
        Deadline::generous().wait_for("the request at the origin", || {
            let received = self.origin.received();
            received.iter().any(|one| one.asked.target == self.target).then_some(())
        });
    }
}
