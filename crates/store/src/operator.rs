//! What only whoever runs the server asks of the directory: names, suspensions, invitations that are out.

use wire::{Name, UnixSeconds};

use crate::codec::{Cut, unseal};
use crate::directory::{INVITES_MAX, Invite, NameState, NamesFound, Suspension};
use crate::engine::{Engine, STEP};
use crate::shelf::{Batch, Shelf, Table};
use crate::{Cause, Frozen, OperatorStore, StoreError};

impl<S: Shelf> OperatorStore for Engine<S> {
    fn freeze(&self) -> Result<Frozen, StoreError> {
        // Between two commits: a day's table is neither being made nor dropped.
        let _writer = self.write()?;
        Ok(Frozen::of(self.shelf.freeze().map_err(|cause| self.failed(cause))?))
    }

    fn names(&self, after: Option<&[u8; 32]>, max: usize) -> Result<NamesFound, StoreError> {
        self.running()?;
        let (mut found, max) = (Vec::new(), max.min(STEP));
        let from: Vec<u8> = after.map_or_else(Vec::new, |key| key.iter().copied().chain([0]).collect());
        let rows = self.rows(Table::Names, &from, max)?;
        // Rows, not names: a damaged one must not look like the end.
        let next =
            rows.last().filter(|_| rows.len() == max).and_then(|(key, _)| key.get(..32)?.try_into().ok());
        for (key, _) in rows {
            let Ok(key) = <[u8; 32]>::try_from(key) else {
                self.count_damage();
                continue;
            };
            match self.name_state(key) {
                Ok(state) => found.extend(state),
                // Counted where it was met; the others are still listed.
                Err(StoreError::NotDone(Cause::Damaged)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(NamesFound { names: found, next })
    }

    fn name(&self, name: &Name) -> Result<Option<NameState>, StoreError> {
        self.running()?;
        self.name_state(self.name_key(name))
    }

    fn suspend(&self, name: &Name, now: UnixSeconds) -> Result<Suspension, StoreError> {
        let _writer = self.write()?;
        let key = self.name_key(name);
        if self.head(&key)?.is_none() {
            return Ok(Suspension::NoSuchName);
        }
        if self.suspended(&key)?.is_some() {
            return Ok(Suspension::Already);
        }
        let mut batch = Batch::default();
        batch.put(Table::Suspended, &key, &now.0.to_be_bytes());
        self.commit_addition(batch)?;
        Ok(Suspension::Done)
    }

    fn resume(&self, name: &Name) -> Result<Suspension, StoreError> {
        let _writer = self.write()?;
        let key = self.name_key(name);
        if self.head(&key)?.is_none() {
            return Ok(Suspension::NoSuchName);
        }
        if self.suspended(&key)?.is_none() {
            return Ok(Suspension::Already);
        }
        let mut batch = Batch::default();
        batch.remove(Table::Suspended, &key);
        self.commit(batch, crate::shelf::Durability::Synced)?;
        Ok(Suspension::Done)
    }

    fn invites(&self, name: Option<&Name>, id: &[u8]) -> Result<Vec<Invite>, StoreError> {
        self.running()?;
        let wanted = name.map(|name| self.name_key(name));
        let (mut found, mut from) = (Vec::new(), id.to_vec());
        // Every round begins behind the row with which the one before ended.
        loop {
            let rows = self.rows(Table::Invites, &from, STEP)?;
            let last = rows.last().filter(|(key, _)| rows.len() == STEP && key.starts_with(id));
            let next = last.map(|(key, _)| key.iter().copied().chain([0]).collect());
            let meant = rows.into_iter().take_while(|(key, _)| key.starts_with(id));
            let room = INVITES_MAX.saturating_sub(found.len());
            found.extend(meant.filter_map(|row| self.invite_in(row, wanted.as_ref())).take(room));
            match next {
                Some(next) if found.len() < INVITES_MAX => from = next,
                _ => return Ok(found),
            }
        }
    }

    fn revoke(&self, ids: &[[u8; 32]]) -> Result<u64, StoreError> {
        let _writer = self.write()?;
        let (mut batch, mut count) = (Batch::default(), 0);
        for id in ids.iter().take(INVITES_MAX) {
            if self.shelf.get(Table::Invites, id).map_err(|cause| self.failed(cause))?.is_some() {
                batch.remove(Table::Invites, id);
                count += 1;
            }
        }
        self.commit(batch, crate::shelf::Durability::Synced)?;
        Ok(count)
    }
}

impl<S: Shelf> Engine<S> {
    /// The invitation of a row, if it is sound and for this name or no matter which.
    fn invite_in(
        &self,
        (key, value): (Vec<u8>, Option<Vec<u8>>),
        wanted: Option<&[u8; 32]>,
    ) -> Option<Invite> {
        let body = value.as_deref().and_then(|value| unseal(Table::Invites.number(), &key, value));
        let invite = body.and_then(|body| {
            let mut cut = Cut(body);
            let expires = UnixSeconds(cut.u64()?);
            Some((expires, cut.rest().to_vec()))
        });
        let (Some((expires, bound)), Ok(id)) = (invite, <[u8; 32]>::try_from(key)) else {
            self.count_damage();
            return None;
        };
        let meant = wanted.is_none_or(|wanted| bound == wanted);
        meant.then_some(Invite { id, expires, for_one_name: !bound.is_empty() })
    }

    /// Since when a name is suspended, if it is.
    pub(crate) fn suspended(&self, key: &[u8; 32]) -> Result<Option<UnixSeconds>, StoreError> {
        let Some(body) = self.row(Table::Suspended, key)? else { return Ok(None) };
        let mut cut = Cut(&body);
        let since = cut.u64().ok_or_else(|| self.failed(Cause::Damaged))?;
        Ok(Some(UnixSeconds(since)))
    }

    fn name_state(&self, key: [u8; 32]) -> Result<Option<NameState>, StoreError> {
        let Some(head) = self.head(&key)? else { return Ok(None) };
        let Some(stored) = self.read_record(&key, head.seq)? else {
            return Err(self.failed(Cause::Damaged));
        };
        let (given_up, suspended) = (head.tombstone, self.suspended(&key)?);
        Ok(Some(NameState { key, record: stored.record, given_up, suspended }))
    }

    fn rows(&self, table: Table, from: &[u8], max: usize) -> Result<crate::shelf::Rows, StoreError> {
        self.shelf.scan(table, from, &[0xff; 64], max).map_err(|cause| self.failed(cause))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use wire::InviteCode;

    use super::*;
    use crate::{DirectoryStore, MailboxStore, MemoryStore, NewInvite};

    fn name(text: &str) -> Name {
        Name::parse(text).unwrap()
    }

    #[test]
    fn invitations_are_found_by_name_and_revoked_by_id() {
        let store = MemoryStore::new();
        for (code, name) in [(1, Some(name("alice"))), (2, Some(name("bob"))), (3, None)] {
            let expires = UnixSeconds(9);
            store.invite(NewInvite { code: InviteCode([code; 16]), name, expires }).unwrap();
        }
        assert_eq!(store.invites(None, &[]).unwrap().len(), 3);
        let hers = store.invites(Some(&name("alice")), &[]).unwrap();
        assert_eq!(hers.len(), 1);
        let ids: Vec<_> = hers.iter().map(|invite| invite.id).collect();
        assert_eq!(store.revoke(&ids), Ok(1));
        assert_eq!(store.revoke(&ids), Ok(0));
        assert_eq!(store.invites(None, &[]).unwrap().len(), 2);
        assert!(store.invites(Some(&name("alice")), &[]).unwrap().is_empty());
    }

    #[test]
    fn a_name_that_nobody_has_is_not_suspended() {
        let store = MemoryStore::new();
        assert_eq!(store.suspend(&name("nobody"), UnixSeconds(1)), Ok(Suspension::NoSuchName));
        assert_eq!(store.resume(&name("nobody")), Ok(Suspension::NoSuchName));
        assert_eq!(store.names(None, 10), Ok(NamesFound { names: vec![], next: None }));
    }

    #[test]
    fn an_invitation_that_nobody_used_leaves_a_week_after_its_end() {
        let store = MemoryStore::new();
        let end = wire::Day(20_000);
        for number in 0..5_000_u32 {
            let mut code = [0; 16];
            code[..4].copy_from_slice(&number.to_be_bytes());
            let name = (number % 2 == 0).then(|| name("alice"));
            // The last one is for a day longer.
            let days = u64::from(end.0) + u64::from(number == 4_999);
            let expires = UnixSeconds(days * 86_400);
            store.invite(NewInvite { code: InviteCode(code), name, expires }).unwrap();
        }
        let left = |day: u16| {
            store.sweep(wire::Day(day)).unwrap();
            store.invites(None, &[]).unwrap().len()
        };
        assert_eq!(left(end.0 + 6), INVITES_MAX, "listed for a week yet");
        assert_eq!(store.invites(Some(&name("alice")), &[]).unwrap().len(), 2_500);
        assert_eq!(left(end.0 + 7), 1);
        assert_eq!(left(end.0 + 8), 0);
    }

    #[test]
    fn an_invitation_is_found_behind_however_many_others() {
        let store = MemoryStore::new();
        let invite = |number: u32, name| {
            let mut code = [0; 16];
            code[..4].copy_from_slice(&number.to_be_bytes());
            store.invite(NewInvite { code: InviteCode(code), name, expires: UnixSeconds(9) }).unwrap();
        };
        (0..5_000).for_each(|number| invite(number, None));
        (5_000..5_040).for_each(|number| invite(number, Some(name("alice"))));
        let hers = store.invites(Some(&name("alice")), &[]).unwrap();
        assert_eq!(hers.len(), 40, "hashes of codes are spread over the whole table");
        for invite in &hers {
            assert_eq!(store.invites(None, &invite.id[..8]), Ok(vec![*invite]));
        }
        assert_eq!(store.invites(None, &[]).unwrap().len(), INVITES_MAX, "a list has its end");
    }
}
