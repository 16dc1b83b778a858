use super::of;

#[test]
fn those_of_the_used_configuration_count_and_all_when_it_has_none() {
    let names = ["boot.api1", "reload_1.api1", "reload_1.api2"].map(str::to_owned);
    assert_eq!(of("reload_1", &names), ["reload_1.api1", "reload_1.api2"]);
    assert_eq!(of("reload_2", &names), ["boot.api1", "reload_1.api1", "reload_1.api2"]);
    assert_eq!(of("boot", &[]), [""; 0]);
}
