//! `shellac trace` on recorded and live logs.
