//! The full screen: events in, pictures out, and the vault looked at whenever it changed.

use std::io;
use std::time::{Duration, Instant};

use client::{Client, ClientError, LogFrom};
use crossterm::event::{self, Event};

use crate::chat::act::{self, Next};
use crate::chat::background::{Background, Errand, News};
use crate::chat::draw::{Drawn, draw};
use crate::chat::state::{Focus, Link, Overlay, State, Who};
use crate::chat::terminal::{self, Terminal};
use crate::chat::thread::{PAGE, Thread};
use crate::commands::notices;
use crate::exit::Exit;
use crate::messages::chat as says;
use crate::messages::reason;
use crate::problem::Problem;
use crate::stop::Stop;

/// How long nothing happens before the vault and the signals are looked at.
const LOOK: Duration = Duration::from_millis(100);
/// Events taken before the next picture.
const EVENTS_MAX: usize = 256;
/// Pages read for one picture.
const PAGES_MAX: usize = 4;
/// The lists are not read more often than this.
const LISTS: Duration = Duration::from_millis(250);

/// The chat: what is shown, the vault, and who works behind it.
pub struct Chat {
    /// What is shown.
    pub state: State,
    /// What was drawn last, and where.
    pub drawn: Drawn,
    /// The vault.
    pub client: Client,
    /// Who receives and runs errands.
    pub background: Background,
    seen: Option<u64>,
    looked: Instant,
    dirty: bool,
}

/// Runs it until somebody leaves.
pub fn run(state: State, client: Client, background: Background, with: Option<String>) -> Result<Exit, Stop> {
    let mut chat = Chat {
        state,
        drawn: Drawn::default(),
        client,
        background,
        seen: None,
        looked: Instant::now(),
        dirty: true,
    };
    chat.look()?;
    if let Some(alias) = with {
        chat.open(Who::Contact(alias), Focus::Open)?;
    } else if let Some(first) = chat.state.rows_of_list().first() {
        chat.open(first.clone(), Focus::People)?;
    }
    let ended = chat.turn();
    chat.background.end();
    ended
}

impl Chat {
    fn turn(&mut self) -> Result<Exit, Stop> {
        let mut terminal = Terminal::take().map_err(|error| no_terminal(&error))?;
        loop {
            if terminal.shall_end() {
                return Ok(Exit::Done);
            }
            if terminal.shall_stop() {
                terminal.suspend().map_err(|error| no_terminal(&error))?;
                self.dirty = true;
            }
            if !self.background.is_whole() {
                return Err(broken().into());
            }
            self.take_news()?;
            self.look_if_changed()?;
            if std::mem::take(&mut self.dirty) {
                self.picture(&mut terminal)?;
            }
            match self.take_events().map_err(|error| no_terminal(&error))? {
                Next::Go => {}
                Next::Leave => return Ok(Exit::Done),
                Next::Suspend => {
                    terminal.suspend().map_err(|error| no_terminal(&error))?;
                    self.dirty = true;
                }
                Next::Redraw => terminal.begin_again().map_err(|error| no_terminal(&error))?,
                Next::Failed(error) => return Err(error.into()),
            }
        }
    }

    /// Draws; what was drawn to its end is handled from then on, not before.
    fn picture(&mut self, terminal: &mut Terminal) -> Result<(), Stop> {
        self.page()?;
        let mut drawn = Drawn::default();
        let state = &mut self.state;
        terminal.canvas.draw(|frame| drawn = draw(state, frame)).map_err(|error| no_terminal(&error))?;
        self.drawn = drawn;
        if let Some(alias) = self.state.alias()
            && !self.drawn.messages.is_empty()
        {
            self.client.mark_handled(alias, &self.drawn.messages)?;
            self.look()?;
        }
        Ok(())
    }

    /// Reads as many pages as the screen wants.
    fn page(&mut self) -> Result<(), Stop> {
        let Some(alias) = self.state.alias().map(str::to_owned) else { return Ok(()) };
        let (rows, thread) = (self.state.rows, &mut self.state.thread);
        for _ in 0..PAGES_MAX {
            if let (true, Some(first)) = (thread.wants_older(rows), thread.first()) {
                thread.prepend(self.client.log_page(&alias, LogFrom::Before(first), PAGE)?);
            } else if let (true, Some(last)) = (thread.wants_newer(rows), thread.last()) {
                thread.append(self.client.log_page(&alias, LogFrom::At(last.next()), PAGE)?);
            } else {
                break;
            }
        }
        Ok(())
    }

    fn take_events(&mut self) -> io::Result<Next> {
        if !terminal::is_there(LOOK)? {
            return Ok(Next::Leave);
        }
        // What is no key comes here as well: another size.
        if !event::poll(Duration::ZERO)? {
            return Ok(Next::Go);
        }
        for _ in 0..EVENTS_MAX {
            let event = event::read()?;
            self.dirty = true;
            let next = match event {
                Event::Resize(..) => Next::Redraw,
                event => act::act(self, event).unwrap_or_else(Next::Failed),
            };
            if !matches!(next, Next::Go) || !event::poll(Duration::ZERO)? {
                return Ok(next);
            }
        }
        Ok(Next::Go)
    }

    fn take_news(&mut self) -> Result<(), ClientError> {
        let link = match (self.background.is_connected(), &self.state.link) {
            (true, _) => Link::Connected,
            (false, Link::Connected) => Link::Connecting,
            (false, link) => link.clone(),
        };
        self.set_link(link);
        while let Some(news) = self.background.news() {
            self.dirty = true;
            match news {
                News::NoConnection(why) => self.set_link(Link::None(why)),
                News::Accepted(alias) => {
                    self.look()?;
                    self.open(Who::Contact(alias), Focus::Open)?;
                }
                News::Compare(alias, number) => {
                    // Somebody who closed it meanwhile does not want it any more.
                    if self.state.overlay == Some(Overlay::LookingUp(alias.clone())) {
                        self.state.overlay = Some(Overlay::Compare(alias, number));
                    }
                }
                News::Said(words) => self.say(words),
                News::Problem(words) => self.state.overlay = Some(Overlay::Problem(words)),
            }
        }
        Ok(())
    }

    fn set_link(&mut self, link: Link) {
        if self.state.link != link {
            self.state.link = link;
            self.dirty = true;
        }
    }

    /// Says one line, until the next key.
    pub fn say(&mut self, words: String) {
        self.state.notice = Some(words);
        self.dirty = true;
    }

    fn look_if_changed(&mut self) -> Result<(), ClientError> {
        let changes = self.client.changes()?;
        if self.seen == Some(changes) || self.looked.elapsed() < LISTS {
            return Ok(());
        }
        self.seen = Some(changes);
        self.look()?;
        let said: Vec<String> = self.client.take_notices()?.iter().map(notices::words).collect();
        if !said.is_empty() {
            self.say(said.join(" · "));
        }
        Ok(())
    }

    /// Takes lists and thread as the vault has them now.
    pub fn look(&mut self) -> Result<(), ClientError> {
        self.looked = Instant::now();
        self.dirty = true;
        self.state.set_lists(self.client.overview()?, self.client.requests()?);
        let Some(alias) = self.state.alias().map(str::to_owned) else { return Ok(()) };
        if self.state.contact().is_none() {
            return Ok(());
        }
        let thread = &mut self.state.thread;
        let Some(first) = thread.first() else {
            let entries = self.client.log_page(&alias, LogFrom::Newest, PAGE)?;
            self.state.thread = Thread::newest(&self.state.clock, &alias, entries);
            return Ok(());
        };
        let held = u32::try_from(thread.len()).unwrap_or(u32::MAX);
        let room = if thread.has_newer() { held } else { held.saturating_add(PAGE) };
        let entries = self.client.log_page(&alias, LogFrom::At(first), room)?;
        let more = thread.has_newer() || entries.len() >= room as usize;
        if more && thread.follows() {
            let entries = self.client.log_page(&alias, LogFrom::Newest, PAGE)?;
            *thread = Thread::newest(&self.state.clock, &alias, entries);
        } else {
            thread.refresh(entries, more);
        }
        Ok(())
    }

    /// Opens somebody.
    pub fn open(&mut self, who: Who, focus: Focus) -> Result<(), ClientError> {
        self.dirty = true;
        self.state.focus = focus;
        if self.state.open.as_ref() == Some(&who) {
            return Ok(());
        }
        self.state.open = Some(who);
        self.go_to_newest()
    }

    /// Goes to the last message of the open thread.
    pub fn go_to_newest(&mut self) -> Result<(), ClientError> {
        let alias = self.state.contact().map(|contact| contact.alias.clone()).unwrap_or_default();
        let entries = match alias.is_empty() {
            true => Vec::new(),
            false => self.client.log_page(&alias, LogFrom::Newest, PAGE)?,
        };
        self.state.thread = Thread::newest(&self.state.clock, &alias, entries);
        Ok(())
    }

    /// Sends somebody on an errand; says so, and gives back false, while too many wait.
    pub fn send_for(&mut self, errand: Errand) -> bool {
        let sent = self.background.run(errand);
        if !sent {
            self.say(says::still_busy().to_owned());
        }
        sent
    }
}

/// The terminal is gone or never was one.
fn no_terminal(error: &io::Error) -> Problem {
    Problem::of(Exit::Unexpected, "OUB-E057", says::no_terminal(reason(error)))
}

fn broken() -> Problem {
    Problem::of(Exit::Unexpected, "OUB-E058", says::broken())
}
