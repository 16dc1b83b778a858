use super::super::finding::{Level, Section};
use super::{age, judge};

#[test]
fn a_clock_that_was_set_is_told_with_its_direction() {
    for (told, measured, level, part) in [
        (100, 100, Level::Good, "not set"),
        (105, 100, Level::Good, "not set"),
        (3800, 100, Level::Warning, "set forward by 61 min"),
        (-3500, 100, Level::Warning, "set back by 60 min"),
    ] {
        let mut section = Section::new("x");
        judge(&mut section, told, measured);
        let found = &section.findings[0];
        assert_eq!(found.level, level, "{told} {measured}");
        assert!(found.text.contains(part), "{}", found.text);
    }
    assert!(age(std::process::id()).is_some() && age(u32::MAX).is_none());
}
