//! Which backend takes which request: nginx beside ours, the story's table with real sockets, and backends that are full.

mod full;
mod nginx;
mod servers;
mod story;
