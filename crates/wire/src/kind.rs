//! The kind byte of every frame, in one table (`spec/wire.md § Kinds`).
//!
//! Reserved for later: `0x52`–`0x5f` ledger, `0x60`–`0x6f` forwarding, `0x70`–`0x7f` witnesses.

macro_rules! kinds {
    ($($name:ident = $value:literal),+ $(,)?) => {
        $(
            #[doc = concat!("`", stringify!($name), "`")]
            pub const $name: u8 = $value;
        )+

        /// Every kind with its name in the spec, rising.
        pub const ALL: &[(u8, &str)] = &[$(($value, stringify!($name))),+];
    };
}

kinds! {
    WELCOME = 0x01,
    PING = 0x02,
    PONG = 0x03,
    REFUSED = 0x04,
    CLAIM = 0x10,
    REGISTERED = 0x11,
    CHALLENGE = 0x12,
    ANSWER = 0x13,
    REPLACED = 0x14,
    PUBLISH = 0x15,
    PUBLISHED = 0x16,
    LOOKUP = 0x20,
    RECORD = 0x21,
    FETCH = 0x22,
    BUNDLE = 0x23,
    DEPOSIT = 0x24,
    STORED = 0x25,
    BEGIN = 0x26,
    BEGUN = 0x27,
    MEET = 0x28,
    MET = 0x29,
    REPLY = 0x2a,
    REPLIED = 0x2b,
    SETTLE = 0x2c,
    SETTLED = 0x2d,
    AWAIT = 0x2e,
    AWAITED = 0x2f,
    CREATE = 0x30,
    CREATED = 0x31,
    OPEN = 0x32,
    OPENED = 0x33,
    COLLECT = 0x34,
    COLLECTING = 0x35,
    DELIVER = 0x36,
    DRAINED = 0x37,
    ACK = 0x38,
    ACKED = 0x39,
    GENERATE = 0x3a,
    GENERATED = 0x3b,
    RETIRE = 0x3c,
    RETIRED = 0x3d,
    CROSS_OFF = 0x3e,
    CROSSED_OFF = 0x3f,
    SUPERSEDED = 0x40,
    FEED = 0x50,
    LEAVES = 0x51,
}

/// Gives an enum of frames its kind bytes, and reads and writes what follows the request id.
macro_rules! frame_table {
    ($name:ident; units { $($unit:ident = $unit_kind:ident),* $(,)? } bodies { $($variant:ident = $kind:ident),* $(,)? }) => {
        impl $name {
            /// The kind byte of its frame.
            pub fn kind(&self) -> u8 {
                match self {
                    $(Self::$unit => $crate::kind::$unit_kind,)*
                    $(Self::$variant(_) => $crate::kind::$kind,)*
                }
            }

            pub(crate) fn write_body(&self, out: &mut $crate::Writer) {
                match self {
                    $(Self::$unit => { let _: &mut $crate::Writer = out; })*
                    $(Self::$variant(body) => $crate::Wire::write(body, out),)*
                }
            }

            /// `None` when the kind byte belongs to no variant.
            pub(crate) fn read_body(
                kind: u8,
                input: &mut $crate::Reader<'_>,
            ) -> Result<Option<Self>, $crate::DecodeError> {
                Ok(Some(match kind {
                    $($crate::kind::$unit_kind => Self::$unit,)*
                    $($crate::kind::$kind => Self::$variant($crate::Wire::read(input)?),)*
                    _ => return Ok(None),
                }))
            }
        }
    };
}
pub(crate) use frame_table;
