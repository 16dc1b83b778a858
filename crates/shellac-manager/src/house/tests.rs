use std::net::TcpStream;

use shellac_config::ParseOptions;
use shellac_vsm::{AttachOptions, Attachment, ChildSet};

use super::*;

fn settings(workdir: &Path) -> Settings {
    let config_text = "[[listen]]\naddress = '127.0.0.1:0'\n[[backend]]\nname = 'b'\naddress = '127.0.0.1:9'\n[log]\ndialect = '9.0-vs'\n";
    Settings {
        config: Config::parse_with(config_text, "t", ParseOptions { allow_small: true }).unwrap(),
        config_text: config_text.to_owned(),
        config_name: "t".to_owned(),
        allow_small: true,
        node_map: Vec::new(),
        workdir: workdir.to_owned(),
        instance: "edge-1".to_owned(),
        version: "1.2".to_owned(),
        threads: 2,
        pid_files: vec![workdir.join("extra.pid")],
    }
}

#[test]
fn a_house_is_seen_while_it_stands_and_leaves_nothing() {
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let house = House::open(settings(&workdir), 77).unwrap();
    let attachment = Attachment::open(&workdir, AttachOptions::default()).unwrap();
    assert_eq!(attachment.read_text("Arg", "-i").unwrap().as_deref(), Some("edge-1"));
    assert_eq!(
        attachment.read_text("Arg", "-shellac").unwrap().as_deref(),
        Some("dialect=9.0-vs version=1.2 instance=edge-1")
    );
    assert_eq!(attachment.header(SetKind::Mgt).unwrap().started_unix, 77);
    let pid = std::process::id().to_string();
    assert_eq!(std::fs::read_to_string(workdir.join("_.pid")).unwrap(), pid);
    assert_eq!(std::fs::read_to_string(workdir.join("extra.pid")).unwrap(), pid);

    let second =
        House::open(Settings { pid_files: Vec::new(), ..settings(&workdir) }, 78).unwrap_err();
    assert!(second.to_string().contains(&format!("process {pid} is running here")), "{second}");
    assert!(
        Attachment::open(&workdir, AttachOptions::default()).is_ok(),
        "the second changed nothing"
    );

    let handoff = house.handoff(5, Vec::new()).unwrap();
    assert_eq!(
        (handoff.listeners.len(), handoff.listeners[0].sockets.len(), handoff.xid_base),
        (1, 2, 5)
    );
    let options = PublishOptions { holds_lock: true, ..PublishOptions::own(1) };
    let mut child = ChildSet::create(&workdir, &options).unwrap();
    child.publish().unwrap();
    child.leave();
    let address = house.listeners()[0].address.ip().unwrap();
    TcpStream::connect(address).unwrap();
    drop(house);
    assert_eq!(std::fs::read_dir(&workdir).unwrap().count(), 0);
    drop(handoff);
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn what_is_wrong_is_named() {
    let root = tempfile::tempdir().unwrap();
    let mut wrong = settings(&root.path().join("w"));
    wrong.config.group = Some("no-such-group".to_owned());
    let error = House::open(wrong, 1).unwrap_err().full_text();
    assert!(error.contains("group `no-such-group`") && error.contains("/etc/group"), "{error}");
    std::fs::write(root.path().join("file"), "").unwrap();
    let error = House::open(settings(&root.path().join("file")), 1).unwrap_err().full_text();
    assert!(error.contains("/file (choose another place with -n): File exists"), "{error}");
}
