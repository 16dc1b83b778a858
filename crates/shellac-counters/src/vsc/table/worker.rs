//! The counters of a worker's log, and of its backends.

use super::rows::kind;

kind! {
    /// Counters of the log in shared memory: what was published, what had to wait and what was lost.
    Log = "LOG", 30, "The log in shared memory";
    Batches "batches" Counter Integer Info "Batches published" "Batches of records that were published.";
    Bytes "bytes" Counter Bytes Info "Bytes published" "Bytes of those batches, with their heads.";
    Fillers "fillers" Counter Integer Debug "Fillers" "Batches without content that fill the rest of a segment.";
    FillerBytes "filler_bytes" Counter Bytes Debug "Bytes of fillers" "Bytes of those fillers.";
    Refused "refused" Counter Integer Info "Batches refused" "How often a batch was refused because a thread was held up for half a lap of the log.";
    Queued "queued" Counter Integer Info "Batches that waited" "Batches that had to wait because they, or others before them, were refused.";
    Reduced "reduced" Counter Integer Info "Batches reduced" "Batches of which only the most important records were kept, because too much was waiting.";
    DroppedRecords "dropped_records" Counter Integer Info "Records lost" "Records that were dropped because too much was waiting, or because they do not fit the log at all.";
    DroppedTransactions "dropped_transactions" Counter Integer Info "Transactions lost" "Transactions that were dropped as a whole.";
    WaitingBytes "waiting_bytes" Gauge Bytes Info "Bytes that wait" "Bytes of batches that wait to be published.";
    OldestLag "oldest_lag" Gauge Integer Info "Segments behind of the oldest writer" "How many of the log's eight segments the oldest publication that has begun and not ended is behind; at four nobody can go on.";
    OldestAge "oldest_age_ms" Gauge Integer Info "Age of the oldest writer in milliseconds" "How long a publication that has begun has not ended, in milliseconds.";
    LapTime "lap_ms" Gauge Integer Info "Time that the log holds in milliseconds" "How long the last lap of the log took, in milliseconds: what is older than that is overwritten. 0 before the first lap.";
    Unshown "board_unshown" Counter Integer Info "Requests that the scoreboard did not show" "Requests for which there was no room on the scoreboard.";
}

kind! {
    /// Counters of one backend in one configuration, `VBE.CONFIGURATION.BACKEND`: first those that varnish has, then ours.
    Vbe = "VBE", 40, "A backend";
    Happy "happy" Bitmap Bitmap Info "Probes that went well" "The results of the last 64 probes, the newest in the lowest bit.";
    BereqHdrbytes "bereq_hdrbytes" Counter Bytes Info "Bytes of request heads" "Bytes of the heads that the backend was sent.";
    BereqBodybytes "bereq_bodybytes" Counter Bytes Info "Bytes of request bodies" "Bytes of the bodies that the backend was sent, as they went.";
    BerespHdrbytes "beresp_hdrbytes" Counter Bytes Info "Bytes of response heads" "Bytes of the heads that the backend sent.";
    BerespBodybytes "beresp_bodybytes" Counter Bytes Info "Bytes of response bodies" "Bytes of the bodies that the backend sent, as they came.";
    PipeHdrbytes "pipe_hdrbytes" Counter Bytes Info "Bytes of heads before a tunnel" "Bytes of the heads that the backend was sent before the connection became a tunnel.";
    PipeOut "pipe_out" Counter Bytes Info "Bytes through tunnels to it" "Bytes that went to the backend through tunnels.";
    PipeIn "pipe_in" Counter Bytes Info "Bytes through tunnels from it" "Bytes that came from the backend through tunnels.";
    Conn "conn" Gauge Integer Info "Attempts under way" "Attempts that have chosen this backend and have not ended, from before they connect. It is exact at any moment: at 0 nothing is left.";
    Req "req" Counter Integer Info "Requests sent" "Attempts that had a connection and sent their request.";
    Unhealthy "unhealthy" Counter Integer Info "Not chosen: sick" "Attempts for which its pool had no backend, and this one because it was sick, drained or ejected.";
    Busy "busy" Counter Integer Info "Not chosen: busy" "Attempts for which its pool had no backend, and this one because it had as many connections as it may have.";
    Fail "fail" Counter Integer Info "Connections that failed" "Connections that could not be established. The counters that follow tell the reasons apart.";
    FailEacces "fail_eacces" Counter Integer Diag "Connections that failed: not permitted" "Connecting was not permitted (EACCES, EPERM): a packet filter, most likely.";
    FailEaddrnotavail "fail_eaddrnotavail" Counter Integer Diag "Connections that failed: no local address" "No local address or port was left (EADDRNOTAVAIL): the fault is on this side.";
    FailEconnrefused "fail_econnrefused" Counter Integer Diag "Connections that failed: refused" "Nobody listens there (ECONNREFUSED).";
    FailEnetunreach "fail_enetunreach" Counter Integer Diag "Connections that failed: unreachable" "There is no way to the network (ENETUNREACH).";
    FailEtimedout "fail_etimedout" Counter Integer Diag "Connections that failed: no answer" "No answer came in time (ETIMEDOUT).";
    FailOther "fail_other" Counter Integer Diag "Connections that failed: other reasons" "Connecting failed for a reason that the counters above do not name; the log has its number.";
    Helddown "helddown" Counter Integer Diag "Connections not tried" "Connections that were not tried because one had just failed.";
    // Ours.
    Open "open" Counter Integer Info "Connections made" "Connections that were established.";
    TlsFail "tls_fail" Counter Integer Diag "Failed TLS handshakes" "Connections that were established and on which TLS was not agreed on; they are among `fail` too.";
    Reuse "reuse" Counter Integer Info "Connections used again" "Attempts on a connection that had been used before.";
    ConnectTime "connect_us" Counter Integer Diag "Microseconds of connecting" "How long establishing connections took, all together, in microseconds.";
    FetchFailed "fetch_failed" Counter Integer Info "Failed attempts" "Attempts that failed before the response was complete: no connection, no head, or a body that broke off.";
    FetchTimeout "fetch_timeout" Counter Integer Info "Failed attempts: too slow" "Attempts that failed because something did not come in time.";
    FetchLocal "fetch_local" Counter Integer Info "Failed attempts: this node" "Attempts that failed for a reason on this node: ports, memory, the neighbour table.";
    FetchClient "fetch_client" Counter Integer Info "Attempts that the client ended" "Attempts that ended because of the client: it had gone, or its body broke off. They are not among the failed ones.";
    Beresp "beresp" Counter Integer Info "Response heads received" "Heads of final responses that came.";
    Beresp5xx "beresp_5xx" Counter Integer Info "Responses 5xx" "Responses with a status of the 500s.";
    FirstByteTime "first_byte_us" Counter Integer Diag "Microseconds of waiting for responses" "How long the heads of responses took, from the start of the attempt, all together, in microseconds.";
    Drained "drained" Gauge Integer Info "1 when taken out by hand" "1 when the backend was taken out of service by an administrator.";
    Ejected "ejected" Gauge Integer Info "1 when ejected" "1 when the backend is left out because its attempts failed.";
    Active "active" Gauge Integer Info "1 in the configuration that new requests get" "1 when the configuration of this backend is the one that new requests get.";
    First "first" Counter Integer Info "First attempts of requests" "First attempts of requests that have an outcome, but for those that the client ended.";
    FirstFailed "first_failed" Counter Integer Info "First attempts that failed" "First attempts of requests that failed or got a status of the 500s, but for those that the client ended.";
    Sockets "sockets" Gauge Integer Info "Connections that are open" "Connections to this backend that are being made, in use or kept. Each has a local port, of which there are as many for one destination as NODE.local_ports says.";
    Connect1s "connect_after_1s" Counter Integer Info "Connections made after about 1 second" "Connections that took 0.9 to 1.2 seconds, as those do whose first packet was lost.";
    Connect3s "connect_after_3s" Counter Integer Info "Connections made after about 3 seconds" "Connections that took 2.9 to 3.3 seconds, as those do whose first two packets were lost.";
    Connect7s "connect_after_7s" Counter Integer Info "Connections made after about 7 seconds" "Connections that took 6.9 to 7.5 seconds, as those do whose first three packets were lost.";
}
