//! The raw relay's log: one thread that writes all that waits at once into a file written before, and syncs.

use crate::Failure;
use bytes::{BufMut, Bytes, BytesMut};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use tokio::sync::mpsc;

/// The file's size; after its end the log begins anew at its start.
const FILE_BYTES: usize = 256 << 20;

/// A deposit on its way to the disk, or an ack, which nobody waits for.
pub struct Record {
    /// Which connection waits for the answer.
    pub connection: usize,
    /// Which mailbox.
    pub mailbox: u64,
    /// The number of the deposit on its connection.
    pub number: u64,
    /// The envelope; none for an ack.
    pub envelope: Option<Bytes>,
}

/// What waits for the thread.
#[derive(Clone, Default)]
pub struct Log(Arc<(Mutex<Vec<Record>>, Condvar)>);

impl Log {
    /// Prepares the file and starts the thread. What is on stable storage comes out of the channel.
    pub fn start(folder: &Path) -> Result<(Log, mpsc::UnboundedReceiver<Vec<Record>>), Failure> {
        let file = written_before(&folder.join("log"))?;
        let log = Log::default();
        let (sender, stored) = mpsc::unbounded_channel();
        let waiting = log.clone();
        std::thread::Builder::new().name("log".into()).spawn(move || {
            if let Err(failure) = run(&file, &waiting, &sender) {
                eprintln!("raw relay: {failure}");
                std::process::exit(1);
            }
        })?;
        Ok((log, stored))
    }

    /// Puts records into the queue.
    pub fn append(&self, records: &mut Vec<Record>) {
        if records.is_empty() {
            return;
        }
        let (queue, bell) = &*self.0;
        queue.lock().unwrap_or_else(PoisonError::into_inner).append(records);
        bell.notify_one();
    }

    fn wait(&self) -> Vec<Record> {
        let (queue, bell) = &*self.0;
        let mut waiting = queue.lock().unwrap_or_else(PoisonError::into_inner);
        while waiting.is_empty() {
            waiting = bell.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        std::mem::take(&mut waiting)
    }
}

fn run(file: &File, log: &Log, stored: &mpsc::UnboundedSender<Vec<Record>>) -> Result<(), Failure> {
    let (mut at, mut bytes) = (0, BytesMut::new());
    loop {
        let batch = log.wait();
        bytes.clear();
        for record in &batch {
            let envelope = record.envelope.as_deref().unwrap_or_default();
            bytes.put_u64(record.mailbox);
            bytes.put_u64(record.number);
            bytes.put_u32(envelope.len() as u32);
            bytes.put_slice(envelope);
        }
        if at + bytes.len() > FILE_BYTES {
            at = 0;
        }
        file.write_all_at(&bytes, at as u64)?;
        if batch.iter().any(|record| record.envelope.is_some()) {
            file.sync_data()?;
        }
        at += bytes.len();
        if stored.send(batch).is_err() {
            return Ok(());
        }
    }
}

/// A file whose every block is written, so that a sync has no metadata to write.
fn written_before(path: &Path) -> Result<File, Failure> {
    let file = File::options().create(true).truncate(true).write(true).open(path)?;
    let zeros = vec![0_u8; 1 << 20];
    for at in (0..FILE_BYTES).step_by(zeros.len()) {
        file.write_all_at(&zeros, at as u64)?;
    }
    file.sync_all()?;
    Ok(file)
}
