//! Engines in this process against scripted backends: what the client gets, what the backend gets, what the log says.

mod answers;
mod bodies;
mod body_files;
mod cancelled;
mod control;
mod counters;
mod engine;
mod entrances;
mod generations;
mod health;
mod limits;
mod live;
mod log;
mod origin;
mod places;
mod probes;
mod retries;
mod rig;
mod sequences;
mod stuck;
mod tls;
mod tunnels;
