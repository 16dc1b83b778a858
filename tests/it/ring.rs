//! Two processes and one ring: stalls, overruns, kills, restarts.
