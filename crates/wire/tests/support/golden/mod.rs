//! One frame of every kind (several where there are forms), each field filled with a byte of its own, beside the
//! list of its fields as a reader of the spec would write it down.

use wire::response::*;
use wire::*;

mod directory;
mod mailbox;
mod pairing;

use directory::{anonymous_frames, registry_frames};
use mailbox::{deposit_frames, notices, owner_frames};
use pairing::pairing_frames;

/// Paths in the grammar and bytes; no lengths, no counts, no flags of options.
pub type Fields = Vec<(String, Vec<u8>)>;

/// A frame with what its fields must look like.
pub struct Golden {
    /// The name of its vector.
    pub name: &'static str,
    pub frame: Frame,
    pub fields: Fields,
}

/// All of them.
pub fn all() -> Vec<Golden> {
    let requests =
        [registry_frames(), anonymous_frames(), deposit_frames(), pairing_frames(), owner_frames()];
    [unit_frames(), requests.into_iter().flatten().collect(), notices()].into_iter().flatten().collect()
}

fn request(name: &'static str, request: impl Into<Request>, fields: Vec<Fields>) -> Golden {
    Golden { name, frame: Frame::request(RequestId(7), request), fields: fields.concat() }
}

fn response(name: &'static str, response: Response, fields: Vec<Fields>) -> Golden {
    Golden { name, frame: Frame::response(RequestId(7), response), fields: fields.concat() }
}

fn notice(name: &'static str, notice: Notice, fields: Vec<Fields>) -> Golden {
    Golden { name, frame: Frame::notice(notice), fields: fields.concat() }
}

/// One field.
fn f(path: &str, bytes: impl AsRef<[u8]>) -> Fields {
    vec![(path.to_owned(), bytes.as_ref().to_vec())]
}

/// The fields of a struct under a path.
fn under(path: &str, fields: Fields) -> Fields {
    fields.into_iter().map(|(inner, bytes)| (format!("{path}.{inner}"), bytes)).collect()
}

fn alice() -> Name {
    Name::parse("alice").unwrap()
}

fn unit_frames() -> Vec<Golden> {
    use Response::*;
    vec![
        request("ping", Request::Ping, vec![]),
        response("pong", Pong, vec![]),
        response("published", Published, vec![]),
        response("stored", Stored, vec![]),
        response("collecting", Collecting, vec![]),
        response("acked", Acked, vec![]),
        response("generated", Generated, vec![]),
        response("retired", Retired, vec![]),
        response("crossed-off", CrossedOff, vec![]),
        response("refused-plain", Refused(RefusalKind::ChallengeFailed.into()), vec![f("kind", [17])]),
        response(
            "refused-with-retry-after",
            Refused(Refusal::retry_after(RefusalKind::Busy, 60)),
            vec![f("kind", [4]), f("retry_after_s", [0, 0, 0, 60])],
        ),
        response(
            "refused-puzzle",
            Refused(
                RefusalKind::Puzzle(Puzzle { seed: [0x5e; 16], bits: 22, until: UnixSeconds(0x6a00_0000) })
                    .into(),
            ),
            vec![
                f("kind", [48]),
                f("kind.seed", [0x5e; 16]),
                f("kind.bits", [22]),
                f("kind.until", 0x6a00_0000_u64.to_be_bytes()),
            ],
        ),
    ]
}
