//! Where the daemon's socket is, and who may be at its other end.

use std::fs::{self, DirBuilder, Metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use client::Profile;

use crate::context::Context;
use crate::daemon::beside::folder_of as folder_of_profile;
use crate::exit::Exit;
use crate::messages::{daemon as messages, reason};
use crate::problem::Problem;

/// What the kernel keeps of a socket's path.
const PATH_BYTES_MAX: usize = 107;

/// `$XDG_RUNTIME_DIR/oubliette/PROFILE-….sock`; in the profile's folder where there is no such folder, or where the
/// profile is elsewhere by `--home`. Profiles of one name in several folders (`XDG_DATA_HOME`) have a socket each.
pub fn path(context: &Context, profile: &Profile) -> PathBuf {
    let global = context.global();
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    match runtime.filter(|dir| dir.is_absolute() && dir.is_dir() && global.home.is_none()) {
        Some(dir) => {
            let name = format!("{}-{:016x}.sock", global.profile, mark_of(&folder_of_profile(profile)));
            dir.join("oubliette").join(name)
        }
        None => profile.dir().join("daemon.sock"),
    }
}

/// Tells folders apart (FNV-1a). Somebody who wants two of them to meet has both.
fn mark_of(folder: &str) -> u64 {
    folder
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |mark, byte| (mark ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// A socket that was bound here; removed when this is dropped, unless another one has its place by then.
pub struct Bound {
    path: PathBuf,
    /// Device and inode.
    file: Option<(u64, u64)>,
}

impl Bound {
    fn at(path: &Path) -> Self {
        Self { path: path.to_path_buf(), file: file_at(path) }
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        if self.file.is_some() && file_at(&self.path) == self.file {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn file_at(path: &Path) -> Option<(u64, u64)> {
    fs::symlink_metadata(path).ok().map(|facts| (facts.dev(), facts.ino()))
}

/// Binds it anew. The caller has the seat, so whatever is there is of a daemon that is gone.
pub fn bind(path: &Path) -> Result<(UnixListener, Bound), Box<Problem>> {
    if path.as_os_str().len() > PATH_BYTES_MAX {
        return Err(too_long(path));
    }
    let folder = folder_of(path);
    let made = DirBuilder::new().mode(0o700).create(folder);
    match made {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(unusable(folder, &error)),
        _ => {}
    }
    check_private(folder, &fs::metadata(folder).map_err(|error| unusable(folder, &error))?)?;
    match fs::symlink_metadata(path) {
        Ok(facts) if !facts.file_type().is_socket() || !is_mine(&facts) => return Err(in_the_way(path)),
        Ok(_) => fs::remove_file(path).map_err(|error| unusable(path, &error))?,
        Err(_) => {}
    }
    let listener = UnixListener::bind(path).map_err(|error| unusable(path, &error))?;
    let bound = Bound::at(path);
    // Nobody else gets here before this line either: the folder is closed to them.
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(|error| unusable(path, &error))?;
    Ok((listener, bound))
}

/// Connects to the daemon of this profile; `None` when none listens.
pub fn connect(path: &Path) -> Result<Option<UnixStream>, Box<Problem>> {
    if path.as_os_str().len() > PATH_BYTES_MAX {
        return Ok(None);
    }
    let Ok(facts) = fs::symlink_metadata(path) else { return Ok(None) };
    if !facts.file_type().is_socket() {
        return Err(in_the_way(path));
    }
    check_private(path, &facts)?;
    let folder = folder_of(path);
    check_private(folder, &fs::metadata(folder).map_err(|error| unusable(folder, &error))?)?;
    match UnixStream::connect(path) {
        Ok(stream) if peer_is_me(&stream) => Ok(Some(stream)),
        Ok(_) => Err(foreign(path)),
        Err(_) => Ok(None),
    }
}

/// Whether the process at the other end is of the same person.
#[cfg(target_os = "linux")]
pub fn peer_is_me(stream: &UnixStream) -> bool {
    rustix::net::sockopt::socket_peercred(stream).is_ok_and(|peer| peer.uid == rustix::process::geteuid())
}

/// Elsewhere the closed folder is what keeps others out.
#[cfg(not(target_os = "linux"))]
pub fn peer_is_me(_stream: &UnixStream) -> bool {
    true
}

/// Which process listens at the other end, where the system says so.
#[cfg(target_os = "linux")]
pub fn pid_of_peer(stream: &UnixStream) -> Option<u64> {
    let peer = rustix::net::sockopt::socket_peercred(stream).ok()?;
    peer.pid.as_raw_nonzero().get().try_into().ok()
}

/// Elsewhere it does not.
#[cfg(not(target_os = "linux"))]
pub fn pid_of_peer(_stream: &UnixStream) -> Option<u64> {
    None
}

/// Has the daemon that listens here end in order, as SIGTERM does: for one that has no seat left to be asked in. Says whether it was told.
#[cfg(target_os = "linux")]
pub fn terminate(path: &Path) -> bool {
    use rustix::process::{PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
    let listener = || {
        let stream = connect(path).ok()??;
        rustix::net::sockopt::socket_peercred(&stream).ok().map(|peer| peer.pid)
    };
    let told = || {
        let pid = listener()?;
        let process = pidfd_open(pid, PidfdFlags::empty()).ok()?;
        // A number may be given anew, and a handle not: it is the daemon's if that listens still.
        (listener()? == pid).then_some(())?;
        pidfd_send_signal(&process, Signal::TERM).ok()
    };
    told().is_some()
}

/// Elsewhere a process has no handle.
#[cfg(not(target_os = "linux"))]
pub fn terminate(_path: &Path) -> bool {
    false
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
}

fn is_mine(facts: &Metadata) -> bool {
    facts.uid() == rustix::process::geteuid().as_raw()
}

fn check_private(path: &Path, facts: &Metadata) -> Result<(), Box<Problem>> {
    if !is_mine(facts) {
        return Err(foreign(path));
    }
    let mode = facts.mode() & 0o7777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let wanted = if facts.is_dir() { "700" } else { "600" };
    let words = messages::others_may_reach(path.display(), format!("{mode:o}"), wanted);
    Err(Box::new(Problem::of(Exit::Local, "OUB-E107", words)))
}

fn foreign(path: &Path) -> Box<Problem> {
    Box::new(Problem::of(Exit::Local, "OUB-E108", messages::foreign(path.display())))
}

fn in_the_way(path: &Path) -> Box<Problem> {
    Box::new(Problem::of(Exit::Local, "OUB-E109", messages::in_the_way(path.display())))
}

fn too_long(path: &Path) -> Box<Problem> {
    let words = messages::path_too_long(path.display(), path.as_os_str().len(), PATH_BYTES_MAX);
    Box::new(Problem::of(Exit::Local, "OUB-E106", words))
}

fn unusable(path: &Path, error: &io::Error) -> Box<Problem> {
    Box::new(Problem::of(Exit::Local, "OUB-E110", messages::no_socket(path.display(), reason(error))))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_that_took_the_place_of_mine_is_left_there() {
        let folder = tempfile::TempDir::new().unwrap();
        let folder = folder.path().join("mine");
        DirBuilder::new().mode(0o700).create(&folder).unwrap();
        let path = folder.join("daemon.sock");
        let (_first, mine) = bind(&path).unwrap();
        let (_second, other) = bind(&path).unwrap();
        drop(mine);
        assert!(path.exists());
        drop(other);
        assert!(!path.exists());
    }

    #[test]
    fn folders_are_told_apart() {
        assert_eq!(mark_of(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(mark_of("a"), 0xaf63_dc4c_8601_ec8c);
        assert_ne!(mark_of("/home/a/default"), mark_of("/home/b/default"));
    }
}
