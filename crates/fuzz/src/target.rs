//! [`Target`]: one door and how to knock at it.

use crate::features::Features;
use crate::targets;

/// One thing to fuzz.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its name on the command line, and its folder under `fuzz/corpus`.
    pub name: &'static str,
    /// What is tried and what must hold.
    pub about: &'static str,
    /// What its inputs look like, for the mutator.
    pub shape: Shape,
    /// Tries one input. It must never panic: an assertion that fails is a finding.
    pub run: fn(&[u8]) -> Features,
}

/// What inputs look like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// Anything.
    Bytes,
    /// Frames, one after the other: mutations know where the lengths stand.
    Frames,
    /// Text: mutations know our words.
    Text,
    /// TOML: mutations know its signs and our keys.
    Config,
    /// JSON: mutations know its signs and our verbs.
    Json,
}

/// All of them.
pub const TARGETS: [Target; 17] = [
    Target {
        name: "frames",
        about: "wire: deframer and frames; decode, encode: the same bytes",
        shape: Shape::Frames,
        run: targets::frames::run,
    },
    Target {
        name: "text",
        about: "wire: names, hosts, addresses, invitations, words; parse, print, parse",
        shape: Shape::Text,
        run: targets::text::run,
    },
    Target {
        name: "server",
        about: "proto: the server's machine under a script of operations",
        shape: Shape::Bytes,
        run: targets::server::run,
    },
    Target {
        name: "client",
        about: "proto: the client's machine under a script of operations",
        shape: Shape::Bytes,
        run: targets::client::run,
    },
    Target {
        name: "inbox",
        about: "e2ee: changed envelopes at the inbox; nothing changes on failure",
        shape: Shape::Bytes,
        run: targets::envelopes::inbox,
    },
    Target {
        name: "doorstep",
        about: "e2ee: changed envelopes at the doorstep; nothing changes on failure",
        shape: Shape::Bytes,
        run: targets::envelopes::doorstep,
    },
    Target {
        name: "inbox-body",
        about: "e2ee: hostile bytes sealed to a real offer",
        shape: Shape::Bytes,
        run: targets::bodies::inbox,
    },
    Target {
        name: "doorstep-body",
        about: "e2ee: hostile bytes sealed to a real prekey",
        shape: Shape::Bytes,
        run: targets::bodies::doorstep,
    },
    Target {
        name: "peer",
        about: "e2ee: a correspondent with a real session and hostile numbers",
        shape: Shape::Bytes,
        run: targets::peer::run,
    },
    Target {
        name: "content",
        about: "e2ee: content; decode, encode: the same bytes",
        shape: Shape::Bytes,
        run: targets::content::run,
    },
    Target {
        name: "snapshot",
        about: "e2ee: snapshots; what restores is used, written and restored again",
        shape: Shape::Bytes,
        run: targets::snapshot::run,
    },
    Target {
        name: "ledger",
        about: "ledger: a relay that is honest, went back or lies, and a client that replays its log",
        shape: Shape::Bytes,
        run: targets::ledger::run,
    },
    Target {
        name: "rows",
        about: "store: damaged and forged rows behind right checksums, and every question",
        shape: Shape::Bytes,
        run: targets::rows::run,
    },
    Target {
        name: "config",
        about: "server: the configuration file; settings that make sense or one line of words",
        shape: Shape::Config,
        run: targets::operator::config,
    },
    Target {
        name: "proxy-header",
        about: "server: what a proxy says first; an address or nothing, and not a byte more is read",
        shape: Shape::Bytes,
        run: targets::proxied::run,
    },
    Target {
        name: "question",
        about: "server: the line asked at the admin socket, and its answer",
        shape: Shape::Json,
        run: targets::operator::question,
    },
    Target {
        name: "backup",
        about: "server: a changed backup file, and hostile records under a good seal",
        shape: Shape::Bytes,
        run: targets::backup::run,
    },
];

/// The target of this name.
pub fn find(name: &str) -> Option<Target> {
    TARGETS.into_iter().find(|target| target.name == name)
}
