//! An ext4 of its own on a loop device, which can lose its power.
//!
//! Two ways. *A copy*: the server is frozen between two system calls, and the file under the loop device is
//! copied: that is what the device had received by then, and nothing of what only the system's memory held.
//! *The ioctl* `FS_IOC_SHUTDOWN` without a flush: the file system dies under a running server, in the middle of
//! whatever it does. The ioctl has a flaw of its own, which `power.rs` measures beside the server: a sync that
//! is under way meanwhile may be answered as if it had succeeded.
#![allow(dead_code)]

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::Signal;
use tempfile::TempDir;

/// How long anything of a disk may take.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);

/// The image is sparse: only what was written takes room.
const IMAGE: &str = "1G";
/// The file system's own commits stay away: what reaches the device by itself would flatter us.
const MOUNT: &str = "loop,noatime,commit=600,errors=remount-ro";

/// A mounted image, unmounted and gone when dropped.
pub struct Disk {
    folder: TempDir,
    mounted: bool,
}

/// In memory where there is such a place: these disks lose their power often.
pub fn quick_folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

impl Disk {
    /// A fresh one; `None`, said loudly, where this user may not have one.
    pub fn make() -> Option<Self> {
        let folder = quick_folder();
        let mut disk = Self { folder, mounted: false };
        let made = succeeds(Command::new("truncate").args(["-s", IMAGE]).arg(disk.image()))
            && succeeds(
                Command::new("mkfs.ext4")
                    .args(["-q", "-F", "-N", "2048", "-J", "size=8"])
                    .args(["-E", "lazy_itable_init=0,lazy_journal_init=0"])
                    .arg(disk.image()),
            );
        std::fs::create_dir(disk.at()).unwrap();
        if !made || !disk.mount() {
            println!("SKIPPED: this user or machine cannot mount an ext4 on a loop device");
            return None;
        }
        Some(disk)
    }

    /// What the device of `other` has received by now, as a disk of its own. The server must be frozen.
    pub fn copy_of(other: &Disk) -> Self {
        let folder = quick_folder();
        let mut disk = Self { folder, mounted: false };
        other.copy_to(&disk.image());
        std::fs::create_dir(disk.at()).unwrap();
        assert!(disk.mount(), "the copy does not mount");
        disk
    }

    /// What the device has received by now, for [`Disk::lose_the_rest`]. Whoever uses the disk must be frozen.
    pub fn keep_what_was_received(&self) {
        self.copy_to(&self.image().with_extension("kept"));
    }

    /// The power was gone when that was kept: the same disk at the same place, with nothing of what came later. Whoever
    /// used it must have ended.
    pub fn lose_the_rest(&mut self) {
        self.unmount();
        std::fs::rename(self.image().with_extension("kept"), self.image()).unwrap();
        assert!(self.mount(), "what was kept does not mount");
    }

    fn copy_to(&self, to: &Path) {
        let written = || std::fs::metadata(self.image()).unwrap().modified().unwrap();
        loop {
            let before = written();
            assert!(succeeds(Command::new("cp").arg("--sparse=always").arg(self.image()).arg(to)));
            // Something of the file system's own reached the device meanwhile: then it is no single moment.
            if written() == before {
                break;
            }
        }
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join("image")
    }

    /// Where it is mounted.
    pub fn at(&self) -> PathBuf {
        self.folder.path().join("at")
    }

    /// A data folder on it.
    pub fn data(&self) -> PathBuf {
        self.at().join("data")
    }

    pub fn mount(&mut self) -> bool {
        self.mounted = succeeds(Command::new("mount").args(["-o", MOUNT]).arg(self.image()).arg(self.at()));
        self.mounted
    }

    pub fn unmount(&mut self) {
        let until = std::time::Instant::now() + PATIENCE;
        while self.mounted && !succeeds(Command::new("umount").arg(self.at())) {
            assert!(std::time::Instant::now() < until, "somebody keeps the disk busy");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        self.mounted = false;
    }

    /// The name of its device, as under /sys/fs/ext4.
    pub fn device(&self) -> String {
        let output = Command::new("findmnt").args(["-n", "-o", "SOURCE"]).arg(self.at()).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().trim_start_matches("/dev/").to_owned()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.mounted {
            let _gone_with_the_machine = Command::new("umount").arg("-l").arg(self.at()).output();
        }
    }
}

/// A hand on the switch: everything is loaded before, so that the cut itself takes no time.
pub struct Switch(Child, BufReader<std::process::ChildStdout>);

const SHUTDOWN: &str = r#"
    $| = 1; open(my $at, "<", $ARGV[0]) or die; print "ready\n"; <STDIN>;
    my $no_flush = pack("L", 2); ioctl($at, 0x8004587d, $no_flush) or die; print "cut\n";
"#;

impl Switch {
    pub fn at(disk: &Disk) -> Self {
        let mut perl = Command::new("perl");
        perl.args(["-e", SHUTDOWN]).arg(disk.at()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = perl.spawn().unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        assert_eq!(line(&mut said), "ready");
        Self(child, said)
    }

    /// No power from now on.
    pub fn cut(mut self) {
        self.0.stdin.take().unwrap().write_all(b"now\n").unwrap();
        assert_eq!(line(&mut self.1), "cut", "the ioctl failed");
        self.0.wait().unwrap();
    }
}

fn line(from: &mut impl BufRead) -> String {
    let mut line = String::new();
    from.read_line(&mut line).unwrap();
    line.trim().to_owned()
}

/// Stops a process between two system calls: when this returns, no write and no sync of it is under way.
pub fn freeze(pid: u32) {
    signal(pid, Signal::STOP);
    let until = std::time::Instant::now() + PATIENCE;
    while !all_stopped(pid) {
        assert!(std::time::Instant::now() < until, "the process does not stop");
        std::thread::sleep(std::time::Duration::from_micros(200));
    }
}

pub fn thaw(pid: u32) {
    signal(pid, Signal::CONT);
}

pub fn signal(pid: u32, signal: Signal) {
    let pid = rustix::process::Pid::from_raw(pid.cast_signed()).unwrap();
    rustix::process::kill_process(pid, signal).unwrap();
}

fn all_stopped(pid: u32) -> bool {
    let tasks = std::fs::read_dir(Path::new("/proc").join(pid.to_string()).join("task")).unwrap();
    tasks.flatten().all(|task| {
        let stat = std::fs::read_to_string(task.path().join("stat")).unwrap_or_default();
        // A thread that ended meanwhile has nothing under way.
        stat.is_empty() || stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with(['T', 'Z', 'X']))
    })
}
