//! The project's recipes: ci, model, bench, docs

fn main() {}
