//! The table of tags: one row per tag, one column of numbers per dialect.
//!
//! Numbers are positions in the writer's own table, so they move between versions: between `7.3-8.0`
//! and `9.0-vs`, which share marker, magic and record layout, 86 of 93 common tags have another number.
//! Everything above this crate therefore uses [`Tag`], which has no number of its own.

use std::fmt;

use crate::dialect::Dialect;

/// How the payload of a tag may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagKind {
    /// Text up to the first NUL.
    Text,
    /// Any byte may occur: shown quoted, bytes outside 0x20..=0x7e as `%xx`.
    Unsafe,
    /// Not text at all: shown as hexadecimal digits.
    Binary,
    /// Exists because HTTP tags come in groups of eight; not written in normal operation.
    Unused,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct TagRow {
    /// The tag this row describes.
    pub tag: Tag,
    /// Its name, as every tool prints it.
    pub name: &'static str,
    /// How its payload may be shown.
    pub kind: TagKind,
    /// Its number in each dialect, in the order of [`Dialect::ALL`]; 0 where the dialect has no such tag.
    pub numbers: [u8; Dialect::ALL.len()],
    /// What it says, in one line.
    pub meaning: &'static str,
}

macro_rules! number {
    (_) => {
        0
    };
    ($n:literal) => {
        $n
    };
}

macro_rules! tags {
    ($($variant:ident $name:literal $kind:ident [$a:tt, $b:tt, $c:tt, $d:tt] $meaning:literal;)*) => {
        /// What a record is about, independent of the dialect that wrote it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Tag {
            $(#[doc = $meaning] $variant,)*
        }

        /// Every tag of every dialect.
        pub const TAGS: &[TagRow] = &[
            $(TagRow {
                tag: Tag::$variant,
                name: $name,
                kind: TagKind::$kind,
                numbers: [number!($a), number!($b), number!($c), number!($d)],
                meaning: $meaning,
            },)*
        ];
    };
}

//     variant     name         kind    6.0-7.2 7.3-8.0 8.0.1-vs 9.0-vs   meaning
tags! {
Debug "Debug" Unsafe [1, 1, 1, 1] "internal debugging text; content not stable";
Error "Error" Text [2, 2, 2, 2] "something an operator should know about";
Cli "CLI" Text [3, 3, 3, 3] "command line traffic manager<->worker: `Rd CMD` or `Wr STATUS LEN TEXT`, or EOF notice";
SessOpen "SessOpen" Text [4, 4, 4, 4] "client connection accepted: both end points, listener, time, fd";
SessClose "SessClose" Text [5, 5, 5, 5] "client connection ended: reason name and life time";
BackendOpen "BackendOpen" Text [6, 6, 6, 6] "connection to a backend obtained (new or from the pool)";
BackendReuse "BackendReuse" Text [7, _, _, _] "legacy: connection put back to the pool; never written by 7.1.1";
BackendClose "BackendClose" Text [8, 7, 7, 7] "connection to a backend given up: closed or recycled";
HttpGarbage "HttpGarbage" Unsafe [9, 8, 8, 10] "bytes that could not be parsed as HTTP";
Proxy "Proxy" Text [10, 9, 9, 11] "addresses from a PROXY header";
ProxyGarbage "ProxyGarbage" Text [11, 10, 10, 12] "PROXY header that could not be parsed, with the reason";
Backend "Backend" Text [12, _, _, _] "legacy: backend selected; never written by 7.1.1";
Length "Length" Text [13, 11, 11, 13] "final body length of the fetched object";
FetchError "FetchError" Text [14, 12, 12, 14] "why a fetch (or reading a request body) failed";
ReqMethod "ReqMethod" Text [15, 13, 13, 15] "client request: method";
ReqUrl "ReqURL" Text [16, 14, 14, 16] "client request: URL";
ReqProtocol "ReqProtocol" Text [17, 15, 15, 17] "client request: protocol";
ReqStatus "ReqStatus" Unused [18, 16, 16, 18] "client request: status code";
ReqReason "ReqReason" Unused [19, 17, 17, 19] "client request: reason phrase";
ReqHeader "ReqHeader" Text [20, 18, 18, 20] "client request: header set or present (`Name: value`)";
ReqUnset "ReqUnset" Text [21, 19, 19, 21] "client request: header removed (`Name: value`)";
ReqLost "ReqLost" Unused [22, 20, 20, 22] "client request: reserved, never written";
RespMethod "RespMethod" Unused [23, 21, 21, 23] "client response: method";
RespUrl "RespURL" Unused [24, 22, 22, 24] "client response: URL";
RespProtocol "RespProtocol" Text [25, 23, 23, 25] "client response: protocol";
RespStatus "RespStatus" Text [26, 24, 24, 26] "client response: status code";
RespReason "RespReason" Text [27, 25, 25, 27] "client response: reason phrase";
RespHeader "RespHeader" Text [28, 26, 26, 28] "client response: header set or present (`Name: value`)";
RespUnset "RespUnset" Text [29, 27, 27, 29] "client response: header removed (`Name: value`)";
RespLost "RespLost" Unused [30, 28, 28, 30] "client response: reserved, never written";
BereqMethod "BereqMethod" Text [31, 29, 29, 31] "backend request: method";
BereqUrl "BereqURL" Text [32, 30, 30, 32] "backend request: URL";
BereqProtocol "BereqProtocol" Text [33, 31, 31, 33] "backend request: protocol";
BereqStatus "BereqStatus" Unused [34, 32, 32, 34] "backend request: status code";
BereqReason "BereqReason" Unused [35, 33, 33, 35] "backend request: reason phrase";
BereqHeader "BereqHeader" Text [36, 34, 34, 36] "backend request: header set or present (`Name: value`)";
BereqUnset "BereqUnset" Text [37, 35, 35, 37] "backend request: header removed (`Name: value`)";
BereqLost "BereqLost" Unused [38, 36, 36, 38] "backend request: reserved, never written";
BerespMethod "BerespMethod" Unused [39, 37, 37, 39] "backend response: method";
BerespUrl "BerespURL" Unused [40, 38, 38, 40] "backend response: URL";
BerespProtocol "BerespProtocol" Text [41, 39, 39, 41] "backend response: protocol";
BerespStatus "BerespStatus" Text [42, 40, 40, 42] "backend response: status code";
BerespReason "BerespReason" Text [43, 41, 41, 43] "backend response: reason phrase";
BerespHeader "BerespHeader" Text [44, 42, 42, 44] "backend response: header set or present (`Name: value`)";
BerespUnset "BerespUnset" Text [45, 43, 43, 45] "backend response: header removed (`Name: value`)";
BerespLost "BerespLost" Unused [46, 44, 44, 46] "backend response: reserved, never written";
ObjMethod "ObjMethod" Unused [47, 45, 45, 47] "stored object: method";
ObjUrl "ObjURL" Unused [48, 46, 46, 48] "stored object: URL";
ObjProtocol "ObjProtocol" Text [49, 47, 47, 49] "stored object: protocol";
ObjStatus "ObjStatus" Text [50, 48, 48, 50] "stored object: status code";
ObjReason "ObjReason" Text [51, 49, 49, 51] "stored object: reason phrase";
ObjHeader "ObjHeader" Text [52, 50, 50, 52] "stored object: header set or present (`Name: value`)";
ObjUnset "ObjUnset" Text [53, 51, 51, 53] "stored object: header removed (`Name: value`)";
ObjLost "ObjLost" Unused [54, 52, 52, 54] "stored object: reserved, never written";
BogoHeader "BogoHeader" Text [55, 53, 53, 55] "header that was refused, start of it is quoted";
LostHeader "LostHeader" Text [56, 54, 54, 56] "header that could not be stored (workspace or count limit)";
Ttl "TTL" Text [57, 55, 55, 57] "lifetimes set on the object and by whom";
FetchBody "Fetch_Body" Text [58, 56, 56, 58] "how the body will be fetched";
VclAcl "VCL_acl" Text [59, 57, 57, 59] "result of an ACL test with logging on";
VclCall "VCL_call" Text [60, 58, 58, 60] "VCL subroutine (method) entered, upper case name";
VclTrace "VCL_trace" Text [61, 59, 59, 61] "VCL source position executed";
VclReturn "VCL_return" Text [62, 60, 60, 62] "how the VCL subroutine ended, lower case name";
ReqStart "ReqStart" Text [63, 61, 61, 63] "client end point and listener of a request";
Hit "Hit" Text [64, 62, 62, 64] "cache hit: object id and its remaining times";
HitPass "HitPass" Text [65, 63, 63, 65] "hit on a hit-for-pass object";
ExpBan "ExpBan" Text [66, 64, 64, 66] "object removed by a ban";
ExpKill "ExpKill" Text [67, 65, 65, 67] "expiry and LRU events of objects";
WorkThread "WorkThread" Text [68, 66, 66, 68] "worker thread started or ended";
EsiXmlerror "ESI_xmlerror" Text [69, 67, 67, 69] "ESI parser complaint with byte offset";
Hash "Hash" Unsafe [70, 68, 68, 70] "piece of data added to the cache key";
BackendHealth "Backend_health" Text [71, 69, 69, 71] "result of one health probe";
VclLog "VCL_Log" Text [72, 70, 70, 72] "text from std.log() in VCL";
VclError "VCL_Error" Text [73, 71, 71, 73] "error raised while VCL was running";
Gzip "Gzip" Text [74, 72, 72, 74] "statistics or error of one (de)compression";
Link "Link" Text [75, 73, 73, 75] "this transaction started another one";
Begin "Begin" Text [76, 74, 74, 76] "first record of a transaction: type, parent, reason";
End "End" Text [77, 75, 75, 77] "last record of a transaction (empty)";
Vsl "VSL" Text [78, 76, 76, 78] "made by the reader library: problem with this transaction";
Storage "Storage" Text [79, 77, 77, 79] "storage that took the object";
Timestamp "Timestamp" Text [80, 78, 78, 80] "named point in time of a transaction";
ReqAcct "ReqAcct" Text [81, 79, 79, 81] "byte counts of a client request";
PipeAcct "PipeAcct" Text [82, 80, 80, 82] "byte counts of a pipe";
BereqAcct "BereqAcct" Text [83, 81, 81, 83] "byte counts of a backend request";
VfpAcct "VfpAcct" Text [84, 82, 82, 84] "calls and bytes of one fetch filter";
Witness "Witness" Text [85, 83, 83, 85] "lock order diagnostics";
BackendStart "BackendStart" Text [86, _, _, _] "legacy: backend address and port; never written by 7.1.1";
H2RxHdr "H2RxHdr" Binary [87, 84, 84, 86] "HTTP/2 frame header received (9 bytes)";
H2RxBody "H2RxBody" Binary [88, 85, 85, 87] "HTTP/2 frame payload received";
H2TxHdr "H2TxHdr" Binary [89, 86, 86, 88] "HTTP/2 frame header sent";
H2TxBody "H2TxBody" Binary [90, 87, 87, 89] "HTTP/2 frame payload sent";
HitMiss "HitMiss" Text [91, 88, 88, 90] "hit on a hit-for-miss object";
Filters "Filters" Text [92, 89, 89, 91] "body filter list in use";
SessError "SessError" Text [93, 90, 90, 92] "accepting a connection failed; in trunk also HTTP/2 session errors";
VclUse "VCL_use" Text [94, 91, 91, 93] "name of the VCL in use";
Notice "Notice" Text [95, 92, 92, 94] "rare but harmless event, prefixed with a manual page name";
VdpAcct "VdpAcct" Text [96, 93, 93, 95] "calls and bytes of one delivery filter";
ReqTarget "ReqTarget" Text [_, _, 94, 96] "request target exactly as received (HTTP/1)";
BackendSsl "BackendSSL" Text [_, _, _, 8] "TLS messages of a backend connection";
Tls "TLS" Text [_, _, _, 9] "TLS messages of a client connection";}

impl Tag {
    /// The row of the table that describes this tag.
    pub const fn row(self) -> &'static TagRow {
        // `repr(u8)` without explicit values: a variant is its own index, which a test confirms.
        &TAGS[self as usize]
    }

    /// The name that every tool prints.
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// How the payload may be shown.
    pub const fn kind(self) -> TagKind {
        self.row().kind
    }

    /// The number this tag has on the wire in `dialect`, or `None` where that dialect has no such tag.
    pub const fn number(self, dialect: Dialect) -> Option<u8> {
        match self.row().numbers[dialect as usize] {
            0 => None,
            number => Some(number),
        }
    }

    /// The tag that `number` stands for in `dialect`.
    #[inline]
    pub fn from_number(dialect: Dialect, number: u8) -> Option<Tag> {
        BY_NUMBER[dialect as usize][usize::from(number)]
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The tables that are applied while scanning: one array of 256 per dialect.
static BY_NUMBER: [[Option<Tag>; 256]; Dialect::ALL.len()] = {
    let mut tables = [[None; 256]; Dialect::ALL.len()];
    let mut row = 0;
    while row < TAGS.len() {
        let mut dialect = 0;
        while dialect < Dialect::ALL.len() {
            let number = TAGS[row].numbers[dialect];
            if number != 0 {
                tables[dialect][number as usize] = Some(TAGS[row].tag);
            }
            dialect += 1;
        }
        row += 1;
    }
    tables
};

#[cfg(test)]
mod tests;
