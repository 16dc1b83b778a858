//! `shellac log` on files and recorded directories against recorded output.
