//! Where output goes: answers to standard output, talk to standard error.

use std::fs::{self, File};
use std::io::{self, IsTerminal as _, Write as _};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};

use crate::exit::Exit;
use crate::json::Line;
use crate::messages::{problems, reason};
use crate::problem::Problem;

/// Standard output did not take an answer to its end.
#[derive(Debug)]
pub enum Untaken {
    /// Nobody reads it any more; the run ends quietly.
    Closed,
    /// Somebody wants it, and the disk is full, for one.
    Failed(Box<Problem>),
}

impl From<io::Error> for Untaken {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::Failed(Box::new(Problem::of(
                Exit::Local,
                "OUB-E096",
                problems::no_output(reason(error)),
            ))),
        }
    }
}

/// Standard output for bytes that are no text; it remembers why it took no more.
#[derive(Debug, Default)]
pub struct Bytes(Option<io::Error>);

impl Bytes {
    /// Whether everything was taken.
    pub fn taken(self) -> Result<(), Untaken> {
        self.0.map_or(Ok(()), |error| Err(error.into()))
    }

    /// Keeps what went wrong, and says to whoever writes only of what kind it is.
    fn keep<T>(&mut self, error: io::Error) -> io::Result<T> {
        let kind = error.kind();
        if kind != io::ErrorKind::Interrupted {
            self.0 = Some(error);
        }
        Err(kind.into())
    }
}

impl io::Write for Bytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        io::stdout().write(bytes).or_else(|error| self.keep(error))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stdout().flush().or_else(|error| self.keep(error))
    }
}

/// The two streams, and how much to say on the second.
#[derive(Clone, Debug)]
pub struct Screen {
    json: bool,
    quiet: u8,
    verbose: u8,
    colour: bool,
}

impl Screen {
    /// A screen for these global options.
    pub fn new(json: bool, quiet: u8, verbose: u8, colour: bool) -> Self {
        Self { json, quiet, verbose, colour }
    }

    /// Whether answers are JSON.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Whether talk is not wanted.
    pub fn is_quiet(&self) -> bool {
        self.quiet > 0
    }

    /// Whether standard error is coloured.
    pub fn is_coloured(&self) -> bool {
        self.colour
    }

    /// Prints one answer: the line for a program, or the text for a person.
    pub fn answer(&self, line: Line, text: &str) -> Result<(), Untaken> {
        if self.json { self.print(&line.to_string()) } else { self.print(text) }
    }

    /// Prints one line on standard output and hands it over at once.
    pub fn print(&self, text: &str) -> Result<(), Untaken> {
        let mut out = io::stdout().lock();
        // A full disk or a closed pipe alike: what cannot be handed over was not handed over.
        Ok(writeln!(out, "{text}").and_then(|()| out.flush())?)
    }

    /// Says something useful, unless quiet.
    pub fn say(&self, text: &str) {
        if self.quiet == 0 {
            talk(text);
        }
    }

    /// Says something that should not be missed; only `-qq` silences it.
    pub fn warn(&self, text: &str) {
        if self.quiet < 2 {
            self.warning(text);
        }
    }

    /// Says what perhaps cannot be had again, below a warning: nothing silences it. Says whether all of it was taken.
    pub fn say_once(&self, warning: &str, lines: &[String]) -> bool {
        self.warning(warning);
        lines.iter().try_for_each(|line| writeln!(io::stderr().lock(), "{line}")).is_ok()
    }

    /// Says what became of something when it is not what was asked for; only `-qq` silences it.
    pub fn important(&self, text: &str) {
        if self.quiet < 2 {
            talk(text);
        }
    }

    /// Says a detail that `-v` asks for.
    pub fn detail(&self, text: &str) {
        if self.verbose > 0 {
            talk(text);
        }
    }

    /// Tells a problem: to the person, and with `--json` to the program too.
    pub fn tell(&self, problem: &Problem) {
        if self.json {
            // Whatever standard output does, the person is told, and the run ends with the right code.
            let _ = self.print(&problem.to_json().to_string());
        }
        let label = problems::error_label();
        talk(&problem.to_string().replacen(label, &self.paint(label, "31"), 1));
    }

    fn warning(&self, text: &str) {
        talk(&format!("{} {text}", self.paint(problems::warning_label(), "33")));
    }

    fn paint(&self, word: &str, code: &str) -> String {
        if self.colour { format!("\u{1b}[{code}m{word}\u{1b}[0m") } else { word.to_owned() }
    }
}

/// One line on standard error; a closed standard error is not worth dying for.
fn talk(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Whether what is written there is thrown away, which looks like being taken.
pub fn leads_nowhere(stream: &impl AsFd) -> bool {
    let stream = stream.as_fd().try_clone_to_owned().and_then(|end| File::from(end).metadata());
    match (stream, fs::metadata("/dev/null")) {
        (Ok(stream), Ok(null)) => stream.file_type().is_char_device() && stream.rdev() == null.rdev(),
        _ => false,
    }
}

/// Brings what was written to a file onto its disk; what is no file has none.
pub fn sync(stream: &impl AsFd) -> io::Result<()> {
    let end = File::from(stream.as_fd().try_clone_to_owned()?);
    if end.metadata()?.is_file() { end.sync_all() } else { Ok(()) }
}

/// Whether a person sits at both ends, so that a question can be asked.
pub fn can_ask(no_input: bool) -> bool {
    !no_input && io::stdin().is_terminal() && io::stderr().is_terminal()
}
