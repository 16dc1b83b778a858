//! Which backend takes which request: nginx beside ours, and the story's table with real sockets.

mod nginx;
mod servers;
mod story;
