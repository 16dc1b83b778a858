use clap::CommandFactory;

use super::args::{DrainArgs, KillArgs, UndrainArgs};
use super::within;

#[test]
fn the_command_lines_are_sound() {
    DrainArgs::command().debug_assert();
    UndrainArgs::command().debug_assert();
    KillArgs::command().debug_assert();
}

#[test]
fn patterns_can_be_meant_for_one_configuration() {
    let patterns = ["api1", "!api2", "old.api*", "@127.0.0.1"].map(str::to_owned);
    let found = |config| within(config, "reload_1", &patterns);
    assert_eq!(found("all"), patterns);
    assert_eq!(found("active"), ["reload_1.api1", "!reload_1.api2", "old.api*", "@127.0.0.1"]);
    assert_eq!(found("boot")[0], "boot.api1");
}
