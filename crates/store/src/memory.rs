//! The reference engine: the rules over plain maps. Nothing outlives the process.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use bytes::Bytes;
use wire::Day;

use crate::engine::Engine;
use crate::shelf::{Batch, Durability, EachRow, FrozenShelf, Rows, Shelf, Table};
use crate::{Cause, Options};

/// A store in memory, for tests and `serve --ephemeral`.
pub type MemoryStore = Engine<MemoryShelf>;

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::with(Options::default())
    }

    /// An empty store with other limits.
    pub fn with(options: Options) -> Self {
        Self::raise(MemoryShelf::default(), options).expect("empty maps hold nothing that could be wrong")
    }

    /// Another store that begins with the rows that this one holds now, read anew: as after a restart, or as a
    /// backup brings them back. What this one kept besides its rows is not carried over.
    pub fn reopened(&self) -> Self {
        let tables = self.shelf.tables.read().unwrap_or_else(PoisonError::into_inner).clone();
        let shelf = MemoryShelf::default();
        *shelf.tables.write().unwrap_or_else(PoisonError::into_inner) = tables;
        Self::raise(shelf, self.options).expect("rows that this code wrote into maps are sound")
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

/// One table.
type Map = BTreeMap<Vec<u8>, Vec<u8>>;

/// Ordered maps, one for each table.
#[derive(Default)]
pub struct MemoryShelf {
    pub(crate) tables: RwLock<BTreeMap<Table, Map>>,
    #[cfg(test)]
    pub(crate) fault: std::sync::Mutex<Option<Fault>>,
}

/// What a test lets go wrong.
#[cfg(test)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// The next commit fails after which nothing is known.
    Commit,
    /// No room is left.
    Full,
}

impl MemoryShelf {
    fn read<T>(&self, table: Table, look: impl FnOnce(&Map) -> T) -> Option<T> {
        let tables = self.tables.read().unwrap_or_else(PoisonError::into_inner);
        tables.get(&table).map(look)
    }
}

impl Shelf for MemoryShelf {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Bytes>, Cause> {
        Ok(self.read(table, |rows| rows.get(key).map(|value| Bytes::copy_from_slice(value))).flatten())
    }

    fn scan(&self, table: Table, from: &[u8], until: &[u8], max: usize) -> Result<Rows, Cause> {
        let found = self.read(table, |rows| {
            let behind = rows.range(from.to_vec()..).take_while(|(key, _)| key.as_slice() < until);
            behind.take(max).map(|(key, value)| (key.clone(), Some(value.clone()))).collect()
        });
        Ok(found.unwrap_or_default())
    }

    fn keys(&self, table: Table, each: &mut dyn FnMut(&[u8])) -> Result<(), Cause> {
        self.read(table, |rows| rows.keys().for_each(|key| each(key)));
        Ok(())
    }

    fn commit(&self, batch: Batch, _durability: Durability) -> Result<(), Cause> {
        #[cfg(test)]
        if *self.fault.lock().unwrap_or_else(PoisonError::into_inner) == Some(Fault::Commit) {
            return Err(Cause::Write);
        }
        let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        for change in batch.0 {
            let rows = tables.entry(change.table).or_default();
            match change.value {
                Some(value) => rows.insert(change.key.into_vec(), value),
                None => rows.remove(change.key.as_slice()),
            };
        }
        Ok(())
    }

    fn has_room(&self, _bytes: u64) -> bool {
        #[cfg(test)]
        if *self.fault.lock().unwrap_or_else(PoisonError::into_inner) == Some(Fault::Full) {
            return false;
        }
        true
    }

    fn has_spare(&self, bytes: u64) -> bool {
        self.has_room(bytes)
    }

    fn envelope_days(&self) -> Vec<Day> {
        let tables = self.tables.read().unwrap_or_else(PoisonError::into_inner);
        tables
            .keys()
            .filter_map(|table| if let Table::Envelopes(day) = table { Some(*day) } else { None })
            .collect()
    }

    fn drop_day(&self, day: Day) -> Result<(), Cause> {
        self.tables.write().unwrap_or_else(PoisonError::into_inner).remove(&Table::Envelopes(day));
        Ok(())
    }

    fn freeze(&self) -> Result<Box<dyn FrozenShelf>, Cause> {
        Ok(Box::new(Frozen(self.tables.read().unwrap_or_else(PoisonError::into_inner).clone())))
    }
}

/// A copy of the maps.
struct Frozen(BTreeMap<Table, Map>);

impl FrozenShelf for Frozen {
    fn rows(&self, each: &mut EachRow<'_>) -> Result<u64, Cause> {
        for (table, rows) in &self.0 {
            for (key, value) in rows {
                if each(*table, key, Some(value)).is_break() {
                    return Ok(0);
                }
            }
        }
        Ok(0)
    }
}
