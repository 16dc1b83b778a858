//! Formats by name.

use super::quote::Quoting;

/// One of our own formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// As web servers call it: the default format with the request as it came, without scheme and host.
    Combined,
    /// Labels and values, with tabs between them (ltsv.org).
    Ltsv,
    /// An object per line. What is not recorded is `null`.
    Json,
}

const COMBINED: &str =
    r#"%h %l %u %t "%m %{request_uri}x %H" %s %b "%{Referer}i" "%{User-agent}i""#;

const LTSV: &str = concat!(
    r"time:%{time_iso8601}x\thost:%h\tvhost:%{Host}i\tuser:%u\tmethod:%m\turi:%{request_uri}x\tprotocol:%H",
    r"\tstatus:%s\tsize:%b\treqsize:%I\treqtime:%{request_time}x\treferer:%{Referer}i\tua:%{User-Agent}i",
    r"\tforwardedfor:%{X-Forwarded-For}i\tcache:%{Varnish:handling}x\tvxid:%{Varnish:vxid}x",
    r"\tupstream_addr:%{upstream_addr}x\tupstream_status:%{upstream_status}x",
    r"\tupstream_response_time:%{upstream_response_time}x",
);

/// Texts bring their quotation marks, as what is missing has none.
const JSON: &str = concat!(
    r#"{"time":%{time_iso8601}x,"remote_addr":%h,"host":%{Host}i,"remote_user":%u,"method":%m,"#,
    r#""uri":%{request_uri}x,"protocol":%H,"status":%s,"body_bytes_sent":%b,"bytes_sent":%O,"#,
    r#""request_length":%I,"request_time":%{request_time}x,"referer":%{Referer}i,"#,
    r#""user_agent":%{User-Agent}i,"forwarded_for":%{X-Forwarded-For}i,"#,
    r#""handling":%{Varnish:handling}x,"vxid":%{Varnish:vxid}x,"upstream_addr":%{upstream_addr}x,"#,
    r#""upstream_status":%{upstream_status}x,"upstream_connect_time":%{upstream_connect_time}x,"#,
    r#""upstream_header_time":%{upstream_header_time}x,"#,
    r#""upstream_response_time":%{upstream_response_time}x}"#,
);

impl Preset {
    /// Each with its name.
    pub const WORDS: [(&'static str, Preset); 3] =
        [("ltsv", Preset::Ltsv), ("combined", Preset::Combined), ("json", Preset::Json)];

    pub(super) const fn format(self) -> &'static str {
        match self {
            Preset::Combined => COMBINED,
            Preset::Ltsv => LTSV,
            Preset::Json => JSON,
        }
    }

    pub(super) const fn quoting(self) -> Quoting {
        match self {
            Preset::Combined => Quoting::Plain,
            Preset::Ltsv => Quoting::Ltsv,
            Preset::Json => Quoting::StrictJson,
        }
    }
}
