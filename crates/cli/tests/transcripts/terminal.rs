//! A pseudo terminal with a program in it: what is typed, and what a person would see.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, ExitStatus};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Termios, Winsize, tcgetattr, tcsetwinsize};

/// Nothing takes so long, even on a busy machine.
const WAIT_MAX: Duration = Duration::from_secs(40);

/// The program, the terminal that it believes in, and the screen of that terminal.
pub struct Terminal {
    child: Child,
    keys: File,
    output: Receiver<Vec<u8>>,
    tty: OwnedFd,
    before: Termios,
    pub screen: vt100::Parser,
    /// Every byte that came.
    pub bytes: Vec<u8>,
}

impl Terminal {
    /// Starts a command in a session of its own, as a terminal window does.
    pub fn run(command: &Command, columns: u16, rows: u16) -> Self {
        let keys = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&keys).unwrap();
        unlockpt(&keys).unwrap();
        let name = ptsname(&keys, Vec::new()).unwrap();
        let tty = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        let mut session = Command::new("setsid");
        session.arg("--ctty").arg(command.get_program()).args(command.get_args()).env_clear();
        session.env("TERM", "xterm-256color");
        for (name, value) in command.get_envs() {
            session.env(name, value.unwrap_or_default());
        }
        let end = || tty.try_clone().unwrap();
        session.stdin(end()).stdout(end()).stderr(end());
        size(&tty, columns, rows);
        let before = tcgetattr(&tty).unwrap();
        let child = session.spawn().unwrap();
        let keys = File::from(keys);
        let (sender, output) = channel();
        let mut reads = keys.try_clone().unwrap();
        std::thread::spawn(move || {
            let mut some = [0; 4096];
            while let Ok(count @ 1..) = reads.read(&mut some) {
                if sender.send(some[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        let screen = vt100::Parser::new(nonzero(rows), nonzero(columns), 0);
        Self { child, keys, output, tty, before, screen, bytes: Vec::new() }
    }

    /// Types, or pastes what is put between the marks of a paste.
    pub fn types(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// Makes the window another size.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.screen.screen_mut().set_size(nonzero(rows), nonzero(columns));
        size(&self.tty, columns, rows);
    }

    /// Sends the program a signal.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Waits until the screen is as wished.
    pub fn wait(&mut self, wish: &str, is_so: impl Fn(&vt100::Screen) -> bool) {
        let until = Instant::now() + WAIT_MAX;
        while !is_so(self.screen.screen()) {
            let left = until.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(bytes) => {
                    self.screen.process(&bytes);
                    self.bytes.extend(bytes);
                }
                Err(_) => panic!("{wish}: it is not so\n{}", self.screen.screen().contents()),
            }
        }
    }

    /// Waits until these words can be seen.
    pub fn sees(&mut self, words: &str) {
        self.wait(words, |screen| screen.contents().contains(words));
    }

    /// Whether the kernel holds the program stopped.
    pub fn wait_stopped(&self) {
        let until = Instant::now() + WAIT_MAX;
        loop {
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
            if stat.rsplit(')').next().unwrap().trim_start().starts_with('T') {
                return;
            }
            assert!(Instant::now() < until, "it did not stop: {stat}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Whether everything is as it was before the program came.
    pub fn assert_restored(&mut self) {
        self.wait("the screen is given back", |screen| !screen.alternate_screen() && !screen.hide_cursor());
        let screen = self.screen.screen();
        assert!(!screen.bracketed_paste());
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        let now = tcgetattr(&self.tty).unwrap();
        assert_eq!((now.local_modes, now.input_modes), (self.before.local_modes, self.before.input_modes));
        assert_eq!(now.output_modes, self.before.output_modes);
    }

    /// Waits for the end.
    pub fn ends(&mut self) -> ExitStatus {
        let until = Instant::now() + WAIT_MAX;
        loop {
            while let Ok(bytes) = self.output.try_recv() {
                self.screen.process(&bytes);
                self.bytes.extend(bytes);
            }
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < until, "it did not end\n{}", self.screen.screen().contents());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn size(tty: &OwnedFd, columns: u16, rows: u16) {
    let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(tty, size).unwrap();
}

fn nonzero(count: u16) -> std::num::NonZero<u16> {
    std::num::NonZero::new(count).unwrap()
}
