//! Making and deleting fjall's keyspaces so that a crash leaves them as they were before or as they are after.
//!
//! fjall notes which keyspaces there are in a tree of its own, and numbers those notes by the counter that
//! numbers rows. When it opens, it counts on from the highest number among *rows*. So what it noted just before a
//! crash may stand higher than what it notes next, and hide it: a keyspace deleted then comes back as a name
//! without files, the next one made takes its place, and the database never opens again (`tests/crash.rs` met
//! it). Here every note is followed by a synced row, and every open begins with more rows than there can be notes
//! without one.

use fjall::{Database, Keyspace, PersistMode};

use crate::codec::seal;
use crate::embedded::options_of;
use crate::house::House;
use crate::shelf::Table;

/// Far more notes than fjall makes between two calls here.
const NOTES_MAX: usize = 64;
/// The row that is written.
const COUNTER_KEY: &[u8] = b"counter";

/// Whether a row says something of fjall only.
pub(crate) fn is_counter(table: Table, key: &[u8]) -> bool {
    table == Table::Meta && key == COUNTER_KEY
}

/// The keyspaces of an open database.
pub(crate) struct Keyspaces {
    database: Database,
    meta: Keyspace,
}

impl Keyspaces {
    /// Of a database that was just opened; the keyspace of [`Table::Meta`] is made if it is not there.
    pub(crate) fn of(database: &Database) -> Result<Self, fjall::Error> {
        let name = House::first(Table::Meta).name();
        let meta = database.keyspace(&name, || options_of(Table::Meta))?;
        let keyspaces = Self { database: database.clone(), meta };
        for _ in 0..NOTES_MAX {
            keyspaces.count(PersistMode::Buffer)?;
        }
        keyspaces.count(PersistMode::SyncAll)?;
        Ok(keyspaces)
    }

    /// The keyspace of a house, made if it is not there.
    pub(crate) fn open(&self, house: House) -> Result<Keyspace, fjall::Error> {
        let name = house.name();
        let is_new = !self.database.keyspace_exists(&name);
        let keyspace = self.database.keyspace(&name, || options_of(house.table))?;
        if is_new {
            self.count(PersistMode::SyncAll)?;
        }
        Ok(keyspace)
    }

    /// Deletes a keyspace; its files go when the last that reads from it lets go of it.
    pub(crate) fn delete(&self, keyspace: Keyspace) -> Result<(), fjall::Error> {
        self.database.delete_keyspace(keyspace)?;
        self.count(PersistMode::SyncAll)
    }

    /// Fails once fjall has given up, which it does when one of its threads could not write.
    pub(crate) fn still_take_rows(&self) -> Result<(), fjall::Error> {
        self.count(PersistMode::Buffer)
    }

    /// Writes a last batch, synced, and returns the number that it has, or one below.
    pub(crate) fn count_last(&self) -> Result<u64, fjall::Error> {
        let number = self.database.seqno();
        self.count(PersistMode::SyncAll)?;
        Ok(number)
    }

    fn count(&self, mode: PersistMode) -> Result<(), fjall::Error> {
        let mut write = self.database.batch().durability(Some(mode));
        write.insert(&self.meta, COUNTER_KEY, seal(Table::Meta.number(), COUNTER_KEY, &[]));
        write.commit()
    }
}
