//! What an operator relies on: upgrades, ends, rights, what is said to systemd, what is left of a crash.

mod crash;
mod disks;
mod faults;
mod killed;
mod listeners;
mod notify;
mod packages;
mod rights;
mod upgrade;
mod upgrade_log;
