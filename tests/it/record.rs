//! `shellac record`: what was kept, what was indexed, and that nothing is forgotten.

mod again;
mod end;
mod files;
mod outside;
mod ring;
mod story;
