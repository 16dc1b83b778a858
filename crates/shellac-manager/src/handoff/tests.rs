use std::net::{TcpListener, TcpStream};

use super::*;

fn configuration(name: &str, text: String) -> HandoffConfiguration {
    HandoffConfiguration {
        name: name.to_owned(),
        text,
        file_name: "shellac.toml".to_owned(),
        temperature: "auto".to_owned(),
    }
}

fn sample(addresses: usize, threads: usize) -> Handoff {
    let listeners = (0..addresses)
        .map(|at| {
            let first = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = first.local_addr().unwrap();
            let sockets = (0..threads).map(|_| first.try_clone().unwrap().into()).collect();
            HandoffListener { name: format!("a{at}"), address: address.into(), sockets }
        })
        .collect();
    Handoff {
        configurations: vec![
            configuration("boot", "x".repeat(300_000)),
            configuration("r1", "y".to_owned()),
        ],
        active: 1,
        fixed: configuration("", "z".to_owned()),
        params: vec![("vsl_mask".to_owned(), "-Hash".to_owned())],
        state: "{}".to_owned(),
        allow_small: true,
        node_map: vec!["10.0.0.0/8=n1".to_owned(), "::/0=n2".to_owned()],
        workdir: PathBuf::from(std::ffi::OsString::from_vec(b"/not/utf8/\xff".to_vec())),
        instance: "edge".to_owned(),
        gid: Some(105),
        threads,
        xid_base: 1 << 50,
        before: vec![HandoffBefore { pid: 17, is_new: true }],
        keys: vec![(PathBuf::from("/k"), KeyText::from(&b"secret"[..]))],
        listeners,
        later: None,
    }
}

fn short() -> Handoff {
    Handoff {
        configurations: vec![configuration("b", "abc".to_owned())],
        active: 0,
        ..sample(1, 2)
    }
}

#[test]
fn settings_and_sockets_arrive() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let (more, later) = UnixStream::pair().unwrap();
    let sent = Handoff { later: Some(later), ..sample(3, 50) };
    let received = std::thread::scope(|scope| {
        let receiver = scope.spawn(|| receive(&theirs).unwrap());
        send(&ours, &sent).unwrap();
        receiver.join().unwrap()
    });
    assert_eq!(encode(&received), encode(&sent));
    for (sent, received) in sent.listeners.iter().zip(&received.listeners) {
        assert_eq!(received.sockets.len(), 50);
        let [seventh, last] =
            [7, 49].map(|at: usize| TcpListener::from(received.sockets[at].try_clone().unwrap()));
        let address = sent.address.ip().unwrap();
        assert_eq!((last.local_addr().unwrap(), &received.address), (address, &sent.address));
        let client = TcpStream::connect(address).unwrap();
        let (_, peer) = seventh.accept().unwrap();
        assert_eq!(peer, client.local_addr().unwrap());
    }
    let first = TcpListener::bind("127.0.0.1:0").unwrap();
    descriptors::send(&more, &[first.as_fd()]).unwrap();
    let came = receive_sockets(received.later.as_ref().unwrap(), 1).unwrap();
    let [came]: [OwnedFd; 1] = came.try_into().unwrap();
    assert_eq!(TcpListener::from(came).local_addr().unwrap(), first.local_addr().unwrap());
}

#[test]
fn a_message_that_is_cut_or_changed_is_an_error() {
    let good = encode(&short());
    assert!(decode(&good).is_ok());
    for len in 0..good.len() {
        assert!(decode(&good[..len]).is_err(), "{len}");
    }
    assert!(decode(&[&good[..], &[0]].concat()).is_err());
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0xff;
        // Some changes are other settings; none is a panic or a huge allocation.
        let _ = decode(&bad);
    }
    let mut many = good.clone();
    let count = many.len() - 16;
    many[count..count + 8].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(matches!(decode(&many), Err(HandoffError::Bad("too many sockets"))));
}

#[test]
fn a_manager_that_ends_is_an_error() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    (&mut &ours).write_all(&100_u32.to_le_bytes()).unwrap();
    drop(ours);
    assert!(matches!(receive(&theirs), Err(HandoffError::Io(_))));

    let (ours, theirs) = UnixStream::pair().unwrap();
    let message = encode(&short());
    (&mut &ours).write_all(&u32::try_from(message.len()).unwrap().to_le_bytes()).unwrap();
    (&mut &ours).write_all(&message).unwrap();
    (&mut &ours).write_all(&[0]).unwrap();
    drop(ours);
    assert!(matches!(receive(&theirs), Err(HandoffError::Bad("a byte came without sockets"))));

    let (ours, theirs) = UnixStream::pair().unwrap();
    (&mut &ours).write_all(&u32::MAX.to_le_bytes()).unwrap();
    assert!(matches!(receive(&theirs), Err(HandoffError::Bad(_))));
}
