use super::*;

fn filters(rules: &[(char, &str)]) -> Filters {
    Filters(rules.iter().map(|(letter, text)| Rule::new(*letter, text.as_ref()).unwrap()).collect())
}

#[test]
fn the_first_pattern_that_matches_decides() {
    for (rules, name, wanted) in [
        (&[][..], "MAIN.uptime", true),
        (&[('I', "MAIN.*")], "MAIN.uptime", true),
        (&[('I', "MAIN.*")], "MGT.uptime", false),
        (&[('X', "MAIN.*")], "MAIN.uptime", false),
        (&[('X', "MAIN.*")], "MGT.uptime", true),
        (&[('f', "^MAIN.*"), ('f', "*")], "MAIN.uptime", false),
        (&[('f', "^MAIN.*"), ('f', "*")], "VBE.a.b.conn", true),
        (&[('f', "*"), ('f', "^MAIN.*")], "MAIN.uptime", true),
        (&[('I', "^MAIN.*")], "^MAIN.x", true),
        (&[('X', "*.uptime"), ('I', "M*")], "MGT.uptime", false),
        (&[('X', "*.uptime"), ('I', "M*")], "MGT.child_start", true),
        (&[('X', "*.uptime"), ('I', "M*")], "VBE.x.y", false),
        (&[('I', "VBE.?.[!b-z]*")], "VBE.1.a", true),
        (&[('I', "a[")], "a[", true),
    ] {
        assert_eq!(filters(rules).wants(name), wanted, "{rules:?} {name}");
    }
}

#[test]
fn the_order_of_the_command_line_is_kept_across_options() {
    let command = <Filters as clap::Args>::augment_args(Command::new("x"));
    let words = ["x", "-X", "a*", "-I", "b*", "-f", "^c*", "-X", "d*"];
    let matches = command.try_get_matches_from(words).unwrap();
    let found = Filters::from_arg_matches(&matches).unwrap();
    assert_eq!(found, filters(&[('X', "a*"), ('I', "b*"), ('f', "^c*"), ('X', "d*")]));
}
