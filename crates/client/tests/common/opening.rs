//! Opening a vault below the library, as the library does.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

/// One after the other: SQLite says that it has started before SQLCipher has, and whoever brings a key just then is told
/// that there is none.
pub fn open(path: &Path, key: &[u8]) -> Connection {
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let db = Connection::open(path).unwrap();
    let key: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    db.execute_batch(&format!("PRAGMA cipher_log_level = NONE; PRAGMA key = \"x'{key}'\";")).unwrap();
    db
}
