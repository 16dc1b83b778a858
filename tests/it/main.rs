//! Tests of the whole program: one binary, a file per subject.

mod capture;
mod config;
mod confusion;
mod counters;
mod daemon;
mod demo;
mod doctor;
mod errors;
mod hosts;
mod http;
mod integrity;
mod interop;
mod log;
mod loss;
mod matrix;
mod metrics;
mod ps;
mod query;
mod record;
mod ring;
mod stat;
mod support;
mod tidy;
mod trace;
mod vsm;
mod why;
