//! The commands that the manager runs itself, as a table. Those of the worker are in the table of whoever starts it.

use shellac_admin::{Place, Row};

/// A row with the usual answers to everything that is not said.
const fn row(
    name: &'static str,
    syntax: &'static str,
    least: usize,
    most: usize,
    help: &'static str,
) -> Row {
    Row {
        name,
        aliases: &[],
        syntax,
        help,
        least,
        most: Some(most),
        json: false,
        changes: false,
        place: Place::Manager,
    }
}

const fn json(row: Row) -> Row {
    Row { json: true, ..row }
}

const fn changes(row: Row) -> Row {
    Row { changes: true, ..row }
}

const fn also(aliases: &'static [&'static str], row: Row) -> Row {
    Row { aliases, ..row }
}

/// The table.
pub(crate) const ROWS: &[Row] = &[
    changes(row(
        "panic.clear",
        "panic.clear [-z]",
        0,
        1,
        "Clear the last panic, if any, -z will clear related varnishstat counter(s)",
    )),
    json(row("panic.show", "panic.show [-j]", 0, 0, "Return the last panic, if any.")),
    changes(json(row(
        "param.reset",
        "param.reset [-j] <param>",
        1,
        1,
        "Reset parameter to default value.",
    ))),
    changes(json(row("param.set", "param.set [-j] <param> <value>", 2, 2, "Set parameter value."))),
    json(row(
        "param.show",
        "param.show [-l|-j] [<param>|changed]",
        0,
        2,
        "Show parameters and their values.",
    )),
    json(row(
        "pid",
        "pid [-j]",
        0,
        0,
        "Show the pid of the master process, and the worker if it's running.",
    )),
    changes(row(
        "reload",
        "reload [<filename>]",
        0,
        1,
        "Load the configuration file again, or another one, and switch to it.",
    )),
    changes(row("start", "start", 0, 0, "Start the worker process.")),
    json(row("status", "status [-j]", 0, 0, "Check status of the worker process.")),
    changes(row("stop", "stop", 0, 0, "Let the worker process finish its requests and end.")),
    changes(also(
        &["config.discard"],
        Row {
            most: None,
            ..row(
                "vcl.discard",
                "vcl.discard <name_pattern>...",
                1,
                1,
                "Unload the named configurations; requests that they serve are finished.",
            )
        },
    )),
    changes(also(
        &["config.inline"],
        row(
            "vcl.inline",
            "vcl.inline <configname> <quoted_TOMLstring> [auto|cold|warm]",
            2,
            3,
            "Load the configuration text under the name provided.",
        ),
    )),
    json(also(
        &["config.list"],
        row("vcl.list", "vcl.list [-j]", 0, 0, "List all loaded configuration."),
    )),
    changes(also(
        &["config.load"],
        row(
            "vcl.load",
            "vcl.load <configname> <filename> [auto|cold|warm]",
            2,
            3,
            "Load the configuration file under the name provided.",
        ),
    )),
    also(
        &["config.show"],
        row(
            "vcl.show",
            "vcl.show [-v] [<configname>]",
            0,
            2,
            "Display the text of the specified configuration.",
        ),
    ),
    changes(also(
        &["config.state"],
        row(
            "vcl.state",
            "vcl.state <configname> [auto|cold|warm]",
            2,
            2,
            "Force the state of the named configuration.",
        ),
    )),
    changes(also(
        &["config.use"],
        row(
            "vcl.use",
            "vcl.use <configname>",
            1,
            1,
            "Switch to the named configuration immediately.",
        ),
    )),
];
