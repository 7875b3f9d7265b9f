//! A relay with people: ours or the raw one, and connections to either that look the same to a load shape.

use crate::Failure;
use crate::envelopes::Envelopes;
use crate::inbox::{Inbox, Made, make};
use crate::line::{Line, connect};
use crate::link::{self, Link, invitation};
use crate::relay::Relay;
use crate::{ours, raw};
use proto::ServerPin;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio_rustls::TlsConnector;
use wire::ConnectionKind;

/// A running relay and everybody who has a mailbox there.
pub struct Stage {
    /// The process.
    pub relay: Relay,
    /// What it is called in the output.
    pub name: &'static str,
    system: System,
    envelopes: Rc<Envelopes>,
    connector: TlsConnector,
}

enum System {
    Ours { pin: ServerPin, inboxes: Vec<Inbox> },
    Raw,
}

impl Stage {
    /// Our relay with so many inboxes.
    pub async fn ours(people: usize) -> Result<Stage, Failure> {
        Stage::on(Relay::start()?, people).await
    }

    /// A given relay of ours with so many inboxes.
    pub async fn on(relay: Relay, people: usize) -> Result<Stage, Failure> {
        let pin = ServerPin::Short(invitation(&relay, "invited")?.server);
        let inboxes = make(&relay, pin, people, Made::WithStamps).await?;
        Stage::new(relay, "ours", System::Ours { pin, inboxes })
    }

    /// The raw relay, which needs nobody to register.
    pub fn raw() -> Result<Stage, Failure> {
        Stage::new(Relay::start_raw()?, "raw", System::Raw)
    }

    fn new(relay: Relay, name: &'static str, system: System) -> Result<Stage, Failure> {
        let connector = link::connector()?;
        Ok(Stage { relay, name, system, envelopes: Rc::new(Envelopes::draw()?), connector })
    }

    /// A connection that will make so many deposits into this person's mailbox.
    pub async fn sender(&self, person: usize, deposits: usize) -> Result<Line, Failure> {
        match &self.system {
            System::Raw => {
                let client = raw::Client::sender(person as u64, deposits, self.envelopes.clone());
                self.raw_line(client, Duration::ZERO).await
            }
            System::Ours { pin, inboxes } => {
                let inbox = inboxes.get(person).ok_or("nobody of this number")?;
                let link =
                    Link::open_with(&self.connector, self.relay.at, *pin, ConnectionKind::Anonymous).await?;
                let deposits = (0..deposits).map(|n| inbox.stamped(&self.envelopes.nth(n)?));
                let deposits = deposits.collect::<Result<_, Failure>>()?;
                let (stream, machine, began) = link.into_parts();
                let client = Box::new(ours::Client::sender(machine, deposits));
                let mut line = Line::new(stream, client, began, Duration::ZERO);
                // Who asks nothing for ten seconds is shown out, and a thousand others may take longer to come.
                line.ping()?;
                line.flush().await?;
                Ok(line)
            }
        }
    }

    /// The owner's connection, on which nothing is collected yet. Every later round trip takes `delay` longer.
    pub async fn owner(&self, person: usize, delay: Duration) -> Result<Line, Failure> {
        match &self.system {
            System::Raw => {
                let client = raw::Client::owner(person as u64, self.envelopes.clone());
                self.raw_line(client, delay).await
            }
            System::Ours { pin, inboxes } => {
                let inbox = inboxes.get(person).ok_or("nobody of this number")?;
                let mut link =
                    Link::open_with(&self.connector, self.relay.at, *pin, ConnectionKind::Owner).await?;
                let slot = inbox.open(&mut link).await?;
                let (stream, machine, began) = link.into_parts();
                Ok(Line::new(stream, Box::new(ours::Client::owner(machine, slot)), began, delay))
            }
        }
    }

    async fn raw_line(&self, client: raw::Client, delay: Duration) -> Result<Line, Failure> {
        let stream = connect(self.relay.at, &self.connector).await?;
        let mut line = Line::new(stream, Box::new(client), Instant::now(), delay);
        line.flush().await?;
        Ok(line)
    }
}
