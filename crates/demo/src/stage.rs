//! A throw-away folder that goes away however the demo ends.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::failure::Failure;

/// Waits for its standard input to end, which happens at the latest when the demo dies, be it by `kill -9`;
/// then stops the relay and removes the folder.
const KEEPER: &str = "cat >/dev/null; pid=$(cat \"$1/relay.pid\" 2>/dev/null); \
    [ -n \"$pid\" ] && kill -9 \"$pid\" 2>/dev/null; rm -rf \"$1\"";

/// The folder and the process that will clear it away.
#[derive(Debug)]
pub struct Stage {
    root: PathBuf,
    keeper: Child,
}

impl Stage {
    /// Makes a fresh private folder.
    pub fn set_up() -> Result<Self, Failure> {
        let root = std::env::temp_dir().join(format!("oubliette-demo-{}", std::process::id()));
        let make = |path: &Path| DirBuilder::new().mode(0o700).create(path);
        make(&root).map_err(Failure::of(&format!("cannot make {}", root.display())))?;
        let keeper = Command::new("sh")
            .args(["-c", KEEPER, "sh"])
            .arg(&root)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Its own group: Ctrl-C in the terminal ends the demo, and the keeper then does its work.
            .process_group(0)
            .spawn()
            .map_err(Failure::of("sh does not start"))?;
        let stage = Self { root, keeper };
        for dir in [stage.relay_dir(), stage.people_dir()] {
            make(&dir).map_err(Failure::of(&format!("cannot make {}", dir.display())))?;
        }
        Ok(stage)
    }

    /// Where the relay keeps its data.
    pub fn relay_dir(&self) -> PathBuf {
        self.root.join("relay")
    }

    /// The home of both people's profiles.
    pub fn people_dir(&self) -> PathBuf {
        self.root.join("people")
    }

    /// A file for the demo's own use.
    pub fn file(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Tells the keeper which process to stop; none while the relay is down.
    pub fn note_relay(&self, pid: Option<u32>) -> Result<(), Failure> {
        let text = pid.map(|pid| pid.to_string()).unwrap_or_default();
        fs::write(self.file("relay.pid"), text).map_err(Failure::of("cannot note the relay's process"))
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}
