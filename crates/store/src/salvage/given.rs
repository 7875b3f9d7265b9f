//! A file as far as the disk gives it (`spec/storage.md § Repair`).

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use rustix::io::Errno;

/// What a disk gives or refuses in one.
const PIECE_BYTES: usize = 4_096;

/// What a file holds, with zeros for what the disk does not give.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Given {
    pub(crate) bytes: Vec<u8>,
    /// So many of them are such zeros.
    pub(crate) unreadable: u64,
}

impl Given {
    /// Reads a file; in pieces where the disk does not give all of it.
    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        match fs::read(path) {
            Ok(bytes) => Ok(Self { bytes, unreadable: 0 }),
            Err(error) if is_unreadable(&error) => {
                let file = File::open(path)?;
                let len = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
                Self::in_pieces(len, |piece, at| file.read_exact_at(piece, at))
            }
            Err(error) => Err(error),
        }
    }

    fn in_pieces(len: usize, read: impl Fn(&mut [u8], u64) -> io::Result<()>) -> io::Result<Self> {
        let mut given = Self { bytes: vec![0; len], unreadable: 0 };
        let mut at = 0;
        for piece in given.bytes.chunks_mut(PIECE_BYTES) {
            let bytes = piece.len() as u64;
            match read(piece, at) {
                Ok(()) => {}
                Err(error) if is_unreadable(&error) => {
                    piece.fill(0);
                    given.unreadable += bytes;
                }
                Err(error) => return Err(error),
            }
            at += bytes;
        }
        Ok(given)
    }
}

/// Whether the disk did not give what stands there, of which it may give the rest.
pub(crate) fn is_unreadable(error: &io::Error) -> bool {
    error.raw_os_error() == Some(Errno::IO.raw_os_error())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_a_disk_does_not_give_costs_the_piece_that_it_stands_in() {
        let len = 3 * PIECE_BYTES + 100;
        for bad in [0, PIECE_BYTES as u64, 3 * PIECE_BYTES as u64] {
            let given = Given::in_pieces(len, |piece, at| {
                piece.fill(7);
                if at == bad { Err(Errno::IO.into()) } else { Ok(()) }
            });
            let lost = PIECE_BYTES.min(len - usize::try_from(bad).unwrap()) as u64;
            let given = given.unwrap();
            let zeros: Vec<_> = (0..len as u64).filter(|at| (bad..bad + lost).contains(at)).collect();
            assert_eq!(given.unreadable, lost);
            for (at, byte) in given.bytes.iter().enumerate() {
                assert_eq!(*byte == 0, zeros.contains(&(at as u64)), "{bad}: {at}");
            }
        }
        let denied = Given::in_pieces(len, |_, _| Err(Errno::ACCESS.into()));
        assert_eq!(denied.unwrap_err().kind(), io::ErrorKind::PermissionDenied);
    }
}
