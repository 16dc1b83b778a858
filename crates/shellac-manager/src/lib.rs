//! The supervisor: workdir, listening sockets, worker life
