//! Computes the tags under which the ledger speaks of names: a tenth of a second and 64 MiB each, so one after the other, on a
//! thread that gives way to every other.

use std::io;
use std::sync::mpsc;

use tokio::sync::oneshot;
use wire::{Name, NameTag, ServerId};

use crate::task::Who;
use crate::turns::Turns;

/// How gladly the thread gives way: a tenth of a busy processor is left to it.
const NICE: i32 = 10;

/// The way to the thread. Sources take turns to use it.
#[derive(Debug)]
pub struct Tagger {
    turns: Turns,
    asked: mpsc::Sender<Wanted>,
}

#[derive(Debug)]
struct Wanted {
    server_id: ServerId,
    name: Name,
    answer: oneshot::Sender<NameTag>,
}

impl Tagger {
    /// Starts the thread; it ends when nobody can ask any more.
    pub fn start() -> io::Result<Self> {
        let (asked, wanted) = mpsc::channel();
        std::thread::Builder::new().name("tagger".into()).spawn(move || run(&wanted))?;
        Ok(Self { turns: Turns::default(), asked })
    }

    /// The tag of a name, when it is this one's turn. `None` when the thread is gone.
    pub async fn tag(&self, who: Who, server_id: ServerId, name: Name) -> Option<NameTag> {
        let _turn = self.turns.next(who).await;
        let (answer, tagged) = oneshot::channel();
        self.asked.send(Wanted { server_id, name, answer }).ok()?;
        tagged.await.ok()
    }
}

fn run(wanted: &mpsc::Receiver<Wanted>) {
    // Where the system does not let us, the thread takes its share like any other.
    let _share = rustix::process::setpriority_process(None, NICE);
    while let Ok(Wanted { server_id, name, answer }) = wanted.recv() {
        // Whoever went meanwhile has freed his turn: nothing is computed for nobody.
        if !answer.is_closed() {
            let _gone = answer.send(NameTag(crypto::name_tag(&server_id.0, name.as_str())));
        }
    }
}
