//! Everything that a damaged store still holds, read without the engine that refuses to open it
//! (`spec/storage.md § Repair`). Nothing is written into the store that is read.

mod block;
mod bytes;
mod given;
mod journal;
mod rest;
mod survey;
mod tree;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use wire::Day;

pub(crate) use given::{Given, is_unreadable};
pub(crate) use rest::Rest;
pub(crate) use survey::{Survey, damaged_files, newest_journal};

use crate::OpenError;
use crate::backup::{Rebuild, RebuildError, Row, place_of};
use crate::codec::{seal, unseal};
use crate::engine::{KEYS_KEY, SCHEMA, SCHEMA_KEY};
use crate::front;
use crate::house::House;
use crate::keyspaces::is_counter;
use crate::scratch::is_scratch;
use crate::shelf::Table;
use journal::Item;
use tree::{Known, Tree, damaged_values, numbered};
use values::Values;

/// What became of a damaged store.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Salvaged {
    /// Rows that are in the new store.
    pub rows: u64,
    /// Envelopes among them.
    pub envelopes: u64,
    /// Rows that were found and are not as they were written. They are not in it.
    pub lost: u64,
    /// Files that are not as they were written, seen from the store's folder.
    pub damaged_files: Vec<PathBuf>,
    /// Bytes of a last commit that was never finished, and so never confirmed.
    pub torn: u64,
    /// Bytes of tables, values, journals and front logs that the disk did not give.
    pub unreadable: u64,
}

/// Why nothing could be saved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SalvageError {
    /// Without the store's own keys no name is found again.
    #[error("the row that holds the store's own keys is lost")]
    NoKeys,
    /// Written by a later version.
    #[error("the store has layout {found}, this program knows up to {known}")]
    Newer {
        /// The layout found.
        found: u32,
        /// The highest layout known.
        known: u32,
    },
    /// The store is in use, or where the new one is to be there is one already.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The disk did not give a file, or did not take one.
    #[error("{path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The new store did not take a row.
    #[error(transparent)]
    Rebuild(#[from] RebuildError),
}

/// Reads what the store in `dir` still holds, and puts every row that proves to be as it was written into `into`.
/// `today` is the day of envelopes whose day is lost.
pub(crate) fn salvage(dir: &Path, today: Day, mut into: Rebuild) -> Result<Salvaged, SalvageError> {
    let io = |source| SalvageError::Io { path: dir.to_path_buf(), source };
    let mut done = Salvaged::default();
    let keyspaces = numbered(&dir.join("keyspaces")).map_err(io)?;
    let names = names(&keyspaces, &mut done).map_err(io)?;
    let mut trees = BTreeMap::new();
    for (id, folder) in &keyspaces {
        if *id != 0 && names.get(id) != Some(&Name::Deleted) {
            trees.insert(*id, Tree::read(folder).map_err(io)?);
            let values = damaged_values(folder).map_err(io)?;
            done.damaged_files.extend(values.files);
            done.unreadable = done.unreadable.saturating_add(values.unreadable);
        }
    }
    let last = replay(dir, &mut trees, &mut done).map_err(io)?;
    let alone = replay_front(dir, &names, &mut trees, &mut done, last).map_err(io)?;
    let mut homes = Homes { seen: BTreeSet::new(), rows: BTreeSet::new(), keys: false, schema: false };
    for (table, tree) in alone {
        let name = Name::House(House::first(table));
        homes.move_in(Moving { folder: dir.to_path_buf(), name, tree, today }, &mut into, &mut done)?;
    }
    for (id, tree) in trees {
        done.damaged_files.extend(tree.damaged.iter().cloned());
        done.unreadable = done.unreadable.saturating_add(tree.unreadable);
        let folder = dir.join("keyspaces").join(id.to_string());
        let name = names.get(&id).cloned().unwrap_or(Name::Lost);
        homes.move_in(Moving { folder, name, tree, today }, &mut into, &mut done)?;
    }
    homes.settle(&mut into, &mut done)?;
    into.finish()?;
    done.damaged_files.sort();
    done.damaged_files.dedup();
    for file in &mut done.damaged_files {
        *file = file.strip_prefix(dir).map(Path::to_path_buf).unwrap_or_else(|_| file.clone());
    }
    Ok(done)
}

/// What is known of the name of a keyspace.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Name {
    House(House),
    /// It was deleted, and its folder was to follow.
    Deleted,
    Lost,
}

/// The names of keyspaces, which fjall keeps in number 0.
fn names(keyspaces: &BTreeMap<u64, PathBuf>, done: &mut Salvaged) -> io::Result<BTreeMap<u64, Name>> {
    let Some(folder) = keyspaces.get(&0) else { return Ok(BTreeMap::new()) };
    let tree = Tree::read(folder)?;
    let is_whole = tree.damaged.is_empty();
    done.damaged_files.extend(tree.damaged);
    done.unreadable = done.unreadable.saturating_add(tree.unreadable);
    let mut names = BTreeMap::new();
    for (key, (_, known)) in tree.known {
        let Some(id) = key.strip_prefix(b"n").and_then(|id| Some(u64::from_be_bytes(id.try_into().ok()?)))
        else {
            continue;
        };
        let name = match known {
            Known::Value(name) => std::str::from_utf8(&name).ok().and_then(House::parse).map(Name::House),
            // Where notes are lost, one that deletes proves nothing: rather too much than too little.
            Known::Removed if is_whole => Some(Name::Deleted),
            _ => None,
        };
        names.insert(id, name.unwrap_or(Name::Lost));
    }
    if is_whole {
        // What has no name was deleted: fjall takes it so, and deletes the folder.
        keyspaces.keys().for_each(|id| _ = names.entry(*id).or_insert(Name::Deleted));
    }
    Ok(names)
}

/// Applies the journals to what the tables hold. Returns the highest number of a batch.
fn replay(dir: &Path, trees: &mut BTreeMap<u64, Tree>, done: &mut Salvaged) -> io::Result<u64> {
    let mut last = 0;
    let journals = survey::journals(dir)?;
    for (index, path) in journals.iter().enumerate() {
        let given = Given::read(path)?;
        let findings = journal::walk(&given.bytes, &mut last, &mut |number, item: Item<'_>| {
            // Of keyspaces that were deleted since, nothing is there to take it.
            if let Some(tree) = trees.get_mut(&item.keyspace) {
                let known = item.value.map_or(Known::Removed, |value| Known::Value(value.to_vec()));
                tree.learn((number, u64::MAX), item.key, known);
            }
        });
        let is_last = index + 1 == journals.len();
        done.torn = done.torn.saturating_add(findings.torn as u64);
        done.unreadable = done.unreadable.saturating_add(given.unreadable);
        if findings.is_damaged() || given.unreadable > 0 || (findings.torn > 0 && !is_last) {
            done.damaged_files.push(path.clone());
        }
    }
    Ok(last)
}

/// Applies the front logs to what tables and journals, whose last batch has the number `last`, hold. Returns what belongs
/// to tables that are not there.
fn replay_front(
    dir: &Path,
    names: &BTreeMap<u64, Name>,
    trees: &mut BTreeMap<u64, Tree>,
    done: &mut Salvaged,
    last: u64,
) -> io::Result<BTreeMap<Table, Tree>> {
    let mut homes = BTreeMap::new();
    for (id, name) in names {
        if let Name::House(house) = name {
            homes.entry(house.table).or_insert(*id);
        }
    }
    let mut alone: BTreeMap<Table, Tree> = BTreeMap::new();
    let found = front::read(dir, &mut |change| {
        let tree = match homes.get(&change.table).and_then(|id| trees.get_mut(id)) {
            Some(tree) => tree,
            None => alone.entry(change.table).or_default(),
        };
        let known = change.value.map_or(Known::Removed, Known::Value);
        tree.learn((u64::MAX, u64::MAX), &change.key, known);
    })?;
    done.torn = done.torn.saturating_add(found.torn);
    done.unreadable = done.unreadable.saturating_add(found.unreadable);
    done.damaged_files.extend(found.damaged);
    let newest = newest_journal(dir)?;
    done.damaged_files.extend(found.ended.and_then(|ended| ended.missing(dir, newest, last)));
    Ok(alone)
}

/// A keyspace on its way into the new store.
struct Moving {
    folder: PathBuf,
    name: Name,
    tree: Tree,
    today: Day,
}

/// What has moved in.
struct Homes {
    /// Houses whose table is there already: a second one is a copy that was cut short.
    seen: BTreeSet<Table>,
    /// Where names are lost, the first of two equal keys counts.
    rows: BTreeSet<(Table, Vec<u8>)>,
    keys: bool,
    schema: bool,
}

impl Homes {
    fn move_in(
        &mut self,
        moving: Moving,
        into: &mut Rebuild,
        done: &mut Salvaged,
    ) -> Result<(), SalvageError> {
        let Moving { folder, name, tree, today } = moving;
        let named = match name {
            Name::House(house) => Some(house.table),
            Name::Deleted => return Ok(()),
            Name::Lost => None,
        };
        if named.is_some_and(|table| !self.seen.insert(table)) {
            return Ok(());
        }
        let mut values = Values::of(&folder);
        for (key, (_, known)) in tree.known {
            let value = match known {
                Known::Removed => continue,
                Known::Value(value) => Some(value),
                Known::Apart { file, place, len } => values.read(file, place, key.len(), len),
            };
            let table = named.or_else(|| table_of(value.as_deref()?, today));
            let scratch = named.is_some_and(|table| is_scratch(table, &key));
            let row = value.zip(table).filter(|(value, table)| unseal(table.number(), &key, value).is_some());
            match row {
                Some((value, table)) => self.put(table, key, value, into, done)?,
                // Zeros that stand there for nobody.
                None if scratch => {}
                None => done.lost += 1,
            }
        }
        Ok(())
    }

    fn put(
        &mut self,
        table: Table,
        key: Vec<u8>,
        value: Vec<u8>,
        into: &mut Rebuild,
        done: &mut Salvaged,
    ) -> Result<(), SalvageError> {
        if is_counter(table, &key) || is_scratch(table, &key) || !self.rows.insert((table, key.clone())) {
            return Ok(());
        }
        if table == Table::Meta {
            self.keys |= key == KEYS_KEY;
            self.schema |= key == SCHEMA_KEY;
            let schema = unseal(table.number(), &key, &value).filter(|_| key == SCHEMA_KEY);
            let schema = schema.and_then(|body| body.try_into().ok()).map(u32::from_be_bytes);
            if let Some(newer) = schema.filter(|schema| *schema > SCHEMA) {
                return Err(SalvageError::Newer { found: newer, known: SCHEMA });
            }
        }
        done.rows += 1;
        done.envelopes += u64::from(matches!(table, Table::Envelopes(_)));
        Ok(into.put(Row { place: place_of(table), key, value })?)
    }

    /// The rows without which a store is none.
    fn settle(&mut self, into: &mut Rebuild, done: &mut Salvaged) -> Result<(), SalvageError> {
        if !self.keys {
            return Err(SalvageError::NoKeys);
        }
        if !self.schema {
            let value = seal(Table::Meta.number(), SCHEMA_KEY, &[&SCHEMA.to_be_bytes()]);
            into.put(Row { place: place_of(Table::Meta), key: SCHEMA_KEY.to_vec(), value })?;
            done.rows += 1;
        }
        Ok(())
    }
}

/// The table that a value says it belongs to.
fn table_of(value: &[u8], today: Day) -> Option<Table> {
    let number = *value.first()?;
    let fixed = Table::FIXED.into_iter().find(|table| table.number() == number);
    fixed.or(Some(Table::Envelopes(today)).filter(|table| table.number() == number))
}
