//! What the log says of TLS.

use shellac_format::{Side, Tag};

use super::text::Text;
use super::txn::Txn;
use crate::worker::Agreed;

impl Txn {
    /// TLS was agreed on, after `took` microseconds.
    pub(crate) fn tls_agreed(&self, side: Side, agreed: &Agreed, took: u64) {
        let Agreed { version, cipher, name, alpn, resumed } = agreed;
        self.tls(side, "agreed", |text| {
            text.bytes(version.as_bytes()).word(cipher.as_bytes());
            if let Some(name) = name {
                text.bytes(b" sni=").bytes(name.as_bytes());
            }
            if *alpn {
                text.bytes(b" alpn=http/1.1");
            }
            text.bytes(if *resumed { b" resumed=1" } else { b" resumed=0" });
            text.bytes(b" took=").seconds(took);
        });
    }

    /// TLS was not agreed on.
    pub(crate) fn tls_failed(&self, side: Side, why: &str) {
        self.tls(side, "failed", |text| {
            text.bytes(why.as_bytes());
        });
    }

    /// What TLS has to say: in its own record where the dialect has one.
    fn tls(&self, side: Side, what: &str, fill: impl FnOnce(&mut Text<'_>)) {
        let own = match side {
            Side::Backend => Tag::BackendSsl,
            _ => Tag::Tls,
        };
        let has_own = self.grammar().number(own) != 0;
        self.record(if has_own { own } else { Tag::VclLog }, |text| {
            if has_own {
                text.bytes(what.as_bytes()).bytes(b" ");
            } else {
                text.bytes(b"tls.").bytes(what.as_bytes()).bytes(b":");
            }
            fill(text);
        });
    }
}
