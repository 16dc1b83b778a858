use super::{Asked, asked};

#[test]
fn flags_are_read_as_a_varnishd_reads_them() {
    let none = Asked::default();
    let cases: [(&[&str], Result<Asked<'_>, &str>); 9] = [
        (&[], Ok(Asked { ..none })),
        (&["-j"], Ok(Asked { json: true, ..Asked::default() })),
        (&["-jp", "boot.a"], Ok(Asked { json: true, details: true, pattern: Some("boot.a") })),
        (&["-p", "-p"], Ok(Asked::default())),
        (&["-p", "*"], Ok(Asked { details: true, pattern: Some("*"), ..Asked::default() })),
        (&["-x"], Err("Invalid flag x")),
        (&["a", "b"], Err("Too many arguments")),
        (&["a", "-p"], Err("Too many arguments")),
        (&["-"], Ok(Asked::default())),
    ];
    for (args, expected) in cases {
        assert_eq!(asked(args), expected.map_err(str::to_owned), "{args:?}");
    }
}
