//! One connection to the socket: requests in, answers out, until the other end leaves.

use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use client::{Aside, Client, ClientError, Protection};
use zeroize::Zeroizing;

use crate::commands::{contact, log, outbox, requests};
use crate::daemon::beside::folder_of;
use crate::daemon::lines::{Came, Gone, LINE_BYTES_MAX, Lines, Outlet};
use crate::daemon::request::{Asked, Request};
use crate::daemon::saying;
use crate::daemon::shared::{Link, Seated, Shared};
use crate::daemon::subscription;
use crate::exit::Exit;
use crate::json::Line;
use crate::messages::{Language, daemon as messages, in_language, why_of};
use crate::problem::Problem;
use crate::progress;
use crate::when;

/// Connections at once.
pub const CONVERSATIONS_MAX: usize = 64;
/// Of those, the ones that are kept for what `oub` itself asks: a program that leaks connections keeps nobody from asking after the daemon, or
/// from ending it.
pub const SPARE_MAX: usize = 8;
/// What whoever finds no seat is told.
pub const NO_SEAT: &str = "OUB-E102";
/// Whoever has such a seat and says nothing for so long gives it back.
const SPARE_PATIENCE: Duration = Duration::from_secs(2);
/// How long the connected thread may take to let go.
const ASIDE_PATIENCE: Duration = Duration::from_secs(30);

/// Begins one conversation, on a thread of its own. Its seat is taken here, so that whoever came first has one first.
pub fn begin(shared: &Arc<Shared>, stream: UnixStream) {
    let Ok(out) = stream.try_clone().and_then(Outlet::new).map(Arc::new) else { return };
    let seat = shared.conversations.take();
    let spare = if seat.is_none() { impatient(&stream) } else { None };
    let Some(seat) = seat.or_else(|| spare.as_ref().and_then(|_| shared.spare.take())) else {
        let _ = out.say(&no_seat().to_json());
        return;
    };
    let conversation = Conversation {
        shared: Arc::clone(shared),
        spare,
        client: None,
        is_subscribed: false,
        aside: None,
        _seat: seat,
        out,
    };
    let _none_left = thread::Builder::new().spawn(move || conversation.hold(stream));
}

/// The same stream, which is not waited for.
fn impatient(stream: &UnixStream) -> Option<UnixStream> {
    stream.set_read_timeout(Some(SPARE_PATIENCE)).ok()?;
    stream.try_clone().ok()
}

struct Conversation {
    shared: Arc<Shared>,
    /// The other end, where the seat is kept for `oub`: it is waited for once it has asked something that `oub` asks.
    spare: Option<UnixStream>,
    /// Opened by the first request that needs it.
    client: Option<Client>,
    /// It has messages pushed to it, or news, until it ends.
    is_subscribed: bool,
    aside: Option<Aside>,
    _seat: Seated,
    /// Closed after the seat was given back (fields go in this order): whoever sees the end may come again.
    out: Arc<Outlet>,
}

/// Why a request got no further: the asker is told, or is gone.
pub enum Broken {
    Problem(Box<Problem>),
    Gone,
}

impl Conversation {
    /// Until the other end leaves.
    fn hold(mut self, stream: UnixStream) {
        // Whoever left, left: what was committed meanwhile stays.
        let _ = in_language(Language::English, || self.run(Lines::new(stream)));
        self.out.leave();
        if self.out.was_too_slow() {
            self.shared.context.screen.warn(messages::too_slow());
        }
        self.shared.news.tell();
    }

    fn run(&mut self, mut lines: Lines<UnixStream>) -> Result<(), Gone> {
        loop {
            let line = match lines.next() {
                Ok(Came::Line(line)) => line,
                Ok(Came::TooLong) => {
                    let why = format!("it is longer than {LINE_BYTES_MAX} bytes");
                    self.refuse(&unreadable("OUB-E101", &why), None)?;
                    continue;
                }
                Ok(Came::NotText) => {
                    self.refuse(&unreadable("OUB-E100", "it is not UTF-8"), None)?;
                    continue;
                }
                Err(_) if self.spare.is_some() => return self.refuse(&no_seat(), None),
                Ok(Came::End) | Err(_) => return Ok(()),
            };
            match Request::read(&line) {
                Ok(request) if self.spare.is_some() && !request.asked.is_of_oub() => {
                    return self.refuse(&no_seat(), request.id.as_deref());
                }
                Ok(request) => self.answer(request)?,
                Err(refused) => self.refuse(&refused.problem, refused.id.as_deref())?,
            }
        }
    }

    /// Every answer ends with one line `done` or `error`.
    fn answer(&mut self, request: Request) -> Result<(), Gone> {
        if let Some(stream) = &self.spare {
            let _ = stream.set_read_timeout(None);
        }
        let re = request.id.as_deref();
        match self.act(request.asked, re) {
            Ok(()) => self.out.say(&Line::new("done").answering(re)),
            Err(Broken::Problem(problem)) => self.refuse(&problem, re),
            Err(Broken::Gone) => Err(Gone),
        }
    }

    fn act(&mut self, asked: Asked, re: Option<&str>) -> Result<(), Broken> {
        match asked {
            Asked::Hello => self.hello(re),
            Asked::SendFile { ref to, .. } => {
                let client = self.client_telling(to, re)?;
                let _sending = self.shared.sending.take();
                self.say(saying::answer(&client, asked)?, re)
            }
            Asked::Send { .. }
            | Asked::Ask { .. }
            | Asked::Answer { .. }
            | Asked::Edit { .. }
            | Asked::TakeBack { .. }
            | Asked::Save { .. } => {
                let _sending = self.shared.sending.take();
                let line = saying::answer(self.client()?, asked)?;
                self.say(line, re)
            }
            Asked::Subscribe => self.subscribe(subscription::messages, re),
            Asked::Watch => self.subscribe(subscription::news, re),
            Asked::Handled { message } => self.handled(&message),
            Asked::Collect => self.collect(true, re),
            Asked::Drain => self.collect(false, re),
            Asked::Contacts => self.contacts(re),
            Asked::Log { contact, max } => self.log(&contact, max, re),
            Asked::Outbox => self.outbox(re),
            Asked::Requests => self.requests(re),
            Asked::Status => self.status(re),
            Asked::Stop => {
                self.shared.stop();
                Ok(())
            }
            Asked::Key => self.key(),
            Asked::Aside => {
                let aside = self.shared.desk.step_aside(ASIDE_PATIENCE).ok_or_else(busy)?;
                self.aside = Some(aside);
                self.say(Line::new("aside"), re)
            }
        }
    }

    fn hello(&mut self, re: Option<&str>) -> Result<(), Broken> {
        let line = Line::new("hello")
            .text("version", env!("CARGO_PKG_VERSION"))
            .number("pid", u64::from(std::process::id()))
            .text("folder", &folder_of(&self.shared.profile));
        self.say(line, re)
    }

    fn subscribe(&mut self, push: subscription::Push, re: Option<&str>) -> Result<(), Broken> {
        if self.is_subscribed {
            return Err(Problem::new(
                Exit::Usage,
                "OUB-E203",
                "this connection has a subscription",
                "with a second one every message would come twice",
                "read on, or subscribe on another connection",
            )
            .into());
        }
        let Some(seat) = self.shared.subscribers.take() else {
            return Err(too_many("subscribers", subscription::SUBSCRIBERS_MAX, "OUB-E103").into());
        };
        let (shared, out, re) = (Arc::clone(&self.shared), Arc::clone(&self.out), re.map(str::to_owned));
        let pushing = move |seat: Seated| {
            push(&shared, &out, re.as_deref());
            drop(seat);
        };
        thread::Builder::new().name("subscriber".into()).spawn(move || pushing(seat)).map_err(|_| busy())?;
        self.is_subscribed = true;
        Ok(())
    }

    fn handled(&mut self, message: &str) -> Result<(), Broken> {
        match self.client()?.mark_handled_by_id(message)? {
            0 => Err(Problem::new(
                Exit::Nothing,
                "OUB-E111",
                "no message with this id waits to be handled",
                "it was handled before, or never came",
                "go on with the next one",
            )
            .into()),
            _ => Ok(()),
        }
    }

    fn outbox(&mut self, re: Option<&str>) -> Result<(), Broken> {
        let entries = self.client()?.outbox()?;
        entries.iter().try_for_each(|each| self.say(outbox::to_json(each), re))
    }

    fn collect(&mut self, again: bool, re: Option<&str>) -> Result<(), Broken> {
        let (desk, patience) = (&self.shared.desk, self.shared.context.options().timeout);
        let collected = desk.collect(patience).or_else(|| {
            // It waits before it tries again; whoever asks does not want to wait for that.
            again.then(|| desk.nudge()).and_then(|()| desk.collect(patience))
        });
        let counts = collected.unwrap_or_default();
        let line = Line::new("collected")
            .truth("connected", collected.is_some())
            .number("kept", u64::from(counts.kept))
            .number("expired", u64::from(counts.expired))
            .number("quarantined", u64::from(counts.quarantined));
        self.say(line, re)
    }

    fn contacts(&mut self, re: Option<&str>) -> Result<(), Broken> {
        let contacts = self.client()?.contacts()?;
        contacts.iter().try_for_each(|each| self.say(contact::to_json(each), re))
    }

    fn log(&mut self, contact: &str, max: Option<u32>, re: Option<&str>) -> Result<(), Broken> {
        let entries = self.client()?.log(contact, max)?;
        entries.iter().try_for_each(|entry| self.say(log::to_json(contact, entry), re))
    }

    fn requests(&mut self, re: Option<&str>) -> Result<(), Broken> {
        // What the server could not be asked for is asked for later; what is here is shown.
        let _ = self.shared.desk.collect(self.shared.context.options().timeout);
        let requests = self.client()?.requests()?;
        requests.iter().try_for_each(|each| self.say(requests::to_json(each), re))
    }

    fn status(&mut self, re: Option<&str>) -> Result<(), Broken> {
        let shared = Arc::clone(&self.shared);
        let outbox = self.client()?.outbox()?.len();
        let (link, why) = match shared.link() {
            Link::Up => ("connected", None),
            Link::Connecting => ("connecting", None),
            Link::Aside => ("aside", None),
            Link::Down(error) => ("away", Some(why_of(&error))),
        };
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let line = Line::new("status")
            .number("pid", u64::from(std::process::id()))
            .text("version", env!("CARGO_PKG_VERSION"))
            .text("socket", &shared.socket.display().to_string())
            .text("since", &when::for_programs(shared.since))
            .text("link", link)
            .maybe_text("why", why.as_deref())
            .number("connections", count(shared.conversations.count() + shared.spare.count()))
            .number("subscribers", count(shared.subscribers.count()))
            .number("outbox", count(outbox));
        self.say(line, re)
    }

    /// Only what a passphrase keeps; docs/decisions/0013 says why another process of the same person may have it.
    fn key(&mut self) -> Result<(), Broken> {
        if self.shared.profile.protection()? != Protection::Passphrase {
            let (what, why) = ("the daemon keeps this key to itself", "it is not kept by a passphrase");
            return Err(
                Problem::new(Exit::Usage, "OUB-E112", what, why, "open the vault as it is kept").into()
            );
        }
        let hex = self.shared.key.dangerous_to_hex();
        let mut line = Zeroizing::new(String::with_capacity(128));
        line.push_str("{\"v\":1,\"t\":\"key\",\"key\":\"");
        line.push_str(&hex);
        line.push_str("\"}\n");
        Ok(self.out.write(line.as_bytes())?)
    }

    fn client(&mut self) -> Result<&Client, Broken> {
        let client = match self.client.take() {
            Some(client) => client,
            None => self.shared.open(None)?,
        };
        Ok(self.client.insert(client))
    }

    /// One of its own for a file to this contact, which says how far that has come.
    fn client_telling(&self, to: &str, re: Option<&str>) -> Result<Client, Broken> {
        let (out, re) = (Arc::clone(&self.out), re.map(str::to_owned));
        let progress = progress::for_programs(to, move |line| {
            // Whoever left learns no more; the file goes on.
            let _ = out.say(&line.answering(re.as_deref()));
        });
        Ok(self.shared.open(Some(progress))?)
    }

    fn say(&self, line: Line, re: Option<&str>) -> Result<(), Broken> {
        Ok(self.out.say(&line.answering(re))?)
    }

    fn refuse(&self, problem: &Problem, re: Option<&str>) -> Result<(), Gone> {
        self.out.say(&problem.to_json().answering(re))
    }
}

impl From<ClientError> for Broken {
    fn from(error: ClientError) -> Self {
        Problem::from(&error).into()
    }
}

impl From<Problem> for Broken {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}

impl From<Gone> for Broken {
    fn from(Gone: Gone) -> Self {
        Self::Gone
    }
}

fn unreadable(code: &str, why: &str) -> Problem {
    let what = "this request cannot be understood";
    Problem::new(Exit::Usage, code, what, why, "one JSON object a line; see   oub help api")
}

fn too_many(what: &str, max: usize, code: &str) -> Problem {
    let why = format!("it serves {max} at once");
    let what = format!("the daemon has too many {what}");
    Problem::new(Exit::Temporary, code, what, why, "close some, and try again")
}

fn no_seat() -> Problem {
    too_many("connections", CONVERSATIONS_MAX, NO_SEAT)
}

fn busy() -> Problem {
    let (what, why) = ("the daemon cannot do this now", "it is ending, or busy with the server");
    Problem::new(Exit::Temporary, "OUB-E113", what, why, "try again")
}
