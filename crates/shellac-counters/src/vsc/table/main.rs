//! The counters of the manager and of the worker as a whole.
//!
//! A long file because it is a table.

use super::rows::kind;

kind! {
    /// Counters of the manager: the life of its workers.
    Mgt = "MGT", 10, "The manager";
    Uptime "uptime" Counter Duration Info "Uptime of the manager" "Seconds since the manager started.";
    ChildStart "child_start" Counter Integer Diag "Workers started" "How many worker processes the manager has started.";
    ChildExit "child_exit" Counter Integer Diag "Workers that ended normally" "How many workers ended with status 0 though the manager went on.";
    ChildStop "child_stop" Counter Integer Diag "Workers that ended unexpectedly" "How many workers ended by themselves with another status.";
    ChildDied "child_died" Counter Integer Diag "Workers killed by a signal" "How many workers were ended by a signal.";
    ChildDump "child_dump" Counter Integer Diag "Workers that dumped core" "How many workers left a core file behind.";
    ChildPanic "child_panic" Counter Integer Diag "Workers that panicked" "How many workers ended because they had panicked: a fault of this program.";
}

kind! {
    /// Counters of a worker, with the names and meanings that varnish gives them where it has such a counter; our own are at the end.
    ///
    /// What this proxy does not have is not published, not even as 0: there is no cache, so there is no `cache_hit` and no `cache_miss`,
    /// and a hit rate made of zeros would look like a fault.
    Main = "MAIN", 20, "The worker";
    Summs "summs" Counter Integer Debug "Sums taken" "How often a thread has added its counts to the published ones.";
    Uptime "uptime" Counter Duration Info "Uptime of the worker" "Seconds since the worker started.";
    SessConn "sess_conn" Counter Integer Info "Client connections accepted" "How many connections of clients were accepted.";
    SessFail "sess_fail" Counter Integer Info "Failed accepts" "How often accepting a connection failed, whatever the reason. The counters that follow tell the reasons apart.";
    SessFailEconnaborted "sess_fail_econnaborted" Counter Integer Info "Failed accepts: connection aborted" "The client had gone before its connection was accepted (ECONNABORTED). That is harmless.";
    SessFailEintr "sess_fail_eintr" Counter Integer Info "Failed accepts: interrupted" "Accepting was interrupted by a signal (EINTR).";
    SessFailEmfile "sess_fail_emfile" Counter Integer Info "Failed accepts: no descriptors" "No descriptor was left (EMFILE, ENFILE): raise the limit of open files.";
    SessFailEbadf "sess_fail_ebadf" Counter Integer Info "Failed accepts: bad descriptor" "The listening socket was closed meanwhile (EBADF).";
    SessFailEnomem "sess_fail_enomem" Counter Integer Info "Failed accepts: no memory" "The system had no memory for another connection (ENOMEM, ENOBUFS).";
    SessFailOther "sess_fail_other" Counter Integer Info "Failed accepts: other reasons" "Accepting failed for a reason that the counters above do not name; the log has its number.";
    ClientReq400 "client_req_400" Counter Integer Info "Requests refused as malformed" "Requests whose head is not HTTP, or says something impossible of its body: they got an error and the connection was closed.";
    ClientReq "client_req" Counter Integer Info "Good requests received" "Requests whose head could be read.";
    BackendConn "backend_conn" Counter Integer Info "Connections to backends made" "How many connections to backends were established.";
    BackendUnhealthy "backend_unhealthy" Counter Integer Info "Attempts without a healthy backend" "Attempts that could not be made because every backend that was allowed was sick, drained or ejected.";
    BackendBusy "backend_busy" Counter Integer Info "Attempts refused by max_conns" "Attempts that could not be made because the backend had as many connections as it may have.";
    BackendFail "backend_fail" Counter Integer Info "Connections to backends that failed" "How many connections to backends could not be established.";
    BackendReuse "backend_reuse" Counter Integer Info "Connections to backends used again" "Attempts on a connection that had been used before.";
    BackendRecycle "backend_recycle" Counter Integer Info "Connections to backends kept" "Connections that were kept for another attempt when one had ended.";
    BackendRetry "backend_retry" Counter Integer Info "Attempts repeated after a reused connection" "Attempts on a reused connection that the backend had closed meanwhile, and that were therefore made again.";
    FetchHead "fetch_head" Counter Integer Info "Responses to HEAD" "Responses without a body because the request was HEAD.";
    FetchLength "fetch_length" Counter Integer Info "Responses with a length" "Responses whose body came with Content-Length.";
    FetchChunked "fetch_chunked" Counter Integer Info "Responses in chunks" "Responses whose body came in chunks.";
    FetchEof "fetch_eof" Counter Integer Info "Responses that end with the connection" "Responses whose body ended with the backend's connection.";
    FetchBad "fetch_bad" Counter Integer Info "Responses with an impossible body" "Responses whose head says something about the body that cannot be.";
    FetchNone "fetch_none" Counter Integer Info "Responses without body" "Responses whose body is empty.";
    Fetch1xx "fetch_1xx" Counter Integer Info "Responses without body: 1xx" "Final responses with a status of the 100s, which have no body.";
    Fetch204 "fetch_204" Counter Integer Info "Responses without body: 204" "Responses with status 204, which have no body.";
    Fetch304 "fetch_304" Counter Integer Info "Responses without body: 304" "Responses with status 304, which have no body.";
    FetchFailed "fetch_failed" Counter Integer Info "Failed attempts" "Attempts that failed before the response was complete: no connection, no head, or a body that broke off. Clients that left are not among them.";
    Threads "threads" Gauge Integer Info "Serving threads" "Threads that serve clients.";
    NBackend "n_backend" Gauge Integer Info "Backends" "Backends of all loaded configurations.";
    SSess "s_sess" Counter Integer Info "Sessions" "Client connections that were served.";
    NPipe "n_pipe" Gauge Integer Info "Tunnels" "Connections of clients that are tunnels to a backend now.";
    PipeLimited "pipe_limited" Counter Integer Info "Tunnels refused" "Requests that were answered with 503 because there were as many tunnels as `limits.pipe_max` allows.";
    SPipe "s_pipe" Counter Integer Info "Requests that became tunnels" "Requests that made their connection a tunnel, by a route or by an upgrade.";
    SPass "s_pass" Counter Integer Info "Requests passed on" "Requests that were passed on to a backend.";
    SFetch "s_fetch" Counter Integer Info "Fetches" "Requests for which something was fetched from a backend; retries are not counted again.";
    SSynth "s_synth" Counter Integer Info "Responses made here" "Responses that were made here without asking a backend.";
    SReqHdrbytes "s_req_hdrbytes" Counter Bytes Info "Bytes of request heads" "Bytes of the heads that clients sent.";
    SReqBodybytes "s_req_bodybytes" Counter Bytes Info "Bytes of request bodies" "Bytes of the bodies that clients sent, as they came.";
    SRespHdrbytes "s_resp_hdrbytes" Counter Bytes Info "Bytes of response heads" "Bytes of the heads that clients were sent.";
    SRespBodybytes "s_resp_bodybytes" Counter Bytes Info "Bytes of response bodies" "Bytes of the bodies that clients were sent, as they went.";
    SPipeHdrbytes "s_pipe_hdrbytes" Counter Bytes Info "Bytes of heads before tunnels" "Bytes of the heads that clients sent before their connection became a tunnel.";
    SPipeIn "s_pipe_in" Counter Bytes Info "Bytes through tunnels from clients" "Bytes that clients sent through tunnels.";
    SPipeOut "s_pipe_out" Counter Bytes Info "Bytes through tunnels to clients" "Bytes that clients were sent through tunnels.";
    SessClosed "sess_closed" Counter Integer Info "Sessions closed" "Client connections that were closed.";
    SessClosedErr "sess_closed_err" Counter Integer Info "Sessions closed for an error" "Client connections that were closed for something that went wrong, as the counters sc_* tell.";
    SessReadahead "sess_readahead" Counter Integer Info "Requests that had come already" "Requests that were read together with the one before.";
    ScRemClose "sc_rem_close" Counter Integer Diag "Sessions closed: by the client" "The client closed the connection (REM_CLOSE).";
    ScReqClose "sc_req_close" Counter Integer Diag "Sessions closed: the client asked" "The client asked for it with Connection: close (REQ_CLOSE).";
    ScReqHttp10 "sc_req_http10" Counter Integer Diag "Sessions closed: HTTP/1.0" "The client speaks HTTP/1.0 and did not ask to keep the connection (REQ_HTTP10).";
    ScRxBad "sc_rx_bad" Counter Integer Diag "Sessions closed: bad preamble (error)" "What a proxy in front said about the connection is broken (RX_BAD).";
    ScRxBody "sc_rx_body" Counter Integer Diag "Sessions closed: request body (error)" "The body of a request broke off, or nobody read it to its end (RX_BODY).";
    ScRxJunk "sc_rx_junk" Counter Integer Diag "Sessions closed: junk (error)" "What came is not HTTP (RX_JUNK).";
    ScRxOverflow "sc_rx_overflow" Counter Integer Diag "Sessions closed: head too large (error)" "The head of a request is larger than is allowed (RX_OVERFLOW).";
    ScRxTimeout "sc_rx_timeout" Counter Integer Diag "Sessions closed: request too slow (error)" "The head of a request did not come in time (RX_TIMEOUT).";
    ScRxCloseIdle "sc_rx_close_idle" Counter Integer Diag "Sessions closed: idle" "No request came for as long as a connection may be idle (RX_CLOSE_IDLE).";
    ScTxPipe "sc_tx_pipe" Counter Integer Diag "Sessions closed: tunnel" "The connection was a tunnel, and that has ended (TX_PIPE).";
    ScTxError "sc_tx_error" Counter Integer Diag "Sessions closed: sending failed (error)" "A response could not be sent (TX_ERROR).";
    ScTxEof "sc_tx_eof" Counter Integer Diag "Sessions closed: end of the response" "The response ended with the connection (TX_EOF).";
    ScRespClose "sc_resp_close" Counter Integer Diag "Sessions closed: by us" "The response, or we, asked for it (RESP_CLOSE).";
    ClientResp500 "client_resp_500" Counter Integer Diag "Responses with a status of 500" "Responses with a status of exactly 500 that clients were sent.";
    ShmRecords "shm_records" Counter Integer Diag "Records logged" "Records that were written to the log.";
    ShmWrites "shm_writes" Counter Integer Diag "Batches logged" "Batches of records that were written to the log.";
    ShmFlushes "shm_flushes" Counter Integer Diag "Batches logged before their transaction ended" "Batches that went out because a buffer was full, or because nothing had happened for a while.";
    ShmCont "shm_cont" Counter Integer Diag "Batches that had to wait" "Batches that had to wait because another thread was held up while it wrote.";
    ShmCycles "shm_cycles" Counter Integer Diag "Laps of the log" "How often the log has begun again at its beginning.";
    ShmBytes "shm_bytes" Counter Bytes Diag "Bytes logged" "Bytes that were written to the log.";
    BackendReq "backend_req" Counter Integer Info "Requests sent to backends" "Attempts that had a connection and sent their request.";
    NVcl "n_vcl" Gauge Integer Info "Configurations" "Configurations that are loaded.";
    NVclAvail "n_vcl_avail" Gauge Integer Diag "Configurations in use" "Configurations that can be used.";
    NVclDiscard "n_vcl_discard" Gauge Integer Diag "Configurations on their way out" "Configurations that were discarded and still have requests.";
    // Ours.
    NSess "n_sess" Gauge Integer Info "Client connections open" "Connections of clients that are open now.";
    NReq "n_req" Gauge Integer Info "Requests in flight" "Requests that are being served now, from the end of their head to the end of their response.";
    ReqGone "req_gone" Counter Integer Info "Clients that did not wait" "Requests whose client had gone before the response began.";
    Retry "retry" Counter Integer Info "Attempts repeated" "Attempts that followed a failed one of the same request.";
    Resp1xx "resp_1xx" Counter Integer Info "Interim responses" "Interim responses that clients were sent.";
    Resp2xx "resp_2xx" Counter Integer Info "Responses 2xx" "Responses with a status of the 200s that clients were sent.";
    Resp3xx "resp_3xx" Counter Integer Info "Responses 3xx" "Responses with a status of the 300s that clients were sent.";
    Resp4xx "resp_4xx" Counter Integer Info "Responses 4xx" "Responses with a status of the 400s that clients were sent, our own included.";
    Resp5xx "resp_5xx" Counter Integer Info "Responses 5xx" "Responses with a status of the 500s that clients were sent, our own included.";
    TlsConn "tls_conn" Counter Integer Info "TLS handshakes" "Connections of clients on which TLS was agreed on.";
    TlsResumed "tls_resumed" Counter Integer Info "TLS sessions taken up again" "Those among them that went on with an earlier session.";
    TlsFail "tls_fail" Counter Integer Info "Failed TLS handshakes" "Connections of clients that ended before TLS was agreed on.";
    RespFailed "resp_failed" Counter Integer Info "Responses cut short" "Responses that clients did not get to their end.";
}
