//! What must not hold the screen up: two threads with a client of their own, one that receives, one that is sent on
//! errands. They talk to the screen through the vault, and through news.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use client::{Client, ClientError, Declined, Language, SafetyNumber, Trust};

use crate::chat::doing::Doing;
use crate::messages::chat as says;
use crate::messages::{language, screens};
use crate::problem::Problem;
use crate::shown::shown_on_one_line;

/// Errands and news that may wait.
const WAITING_MAX: usize = 64;
/// Between two tries to receive.
const AGAIN: Duration = Duration::from_secs(5);
/// How often a pause looks whether it shall end.
const LOOK: Duration = Duration::from_millis(100);
/// How long the end waits for a thread that talks to a server; what it does is in the vault or will be done again.
const END_MAX: Duration = Duration::from_secs(2);

/// An errand.
#[derive(Debug)]
pub enum Errand {
    /// Send what waits.
    Flush,
    /// Accept a request.
    Accept(String),
    /// Decline one.
    Decline(String),
    /// Look up what to compare with a contact.
    Compare(String),
    /// It was compared and is the same.
    Same(String, Box<SafetyNumber>),
    /// Something about a message or a file, towards a contact.
    Do(String, Doing),
}

/// What came of it.
#[derive(Debug)]
pub enum News {
    /// No way to the relay; why.
    NoConnection(String),
    /// A request became a contact.
    Accepted(String),
    /// What to compare.
    Compare(String, Box<SafetyNumber>),
    /// A sentence.
    Said(String),
    /// Something that a person must decide or know.
    Problem(String),
}

/// The two threads.
#[derive(Debug)]
pub struct Background {
    errands: SyncSender<Errand>,
    news: Receiver<News>,
    connected: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Background {
    /// Starts both.
    pub fn start(receives: Client, runs: Client, words: Language) -> Self {
        let (errands, to_do) = sync_channel(WAITING_MAX);
        let (tell, news) = sync_channel(WAITING_MAX);
        let (connected, stop) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let follower = Follower {
            client: receives,
            connected: connected.clone(),
            stop: stop.clone(),
            tell: tell.clone(),
        };
        let threads = vec![
            std::thread::spawn(move || follower.run()),
            std::thread::spawn(move || run_errands(&runs, words, &to_do, &tell)),
        ];
        Self { errands, news, connected, stop, threads }
    }

    /// Sends somebody on an errand; false while too many wait.
    pub fn run(&self, errand: Errand) -> bool {
        self.errands.try_send(errand).is_ok()
    }

    /// The next news, if there are any.
    pub fn news(&self) -> Option<News> {
        self.news.try_recv().ok()
    }

    /// Whether messages arrive as they are sent.
    pub fn is_connected(&self) -> bool {
        self.connected.load(Ordering::Relaxed)
    }

    /// Whether both are at work, as they should be.
    pub fn is_whole(&self) -> bool {
        self.threads.iter().all(|thread| !thread.is_finished())
    }

    /// Ends both, unless a server keeps one of them: the vault is whole at every moment.
    pub fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        drop(self.errands);
        let mut waited = Duration::ZERO;
        while waited < END_MAX && self.threads.iter().any(|thread| !thread.is_finished()) {
            std::thread::sleep(LOOK);
            waited += LOOK;
        }
    }
}

struct Follower {
    client: Client,
    connected: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
    tell: SyncSender<News>,
}

impl Follower {
    /// Receives until it shall stop, and lets other processes collect meanwhile. Nothing is marked as handled: that is
    /// for whoever shows it.
    fn run(&self) {
        while !self.stopped() {
            let away = |error: &ClientError| self.tell_why_not(error);
            match self.client.receive(&self.stop, &self.connected, &away) {
                Ok(()) => {}
                Err(error) if error.is_temporary() => self.tell_why_not(&error),
                Err(error) => {
                    let _ = self.tell.try_send(News::NoConnection(error.what_in(language())));
                    let _ = self.tell.try_send(News::Problem(Problem::from(&error).to_string()));
                    return self.rest(None);
                }
            }
            self.rest(Some(AGAIN));
        }
    }

    fn tell_why_not(&self, error: &ClientError) {
        let _ = self.tell.try_send(News::NoConnection(error.what_in(language())));
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn rest(&self, long: Option<Duration>) {
        let mut rested = Duration::ZERO;
        while !self.stopped() && long.is_none_or(|long| rested < long) {
            std::thread::sleep(LOOK);
            rested += LOOK;
        }
    }
}

fn run_errands(client: &Client, words: Language, to_do: &Receiver<Errand>, tell: &SyncSender<News>) {
    while let Ok(errand) = to_do.recv() {
        let news = match run(client, words, errand) {
            Ok(news) => news,
            Err(error) if error.is_temporary() => Some(News::NoConnection(error.what_in(language()))),
            Err(error) => Some(News::Problem(Problem::from(&error).to_string())),
        };
        if let Some(news) = news
            && tell.send(news).is_err()
        {
            return;
        }
    }
}

/// Runs one errand on this thread; words to compare come from the list of a language.
pub fn run(client: &Client, words: Language, errand: Errand) -> Result<Option<News>, ClientError> {
    match errand {
        Errand::Flush => client.flush().map(|_| None),
        Errand::Accept(label) => {
            client.accept(&label, None).map(|contact| Some(News::Accepted(contact.alias)))
        }
        Errand::Decline(label) => {
            let said = match client.decline(&label)? {
                Declined::Dropped => says::request_forgotten(shown_on_one_line(&label)),
                Declined::WasContact(known) => screens::was_known(shown_on_one_line(&known.alias)),
            };
            Ok(Some(News::Said(said)))
        }
        Errand::Do(to, doing) => doing.run(client, &to).map(|words| Some(News::Said(words))),
        Errand::Compare(alias) => {
            let number = client.safety_number(&alias, words)?;
            Ok(Some(News::Compare(alias, Box::new(number))))
        }
        Errand::Same(alias, number) => {
            let held = client.contact(&alias)?.trust == Trust::Changed;
            client.mark_verified(&alias, &number)?;
            if held {
                client
                    .flush()
                    .map(drop)
                    .or_else(|error| if error.is_temporary() { Ok(()) } else { Err(error) })?;
            }
            Ok(Some(News::Said(says::is_verified(shown_on_one_line(&alias)))))
        }
    }
}
