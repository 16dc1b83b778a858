//! What a server says of itself at the beginning.

/// The parts of the banner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Banner {
    /// What the protocol is called; `Varnish` where that is expected.
    pub family: String,
    /// System, release, machine and what else there is, separated by commas.
    pub platform: String,
    /// Name and version of the program.
    pub version: String,
}

impl Banner {
    /// The text; one who finds no worker is told how to start it.
    #[must_use]
    pub fn text(&self, worker_runs: bool) -> String {
        let Banner { family, platform, version } = self;
        let dashes = "-----------------------------";
        let mut text = format!(
            "{dashes}\n{family} CLI 1.0\n{dashes}\n{platform}\n{version}\n\n\
             Type 'help' for command list.\nType 'quit' to close CLI session.\n"
        );
        if !worker_runs {
            text.push_str("Type 'start' to launch worker process.\n");
        }
        text
    }
}
