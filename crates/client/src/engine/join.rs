//! Becoming somebody: keys, name, mailboxes, stamps, bundle; each step resumable (DESIGN § 6.2).
//!
//! The vault is written before each request, and each request repeated is byte for byte the one before, so that
//! a lost answer costs nothing. The mailboxes are created on connections of their own, so that what the relay
//! keeps does not tie them to the name. The recovery words stay in the vault until somebody is known to have them.

use std::cmp::Ordering;

use crypto::{IdentitySecret, OwnerSecret};
use e2ee::Account;
use proto::signed::{sign_first, sign_open};
use wire::{
    Address, ConnectionKind, DepositId, Generation, HostPort, Name, OwnerKey, RecoveryCommitment,
    RefusalKind, Response, ServerId, Slot, Voucher, VoucherHash,
    limits::GENERATIONS_MAX,
    request::{Claim, Create, Generate, MailboxPolicy, Open, Publish, Retire, VOUCHERS},
    response::{Opened, Registered},
};

use super::{
    challenge::Stands,
    directory::LookingUp,
    fail_at, give_up,
    recover_name::{self, entropy_of, is_recovered},
    run,
};
use crate::{
    Client, ClientError, FailPoint, JoinAt, JoinRequest, Joined, Language, Options, Passphrase, Profile,
    Unlock,
    transport::{Line, Pin},
    vault::{
        Tx, Vault, former, ledger,
        mailbox::{self, MyMailbox},
        me::{self, Me, NewMe, Stage},
    },
    world::Dice,
};

/// How far a renewed vault goes above a bundle that is not shown.
const COUNTER_ROOM: u64 = 16;
/// Times that it does so before it gives up.
const PUBLISH_TRIES: usize = 16;

/// See [`Client::join`].
pub(crate) fn join(
    profile: &Profile,
    request: &JoinRequest,
    options: Options,
) -> Result<(Client, Joined), ClientError> {
    // Words that are none are told before anything is made.
    if let JoinAt::Recover { words, .. } = &request.at {
        entropy_of(words)?;
    }
    let resumed = profile.exists();
    let vault = match resumed {
        true => Vault::open(profile, &Unlock::from(&request.protect), &options.world)?,
        false => Vault::create(profile, &request.protect, &options.world)?,
    };
    let joining = Joining { vault: &vault, request, options: &options };
    run(joining.run())?;
    let me = vault.me()?;
    let joined = Joined {
        address: me.address(),
        recovery_words: recovery_words(&vault, request.language)?.unwrap_or_default(),
        server_pinned: me.server_pinned,
        protection: profile.protection()?,
    };
    Ok((Client { vault, options }, joined))
}

/// See [`Client::recovery_words`].
pub(crate) fn recovery_words(vault: &Vault, language: Language) -> Result<Option<Vec<String>>, ClientError> {
    let entropy = vault.read(me::recovery_entropy)?;
    Ok(entropy.map(|entropy| {
        e2ee::recovery_words(&entropy, language.into()).iter().map(|word| (*word).to_owned()).collect()
    }))
}

/// See [`Client::forget_recovery_words`].
pub(crate) fn forget_recovery_words(vault: &Vault) -> Result<(), ClientError> {
    // A vault from before an upgrade has them too.
    former::let_go_of_all(vault.profile())?;
    vault.erase(me::forget_recovery_words)
}

struct Joining<'a> {
    vault: &'a Vault,
    request: &'a JoinRequest,
    options: &'a Options,
}

impl Joining<'_> {
    /// Goes on from wherever the last try stopped.
    async fn run(&self) -> Result<(), ClientError> {
        let me = self.begin().await?;
        if me.stage == Stage::Joined {
            return Ok(());
        }
        if me.stage < Stage::Registered {
            match is_recovered(&me.record) {
                true => self.take_back(&me).await?,
                false => self.claim(&me).await?,
            }
        }
        if me.stage < Stage::Doorstep {
            self.create(MailboxPolicy::Doorstep, Stage::Doorstep).await?;
        }
        if me.stage < Stage::Inbox {
            self.create(MailboxPolicy::Inbox, Stage::Inbox).await?;
        }
        if me.stage < Stage::Stamps {
            self.generate().await?;
        }
        self.publish().await?;
        self.finish()
    }

    /// The row of joining: the one of an earlier try, or a new one.
    async fn begin(&self) -> Result<Me, ClientError> {
        match self.vault.read(me::me)? {
            Some(me) if me.stage == Stage::Joined => self.is_done(me),
            Some(me) => self.resume(me),
            None => self.prepare().await,
        }
    }

    /// Whoever ended between the last step and the words joins once more in the same way, and has them.
    fn is_done(&self, me: Me) -> Result<Me, ClientError> {
        give_up::check(self.vault)?;
        let takes_back = matches!(self.request.at, JoinAt::Recover { .. });
        let is_same = !takes_back && self.target().is_ok_and(|(at, name)| at == me.at && name == me.name);
        match is_same && self.vault.read(me::has_recovery_words)? {
            true => Ok(me),
            false => Err(ClientError::AlreadyJoined { address: me.address().to_string() }),
        }
    }

    /// The same name at the same server goes on; with another invitation if one is given.
    fn resume(&self, me: Me) -> Result<Me, ClientError> {
        let (at, name) = self.target()?;
        if name != me.name || at != me.at {
            return Err(ClientError::JoinUnfinished);
        }
        if let JoinAt::Invitation(invitation) = &self.request.at {
            let code = invitation.code.0;
            self.vault.write(|tx| Ok(tx.execute("UPDATE me SET invite = ?1", [code])?))?;
        }
        self.vault.read(me::me)?.ok_or(ClientError::JoinUnfinished)
    }

    fn target(&self) -> Result<(HostPort, Name), ClientError> {
        let (at, invited) = match &self.request.at {
            JoinAt::Invitation(invitation) => (invitation.at.clone(), invitation.name.clone()),
            JoinAt::Open { at, .. } => (at.clone(), None),
            JoinAt::Recover { address, .. } => (address.at.clone(), Some(address.name.clone())),
        };
        let name = self.request.name.clone().or(invited).ok_or(ClientError::NameNeeded)?;
        Ok((at, name))
    }

    /// Meets the server, then draws every secret that joining needs and commits them together.
    async fn prepare(&self) -> Result<Me, ClientError> {
        let (at, name) = self.target()?;
        if let JoinAt::Recover { address, words } = &self.request.at {
            return self.prepare_recovery(address, words).await;
        }
        let pin = match &self.request.at {
            JoinAt::Invitation(invitation) => Pin::Short(invitation.server),
            JoinAt::Open { server: Some(server), .. } => Pin::Short(*server),
            JoinAt::Open { server: None, .. } | JoinAt::Recover { .. } => Pin::Any,
        };
        let line = Line::connect(self.options, &at, pin, ConnectionKind::Registry).await?;
        let server_id = line.server_id();
        line.close().await;
        self.draw(&at, &name, &server_id, pin != Pin::Any)?;
        self.vault.read(me::me)?.ok_or(ClientError::JoinUnfinished)
    }

    /// Finds the name, and draws what its next record and new mailboxes need.
    async fn prepare_recovery(&self, address: &Address, words: &Passphrase) -> Result<Me, ClientError> {
        let entropy = entropy_of(words)?;
        let recovery = IdentitySecret::recovery_from_entropy(&entropy);
        let found = recover_name::find(self.options, address, &recovery).await?;
        let identity = IdentitySecret::generate(&mut Dice(&*self.options.world));
        let record = recover_name::next_record(&found, &recovery, &identity);
        self.commit_drawn(&NewMe {
            name: &address.name,
            at: &address.at,
            server_id: &found.server_id,
            server_pinned: address.pins.is_some(),
            identity: &identity,
            record: &record,
            recovery_entropy: &entropy,
            invite: None,
            account: &self.new_account(),
        })?;
        self.vault.read(me::me)?.ok_or(ClientError::JoinUnfinished)
    }

    /// The recovery key signs, the server asks, and the name is mine again.
    async fn take_back(&self, me: &Me) -> Result<(), ClientError> {
        let (entropy, identity) = self.vault.read(|tx| Ok((me::recovery_entropy(tx)?, me::identity(tx)?)))?;
        let entropy = entropy.ok_or(ClientError::VaultDamaged { what: "the recovery words" })?;
        let recovery = IdentitySecret::recovery_from_entropy(&entropy);
        let vouchers = self.voucher_hashes()?;
        match recover_name::take_back(self.options, me, &recovery, &identity, vouchers).await {
            Ok(Stands { nonce, leaf_index }) => {
                fail_at(self.options.fail_point, FailPoint::RegisteredNotNoted)?;
                self.vault.write(|tx| {
                    ledger::meet(tx, &me.server_id, &me.at)?;
                    me::set_registered(tx, &nonce, leaf_index)
                })
            }
            // What was drawn follows a record that stands no more: the next try draws anew.
            Err(error @ ClientError::NameChanged { .. }) => Err(self.give_up(error)),
            Err(error) => Err(error),
        }
    }

    fn new_account(&self) -> Account {
        let world = &self.options.world;
        Account::generate(&mut Dice(&**world), client_core::schedule::day_of(world.now()))
    }

    fn draw(
        &self,
        at: &HostPort,
        name: &Name,
        server_id: &ServerId,
        pinned: bool,
    ) -> Result<(), ClientError> {
        let world = &self.options.world;
        let mut rng = Dice(&**world);
        let identity = IdentitySecret::generate(&mut rng);
        let entropy = zeroize::Zeroizing::new(rng.bytes::<32>());
        let recovery =
            RecoveryCommitment(IdentitySecret::recovery_from_entropy(&entropy).public().commitment());
        let record = sign_first(&identity, name.clone(), *server_id, recovery);
        let invite = match &self.request.at {
            JoinAt::Invitation(invitation) => Some(invitation.code),
            JoinAt::Open { .. } | JoinAt::Recover { .. } => None,
        };
        self.commit_drawn(&NewMe {
            name,
            at,
            server_id,
            server_pinned: pinned,
            identity: &identity,
            record: &record,
            recovery_entropy: &entropy,
            invite: invite.as_ref(),
            account: &self.new_account(),
        })
    }

    /// Every secret that joining needs, in one transaction.
    fn commit_drawn(&self, new: &NewMe<'_>) -> Result<(), ClientError> {
        self.vault.write(|tx| {
            me::insert(tx, new)?;
            for policy in [MailboxPolicy::Doorstep, MailboxPolicy::Inbox] {
                let owner = OwnerSecret::generate(&mut tx.rng());
                mailbox::insert(tx, policy, &tx.rng().bytes().into(), &owner, &Voucher(tx.rng().bytes()))?;
            }
            (2..VOUCHERS).try_for_each(|_| mailbox::keep_voucher(tx, &Voucher(tx.rng().bytes())))
        })
    }

    /// `CLAIM` → `REGISTERED`. The record registered already answers alike, so a lost answer costs nothing.
    async fn claim(&self, me: &Me) -> Result<(), ClientError> {
        let claim = Claim { record: me.record.clone(), vouchers: self.voucher_hashes()?, invite: me.invite };
        let mut line = self.connect(me, ConnectionKind::Registry).await?;
        let response = line.ask(claim).await?;
        let registered = match response {
            Response::Registered(registered) => registered,
            Response::Challenge(_) => {
                return Err(self.give_up(ClientError::NameTaken { name: me.name.to_string() }));
            }
            other => return Err(self.refused(line.unexpected(&other))),
        };
        line.close().await;
        fail_at(self.options.fail_point, FailPoint::RegisteredNotNoted)?;
        let Registered { leaf_index, commitment_nonce, .. } = *registered;
        self.vault.write(|tx| {
            // A log that is not shown yet is asked for every day.
            ledger::meet(tx, &me.server_id, &me.at)?;
            me::set_registered(tx, &commitment_nonce, leaf_index)
        })
    }

    fn voucher_hashes(&self) -> Result<[VoucherHash; VOUCHERS], ClientError> {
        let vouchers = self.vault.read(|tx| {
            let doorstep = mailbox::get(tx, MailboxPolicy::Doorstep)?.voucher;
            let inbox = mailbox::get(tx, MailboxPolicy::Inbox)?.voucher;
            let kept = mailbox::kept_vouchers(tx)?;
            Ok([doorstep, inbox].into_iter().chain(kept).collect::<Vec<_>>())
        })?;
        let hashes: Vec<_> = vouchers.iter().map(|v| VoucherHash(crypto::voucher_hash(&v.0))).collect();
        hashes.try_into().map_err(|_| ClientError::VaultDamaged { what: "the vouchers" })
    }

    /// A clear no means that nothing is registered: the next try may choose another name.
    fn refused(&self, error: ClientError) -> ClientError {
        match error {
            ClientError::InvitationRefused => self.give_up(error),
            other => other,
        }
    }

    fn give_up(&self, error: ClientError) -> ClientError {
        let forget = self
            .vault
            .erase(|tx| Ok(tx.execute_batch("DELETE FROM me; DELETE FROM mailbox; DELETE FROM voucher;")?));
        match forget {
            Ok(()) => error,
            Err(vault_error) => vault_error,
        }
    }

    async fn create(&self, policy: MailboxPolicy, next: Stage) -> Result<(), ClientError> {
        let drawn = self.vault.read(|tx| mailbox::get(tx, policy))?;
        let sid = create(self.vault, self.options, policy, &drawn).await?;
        fail_at(self.options.fail_point, FailPoint::CreatedNotNoted)?;
        self.vault.write(|tx| {
            mailbox::set_sid(tx, policy, &sid)?;
            me::set_stage(tx, next)
        })
    }

    /// `OPEN` the inbox, then `GENERATE` its first stamps.
    async fn generate(&self) -> Result<(), ClientError> {
        let me = self.vault.read(me::me)?.ok_or(ClientError::JoinUnfinished)?;
        let mut line = self.connect(&me, ConnectionKind::Owner).await?;
        let opened = open_mailbox(self.vault, &mut line, MailboxPolicy::Inbox).await?;
        make_generation_known(self.vault, &mut line, &opened).await?;
        line.close().await;
        self.vault.write(|tx| me::set_stage(tx, Stage::Stamps))
    }

    /// `PUBLISH` the first bundle, which names the doorstep.
    async fn publish(&self) -> Result<(), ClientError> {
        let me = self.vault.read(me::me)?.ok_or(ClientError::JoinUnfinished)?;
        if me.bundle.is_none() {
            self.vault.write(super::upkeep::renew_bundle)?;
        }
        publish(self.vault, self.options).await
    }

    /// The words stay, but for those that took the name back: they were typed just now.
    fn finish(&self) -> Result<(), ClientError> {
        let me = self.vault.read(me::me)?.ok_or(ClientError::JoinUnfinished)?;
        let takes_back = is_recovered(&me.record);
        if takes_back {
            former::let_go_of_all(self.vault.profile())?;
        }
        self.vault.erase(|tx| {
            if takes_back {
                me::forget_recovery_words(tx)?;
            }
            me::forget_joining(tx)
        })
    }

    async fn connect(&self, me: &Me, kind: ConnectionKind) -> Result<Line, ClientError> {
        Line::connect(self.options, &me.at, Pin::Full(me.server_id), kind).await
    }
}

/// `CREATE` on a connection of its own: where a mailbox that was drawn is.
pub(crate) async fn create(
    vault: &Vault,
    options: &Options,
    policy: MailboxPolicy,
    drawn: &MyMailbox,
) -> Result<DepositId, ClientError> {
    let me = vault.read(me::me)?.ok_or(ClientError::JoinUnfinished)?;
    let owner_key = OwnerKey(drawn.owner.public());
    let create = Create { rid: drawn.rid, owner_key, policy, voucher: drawn.voucher };
    let mut line = Line::connect(options, &me.at, Pin::Full(me.server_id), ConnectionKind::Owner).await?;
    let sid = match line.ask(create).await? {
        Response::Created(created) => created.sid,
        other => return Err(line.unexpected(&other)),
    };
    line.close().await;
    Ok(sid)
}

/// `OPEN`: proves that the mailbox is mine, on this connection.
pub(crate) async fn open_mailbox(
    vault: &Vault,
    line: &mut Line,
    policy: MailboxPolicy,
) -> Result<Opened, ClientError> {
    let mine = vault.read(|tx| mailbox::get(tx, policy))?;
    let proof = sign_open(&mine.owner, &mine.rid, line.proof());
    let opened = match line.ask(Open { rid: mine.rid, proof }).await? {
        Response::Opened(opened) => opened,
        other => return Err(line.unexpected(&other)),
    };
    match mine.sid {
        Some(sid) if sid != opened.sid => Err(other_mailbox(line)),
        _ => Ok(opened),
    }
}

fn other_mailbox(line: &Line) -> ClientError {
    ClientError::Protocol { host: line.host().to_owned(), reason: "it opened another mailbox than mine" }
}

/// `GENERATE`, unless the relay knows the generation.
pub(crate) async fn make_generation_known(
    vault: &Vault,
    line: &mut Line,
    opened: &Opened,
) -> Result<(), ClientError> {
    let (mint, known) =
        vault.read(|tx| Ok((mailbox::mint(tx)?, mailbox::get(tx, MailboxPolicy::Inbox)?.generated)))?;
    if known && opened.generations.contains(&mint.generation()) {
        return Ok(());
    }
    if !opened.generations.contains(&mint.generation()) {
        if let Some(oldest) =
            opened.generations.first().filter(|_| opened.generations.len() >= GENERATIONS_MAX)
        {
            retire(line, opened.slot, *oldest).await?;
        }
        let generate = Generate { slot: opened.slot, generation: mint.generation(), key: mint.key() };
        match line.ask(generate).await? {
            Response::Generated => {}
            other => return Err(line.unexpected(&other)),
        }
    }
    vault.write(mailbox::set_generated)
}

/// `RETIRE`: the oldest of four generations makes room for another.
pub(crate) async fn retire(line: &mut Line, slot: Slot, generation: Generation) -> Result<(), ClientError> {
    match line.ask(Retire { slot, generation }).await? {
        Response::Retired => Ok(()),
        other => Err(line.unexpected(&other)),
    }
}

/// The relay has a bundle with as high a counter, from another copy of this identity. A renewed vault goes
/// above it, since the relay does not show before midnight what was published today; any other stops.
fn superseded_bundle(tx: &Tx<'_>) -> Result<me::Copy, ClientError> {
    let row = me::me(tx)?.ok_or(ClientError::JoinUnfinished)?;
    match me::copy(tx)? {
        me::Copy::Renewed => {
            me::raise_bundle_counter(tx, row.bundle_counter.saturating_add(COUNTER_ROOM))?;
            super::upkeep::renew_bundle(tx)?;
        }
        _ => me::set_copy(tx, me::Copy::PerhapsOld)?,
    }
    me::copy(tx)
}

/// `PUBLISH` of the bundle that waits in the vault.
pub(crate) async fn publish(vault: &Vault, options: &Options) -> Result<(), ClientError> {
    for _ in 0..PUBLISH_TRIES {
        let me = vault.read(me::me)?.ok_or(ClientError::JoinUnfinished)?;
        let Some(bundle) = me.bundle.clone() else { return Ok(()) };
        let pin = Pin::Full(me.server_id);
        let mut line = Line::connect(options, &me.at, pin, ConnectionKind::Registry).await?;
        let answer = line.ask(Publish { name: me.name.clone(), bundle }).await?;
        match &answer {
            Response::Published => {
                line.close().await;
                return vault.erase(published);
            }
            Response::Refused(refusal) if refusal.kind == RefusalKind::Stale => line.close().await,
            Response::Refused(refusal) if refusal.kind == RefusalKind::Signature => {
                let refused = line.unexpected(&answer);
                line.close().await;
                return Err(other_key(options, &me).await?.unwrap_or(refused));
            }
            other => return Err(line.unexpected(other)),
        }
        if vault.write(superseded_bundle)? == me::Copy::PerhapsOld {
            return Err(ClientError::OtherCopy);
        }
    }
    Err(ClientError::OtherCopy)
}

/// What the directory has under my name where it is not my key: a later one, or, where the relay went back, a former
/// one.
pub(crate) async fn other_key(options: &Options, me: &Me) -> Result<Option<ClientError>, ClientError> {
    let mut looking = LookingUp::of(options, &me.at, Pin::Full(me.server_id), &me.name).await?;
    let found = looking.own_record(&me.fingerprint).await?;
    looking.close().await;
    Ok(match found.record.body.seq.cmp(&me.record.body.seq) {
        Ordering::Less => Some(ClientError::ForgottenKey { host: me.at.to_string() }),
        _ if found.fingerprint == me.fingerprint => None,
        _ => Some(ClientError::SupersededKey { name: me.name.to_string() }),
    })
}

fn published(tx: &Tx<'_>) -> Result<(), ClientError> {
    let today = client_core::schedule::day_of(tx.now());
    me::set_account(tx, &me::account(tx)?.published(today))?;
    me::set_published(tx)
}
