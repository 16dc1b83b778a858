//! Causes that lie with the proxy itself, its machine or its configuration.

use super::{Cause, When};
use crate::error_text::{Class, Classes, Phases};

use Class::{
    BodyFile, Cut, Died, Filter, Harmless, Includes, Kernel, Local, NoReplay, Policy, Storage,
    Threads, TooOften, Workspace,
};

/// The rows.
pub(super) const OWN: &[Cause] = &[
    Cause {
        id: "local",
        title: "This machine or this proxy had no means left",
        phases: Phases::ANY,
        classes: Classes::of(&[Local]),
        when: When::Always,
        means: "The system or the proxy itself refused: no memory (errno 12, 105), a limit, or a \
                broken installation. With errno 110 or 113 packets did not leave this machine, as \
                fetch.node beside it tells: a full neighbour or connection table. The backend never \
                saw it.",
        todo: &[
            "fetch.node in the record: `shellac doctor` says what is full, and which limit to raise.",
            "Look the errno up (`errno N`), and at `dmesg` and the proxy's own messages at this \
             second.",
            "errno 12 or 105: memory of the process, of its control group, of the kernel's \
                    sockets.",
        ],
        proof: "The errno in the text.",
        sign: "`ss -s`, /proc/PID/limits and the errno in the text.",
    },
    Cause {
        id: "worker-died",
        title: "The proxy's worker died while it served this",
        phases: Phases::ANY,
        classes: Classes::of(&[Died]),
        when: When::Always,
        means: "Not this request failed but the process that served it, with all others that it had. \
                The client saw its connection end. What is shown of it here was taken from the \
                scoreboard, so its headers and answers are missing; all but its end is there when it \
                was cut short by a worker that was to end, once its time to finish was over.",
        todo: &[
            "How it died stands in the text: a signal 9 that nobody sent is the kernel's for lack of \
             memory (`dmesg`); 6 and 11 are a fault of the program; one that was killed, as its time \
             to finish was over, had been asked to end before.",
            "`shellac adm panic.show` has what it said itself, if anything; crash-TIME.vsl in the \
             workdir is its log to the last record.",
            "Another worker serves since; `shellac stat` counts the deaths (MGT.child_died, \
             MGT.child_panic).",
        ],
        proof: "The text, which the manager wrote when it had seen the end of the process.",
        sign: "Several requests end in the same moment.",
    },
    Cause {
        id: "cut",
        title: "The time for the whole request was over",
        phases: Phases::ANY,
        classes: Classes::of(&[Cut]),
        when: When::Always,
        means: "The configuration limits a request as a whole, or all its attempts together, and that \
                time ended while this attempt ran. Whoever was waited for had not used up its own \
                limit, so nothing is held against it.",
        todo: &[
            "Where did the time go? `shellac trace XID` shows each wait of each attempt.",
            "fetch.timeout names the limit: `total` (`timeouts.total`, `route.timeouts.total`) or \
             `next_upstream.limit`. Raise it, or the limits of single waits are too long for it.",
        ],
        proof: "fetch.timeout, and the time since the request's Start.",
        sign: "Such requests all take the same time.",
    },
    Cause {
        id: "body-file",
        title: "What was kept of the request's body could not be read again",
        phases: Phases::ANY,
        classes: Classes::of(&[BodyFile]),
        when: When::Always,
        means: "Bodies that are longer than `body.memory` are kept in a file without a name, and \
                reading it for another attempt failed. The backend is not to blame.",
        todo: &[
            "Look the errno up (`errno N`), and at `dmesg` for errors of the disk at this second.",
            "Let `body.dir` be on another disk.",
        ],
        proof: "fetch.errno beside fetch.class:body_file.",
        sign: "The kernel's log has errors of a disk.",
    },
    Cause {
        id: "no-storage",
        title: "There was no room for the answer",
        phases: Phases::ANY,
        classes: Classes::of(&[Storage]),
        when: When::Always,
        means: "The cache, or the transient storage, is full and nothing could be thrown out quickly \
                enough; or memory itself is.",
        todo: &[
            "Counters: SMA.*.c_fail, SMA.*.g_space, MAIN.n_lru_limited.",
            "Is the transient storage limited? Large pass answers need it.",
            "Raise the storage or nuke_limit.",
        ],
        proof: "SMA.*.g_space near 0 at that moment.",
        sign: "Large answers fail first.",
    },
    Cause {
        id: "no-workspace",
        title: "A workspace of varnishd was too small",
        phases: Phases::ANY,
        classes: Classes::of(&[Workspace]),
        when: When::Always,
        means: "Headers, VCL and modules share a buffer of fixed size for each task, and it was used \
                up.",
        todo: &[
            "Raise workspace_backend or workspace_client (or workspace_thread, workspace_session, \
                    as the text says).",
            "What grew: headers, or what VCL makes of them?",
        ],
        proof: "MAIN.ws_backend_overflow and its siblings, and the bytes of head in BereqAcct.",
        sign: "It goes away with a larger workspace.",
    },
    Cause {
        id: "no-thread",
        title: "No thread was free",
        phases: Phases::ANY,
        classes: Classes::of(&[Threads]),
        when: When::Always,
        means: "All worker threads were busy, most often because a backend had become slow.",
        todo: &[
            "MAIN.threads_limited, MAIN.sess_queued, MAIN.thread_queue_len.",
            "Raise thread_pool_max, but look at the slow backend first.",
        ],
        proof: "MAIN.threads equal to thread_pools * thread_pool_max.",
        sign: "Requests wait before anything is logged about them.",
    },
    Cause {
        id: "bad-filter",
        title: "A filter for bodies could not be set up",
        phases: Phases::ANY,
        classes: Classes::of(&[Filter]),
        when: When::Always,
        means: "The configuration names a filter that does not exist, or one that cannot be used \
                there.",
        todo: &[
            "Look at the Filters record and at what sets beresp.filters or resp.filters.",
            "Is the module that brings the filter loaded by this VCL?",
        ],
        proof: "The name in the text.",
        sign: "Every request of this kind fails.",
    },
    Cause {
        id: "no-replay",
        title: "The request's body was gone, so it could not be sent again",
        phases: Phases::ANY,
        classes: Classes::of(&[NoReplay]),
        when: When::Always,
        means: "A retry or restart needs the body a second time, and it is only kept when that was \
                asked for.",
        todo: &[
            "varnish: std.cache_req_body(SIZE) in vcl_recv.",
            "shellacd keeps bodies up to `body.limit`: raise it, or accept that longer \
                    ones are tried once.",
        ],
        proof: "Content-Length of the request against the size that is kept.",
        sign: "The first attempt's error is in the transaction before.",
    },
    Cause {
        id: "includes",
        title: "Includes (ESI) could not be put together",
        phases: Phases::ANY,
        classes: Classes::of(&[Includes]),
        when: When::Always,
        means: "Includes lie too deep in each other, the answer is a part of a body, or what was \
                stored of them is damaged.",
        todo: &[
            "Does a page include itself? Raise max_esi_depth only if it does not.",
            "Purge the object and look whether it comes back.",
        ],
        proof: "The level in Begin and Link records.",
        sign: "It is always the same page.",
    },
    Cause {
        id: "policy",
        title: "The configuration's own program decided so, or failed",
        phases: Phases::ANY,
        classes: Classes::of(&[Policy]),
        when: When::Always,
        means: "VCL (or a rule of the proxy) returned an error, called something where it is not \
                allowed, or a module failed.",
        todo: &[
            "The VCL_Log, VCL_Error and VCL_return records just before say where.",
            "`varnishlog -i VCL_trace` on a test machine shows the line.",
        ],
        proof: "Nothing is measured; the records before it say what was done.",
        sign: "It follows a change of the configuration.",
    },
    Cause {
        id: "tried-out",
        title: "It was tried as often as is allowed",
        phases: Phases::ANY,
        classes: Classes::of(&[TooOften]),
        when: When::Always,
        means: "Every attempt failed, and the limit of retries or restarts was reached. The reason \
                is in the attempts before.",
        todo: &[
            "`shellac trace XID` shows all attempts with the cause of each.",
            "More retries seldom help; they load a backend that has trouble already.",
        ],
        proof: "The number of attempts against max_retries or max_restarts.",
        sign: "Each attempt has a FetchError of its own.",
    },
    Cause {
        id: "kernel-option",
        title: "The kernel refused an option of a listening socket",
        phases: Phases::ANY,
        classes: Classes::of(&[Kernel]),
        when: When::Always,
        means: "An accept filter or TCP Fast Open is not available here. The listener works without \
                it.",
        todo: &["Nothing, or take the option out of the configuration."],
        proof: "The errno in the text.",
        sign: "It is logged at start and has nothing to do with requests.",
    },
    Cause {
        id: "remark",
        title: "Only a remark: nothing failed because of it",
        phases: Phases::ANY,
        classes: Classes::of(&[Harmless]),
        when: When::Always,
        means: "The configuration asked for something that has no effect there, and it was ignored.",
        todo: &["Take it out of the configuration when there is time."],
        proof: "Nothing to measure.",
        sign: "The request went on.",
    },
];
