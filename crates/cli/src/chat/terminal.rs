//! The terminal: taken for the full screen, and given back however the chat ends.

use std::io::{self, Stdout, Write as _};
use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossterm::cursor::Show;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::execute;
use crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode, size,
};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{TerminalOptions, Viewport};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGTSTP};

/// A terminal that ratatui draws on.
pub type Canvas = ratatui::Terminal<CrosstermBackend<Stdout>>;

/// The terminal as long as the chat has it.
#[derive(Debug)]
pub struct Terminal {
    /// What is drawn on. Never dropped with the terminal: ratatui would show the cursor once more and say on standard
    /// error that it could not, which ends in a panic where the terminal is gone. [`give_back`] shows it.
    pub canvas: ManuallyDrop<Canvas>,
    end: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
}

impl Terminal {
    /// Takes it. A panic, on whatever thread, gives it back before it is reported.
    pub fn take() -> io::Result<Self> {
        let (end, stop) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        for signal in [SIGTERM, SIGHUP, SIGINT] {
            signal_hook::flag::register(signal, end.clone())?;
        }
        signal_hook::flag::register(SIGTSTP, stop.clone())?;
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            give_back();
            report(panic);
        }));
        enter()?;
        Ok(Self { canvas: ManuallyDrop::new(blank()?), end, stop })
    }

    /// Whether a signal asks for the end.
    pub fn shall_end(&self) -> bool {
        self.end.load(Ordering::Relaxed)
    }

    /// Whether a signal asks to stop for a while.
    pub fn shall_stop(&self) -> bool {
        self.stop.swap(false, Ordering::Relaxed)
    }

    /// Stops as a job of the shell does, and comes back as one.
    pub fn suspend(&mut self) -> io::Result<()> {
        give_back();
        signal_hook::low_level::emulate_default_handler(SIGTSTP)?;
        enter()?;
        self.begin_again()
    }

    /// Everything is drawn anew, for the size that the terminal has now.
    pub fn begin_again(&mut self) -> io::Result<()> {
        let before = std::mem::replace(&mut self.canvas, ManuallyDrop::new(blank()?));
        drop(ManuallyDrop::into_inner(before));
        Ok(())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        give_back();
    }
}

/// Waits at most so long for a key. False when the terminal is gone: its reader would find its end again and again, and
/// never come back.
pub fn is_there(wait: Duration) -> io::Result<bool> {
    let wait = Timespec { tv_sec: 0, tv_nsec: i64::from(wait.subsec_nanos()) };
    let stdin = io::stdin();
    let mut keys = [PollFd::new(&stdin, PollFlags::IN)];
    match poll(&mut keys, Some(&wait)) {
        Ok(_) => {}
        // A signal: looked at by whoever asks next.
        Err(Errno::INTR) => return Ok(true),
        Err(error) => return Err(error.into()),
    }
    let gone = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
    Ok(keys.iter().all(|key| !key.revents().intersects(gone)))
}

/// A canvas of a fixed size: ratatui would ask the terminal where its cursor is before it clears, and a terminal
/// that answers late, or never, would end the chat.
fn blank() -> io::Result<Canvas> {
    let (columns, rows) = size()?;
    execute!(io::stdout(), Clear(ClearType::All))?;
    let viewport = Viewport::Fixed(Rect::new(0, 0, columns, rows));
    Canvas::with_options(CrosstermBackend::new(io::stdout()), TerminalOptions { viewport })
}

fn enter() -> io::Result<()> {
    enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, EnableMouseCapture)
}

/// A terminal that is gone cannot be given back; nothing else can be done about it here.
fn give_back() {
    let mut out = io::stdout();
    let _ = execute!(out, DisableMouseCapture, DisableBracketedPaste, LeaveAlternateScreen, Show);
    let _ = disable_raw_mode();
    let _ = out.flush();
}
