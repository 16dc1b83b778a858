//! The only crate with unsafe code: mapped words, header views, block copies, TCP_INFO
