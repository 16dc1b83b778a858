use super::*;
use crate::Config;

const LEAST: &str =
    "[[listen]]\naddress = '127.0.0.1:0'\n[[backend]]\nname = 'b1'\naddress = '127.0.0.1:9001'\n";

fn map(rows: &[&str]) -> NodeMap {
    let mut map = NodeMap::default();
    rows.iter().for_each(|row| map.add(row).unwrap());
    map
}

fn find<'m>(map: &'m NodeMap, address: &str) -> Option<&'m str> {
    map.find(address.parse().unwrap())
}

#[test]
fn the_smallest_network_counts() {
    let map = map(&[
        "10.0.0.0/8=site",
        "10.1.0.0/16=rack1",
        "10.1.2.3=machine",
        "2001:db8::/32=six",
        "::/0=elsewhere",
    ]);
    assert_eq!(find(&map, "10.9.9.9"), Some("site"));
    assert_eq!(find(&map, "10.1.255.255"), Some("rack1"));
    assert_eq!(find(&map, "10.1.2.3"), Some("machine"));
    assert_eq!(find(&map, "::ffff:10.1.2.3"), Some("machine"));
    assert_eq!(find(&map, "2001:db8:1::1"), Some("six"));
    assert_eq!(find(&map, "fe80::1"), Some("elsewhere"));
    assert_eq!(find(&super::NodeMap::default(), "10.1.2.3"), None);
    let all = self::map(&["0.0.0.0/0=v4"]);
    assert_eq!((find(&all, "192.0.2.1"), find(&all, "2001:db8::1")), (Some("v4"), None));
}

#[test]
fn the_command_line_goes_first() {
    let mut file = map(&["10.1.0.0/16=file", "10.2.0.0/16=other"]);
    file.prefer(&map(&["10.1.0.0/16=argument", "10.0.0.0/8=rest"]));
    assert_eq!(find(&file, "10.1.0.1"), Some("argument"));
    assert_eq!(find(&file, "10.2.0.1"), Some("other"));
    assert_eq!(find(&file, "10.3.0.1"), Some("rest"));
}

#[test]
fn what_is_no_network_is_told() {
    for (row, part) in [
        ("10.0.0.0/8", "is not CIDR=NAME"),
        ("10.0.0.0/8=", "is not CIDR=NAME"),
        ("10.0.0.0/33=n", "is not a network"),
        ("10.0.0/8=n", "is not a network"),
        ("2001:db8::/129=n", "is not a network"),
        ("10.0.0.1/8=n", "has bits behind the first 8"),
        ("10.0.0.0/8=a\u{1b}b", "control character"),
    ] {
        let error = NodeMap::default().add(row).unwrap_err();
        assert!(error.contains(part), "{row}: {error}");
    }
    let error = map(&["10.0.0.0/8=a"]).add("10.0.0.0/8=b").unwrap_err();
    assert!(error.contains("called `a` and `b`"), "{error}");
}

#[test]
fn a_file_names_networks() {
    let text = format!(
        "{LEAST}[[node]]\nname = 'n1'\ncidr = '10.0.1.0/24'\n[[node]]\nname = 'n2'\ncidr = ['10.0.2.0/24', 'fd00::/8']\n"
    );
    let nodes = Config::parse(&text, "f").unwrap().nodes;
    assert_eq!(find(&nodes, "10.0.1.9"), Some("n1"));
    assert_eq!(find(&nodes, "fd00::1"), Some("n2"));
    let text = format!(
        "{LEAST}[[node]]\nname = 'n1'\ncidr = ['10.0.1.0/24', '10.0.1.1/24']\n[[node]]\nname = 'n3'\n"
    );
    let errors = Config::parse(&text, "f").unwrap_err().to_string();
    assert!(errors.contains("f:8: node.cidr: item 2: `10.0.1.1/24` has bits"), "{errors}");
    assert!(errors.contains("node.cidr: is missing"), "{errors}");
}

#[test]
fn a_pool_names_its_header_or_has_that_of_all() {
    let pools = "[[pool]]\nname = 'p'\nbackends = ['b1']\n[[pool]]\nname = 'q'\nbackends = ['b1']\nnode_header = 'X-Own'\n[[route]]\npool = 'p'\n";
    let headers = |text: &str| {
        let pools = Config::parse(text, "f").unwrap().pools;
        pools.into_iter().map(|pool| pool.node_header).collect::<Vec<_>>()
    };
    let all = format!("node_header = 'X-Node'\n{LEAST}");
    assert_eq!(headers(LEAST), [None]);
    assert_eq!(headers(&all), [Some("X-Node".to_owned())]);
    assert_eq!(headers(&(all + pools)), [Some("X-Node".to_owned()), Some("X-Own".to_owned())]);
    assert_eq!(headers(&format!("{LEAST}{pools}")), [None, Some("X-Own".to_owned())]);
    let errors = Config::parse(&format!("node_header = 'X Node'\n{LEAST}"), "f").unwrap_err();
    assert!(
        errors.to_string().starts_with("f:1: node_header: `X Node` is not the name"),
        "{errors}"
    );
}
