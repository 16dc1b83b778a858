use super::*;

const ASSIGNED: &str = include_str!("../../../../fixtures/ketama/nginx_assign.tsv");
const POINTS_OF_FOUR: &str = include_str!("../../../../fixtures/ketama/ring_4x160.tsv");
const FOUR: [(&str, u32); 4] = [
    ("127.0.0.1:10080", 1),
    ("127.0.0.2:10080", 1),
    ("127.0.0.3:10080", 1),
    ("127.0.0.4:10080", 1),
];

#[test]
fn the_points_are_those_of_nginx() {
    let ring = Ring::new(&FOUR);
    let expected: Vec<(u32, usize)> = POINTS_OF_FOUR
        .lines()
        .skip(1)
        .map(|line| {
            let (point, server) = line.split_once('\t').unwrap();
            (point.parse().unwrap(), FOUR.iter().position(|(text, _)| *text == server).unwrap())
        })
        .collect();
    let found: Vec<(u32, usize)> = ring
        .points
        .iter()
        .map(|&(point, group)| (point, ring.members(group as usize)[0] as usize))
        .collect();
    assert_eq!(found, expected);
    assert_eq!((ring.len(), ring.group_count()), (640, 4));
}

#[test]
fn every_key_is_where_nginx_has_it() {
    let ring = Ring::new(&FOUR);
    for line in ASSIGNED.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let hash = crc32fast::hash(fields[0].as_bytes());
        assert_eq!(format!("{hash:08x}"), fields[1]);
        let server = ring.members(ring.group(ring.find(hash)))[0] + 1;
        assert_eq!(server.to_string(), fields[2], "{line}");
    }
}

#[test]
fn the_quick_way_to_a_point_is_the_long_one() {
    let mut dice = shellac_measure::Dice::new(7);
    for servers in [1u32, 2, 3, 50] {
        let texts: Vec<String> = (0..servers).map(|one| format!("b{one}.example:80")).collect();
        let servers: Vec<(&str, u32)> = texts.iter().map(|text| (text.as_str(), 2)).collect();
        let ring = Ring::new(&servers);
        let edges = ring.points.iter().flat_map(|&(point, _)| [point, point.wrapping_add(1)]);
        let drawn = (0..1000).map(|_| (dice.roll() >> 32) as u32).collect::<Vec<_>>();
        for hash in edges.chain(drawn).chain([0, u32::MAX]) {
            let expected = ring.points.partition_point(|&(point, _)| point < hash) % ring.len();
            assert_eq!(ring.find(hash), expected, "{hash} of {} servers", servers.len());
        }
    }
}

#[test]
fn a_text_is_taken_apart_as_nginx_does_it() {
    for (text, expected) in [
        ("127.0.0.1:10080", ("127.0.0.1", "10080")),
        ("127.0.0.2", ("127.0.0.2", "")),
        ("localhost:10080", ("localhost", "10080")),
        ("localhost", ("localhost", "")),
        ("backend7", ("backend7", "")),
        ("[::1]:10080", ("[::1]", "10080")),
        ("[::1]", ("[::1]", "")),
        ("UNIX:/run/a.sock", ("/run/a.sock", "")),
        ("unix:/run/a:80", ("/run/a:80", "")),
        ("a:", ("a", "")),
        ("", ("", "")),
        ("80", ("80", "")),
        (":80", ("", "80")),
    ] {
        assert_eq!(split(text), expected, "{text}");
    }
}

#[test]
fn servers_with_the_same_text_are_one_group() {
    let ring = Ring::new(&[("a:80", 1), ("b:80", 2), ("a:80", 1)]);
    assert_eq!((ring.len(), ring.group_count()), (480, 2));
    assert_eq!(ring.members(ring.group_of(0)), [0, 2]);
    assert_eq!(ring.members(ring.group_of(1)), [1]);
    let shares = ring.shares(|_| true);
    assert_eq!(shares[0], shares[2]);
    assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{shares:?}");
    assert!(shares[1] > shares[0]);
}

#[test]
fn shares_of_those_who_are_there() {
    let ring = Ring::new(&FOUR);
    let (all, three) = (ring.shares(|_| true), ring.shares(|server| server != 2));
    assert_eq!(three[2], 0.0);
    assert!((three.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    // Nobody loses when another one is gone.
    for server in [0, 1, 3] {
        assert!(three[server] > all[server], "{all:?} {three:?}");
    }
    assert_eq!(ring.shares(|_| false), [0.0; 4]);
    // The third server's part of the ring, as its part of ten thousand keys says.
    assert!((all[2] - 0.2977).abs() < 0.02, "{all:?}");
}

#[test]
fn a_ring_without_servers_has_no_points() {
    let ring = Ring::new(&[]);
    assert!(ring.is_empty());
    assert_eq!((ring.find(7), ring.group_count()), (0, 0));
    assert_eq!(ring.shares(|_| true), [0.0; 0]);
}
