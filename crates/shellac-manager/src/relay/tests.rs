use super::*;

#[test]
fn orders_and_answers_come_through() {
    let (manager, worker) = UnixStream::pair().unwrap();
    let mut relay = Relay::default();
    let text = "line one\n\"two\" << \\ \0";
    relay.send(1, &["vcl.load", "x", text, ""]);
    relay.send(2, &["<<", "EOF"]);
    (&manager).write_all(relay.to_send()).unwrap();
    let len = relay.to_send().len();
    relay.sent(len);
    assert!(relay.to_send().is_empty());

    let mut reader = OrderReader::default();
    assert!(reader.read_from(&worker).unwrap());
    let order = reader.next().unwrap().unwrap();
    assert_eq!(
        (order.number, &order.words[..]),
        (1, &["vcl.load", "x", text, ""].map(str::to_owned)[..])
    );
    let order = reader.next().unwrap().unwrap();
    assert_eq!((order.number, &order.words[..]), (2, &["<<", "EOF"].map(str::to_owned)[..]));
    assert_eq!(reader.next(), Ok(None));

    let orders = Orders::new(&worker).unwrap();
    orders.answer(2, &Answer::new(Status::CANNOT, "no\n")).unwrap();
    orders.notice("state", "a\nb").unwrap();
    orders.answer(1, &Answer::ok("")).unwrap();
    drop((orders, worker));
    let mut bytes = Vec::new();
    (&manager).read_to_end(&mut bytes).unwrap();
    let mut heard = Vec::new();
    for piece in bytes.chunks(5) {
        relay.received(piece);
        while let Some(one) = relay.next().unwrap() {
            heard.push(one);
        }
    }
    assert_eq!(
        heard,
        [
            Heard::Answer(2, Answer::new(Status::CANNOT, "no\n")),
            Heard::Notice("state".to_owned(), "a\nb".to_owned()),
            Heard::Answer(1, Answer::ok("")),
        ]
    );
}

#[test]
fn nonsense_is_an_error_on_both_ends() {
    for text in
        ["200 3       \nabc\n", "200 4       \nabc\n\n", "200 2       \n0\n\n", "what is this?"]
    {
        let mut relay = Relay::default();
        relay.received(text.as_bytes());
        assert!(relay.next().is_err(), "{text:?}");
    }
    for line in ["x ping\n", "1\n", "1 \"\n", "-1 ping\n\n x y\n"] {
        let (manager, worker) = UnixStream::pair().unwrap();
        (&manager).write_all(line.as_bytes()).unwrap();
        let mut reader = OrderReader::default();
        reader.read_from(&worker).unwrap();
        let all = std::iter::from_fn(|| reader.next().transpose()).take(2);
        assert!(all.collect::<Result<Vec<_>, _>>().is_err(), "{line:?}");
    }
}
