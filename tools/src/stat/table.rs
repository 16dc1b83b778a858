//! The options that varnishstat has, for its front end: that of `shellac stat` is clap's, and has these and more.

use shellac_log::Compat;

use crate::stock::table::{Row, flag, valued};

/// Every option of this generation, in the order of the usage text.
pub(super) fn rows(compat: Compat) -> Vec<Row> {
    let mut rows = vec![flag(
        '1',
        "Print the statistics to stdout",
        "Names, values, rates since the start and what they are, once",
    )];
    if compat == Compat::V9 {
        rows.push(flag('c', "Force curses mode", "The screen, wherever standard output leads"));
    }
    rows.extend([
        valued(
            'f',
            "<glob>",
            "Legacy field filtering glob",
            "Show counters that match; with ^ before the pattern, do not show them",
        ),
        flag('h', "Usage help", "Print help"),
        valued('I', "<glob>", "Field inclusion glob", "Show counters that match"),
        flag('j', "Print statistics to stdout as JSON", "The same as -1, as JSON"),
        flag(
            'l',
            "Lists the available fields to use with the -f option",
            "Names and what they are",
        ),
        valued(
            'n',
            "<dir>",
            "varnishd working directory",
            "Instance: an absolute path of a working directory, or a name",
        ),
        flag(
            'r',
            "Toggle raw or adjusted gauges",
            "Show gauges that are below zero as they are, instead of 0",
        ),
        valued(
            't',
            "<seconds|off>",
            "VSM connection timeout",
            "How long to wait for the instance (default: 5), or \"off\" for ever",
        ),
        flag('V', "Version", "Print the version"),
        valued('X', "<glob>", "Field exclusion glob", "Do not show counters that match"),
        flag('x', "Print statistics to stdout as XML", "The same as -1, as XML"),
    ]);
    rows
}

#[cfg(test)]
mod tests;
