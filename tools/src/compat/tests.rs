use shellac_log::Compat;

use super::decide;

#[test]
fn the_variable_goes_before_the_name_and_the_source_comes_last() {
    assert_eq!(decide("varnishlog", None).unwrap(), None);
    assert_eq!(decide("vinyllog", None).unwrap(), Some(Compat::V9));
    assert_eq!(decide("vinyllog", Some("7")).unwrap(), Some(Compat::V7));
    assert_eq!(decide("varnishlog", Some("9")).unwrap(), Some(Compat::V9));
    assert!(decide("varnishlog", Some("8")).is_err());
}
