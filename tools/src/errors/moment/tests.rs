use super::*;
use crate::when::parse_zone;

#[test]
fn moments_in_zones() {
    let at = Micros(1_795_325_485_123_456);
    let show = |zone: &str| show(at, parse_zone(zone).unwrap()).unwrap();
    assert_eq!(show("utc"), "2026-11-22T05:31:25.123456Z");
    assert_eq!(show("+05:30"), "2026-11-22T11:01:25.123456+05:30");
    assert_eq!(show("-01:00"), "2026-11-22T04:31:25.123456-01:00");
    assert_eq!(super::show(Micros(i64::MAX), Zone::Utc), None);
}
