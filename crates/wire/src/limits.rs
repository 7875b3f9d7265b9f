//! Every bound of the protocol, related by const assertions (`spec/limits.md`).

/// Largest frame, counted after its length field.
pub const FRAME_BYTES_MAX: usize = 80 * 1024;
/// The three sizes of an envelope.
pub const ENVELOPE_BYTES: [usize; 3] = [4 * 1024, 16 * 1024, 64 * 1024];
/// Largest envelope.
pub const ENVELOPE_BYTES_MAX: usize = 64 * 1024;
/// Requests of one connection without their answers.
pub const OUTSTANDING_MAX: usize = 64;
/// Requests of one connection within a second that come to nothing, or may be repeated for the asking, by their weight.
pub const FRUITLESS_PER_SECOND_MAX: u32 = 64;
/// Bytes of a request for which it weighs one more.
pub const FRUITLESS_BYTES: usize = 4 * 1024;
/// What a request weighs whose signature is verified, or compared with a challenge.
pub const FRUITLESS_SIGNED: u8 = 16;
/// Unread output of a connection after which no more is read from it.
pub const UNREAD_OUTPUT_BYTES_MAX: usize = 1024 * 1024;
/// For how long a peer may take nothing of what waits for it.
pub const UNREAD_MS_MAX: u64 = 30_000;
/// From accept to the first request.
pub const HANDSHAKE_MS_MAX: u64 = 10_000;
/// Silence after which a connection is closed.
pub const IDLE_MS_MAX: u64 = 600_000;
/// How often a client keeps a quiet connection alive.
pub const KEEP_ALIVE_MS: u64 = 240_000;
/// Unacked envelopes under way to one owner.
pub const CREDIT_MAX: u16 = 256;
/// Mailboxes on one owner connection.
pub const SLOTS_MAX: usize = 2;
/// A challenge's life.
pub const CHALLENGE_MS_MAX: u64 = 60_000;
/// Challenges open on one connection.
pub const CHALLENGES_PER_CONNECTION_MAX: usize = 4;
/// Envelopes waiting in an inbox.
pub const INBOX_ENVELOPES_MAX: u32 = 10_000;
/// Bytes waiting in an inbox.
pub const INBOX_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Days that an inbox keeps an envelope.
pub const INBOX_DAYS_MAX: u16 = 30;
/// Days that a doorstep keeps an envelope.
pub const DOORSTEP_DAYS_MAX: u16 = 14;
/// Envelopes waiting at a doorstep.
pub const DOORSTEP_ENVELOPES_MAX: u32 = 512;
/// Deposits a day at a doorstep.
pub const DOORSTEP_DAILY_MAX: u32 = 128;
/// Deposits of a day that ask for no puzzle.
pub const DOORSTEP_FREE_MAX: u32 = 32;
/// Leading zero bits of a doorstep's first puzzle of a day.
pub const PUZZLE_BITS_MIN: u8 = 18;
/// Deposits of a day after which its puzzles ask for one bit more.
pub const PUZZLE_STEP: u32 = 12;
/// Leading zero bits above which a client does not solve a puzzle.
pub const PUZZLE_BITS_MAX: u8 = 26;
/// Days after which an unopened mailbox is closed.
pub const MAILBOX_UNOPENED_DAYS_MAX: u16 = 90;
/// Live generations of a mailbox.
pub const GENERATIONS_MAX: usize = 4;
/// Stamps of a generation.
pub const STAMPS_PER_GENERATION: u32 = 65_536;
/// Indices in one `CROSS_OFF`.
pub const CROSS_OFF_INDICES_MAX: usize = 4_096;
/// Stamps that a contact may have in hand, unless chosen otherwise.
pub const ALLOTMENT: u32 = 256;
/// The most that may be chosen.
pub const ALLOTMENT_MAX: u32 = 4_096;
/// Stamps in one refill.
pub const REFILL_STAMPS_MAX: usize = 256;
/// Stamps in a HELLO's reply path.
pub const HELLO_STAMPS: usize = 32;
/// Deposits in flight to one contact.
pub const IN_FLIGHT_PER_CONTACT_MAX: usize = 32;
/// Sessions kept with one contact.
pub const SESSIONS_PER_CONTACT_MAX: usize = 4;
/// Bytes of a text that always fits the smallest envelope.
pub const SHORT_TEXT_BYTES: usize = 1_000;
/// Bytes of a greeting in a HELLO.
pub const GREETING_BYTES_MAX: usize = 1_024;
/// Bytes of a host name.
pub const HOST_BYTES_MAX: usize = 253;
/// Bytes of a name.
pub const NAME_BYTES_MAX: usize = 32;
/// Shortest name.
pub const NAME_BYTES_MIN: usize = 2;
/// Default TCP port.
pub const PORT: u16 = 24268;
/// Bytes of what a proxy says of a connection.
pub const PROXY_HEADER_BYTES_MAX: usize = 1_024;
/// Milliseconds within which it has to.
pub const PROXY_HEADER_MS_MAX: u64 = 3_000;
/// Deposits without a stamp within a second, whoever brings them.
pub const KNOCKS_PER_SECOND_MAX: u32 = 1_000;
/// Deposits at one mailbox within a second, whoever brings them; one of 16 KiB counts for two, one of 64 KiB for four.
pub const DEPOSITS_PER_SECOND_MAX: u32 = 4_000;
/// Look-ups per source and minute.
pub const LOOKUPS_PER_MINUTE_MAX: u32 = 60;
/// Answers with leaves of the ledger to one source, each minute: a whole log.
pub const FEEDS_PER_MINUTE_MAX: u32 = 300;
/// Leaves of the ledger in one answer.
pub const LEAVES_MAX: usize = 1_000;
/// Leaves of one server's ledger that a client takes.
pub const LEDGER_LEAVES_MAX: u64 = 262_144;
/// Leaves of one server's ledger that say that it went back.
pub const RESTORED_MAX: u32 = 1_024;
/// Leaves that new names leave to changes, heartbeats and restores.
pub const LEDGER_RESERVE: u64 = 16_384;
/// Changes of one name within a day: so many rotations, and so many recoveries.
pub const CHANGES_PER_DAY_MAX: u32 = 16;
/// Hours between two leaves of a ledger.
pub const HEARTBEAT_HOURS_MAX: u64 = 24;
/// Hours by which the head of a ledger may be ahead of a client's clock.
pub const HEAD_AHEAD_HOURS_MAX: u64 = 24;
/// Hours after which a ledger without a new leaf is silent.
pub const SILENT_HOURS: u64 = 48;
/// Days for which what an upgrade changed is kept as it was: a relay's store, a client's vault.
pub const FORMER_DAYS: u64 = 7;
/// Registry requests per source and minute.
pub const REGISTRY_PER_MINUTE_MAX: u32 = 30;
/// Highest number of a pairing.
pub const PAIRING_NUMBER_MAX: u16 = 9_999;
/// Pairings that wait at once.
pub const PAIRINGS_MAX: usize = 1_024;
/// A pairing's life.
pub const PAIRING_MS_MAX: u64 = 86_400_000;
/// For how long a pairing that was called off keeps its number.
pub const PAIRING_ENDED_MS_MAX: u64 = 600_000;
/// How long a pairing keeps its place where room is short.
pub const PAIRING_STAYS_MS_MIN: u64 = 3_600_000;
/// Bytes of a sealed card with its tag.
pub const PAIRING_CARD_BYTES: usize = 528;
/// Pairings begun, met and replied to, per source and minute.
pub const PAIRINGS_PER_MINUTE_MAX: u32 = 12;
/// Deposits of one source at one doorstep within an hour.
pub const DOORSTEP_PER_HOUR_MAX: u32 = 8;
/// Connections at once, unless configured.
pub const CONNECTIONS_MAX: usize = 4_096;
/// Connections per source, unless configured.
pub const CONNECTIONS_PER_SOURCE_MAX: usize = 64;
/// Handshakes under way at once, unless configured.
pub const HANDSHAKES_MAX: usize = 1_024;
/// Handshakes per source and minute, unless configured.
pub const HANDSHAKES_PER_MINUTE_MAX: u32 = 600;
/// Handshakes begun within a second, unless configured.
pub const HANDSHAKES_PER_SECOND_MAX: u32 = 1_000;
/// Connections that wait for their handshake at each address that is listened on.
pub const ARRIVALS_MAX: usize = 256;
/// First and longest wait of a client before it connects again.
pub const BACKOFF_MS: (u64, u64) = (1_000, 300_000);
/// First and longest wait of a client that stays connected before it tries a contact's mailbox again.
pub const MAILBOX_BACKOFF_MS: (u64, u64) = (10_000, 600_000);

const _: () = assert!(ENVELOPE_BYTES_MAX + 256 <= FRAME_BYTES_MAX);
const _: () = assert!(LEAVES_MAX * crate::Leaf::BYTES + 512 <= FRAME_BYTES_MAX);
const _: () = assert!(2 * HEARTBEAT_HOURS_MAX <= SILENT_HOURS);
const _: () = assert!(FEEDS_PER_MINUTE_MAX as u64 * LEAVES_MAX as u64 > LEDGER_LEAVES_MAX);
const _: () = assert!(IN_FLIGHT_PER_CONTACT_MAX < 40, "Olm keeps 40 skipped keys per chain");
const _: () = assert!(IN_FLIGHT_PER_CONTACT_MAX <= OUTSTANDING_MAX);
const _: () = assert!(DOORSTEP_FREE_MAX < DOORSTEP_DAILY_MAX && DOORSTEP_DAILY_MAX <= DOORSTEP_ENVELOPES_MAX);
const _: () = assert!(
    PUZZLE_BITS_MIN as u32 + (DOORSTEP_DAILY_MAX - 1 - DOORSTEP_FREE_MAX) / PUZZLE_STEP
        <= PUZZLE_BITS_MAX as u32,
    "a client solves whatever a doorstep asks for"
);
const _: () = assert!(
    HANDSHAKES_MAX as u32 >= HANDSHAKES_PER_SECOND_MAX,
    "nobody is pushed out of a handshake before a second has passed"
);
const _: () = assert!(CONNECTIONS_PER_SOURCE_MAX < HANDSHAKES_MAX && HANDSHAKES_MAX < CONNECTIONS_MAX);
const _: () = assert!(FRUITLESS_SIGNED as u32 * 2 <= FRUITLESS_PER_SECOND_MAX, "who errs may try again");
const _: () = assert!(HANDSHAKE_MS_MAX < UNREAD_MS_MAX && UNREAD_MS_MAX < KEEP_ALIVE_MS);
const _: () = assert!(2 * KEEP_ALIVE_MS < IDLE_MS_MAX);
const _: () = assert!(2 * PAIRINGS_MAX < PAIRING_NUMBER_MAX as usize, "a free number is found soon");
const _: () = assert!(PAIRING_ENDED_MS_MAX < PAIRING_STAYS_MS_MIN && PAIRING_STAYS_MS_MIN < PAIRING_MS_MAX);
const _: () = assert!(
    PAIRING_CARD_BYTES >= 1 + NAME_BYTES_MAX + 1 + HOST_BYTES_MAX + 2 + 2 * 32 + 16,
    "name, host, port and both fingerprints of anybody fit, with the tag"
);
