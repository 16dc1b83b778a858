//! What several tests need: processes, temporary workdirs, deadlines, chance, scripted origins.

pub(crate) mod beside;
pub(crate) mod client;
pub(crate) mod daemon;
pub(crate) mod deadline;
pub(crate) mod dice;
pub(crate) mod differences;
pub(crate) mod fixture;
pub(crate) mod html;
pub(crate) mod nginx;
pub(crate) mod origin;
pub(crate) mod proxy;
pub(crate) mod recorder;
pub(crate) mod said;
pub(crate) mod schema;
pub(crate) mod shell_loop;
pub(crate) mod skip;
pub(crate) mod text;
pub(crate) mod tmux;
pub(crate) mod varnish;
pub(crate) mod wire;
