//! A relay of one test: started, killed, started again on the same port and data.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use tempfile::TempDir;

use crate::bin_dir;

/// A running relay; killed when dropped.
pub struct Relay {
    folder: TempDir,
    process: Option<Child>,
    /// `127.0.0.1:PORT`.
    pub listens_on: String,
    /// Whether everybody may join.
    is_open: bool,
}

impl Relay {
    pub fn start() -> Self {
        Self::start_with(false)
    }

    /// Everybody may join.
    pub fn start_open() -> Self {
        Self::start_with(true)
    }

    fn start_with(is_open: bool) -> Self {
        let (folder, listens_on) = (TempDir::new().unwrap(), "127.0.0.1:0".to_owned());
        let mut relay = Self { folder, process: None, listens_on, is_open };
        relay.start_again();
        relay
    }

    /// On the same port and data.
    pub fn start_again(&mut self) {
        assert!(self.process.is_none(), "it still runs");
        let open = self.is_open.then_some("--open");
        let mut process = serve(&self.data(), &self.listens_on).args(open).spawn().unwrap();
        let stderr = process.stderr.take().unwrap();
        self.process = Some(process);
        let (sender, receiver) = sync_channel(1);
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                match line.split_once("listening on ") {
                    Some((_, address)) => drop(sender.try_send(address.trim().to_owned())),
                    None => eprintln!("relay: {line}"),
                }
            }
        });
        self.listens_on = receiver.recv_timeout(Duration::from_secs(30)).unwrap();
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Has it say nothing, or go on: a signal.
    pub fn signal(&self, name: &str) {
        let id = self.process.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    pub fn data(&self) -> PathBuf {
        // Made by the relay itself, as private as it wants it.
        self.folder.path().join("data")
    }

    /// An invitation link for `name`.
    pub fn invite(&self, name: &str) -> String {
        self.invite_for(name, "7d")
    }

    pub fn invite_for(&self, name: &str, life: &str) -> String {
        let output = self.admin(&["invite", name, "--expires", life]);
        let text = String::from_utf8(output.stdout).unwrap();
        let link = text.split_whitespace().find(|word| word.starts_with("oub://"));
        link.unwrap_or_else(|| panic!("{text}{}", String::from_utf8_lossy(&output.stderr))).to_owned()
    }

    /// One of the verbs that talk to the running relay.
    pub fn admin(&self, args: &[&str]) -> Output {
        oublietted().args(args).arg("--data").arg(self.data()).stdin(Stdio::null()).output().unwrap()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The command that serves `data`, ready to be spawned.
pub fn serve(data: &Path, listen: &str) -> Command {
    let mut command = oublietted();
    command.args(["serve", "--listen", listen, "--data"]).arg(data);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

fn oublietted() -> Command {
    let mut command = Command::new(bin_dir().join("oublietted"));
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    command
}
