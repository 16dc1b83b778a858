//! `shellac record`: what was kept, what was indexed, and that nothing is forgotten.

mod end;
mod outside;
mod ring;
mod story;
