//! Root acts as the owner of a data folder while it looks into it, so that nothing in there becomes root's.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::process::{Gid, Uid, getegid, geteuid};
use rustix::thread::{CapabilitySet, capabilities, set_capabilities, set_thread_res_gid, set_thread_res_uid};

/// This thread, and the threads that it starts, are a folder's owner until this is dropped.
///
/// A root that opened the store itself would leave files that the server's user may not touch: `sudo oublietted
/// check` would be the end of the server. Only this thread changes, so call it where no other works beside it.
#[derive(Debug)]
#[must_use]
pub struct ActingAs {
    before: Option<(Uid, Gid)>,
}

impl ActingAs {
    /// The owner of `folder`, if that is somebody else and this is root; whoever this is otherwise.
    pub fn owner_of(folder: &Path) -> io::Result<Self> {
        let found = std::fs::metadata(folder)?;
        let before = (geteuid(), getegid());
        if !before.0.is_root() || found.uid() == 0 {
            return Ok(Self { before: None });
        }
        set_thread_res_gid(None, Gid::from_raw(found.gid()), None)?;
        let acting = Self { before: Some(before) };
        set_thread_res_uid(None, Uid::from_raw(found.uid()), None)?;
        keep_the_way_open();
        Ok(acting)
    }
}

/// Below `/var/lib/private`, where systemd keeps such folders, only root passes. Where the system does not allow it
/// the folder itself will say so.
fn keep_the_way_open() {
    if let Ok(mut sets) = capabilities(None) {
        sets.effective = sets.permitted & CapabilitySet::DAC_READ_SEARCH;
        let _refused = set_capabilities(None, sets);
    }
}

impl Drop for ActingAs {
    fn drop(&mut self) {
        if let Some((user, group)) = self.before {
            // Who was root may become it again; should the system refuse, this process goes on with fewer rights.
            let _refused = set_thread_res_uid(None, user, None);
            let _refused = set_thread_res_gid(None, group, None);
        }
    }
}
