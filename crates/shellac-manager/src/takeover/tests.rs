use std::net::TcpListener;

use super::*;

const CONFIG: &str =
    "[[listen]]\naddress = '127.0.0.1:0'\n[[backend]]\nname = 'b'\naddress = '127.0.0.1:1'\n";

fn state() -> TakeOver {
    let kept = KeptConfiguration {
        name: "boot".to_owned(),
        text: CONFIG.to_owned(),
        file_name: "f".to_owned(),
        temperature: "auto".to_owned(),
    };
    TakeOver {
        format: FORMAT,
        token: "secret".to_owned(),
        version: "1".to_owned(),
        config_text: CONFIG.to_owned(),
        config_name: "f".to_owned(),
        allow_small: false,
        node_map: Vec::new(),
        workdir: PathBuf::from("/run/x"),
        instance: "i".to_owned(),
        threads: 2,
        gid: Some(4),
        configurations: vec![kept],
        active: 0,
        params: vec![("cli_timeout".to_owned(), "5".to_owned())],
        xid: Some((7, 8, 9)),
        pid_files: Vec::new(),
        listeners: vec![KeptListener {
            name: "a0".to_owned(),
            address: "127.0.0.1:1".to_owned(),
            asked: Some("127.0.0.1:0".to_owned()),
            sockets: 100,
        }],
        doors: vec![None],
        stopped: false,
        workers: vec![17],
        keys: false,
        life: vec![("uptime".to_owned(), 12)],
    }
}

#[test]
fn what_is_sent_arrives_with_its_descriptors() {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let (ours, theirs) = UnixStream::pair().unwrap();
    let state = state();
    assert!(state.send(&ours, &[socket.as_fd()]).is_err(), "not as many as are described");
    state.send(&ours, &vec![socket.as_fd(); 103]).unwrap();
    drop((ours, socket));
    let (came, mut descriptors) = TakeOver::receive(&theirs).unwrap();
    assert_eq!(came, state);
    let _lock = descriptors.next().unwrap();
    let sockets: Vec<TcpListener> = descriptors.take(100);
    assert_eq!(sockets.len(), 100);
    assert!(sockets.iter().all(|socket| socket.local_addr().unwrap() == address));
    let (_door, _worker) = (descriptors.next().unwrap(), descriptors.next().unwrap());
    assert!(descriptors.next().is_err());
}

#[test]
fn what_cannot_be_taken_over_is_refused_in_words() {
    let refused = |text: &str| TakeOver::read(text.as_bytes()).unwrap_err();
    assert!(refused("{}").contains("cannot be understood"));
    let text = serde_json::to_string(&state()).unwrap();
    assert!(TakeOver::read(text.as_bytes()).is_ok());
    let later = text.replacen("\"format\":1", "\"format\":2,\"new\":[]", 1);
    assert!(refused(&later).contains("format 2"), "{later}");
    let more = text.replacen("\"format\":1", "\"format\":1,\"new\":[]", 1);
    assert!(TakeOver::read(more.as_bytes()).is_ok(), "what it does not know it ignores");
    assert!(refused(&text.replacen("\"active\":0", "\"active\":1", 1)).contains("no active"));
    let without = text.replace(",\"asked\":\"127.0.0.1:0\"", "");
    assert!(without.len() < text.len() && TakeOver::read(without.as_bytes()).is_ok());
    let unknown = text.replace("[[listen]]", "[[listne]]");
    assert!(refused(&unknown).contains("does not understand the configuration"));
    let (ours, theirs) = UnixStream::pair().unwrap();
    drop(ours);
    assert!(TakeOver::receive(&theirs).unwrap_err().contains("did not come"));
}
