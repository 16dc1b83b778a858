use super::*;

#[test]
fn what_is_cut_off_is_none_of_it() {
    let all = [&3_u32.to_le_bytes()[..], b"one", &0_u32.to_le_bytes(), &2_u32.to_le_bytes(), b"ab"];
    let all = all.concat();
    let found = batches(&all).unwrap();
    assert_eq!(found, [b"one".to_vec(), Vec::new(), b"ab".to_vec()]);
    assert_eq!(batches(&[]), Some(Vec::new()));
    for len in 1..all.len() {
        let whole = [7, 11].contains(&len);
        assert_eq!(batches(&all[..len]).is_some(), whole, "{len}");
    }
    assert_eq!(batches(&u32::MAX.to_le_bytes()), None);
}
