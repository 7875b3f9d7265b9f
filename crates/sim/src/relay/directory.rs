//! What a relay says of names: registered, replaced, published, looked up; and the lies that are told of them.

use proto::signed::identity_of;
use proto::{ServerConnection, ServerEvent, Ticket, asked};
use store::{
    DirectoryStore, PublishOutcome, RegisterOutcome, RegisterRequest, ReplaceOutcome, ReplaceRequest,
};
use wire::refusal::Refusal;
use wire::request::Claim;
use wire::response::{Record, Registered, Replaced};
use wire::{
    ChallengeNonce, CommitmentNonce, Name, PrekeyBundle, RefusalKind, ShortFingerprint, TreeHead, UnixSeconds,
};

use super::{Relay, name_tag};
use crate::connection::Connection;
use crate::liar::Lie;
use crate::net::Luck;

impl Relay {
    pub(super) fn register(&mut self, machine: &mut ServerConnection, event: ServerEvent, luck: &mut Luck) {
        match event {
            ServerEvent::Claim { ticket, claim } => self.claim(machine, ticket, *claim, luck),
            ServerEvent::Replace { ticket, kind, expected_seq, record, vouchers } => {
                let request = ReplaceRequest {
                    kind,
                    record: *record,
                    expected_seq,
                    vouchers,
                    commitment_nonce: CommitmentNonce(luck.random.bytes()),
                    now: UnixSeconds(luck.clock),
                };
                match self.store.replace(request) {
                    Ok(ReplaceOutcome::Replaced(stored)) => {
                        let (leaf_index, commitment_nonce) = (stored.leaf_index, stored.commitment_nonce);
                        let tree_head = self.head(luck.clock);
                        machine.replaced(ticket, Replaced { leaf_index, tree_head, commitment_nonce });
                    }
                    Ok(ReplaceOutcome::TooMany { left_s }) => {
                        let kind = RefusalKind::Busy;
                        machine.refuse(ticket, Refusal { kind, retry_after_s: Some(left_s) });
                    }
                    Ok(ReplaceOutcome::Stale) => machine.refuse(ticket, Refusal::new(RefusalKind::Stale)),
                    Ok(ReplaceOutcome::NoSuch) => {
                        machine.refuse(ticket, Refusal::new(RefusalKind::NoSuchName))
                    }
                    Ok(ReplaceOutcome::Full | ReplaceOutcome::Untagged | ReplaceOutcome::Unmarked)
                    | Err(_) => {
                        machine.refuse(ticket, Refusal::new(RefusalKind::Unavailable));
                    }
                }
            }
            ServerEvent::FindIdentity { ticket, name } => match self.store.record(&name, None) {
                Ok(found) => machine.identity_found(ticket, found.as_ref().map(|stored| &stored.record)),
                Err(_) => machine.refuse(ticket, Refusal::new(RefusalKind::Unavailable)),
            },
            ServerEvent::Publish { ticket, name, bundle } => {
                self.publish(machine, ticket, name, *bundle, luck)
            }
            _ => {}
        }
    }

    fn claim(
        &mut self,
        machine: &mut ServerConnection,
        ticket: Ticket<asked::Claim>,
        claim: Claim,
        luck: &mut Luck,
    ) {
        let Claim { record, vouchers, invite } = claim;
        let commitment_nonce = CommitmentNonce(luck.random.bytes());
        let now = UnixSeconds(luck.clock);
        let tag = Some(name_tag(&self.server_id, &record.body.name));
        let request = RegisterRequest { record, vouchers, invite, open: true, tag, commitment_nonce, now };
        match self.store.register(request) {
            Ok(RegisterOutcome::Registered(stored) | RegisterOutcome::Again(stored)) => {
                let (leaf_index, commitment_nonce) = (stored.leaf_index, stored.commitment_nonce);
                let tree_head = self.head(luck.clock);
                machine.registered(ticket, Registered { leaf_index, tree_head, commitment_nonce });
            }
            Ok(RegisterOutcome::Taken(stored)) => {
                machine.taken(luck.moment(), ticket, &stored.record, ChallengeNonce(luck.random.bytes()));
            }
            Ok(RegisterOutcome::Untagged | RegisterOutcome::Unmarked) => {
                machine.refuse(ticket, Refusal::new(RefusalKind::Busy))
            }
            Ok(RegisterOutcome::BadInvite) => machine.refuse(ticket, Refusal::new(RefusalKind::Invite)),
            Ok(RegisterOutcome::Full) | Err(_) => {
                machine.refuse(ticket, Refusal::new(RefusalKind::Unavailable));
            }
        }
    }

    fn publish(
        &mut self,
        machine: &mut ServerConnection,
        ticket: Ticket<asked::Publish>,
        name: Name,
        bundle: PrekeyBundle,
        luck: &mut Luck,
    ) {
        let (doorstep, prekey) = (bundle.body.doorstep, bundle.body.prekey_id);
        match self.store.publish(&name, bundle, luck.today()) {
            Ok(PublishOutcome::Published | PublishOutcome::Again) => {
                self.prekeys.entry(doorstep).or_default().insert(prekey);
                self.doorsteps.insert(name, doorstep);
                machine.published(ticket);
            }
            Ok(PublishOutcome::Stale) => machine.refuse(ticket, Refusal::new(RefusalKind::Stale)),
            Ok(PublishOutcome::NoSuchName) => machine.refuse(ticket, Refusal::new(RefusalKind::NoSuchName)),
            Err(_) => machine.refuse(ticket, Refusal::new(RefusalKind::Unavailable)),
        }
    }

    /// Look-ups and fetches: the place for lies.
    pub(super) fn tell(&mut self, connection: &mut Connection, event: ServerEvent, luck: &mut Luck) {
        let lie = connection.lie;
        let machine = &mut connection.machine;
        match event {
            ServerEvent::Lookup { ticket, name, seq } => {
                let found = match lie {
                    Some(lie) => self.lie_about_record(lie, &name, seq, luck),
                    None => self.record(&name, seq),
                };
                let found = found.map(|record| Record { tree_head: self.head(luck.clock), ..record });
                machine.looked_up(ticket, found);
            }
            ServerEvent::Feed { ticket, feed } => machine.fed(ticket, self.feed(feed, luck.clock)),
            ServerEvent::Fetch { ticket, name } => {
                let found = match lie {
                    Some(lie) => self.lie_about_bundle(lie, &name, luck),
                    None => self.store.bundle(&name, luck.today()).unwrap_or(None),
                };
                machine.fetched(ticket, found);
            }
            _ => {}
        }
    }

    /// Whether a name ever had this key.
    pub(crate) fn has_had(&self, name: &Name, key: &ShortFingerprint) -> bool {
        let newest = self.record(name, None).map_or(0, |found| found.record.body.seq);
        (0..=newest).filter_map(|seq| self.record(name, Some(seq))).any(|found| {
            identity_of(&found.record.body).is_ok_and(|identity| key.matches(&identity.fingerprint()))
        })
    }

    fn record(&self, name: &Name, seq: Option<u32>) -> Option<Record> {
        self.store.record(name, seq).unwrap_or(None).map(|stored| Record {
            record: stored.record,
            commitment_nonce: stored.commitment_nonce,
            leaf_index: stored.leaf_index,
            tree_head: TreeHead::EMPTY,
        })
    }

    fn lie_about_record(&self, lie: Lie, name: &Name, seq: Option<u32>, luck: &mut Luck) -> Option<Record> {
        let truth = self.record(name, seq)?;
        match (lie, seq) {
            (Lie::Nobody, _) => None,
            (Lie::Foreign, _) => {
                let record = luck.liar.foreign_record(name, &self.server_id);
                Some(Record { record, ..truth })
            }
            (Lie::Unsigned, None) => {
                let record = luck.liar.unsigned_successor(&truth.record.body);
                Some(Record { record, ..truth })
            }
            (Lie::Older, None) if truth.record.body.seq > 0 => {
                self.record(name, Some(truth.record.body.seq - 1))
            }
            _ => Some(truth),
        }
    }

    fn lie_about_bundle(&self, lie: Lie, name: &Name, luck: &mut Luck) -> Option<PrekeyBundle> {
        match (lie, self.doorsteps.get(name)) {
            (Lie::Nobody, _) => None,
            (Lie::Foreign | Lie::Unsigned | Lie::ForeignBundle, Some(doorstep)) => {
                Some(luck.liar.foreign_bundle(*doorstep, luck.today()))
            }
            _ => self.store.bundle(name, luck.today()).unwrap_or(None),
        }
    }
}
