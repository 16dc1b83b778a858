//! The cases in which proxies in the field go wrong, by number: case N is row N of this table, and each is a test.

mod bodies;
mod connections;
mod early;
mod heads;
mod upgrade;

use super::smuggling;

/// Number, name of the test, what it is about, and what runs.
macro_rules! cases {
    ($($number:literal $name:ident: $what:literal => $check:expr;)*) => {
        $(
            #[doc = $what]
            #[test]
            fn $name() {
                $check();
            }
        )*

        /// The rows, for whoever looks for one.
        const CASES: &[(u8, &str)] = &[$(($number, stringify!($name))),*];
    };
}

/// The probes of one case.
fn probes(case: u8) -> impl Fn() {
    move || smuggling::run(Some(case))
}

cases! {
    1 case_01_hop_by_hop_request: "what concerns the client's connection, or is named by Connection, does not go on" => heads::fields_of_one_connection_do_not_pass_to_the_backend;
    2 case_02_hop_by_hop_response: "the same for answers" => heads::fields_of_one_connection_do_not_pass_to_the_client;
    3 case_03_two_framings: "TE and CL" => probes(3);
    4 case_04_content_length: "lengths that differ or are no numbers" => probes(4);
    5 case_05_transfer_encoding: "codings other than chunked alone" => probes(5);
    6 case_06_transfer_encoding_in_1_0: "TE on HTTP/1.0" => probes(6);
    7 case_07_bad_lines: "space before colon, bare CR, NUL, obs-fold" => probes(7);
    8 case_08_bare_lf: "lines that end in LF alone" => probes(8);
    9 case_09_chunks: "framing of chunks, both ways: legal forms arrive, others never as a whole body" => || {
        smuggling::run(Some(9));
        bodies::broken_chunks_of_an_answer_never_complete_it();
    };
    10 case_10_host: "missing and double Host" => probes(10);
    11 case_11_absolute_target: "the authority of an absolute target wins" => || {
        smuggling::run(Some(11));
        heads::the_authority_of_an_absolute_target_wins();
    };
    12 case_12_pipelining: "requests behind each other are answered in order" => || {
        smuggling::run(Some(12));
        connections::pipelined_requests_are_answered_in_order();
    };
    13 case_13_expect: "100 is relayed, or said in the origin's place; a refusal comes instead" => early::a_client_that_waits_for_100_gets_it;
    14 case_14_early_answer: "a 413 reaches a client that is sending, or has stalled; the rest is no request" => || {
        smuggling::run(Some(14));
        early::an_early_answer_reaches_a_client_that_is_still_sending();
        early::an_early_answer_reaches_a_client_that_sends_everything_first();
        early::a_body_that_nobody_read_is_never_a_request();
    };
    15 case_15_both_directions: "an answer may begin before its request ends" => early::an_answer_may_begin_before_the_request_ends;
    16 case_16_half_close: "a client that only ends its sending gets its answer, however late" => || {
        connections::a_client_that_only_stops_sending_gets_its_answer();
        connections::a_client_that_only_stops_sending_gets_a_late_answer_too();
    };
    17 case_17_head_limits: "heads that are too long or have too many lines, both ways" => || {
        heads::heads_beyond_the_limits_are_refused();
        heads::answers_beyond_the_limits_are_error_pages();
    };
    18 case_18_http_1_0_client: "no chunks for HTTP/1.0" => bodies::an_http_1_0_client_gets_no_chunks;
    19 case_19_closed_while_idle: "a kept connection that was closed is not used" => connections::a_connection_that_the_backend_closed_while_idle_is_replaced;
    20 case_20_closed_when_reused: "a kept connection that ends with the request on it: again for GET, not for POST" => || {
        connections::a_connection_that_ends_when_it_is_reused_is_replaced_for_a_get();
        connections::a_post_on_a_reused_connection_that_ends_is_sent_once();
    };
    21 case_21_truncated: "what breaks off looks broken off" => bodies::an_answer_that_breaks_off_looks_broken_off;
    22 case_22_no_body: "HEAD, 204 and 304 leave the connection in order" => bodies::answers_without_a_body_leave_the_connection_in_order;
    23 case_23_interim: "103 and others are relayed to those who know them" => early::interim_answers_are_relayed_to_those_who_know_them;
    24 case_24_trailers: "trailers go on in both directions, without what must not stand there" => || {
        bodies::trailers_of_an_answer_reach_the_client();
        bodies::trailers_of_a_request_reach_the_origin_with_every_attempt();
    };
    25 case_25_response_two_framings: "an answer with TE and CL is read as chunks, and its connection closed" => || {
        smuggling::run(Some(25));
        bodies::a_response_with_two_framings_is_read_as_chunks_and_its_connection_closed();
    };
    26 case_26_extra_bytes: "bytes behind an answer are never the next one" => || {
        smuggling::run(Some(26));
        connections::bytes_after_an_answer_are_never_the_next_answer();
        connections::bytes_on_an_idle_connection_are_never_an_answer();
    };
    27 case_27_malformed_answer: "answers that are none are error pages" => probes(27);
    28 case_28_upgrade: "what goes through an upgraded connection: early data, ends of one side" => || {
        upgrade::what_a_client_says_early_arrives_and_its_end_is_not_the_end_of_the_other_side();
        upgrade::the_end_of_a_server_is_not_the_end_of_its_client();
    };
    29 case_29_slow_loris: "the time for a head is counted from its first byte, whatever trickles in" => connections::an_idle_client_and_a_slow_head_are_closed;
    30 case_30_fairness: "an endless body does not hold up small requests of the same thread" => bodies::an_endless_body_does_not_hold_up_other_requests;
    31 case_31_disconnect: "a client that leaves cancels its fetch" => connections::a_client_that_leaves_cancels_the_fetch;
}

#[test]
fn the_table_has_every_case_in_order() {
    let numbers: Vec<u8> = CASES.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, (1..=31).collect::<Vec<u8>>());
    for (number, name) in CASES {
        assert!(name.starts_with(&format!("case_{number:02}_")), "{number}: {name}");
    }
}
