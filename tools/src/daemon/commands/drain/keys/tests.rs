use shellac_proxy::{Keys, PoolLeft};

use super::Move;

fn pool(keys: &[(&str, f64, f64)]) -> PoolLeft {
    let keys = keys.iter().map(|&(backend, now, then)| Keys { backend: backend.into(), now, then });
    PoolLeft {
        config: "boot".into(),
        pool: "api".into(),
        active: true,
        taken: vec!["b0".into()],
        left: 1,
        least: 1,
        keys: keys.collect(),
    }
}

#[test]
fn who_gets_most_is_named_first() {
    let pool = pool(&[("b0", 0.5, 0.0), ("b1", 0.25, 0.375), ("b2", 0.25, 0.625)]);
    let keys = Move::of(&pool).expect("it has keys");
    assert_eq!(
        keys.to_string(),
        "pool api of boot: 50.0 % of its keys move: 37.5 % to b2 (then 62.5 %), 12.5 % to b1 (then 37.5 %)"
    );
    let value = keys.value();
    assert_eq!((&value["share"], &value["to"][0]["name"]), (&0.5.into(), &"b2".into()));
}

#[test]
fn a_long_list_ends_with_the_sum_of_the_others() {
    let names: Vec<String> = (1..=12).map(|at| format!("b{at}")).collect();
    let mut keys = vec![("b0", 0.52, 0.0)];
    keys.extend(names.iter().map(|name| (&**name, 0.04, 1.0 / 12.0)));
    let pool = pool(&keys);
    let keys = Move::of(&pool).expect("it has keys");
    assert!(keys.to_string().ends_with(" to b8 (then 8.3 %), 17.3 % to 4 more"), "{keys}");
    assert_eq!(keys.value()["more"], 4);
}

#[test]
fn without_anybody_left_that_is_said_and_without_keys_nothing() {
    let alone = pool(&[("b0", 1.0, 0.0)]);
    let text = Move::of(&alone).expect("it has keys").to_string();
    assert_eq!(
        text,
        "pool api of boot: 100.0 % of its keys move, and nobody on the ring is left for them"
    );
    assert!(Move::of(&pool(&[])).is_none());
}
