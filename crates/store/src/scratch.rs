//! What is written in place of an envelope that is not kept: as many zeros, over those of the time before.
//!
//! A repetition and what is dropped under a crossed-off stamp are answered like a deposit, and so must cost the disk
//! what a deposit costs it: else the clock tells them apart (`spec/mailbox.md § Deposit`). It is one row for the whole
//! store, so nobody makes it grow, and nothing of what was dropped reaches the disk.

use wire::limits::ENVELOPE_BYTES_MAX;

use crate::engine::AUTH_BYTES;
use crate::shelf::{Batch, Table};

const SCRATCH_KEY: &[u8] = b"scratch";

/// Whether a row says nothing: no backup and no repair carries it on.
pub(crate) fn is_scratch(table: Table, key: &[u8]) -> bool {
    table == Table::Meta && key == SCRATCH_KEY
}

/// Adds what an envelope of so many bytes would have added.
pub(crate) fn scribble(changes: &mut Batch, bytes: usize) {
    let zeros = ZEROS.get(..AUTH_BYTES.saturating_add(bytes)).unwrap_or(&ZEROS);
    changes.put(Table::Meta, SCRATCH_KEY, zeros);
}

static ZEROS: [u8; AUTH_BYTES + ENVELOPE_BYTES_MAX] = [0; AUTH_BYTES + ENVELOPE_BYTES_MAX];
