use super::super::written::transaction;
use super::*;

fn session() -> Transaction {
    transaction(
        1,
        &[
            (Tag::Begin, "sess 0 HTTP/1"),
            (Tag::SessOpen, "127.0.0.1 4 a0 127.0.0.1 80 1.0 5"),
            (Tag::Link, "req 2 rxreq"),
            (Tag::Link, "req 20 rxreq"),
            (Tag::End, ""),
        ],
    )
}

fn request() -> Transaction {
    transaction(2, &[(Tag::Begin, "req 1 rxreq"), (Tag::Link, "bereq 3 pass"), (Tag::End, "")])
}

fn first() -> Transaction {
    transaction(3, &[(Tag::Begin, "bereq 2 pass"), (Tag::Link, "bereq 4 retry"), (Tag::End, "")])
}

fn second() -> Transaction {
    transaction(4, &[(Tag::Begin, "bereq 3 retry"), (Tag::End, "")])
}

/// `(number, depth, missing, attempt)` of every node in reading order.
fn shape(trace: &Trace) -> Vec<(u64, usize, bool, Option<u32>)> {
    fn add(node: &Node, depth: usize, out: &mut Vec<(u64, usize, bool, Option<u32>)>) {
        out.push((node.vxid.0, depth, node.what == What::Missing, node.attempt));
        node.children.iter().for_each(|child| add(child, depth + 1, out));
    }
    let mut out = Vec::new();
    trace.roots.iter().for_each(|root| add(root, 0, &mut out));
    out
}

#[test]
fn any_number_of_the_tree_finds_the_whole_tree() {
    let all = [second(), first(), request(), session()];
    for focus in [2, 3, 4] {
        let trace = Trace::build(&all, Vxid(focus)).unwrap();
        let expected = vec![
            (1, 0, false, None),
            (2, 1, false, None),
            (3, 2, false, Some(1)),
            (4, 2, false, Some(2)),
        ];
        assert_eq!(shape(&trace), expected, "{focus}");
        assert_eq!(trace.others_on_session, 1);
        assert_eq!(trace.focused().unwrap().vxid, Vxid(focus));
    }
    let whole = Trace::build(&all, Vxid(1)).unwrap();
    assert_eq!(shape(&whole).last(), Some(&(20, 1, true, None)));
    assert_eq!(whole.others_on_session, 0);
    assert_eq!(Trace::build(&all, Vxid(20)), None);
}

#[test]
fn a_connection_without_its_beginning_is_known_by_what_it_started() {
    let cut = transaction(1, &[(Tag::Link, "req 2 rxreq"), (Tag::Link, "req 20 rxreq")]);
    let trace = Trace::build(&[first(), second(), request(), cut], Vxid(2)).unwrap();
    assert_eq!((trace.roots[0].kind, trace.others_on_session), (Kind::Session, 1));
    assert!(!trace.roots[0].has_begin);
}

#[test]
fn what_is_missing_is_named() {
    let orphan = Trace::build(&[first()], Vxid(3)).unwrap();
    assert_eq!(
        shape(&orphan),
        vec![(2, 0, true, None), (3, 1, false, Some(1)), (4, 1, true, Some(2))]
    );
    let retry = Trace::build(&[second()], Vxid(4)).unwrap();
    assert_eq!(shape(&retry), vec![(3, 0, true, None), (4, 0, false, None)]);
    let request = Trace::build(&[request()], Vxid(2)).unwrap();
    assert_eq!(shape(&request)[0], (1, 0, true, None));
    assert_eq!(request.roots[0].kind, Kind::Session);
}

#[test]
fn a_lost_begin_is_made_up_for_by_the_link_to_it() {
    let headless = transaction(3, &[(Tag::BereqMethod, "GET"), (Tag::End, "")]);
    let trace = Trace::build(&[headless, request()], Vxid(3)).unwrap();
    let node = trace.focused().unwrap();
    assert_eq!((node.kind, node.has_begin), (Kind::Backend, false));
    assert_eq!(shape(&trace)[1], (2, 1, false, None));
}

#[test]
fn circles_end() {
    let one = transaction(5, &[(Tag::Begin, "req 6 esi"), (Tag::Link, "req 6 esi")]);
    let two = transaction(6, &[(Tag::Begin, "req 5 esi"), (Tag::Link, "req 5 esi")]);
    let itself = transaction(7, &[(Tag::Begin, "bereq 7 retry"), (Tag::Link, "bereq 7 retry")]);
    let trace = Trace::build(&[one, two, itself], Vxid(5)).unwrap();
    assert_eq!(shape(&trace).len(), 2);
    let all = [transaction(7, &[(Tag::Begin, "bereq 7 retry"), (Tag::Link, "bereq 7 retry")])];
    assert_eq!(shape(&Trace::build(&all, Vxid(7)).unwrap()).len(), 1);
}

#[test]
fn a_very_deep_tree_is_cut_and_a_very_long_chain_is_not() {
    let includes: Vec<Transaction> = (10..1000)
        .map(|n| {
            let (begin, link) = (format!("req {} esi", n - 1), format!("req {} esi", n + 1));
            transaction(n, &[(Tag::Begin, begin.as_str()), (Tag::Link, link.as_str())])
        })
        .collect();
    let trace = Trace::build(&includes, Vxid(10)).unwrap();
    assert_eq!(shape(&trace).iter().map(|it| it.1).max(), Some(MAX_DEPTH + 1));
    assert_eq!(trace.nodes().iter().map(|node| node.deeper).sum::<usize>(), 1);

    let retries: Vec<Transaction> = (10..1000)
        .map(|n| {
            let (begin, link) =
                (format!("bereq {} retry", n - 1), format!("bereq {} retry", n + 1));
            transaction(n, &[(Tag::Begin, begin.as_str()), (Tag::Link, link.as_str())])
        })
        .collect();
    assert_eq!(shape(&Trace::build(&retries, Vxid(500)).unwrap()).len(), 992);
}

#[test]
fn a_restart_is_no_request_of_its_own_on_its_connection() {
    let all = [
        session(),
        transaction(
            2,
            &[(Tag::Begin, "req 1 rxreq"), (Tag::Link, "req 5 restart"), (Tag::End, "")],
        ),
        transaction(5, &[(Tag::Begin, "req 2 restart"), (Tag::End, "")]),
        transaction(20, &[(Tag::Begin, "req 1 rxreq"), (Tag::End, "")]),
    ];
    let trace = Trace::build(&all, Vxid(1)).unwrap();
    assert_eq!(shape(&trace).len(), 4);
    let head = super::super::tree::headline_of(&trace, super::super::Zone::Utc).unwrap();
    assert_eq!(head.result, "2 requests");
}
