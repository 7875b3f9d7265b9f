//! The line chat: for screen readers, slow links and pipes. One line after the other, the time at the end of each,
//! no cursor movement and no colour.

use std::io::{self, IsTerminal as _};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use client::{
    Client, ClientError, Direction, LogEntry, LogFrom, Place, SafetyNumber, SendOptions, SentState,
};

use crate::chat::background::{self, Background, Errand, News};
use crate::chat::clock::Clock;
use crate::chat::command::Command;
use crate::chat::doing::{Committed, Doing};
use crate::chat::words;
use crate::commands::notices;
use crate::commands::send::why_queued;
use crate::context::Context;
use crate::daemon::lines::{Came, LINE_BYTES_MAX, Lines};
use crate::exit::Exit;
use crate::messages::{chat as says, counts, language, reason, screens};
use crate::problem::Problem;
use crate::shown::{shown, shown_on_one_line};
use crate::stop::Stop;

/// How long the vault is left alone.
const LOOK: Duration = Duration::from_millis(200);
/// Messages read at once, and how many such pages back something unread is looked for.
const PAGE: u32 = 200;
const PAGES_MAX: usize = 50;

/// Runs it until the end of the input, or `/quit`.
pub fn run(
    context: &Context,
    client: Client,
    background: Option<Background>,
    to: Option<String>,
) -> Result<Exit, Stop> {
    let mut chat =
        Plain { context, client, background, to, number: None, waiting: Vec::new(), asks: 0, failed: None };
    chat.greet()?;
    let ended = chat.turn();
    if let Some(background) = chat.background.take() {
        background.end();
    }
    ended
}

struct Plain<'a> {
    context: &'a Context,
    client: Client,
    /// At a terminal; a pipe is served by turns.
    background: Option<Background>,
    to: Option<String>,
    /// What is compared just now.
    number: Option<(String, Box<SafetyNumber>)>,
    /// To whom something waits, and its id: said once it is stored.
    waiting: Vec<(String, String)>,
    asks: usize,
    /// How the first line ended that came to nothing: where nobody reads along, the exit code tells.
    failed: Option<Exit>,
}

/// Lines as they are typed, read by a thread of their own: waiting for one must not hold up what arrives.
fn lines() -> Receiver<io::Result<Came>> {
    let (sender, receiver) = sync_channel(16);
    std::thread::spawn(move || {
        let mut lines = Lines::new(io::stdin().lock());
        loop {
            let came = lines.next();
            let is_last = !matches!(came, Ok(Came::Line(_) | Came::TooLong | Came::NotText));
            if sender.send(came).is_err() || is_last {
                return;
            }
        }
    });
    receiver
}

impl Plain<'_> {
    fn greet(&mut self) -> Result<(), Stop> {
        if self.background.is_none() {
            match self.client.collect() {
                Err(error) if error.is_temporary() => self.say(&error.what_in(language())),
                Err(error) => return Err(error.into()),
                Ok(_) => {}
            }
        }
        if io::stdin().is_terminal() {
            self.say(says::help_and_quit());
            match &self.to {
                Some(to) => self.say(&says::you_write_to(shown_on_one_line(to))),
                None => self.who()?,
            }
        }
        self.warn();
        self.look()
    }

    fn turn(&mut self) -> Result<Exit, Stop> {
        let lines = lines();
        let mut seen = None;
        loop {
            match lines.recv_timeout(LOOK) {
                Ok(Ok(Came::Line(line))) => {
                    if self.obey(Command::read(&line))? {
                        break;
                    }
                }
                Ok(Ok(Came::TooLong)) => {
                    self.comes_to_nothing(
                        Exit::Usage,
                        &says::line_unreadable(says::too_long(LINE_BYTES_MAX)),
                    );
                }
                Ok(Ok(Came::NotText)) => {
                    self.comes_to_nothing(Exit::Usage, &says::line_unreadable(says::no_utf8()));
                }
                Ok(Err(error)) => {
                    self.comes_to_nothing(Exit::Unexpected, &says::line_unreadable(reason(error)));
                }
                Err(RecvTimeoutError::Timeout) => {}
                Ok(Ok(Came::End)) | Err(RecvTimeoutError::Disconnected) => break,
            }
            let changes = self.client.changes()?;
            if seen != Some(changes) {
                seen = Some(changes);
                self.look()?;
            }
            self.hear()?;
        }
        self.look()?;
        // A person was told of each line.
        Ok(self.failed.filter(|_| self.background.is_none()).unwrap_or(Exit::Done))
    }

    /// Says why a line came to nothing, and keeps how the first such ended.
    fn comes_to_nothing(&mut self, exit: Exit, why: &str) {
        self.failed.get_or_insert(exit);
        self.say(why);
    }

    fn say(&self, words: &str) {
        self.context.screen.say(&shown_on_one_line(words));
    }

    /// What to know before writing to whom it goes.
    fn warn(&self) {
        let contact = self.to.as_ref().and_then(|to| self.client.contact(to).ok());
        if let Some((words, _)) = contact.as_ref().and_then(|contact| words::warning(contact, "/verify")) {
            self.say(&words);
        }
    }

    /// Shows what nobody has seen, marks it as handled, and says what else changed.
    fn look(&mut self) -> Result<(), Stop> {
        for each in self.client.overview()?.into_iter().filter(|each| each.unread > 0) {
            let unread = usize::try_from(each.unread).unwrap_or(usize::MAX);
            for entry in self.unread(&each.contact.alias, unread)? {
                let name = shown_on_one_line(&each.contact.alias);
                let known = each.contact.trust.is_verified() && !each.contact.blocked;
                let who = if known { name } else { format!("{name} ({})", words::state(&each.contact)) };
                self.show(&who, &each.contact.alias, &entry)?;
                self.client.mark_handled(&each.contact.alias, &[entry.id])?;
            }
        }
        let requests = self.client.requests()?.len();
        if requests > self.asks {
            self.say(&counts::asking_to_write(requests));
        }
        self.asks = requests;
        self.client.take_notices()?.iter().for_each(|notice| self.say(&notices::words(notice)));
        Ok(self.confirm()?)
    }

    /// Unhandled messages of a contact, oldest first, however far back they are.
    fn unread(&self, alias: &str, count: usize) -> Result<Vec<LogEntry>, ClientError> {
        let mut found: Vec<LogEntry> = Vec::new();
        let mut from = LogFrom::Newest;
        for _ in 0..PAGES_MAX {
            let page = self.client.log_page(alias, from, PAGE)?;
            let Some(first) = page.first().map(|entry| entry.place) else { break };
            let new =
                page.into_iter().filter(|entry| entry.direction == Direction::Received && !entry.handled);
            found = new.chain(found).collect();
            if found.len() >= count {
                break;
            }
            from = LogFrom::Before(first);
        }
        Ok(found)
    }

    fn show(&self, who: &str, name: &str, entry: &LogEntry) -> Result<(), Stop> {
        if entry.missing_before > 0 {
            self.context.screen.print(&counts::not_arrived(entry.missing_before))?;
        }
        let text = shown(&words::said(entry, name), 4);
        let when = Clock::here().long(entry.at);
        let state = words::delivery(entry);
        let end = if state.is_empty() { when } else { format!("{when}, {state}") };
        let between = if words::is_event(&entry.body) { " " } else { screens::colon() };
        Ok(self.context.screen.print(&format!("{who}{between}{text} ({end})"))?)
    }

    /// Says of what was sent that the relay has it.
    fn confirm(&mut self) -> Result<(), ClientError> {
        let still: Vec<String> = match self.waiting.is_empty() {
            true => return Ok(()),
            false => self.client.outbox()?.into_iter().map(|entry| entry.id).collect(),
        };
        let (waiting, stored): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.waiting).into_iter().partition(|(_, id)| still.contains(id));
        self.waiting = waiting;
        stored.iter().for_each(|(to, _)| self.say(&says::stored_for(to)));
        Ok(())
    }

    /// What the background came to.
    fn hear(&mut self) -> Result<(), Stop> {
        let Some(background) = &self.background else { return Ok(()) };
        let news: Vec<News> = std::iter::from_fn(|| background.news()).take(16).collect();
        news.into_iter().try_for_each(|news| self.tell(news))
    }

    fn tell(&mut self, news: News) -> Result<(), Stop> {
        match news {
            News::NoConnection(why) => self.say(&why),
            News::Accepted(alias) => {
                self.say(&says::accepted(&alias));
                self.to = Some(alias);
            }
            News::Compare(alias, number) => {
                let words: Vec<String> =
                    number.words.iter().zip(1..).map(|(word, place)| format!("{place} {word}")).collect();
                self.context.screen.print(&words.join(", "))?;
                self.context.screen.print(&number.digits)?;
                self.say(&says::if_the_same(&alias));
                self.number = Some((alias, number));
            }
            News::Said(words) => self.say(&words),
            News::Problem(words) => self.context.screen.say(&words),
        }
        Ok(())
    }

    /// Does what a line asks for; true at the end.
    fn obey(&mut self, command: Command) -> Result<bool, Stop> {
        match command {
            Command::Nothing => {}
            Command::Quit => return Ok(true),
            Command::Help => {
                self.context.screen.say(&format!("{}\n{}", says::help_of_lines(), says::help_of_doings()))
            }
            Command::Do(doing) => match self.to.clone() {
                Some(to) => self.perform(to, doing)?,
                None => self.comes_to_nothing(Exit::Usage, says::to_whom()),
            },
            Command::Unknown(line) => self.comes_to_nothing(Exit::Usage, &words::no_such_command(&line)),
            Command::Who => self.who()?,
            Command::To(alias) => self.write_to(alias),
            Command::Requests => self.requests()?,
            Command::Log(count) => self.log(count)?,
            Command::Say(text) => self.send(&text)?,
            Command::Accept(which) => self.with_request(&which, Errand::Accept)?,
            Command::Decline(which) => self.with_request(&which, Errand::Decline)?,
            Command::Verify => match self.to.clone() {
                Some(to) => self.run(Errand::Compare(to))?,
                None => self.comes_to_nothing(Exit::Usage, says::to_whom()),
            },
            Command::Same => match self.number.take() {
                Some((alias, number)) => self.run(Errand::Same(alias, number))?,
                None => self.comes_to_nothing(Exit::Usage, says::nothing_to_confirm()),
            },
        }
        Ok(false)
    }

    fn write_to(&mut self, alias: String) {
        match self.client.contact(&alias) {
            Ok(contact) => {
                self.say(&says::you_write_to_known(&contact.alias, words::state(&contact)));
                self.to = Some(contact.alias);
                self.warn();
            }
            Err(error) => {
                let exit = Exit::from_number(error.exit_code());
                self.comes_to_nothing(exit, &says::and_who(error.what_in(language())));
            }
        }
    }

    fn who(&self) -> Result<(), Stop> {
        let people = self.client.overview()?;
        if people.is_empty() {
            self.say(says::nobody_yet_add());
        }
        for each in people {
            let name = shown_on_one_line(&each.contact.alias);
            self.context.screen.print(&format!("{name} ({})", words::state(&each.contact)))?;
        }
        Ok(())
    }

    fn requests(&self) -> Result<(), Stop> {
        let requests = self.client.requests()?;
        if requests.is_empty() {
            self.say(says::nobody_asks());
        }
        for (request, number) in requests.iter().zip(1..) {
            let name = shown_on_one_line(&request.label);
            let texts: Vec<String> = request.texts.iter().map(|text| shown(text, 4)).collect();
            let when = Clock::here().long(request.received_at);
            let colon = screens::colon();
            let line =
                format!("{number}. {name}, {}{colon}{} ({when})", request.address, texts.join("\n    "));
            self.context.screen.print(&line)?;
            if let Some(contact) = &request.claims {
                self.say(&says::claims_to_be(shown_on_one_line(contact)));
            }
        }
        Ok(())
    }

    fn with_request(&mut self, which: &str, errand: impl Fn(String) -> Errand) -> Result<(), Stop> {
        let requests = self.client.requests()?;
        match words::request(&requests, which) {
            Some(request) => self.run(errand(request.label.clone())),
            None => {
                self.comes_to_nothing(Exit::Usage, &says::no_request(which));
                Ok(())
            }
        }
    }

    fn log(&mut self, count: u32) -> Result<(), Stop> {
        let Some(to) = self.to.clone() else {
            self.comes_to_nothing(Exit::Usage, says::of_whom());
            return Ok(());
        };
        let name = shown_on_one_line(&to);
        let mut entries = self.client.log_page(&to, LogFrom::Newest, count)?;
        entries.sort_by_key(|entry: &LogEntry| -> Place { entry.place });
        for entry in &entries {
            let who = if entry.direction == Direction::Sent { screens::me() } else { name.as_str() };
            self.show(who, &name, entry)?;
        }
        Ok(())
    }

    /// Runs an errand: behind the conversation at a terminal, at once for a pipe.
    fn run(&mut self, errand: Errand) -> Result<(), Stop> {
        if let Some(background) = &self.background {
            if !background.run(errand) {
                self.say(says::still_busy());
            }
            return Ok(());
        }
        match background::run(&self.client, self.context.global().words_language(), errand) {
            Ok(news) => news.map_or(Ok(()), |news| self.tell(news)),
            Err(error) if error.exit_code() == 7 => Err(error.into()),
            Err(error) => {
                self.failed.get_or_insert(Exit::from_number(error.exit_code()));
                self.tell(News::Problem(Problem::from(&error).to_string()))
            }
        }
    }

    fn send(&mut self, text: &str) -> Result<(), Stop> {
        let Some(to) = self.to.clone() else {
            return match self.background {
                Some(_) => {
                    self.say(says::not_sent_to_whom());
                    Ok(())
                }
                None => Err(Problem::of(Exit::Usage, "OUB-E059", says::nobody_named()).into()),
            };
        };
        let options = SendOptions::default();
        if self.background.is_none() {
            let sent = self.client.send(&to, text, &options)?;
            match sent.state {
                SentState::Stored => self.say(&says::stored_for(to)),
                SentState::Queued(reason) => {
                    let why = why_queued(&reason, &to);
                    self.say(&says::waiting_for(&to, why));
                }
            }
            return Ok(());
        }
        let committed = self.client.queue(&to, text, &options);
        self.committed(to, committed.map(|id| Some(Committed::Waits(id))))
    }

    /// Does what a line says to a contact. Which message is meant is settled now: until a server was heard, there may be a
    /// later one.
    fn perform(&mut self, to: String, doing: Doing) -> Result<(), Stop> {
        if self.background.is_none() {
            return self.run(Errand::Do(to, doing));
        }
        match doing.commit(&self.client, &to) {
            Ok(None) => self.run(Errand::Do(to, doing)),
            committed => self.committed(to, committed),
        }
    }

    /// Has what was committed sent, or says why nothing was.
    fn committed(&mut self, to: String, what: Result<Option<Committed>, ClientError>) -> Result<(), Stop> {
        match what {
            Ok(Some(Committed::Waits(id))) => {
                self.waiting.push((to, id));
                // Where too many errands wait, another one sends it.
                if let Some(background) = &self.background {
                    background.run(Errand::Flush);
                }
                Ok(())
            }
            Ok(Some(Committed::NotLeft)) => {
                self.say(says::not_left());
                Ok(())
            }
            Ok(None) => Ok(()),
            Err(error) if error.exit_code() == 7 => Err(error.into()),
            Err(error) => self.tell(News::Problem(Problem::from(&error).to_string())),
        }
    }
}
