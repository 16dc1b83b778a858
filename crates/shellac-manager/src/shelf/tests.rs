use super::*;

const GOOD: &str =
    "[[listen]]\naddress = '127.0.0.1:0'\n[[backend]]\nname = 'b'\naddress = '127.0.0.1:9'\n";

fn shelf() -> Shelf {
    Shelf::new(GOOD.to_owned(), "f.toml".to_owned(), ParseOptions { allow_small: false })
}

fn add(shelf: &mut Shelf, name: &str) {
    let one = shelf.prepare(name, GOOD.to_owned(), "f".to_owned(), "auto").unwrap();
    shelf.add(one);
}

fn names(shelf: &Shelf) -> Vec<&str> {
    shelf.all().iter().map(|one| one.name.as_str()).collect()
}

#[test]
fn what_is_wrong_is_not_added() {
    let mut shelf = shelf();
    add(&mut shelf, "x");
    let long = "x".repeat(65);
    for (name, text, part) in [
        ("boot", GOOD, "Already a VCL named boot"),
        ("9x", GOOD, "Illegal character in VCL name ('9')"),
        ("a.b", GOOD, "Illegal character in VCL name ('.')"),
        ("", GOOD, "at least one letter"),
        (&long, GOOD, "at most 64"),
        ("y", "listen = 1", "f:1: listen"),
    ] {
        let error = shelf.prepare(name, text.to_owned(), "f".to_owned(), "auto").unwrap_err();
        assert!(error.contains(part), "{error}");
    }
    for number in 2..MOST {
        add(&mut shelf, &format!("c{number}"));
    }
    assert!(
        shelf.prepare("z", GOOD.to_owned(), "f".to_owned(), "auto").unwrap_err().contains("64")
    );
}

#[test]
fn one_is_active_whatever_goes() {
    let mut shelf = shelf();
    add(&mut shelf, "a");
    add(&mut shelf, "b");
    shelf.set_temperature("b", "cold");
    shelf.activate("b");
    assert_eq!((shelf.active().name.as_str(), shelf.active().temperature.as_str()), ("b", "auto"));
    shelf.activate("nosuch");
    shelf.discard("boot");
    shelf.discard("b");
    shelf.discard("nosuch");
    assert_eq!((names(&shelf), shelf.active_index()), (vec!["a", "b"], 1));
}

#[test]
fn reloads_have_names_of_their_time_and_old_ones_go() {
    let mut shelf = shelf();
    // `date -u -d @951782399` is 2000-02-28 23:59:59, a year with a 29th.
    assert_eq!(shelf.reload_name(951_782_399 + 1, |_| false), "reload_20000229_000000");
    assert_eq!(shelf.reload_name(0, |_| false), "reload_19700101_000000");
    let name = shelf.reload_name(1_795_305_548, |_| false);
    assert_eq!(name, "reload_20261121_235908");
    add(&mut shelf, &name);
    assert_eq!(shelf.reload_name(1_795_305_548, |_| false), "reload_20261121_235908_2");
    assert_eq!(
        shelf.reload_name(1_795_305_548, |taken| taken.ends_with("_2")),
        "reload_20261121_235908_3"
    );
    for number in 0..4 {
        add(&mut shelf, &format!("reload_x{number}"));
    }
    shelf.activate("reload_x0");
    assert_eq!(shelf.outdated(), ["reload_20261121_235908"]);
    shelf.discard("reload_20261121_235908");
    assert_eq!(shelf.outdated(), Vec::<String>::new());
}

#[test]
fn dates_are_those_of_http() {
    assert_eq!(http_date(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_eq!(http_date(951_782_400), "Tue, 29 Feb 2000 00:00:00 GMT");
}

#[test]
fn files_are_read_with_limits() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    std::fs::write(&path, "text").unwrap();
    assert_eq!(read_text(&path).unwrap(), "text");
    std::fs::write(&path, b"\xff").unwrap();
    assert!(read_text(&path).unwrap_err().contains("UTF-8"));
    std::fs::File::create(&path).unwrap().set_len(TEXT_BYTES_MOST + 1).unwrap();
    assert!(read_text(&path).unwrap_err().contains("more than 8 MiB"));
    assert!(read_text(dir.path()).unwrap_err().contains("not a regular file"));
    assert!(read_text(&dir.path().join("none")).unwrap_err().contains("No such file"));
    let fifo = dir.path().join("fifo");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &fifo,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RWXU,
        0,
    )
    .unwrap();
    assert!(read_text(&fifo).unwrap_err().contains("not a regular file"), "and it does not wait");
}
