//! [`Client`]: one open vault, and everything that a person can do with it.

use std::{
    collections::BTreeSet,
    io::{Read, Write},
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
    time::Duration,
};

use wire::{Address, Name};

use crate::{
    Allotment, AskOptions, Asked, BackedUp, CalledOff, ClientError, Contact, ContactOverview, ContactRequest,
    Declined, Desk, Fraud, Handled, JoinRequest, Joined, Language, LogAudit, LogEntry, LogFrom, LogSearch,
    LogStanding, Notice, Options, OutboxEntry, Paired, PairingBegun, PairingUnderWay, Passphrase, Pauses,
    Place, Profile, Protector, PullOptions, PullSummary, Received, ReceivedFile, Released, Renewed, Restored,
    Rotated, SafetyNumber, SendOptions, Sent, SetAside, Staying, Unhandled, Unlock, Waiting,
    doctor::Check,
    engine,
    vault::{Vault, me},
};

/// One identity's client: the open vault and the way to its server.
///
/// Every method may be called from several processes at once: each ratchet step holds the vault's write lock,
/// and only one process collects at a time.
pub struct Client {
    pub(crate) vault: Vault,
    pub(crate) options: Options,
}

impl Client {
    /// Creates an identity and registers it. Interrupted at any step, the same call goes on from there;
    /// nothing is ever registered twice. As long as the vault has the recovery words, the same call gives them again.
    pub fn join(
        profile: &Profile,
        request: &JoinRequest,
        options: Options,
    ) -> Result<(Client, Joined), ClientError> {
        engine::join::join(profile, request, options)
    }

    /// Opens an existing identity. Does not connect.
    pub fn open(profile: &Profile, unlock: &Unlock, options: Options) -> Result<Client, ClientError> {
        let client = Client { vault: Vault::open(profile, unlock, &options.world)?, options };
        client.vault.me()?;
        // What is past its time is erased by whatever command comes first on a day, with or without a server.
        engine::upkeep::sweep(&client)?;
        Ok(client)
    }

    /// My full address, to give to others.
    pub fn address(&self) -> Result<Address, ClientError> {
        Ok(self.vault.me()?.address())
    }

    /// The 24 words that bring my name back, as long as the vault has them: from joining until
    /// [`Client::forget_recovery_words`]. `None` after that, and in a profile that was restored or took its name back.
    pub fn recovery_words(&self, language: Language) -> Result<Option<Vec<String>>, ClientError> {
        engine::join::recovery_words(&self.vault, language)
    }

    /// Whether the vault has the recovery words still: nobody said that they are on paper.
    pub fn has_recovery_words(&self) -> Result<bool, ClientError> {
        self.vault.read(me::has_recovery_words)
    }

    /// Erases the recovery words: whoever needs them has them. Nothing brings them back. A vault from before an upgrade goes
    /// with them.
    pub fn forget_recovery_words(&self) -> Result<(), ClientError> {
        engine::join::forget_recovery_words(&self.vault)
    }

    /// My name.
    pub fn name(&self) -> Result<Name, ClientError> {
        Ok(self.vault.me()?.name)
    }

    /// My identity's fingerprint in full, for QR codes and records.
    pub fn identity_fingerprint(&self) -> Result<[u8; 32], ClientError> {
        Ok(self.vault.me()?.fingerprint.0)
    }

    /// Adds a contact: looks the record up and checks it against the address. An address without
    /// fingerprints is trusted on first use. Adding the same person again returns the contact.
    pub fn add(&self, address: &Address, alias: Option<&str>) -> Result<Contact, ClientError> {
        engine::contacts::add(self, address, alias)
    }

    /// Makes a code of a number and two words for somebody to type: whoever types it and I become verified contacts
    /// (`spec/pairing.md`). It lives for a day; [`Client::finish_pairing`] waits for it, and every command that sends
    /// or collects goes on with it.
    pub fn pair(&self, language: Language, alias: Option<&str>) -> Result<PairingBegun, ClientError> {
        engine::pairing::begin(self, language, alias)
    }

    /// Types a code that somebody made. A word of no list is told before it costs the one try. Gives what
    /// [`Client::finish_pairing`] wants.
    pub fn pair_with(&self, code: &str, alias: Option<&str>) -> Result<i64, ClientError> {
        engine::pairing::reply(self, code, alias)
    }

    /// Waits for the other side of a pairing: `None` when there was no time left, or `stop` was set. `away` is told
    /// when the server cannot be reached; it is tried again.
    pub fn finish_pairing(
        &self,
        id: i64,
        wait: Duration,
        stop: Option<&AtomicBool>,
        away: &dyn Fn(&ClientError),
    ) -> Result<Option<Paired>, ClientError> {
        engine::pairing::finish(self, id, wait, stop, away)
    }

    /// Codes under way.
    pub fn pairings(&self) -> Result<Vec<PairingUnderWay>, ClientError> {
        engine::pairing::list(self)
    }

    /// Makes a code worthless: no contact comes of it here, and nothing of mine leaves any more.
    pub fn call_off(&self, number: u16) -> Result<CalledOff, ClientError> {
        engine::pairing::call_off(self, number)
    }

    /// All contacts, by alias.
    pub fn contacts(&self) -> Result<Vec<Contact>, ClientError> {
        engine::contacts::list(self)
    }

    /// One contact.
    pub fn contact(&self, alias: &str) -> Result<Contact, ClientError> {
        engine::contacts::view(self, alias)
    }

    /// Gives a contact another alias.
    pub fn rename(&self, alias: &str, new_alias: &str) -> Result<Contact, ClientError> {
        engine::contacts::rename(self, alias, new_alias)
    }

    /// Blocks or unblocks a contact. The contact is not told; the relay only where a flood has to be stemmed.
    pub fn set_blocked(&self, alias: &str, blocked: bool) -> Result<Contact, ClientError> {
        engine::contacts::set_blocked(self, alias, blocked)
    }

    /// Forgets a contact: the history is erased, and what waits in the outbox for them is dropped. They are not
    /// told. Message ids stay remembered, so that nothing old is shown again. Their stamps stay good: what they
    /// write next is a request like a stranger's. Somebody who was blocked stays out of sight instead.
    pub fn remove(&self, alias: &str) -> Result<(), ClientError> {
        engine::contacts::remove(self, alias)
    }

    /// Commits a text to the outbox, then drains the mailboxes and tries to have it stored.
    ///
    /// A server that cannot be reached is not an error: the message is `Queued` and goes with a later
    /// command, unless [`SendOptions::no_queue`] is set.
    pub fn send(&self, contact: &str, text: &str, options: &SendOptions) -> Result<Sent, ClientError> {
        engine::send::send(self, contact, text, &self.settled(options))
    }

    /// Commits a text to the outbox and returns its id at once, without a look at the network: from here on
    /// nothing loses it. [`Client::flush`], or whatever connects next, sends it.
    pub fn queue(&self, contact: &str, text: &str, options: &SendOptions) -> Result<String, ClientError> {
        engine::send::queue_only(self, contact, text, &self.settled(options))
    }

    /// What a call asks for, and what holds for every call.
    fn settled(&self, options: &SendOptions) -> SendOptions {
        let require_verified = options.require_verified || self.options.require_verified;
        SendOptions { require_verified, ..options.clone() }
    }

    /// Reads a file to its end, at most 16 MiB, and sends it with words of its own. What was read is in the vault:
    /// interrupted after that, a later command goes on where it stopped. `name` is what the other side sees.
    pub fn send_file(
        &self,
        contact: &str,
        input: &mut dyn Read,
        name: &str,
        text: &str,
        options: &SendOptions,
    ) -> Result<Sent, ClientError> {
        engine::files::send(self, contact, input, name, text, &self.settled(options))
    }

    /// Received files, oldest first; of one contact if one is named.
    pub fn files(&self, contact: Option<&str>) -> Result<Vec<ReceivedFile>, ClientError> {
        engine::files::list(self, contact)
    }

    /// Saves a received file into a folder, under a harmless name that is free, or under a path where nothing is;
    /// syncs it, and then lets the vault's copy go. `id` may be the beginning of the id.
    pub fn save_file(&self, id: &str, to: &Path) -> Result<PathBuf, ClientError> {
        engine::files::save(self, id, to)
    }

    /// Writes a received file out; the vault keeps its copy.
    pub fn write_file(&self, id: &str, out: &mut dyn Write) -> Result<(), ClientError> {
        engine::files::write_to(self, id, out)
    }

    /// Replaces the words of a text of mine: by its id, the beginning of it, or `last`. Who saw the first words may
    /// remember them.
    pub fn edit(
        &self,
        contact: &str,
        which: &str,
        text: &str,
        options: &SendOptions,
    ) -> Result<Sent, ClientError> {
        engine::said::edit(self, contact, which, text, &self.settled(options))
    }

    /// The same without a look at the network, as [`Client::queue`] does it: the id of what waits.
    pub fn queue_edit(
        &self,
        contact: &str,
        which: &str,
        text: &str,
        options: &SendOptions,
    ) -> Result<String, ClientError> {
        engine::said::queue_edit(self, contact, which, text, &self.settled(options))
    }

    /// Takes a message of mine back here, and asks the other side to do the same. `None` if it had not left.
    pub fn take_back(
        &self,
        contact: &str,
        which: &str,
        options: &SendOptions,
    ) -> Result<Option<Sent>, ClientError> {
        engine::said::take_back(self, contact, which, options)
    }

    /// The same without a look at the network: the id of what asks the other side. `None` if the message had not left.
    pub fn queue_take_back(
        &self,
        contact: &str,
        which: &str,
        options: &SendOptions,
    ) -> Result<Option<String>, ClientError> {
        engine::said::queue_take_back(self, contact, which, options)
    }

    /// Agrees after how long the texts of both disappear, not files, questions and answers; `None`: not at all. Nobody can enforce it.
    pub fn set_timer(&self, contact: &str, after: Option<Duration>) -> Result<Sent, ClientError> {
        engine::said::set_timer(self, contact, after, &self.settled(&SendOptions::default()))
    }

    /// Lets a contact have so many stamps of mine in hand, from the next refill on; what it has stays with it.
    pub fn set_allotment(&self, contact: &str, allotment: Allotment) -> Result<Contact, ClientError> {
        engine::said::set_allotment(self, contact, allotment)
    }

    /// Turns receipts for a contact on or off: off unless a person turns them on.
    pub fn set_receipts(&self, contact: &str, on: bool) -> Result<Contact, ClientError> {
        engine::said::set_receipts(self, contact, on)
    }

    /// Asks a contact and waits for the answer. Other messages that come meanwhile stay unhandled, and so does the answer
    /// until whoever got it says so ([`Client::mark_handled_by_id`]). Another process that wants to collect is let in.
    pub fn ask(&self, contact: &str, text: &str, options: &AskOptions) -> Result<Asked, ClientError> {
        let options = AskOptions { send: self.settled(&options.send), ..options.clone() };
        engine::said::ask(self, contact, text, &options)
    }

    /// Asks a contact and does not wait: the answer comes as a message, for whoever receives. Of the options, `wait` is
    /// how long an answer is taken.
    pub fn ask_only(&self, contact: &str, text: &str, options: &AskOptions) -> Result<Sent, ClientError> {
        let options = AskOptions { send: self.settled(&options.send), ..options.clone() };
        engine::said::ask_only(self, contact, text, &options)
    }

    /// Answers a question of a contact: the one named, else the newest that is open. With choices, by the words or
    /// the number of one.
    pub fn answer(
        &self,
        contact: &str,
        which: Option<&str>,
        text: &str,
        options: &SendOptions,
    ) -> Result<Sent, ClientError> {
        engine::said::answer(self, contact, which, text, &self.settled(options))
    }

    /// The same without a look at the network, as [`Client::queue`] does it: the id of what waits.
    pub fn queue_answer(
        &self,
        contact: &str,
        which: Option<&str>,
        text: &str,
        options: &SendOptions,
    ) -> Result<String, ClientError> {
        engine::said::queue_answer(self, contact, which, text, &self.settled(options))
    }

    /// Collects what comes as it comes, and sends what waits, until `stop` is set. Hands nothing out, and lets other
    /// processes collect when they want to. `connected` says whether messages arrive as they are sent; `away` is told
    /// why not.
    pub fn receive(
        &self,
        stop: &AtomicBool,
        connected: &AtomicBool,
        away: &dyn Fn(&ClientError),
    ) -> Result<(), ClientError> {
        engine::news::receive(self, stop, connected, away)
    }

    /// Waits until a later message of the contact shows that their client has the message with this id.
    pub fn wait_seen(
        &self,
        id: &str,
        wait: Duration,
        stop: Option<&AtomicBool>,
    ) -> Result<bool, ClientError> {
        engine::said::wait_seen(self, id, wait, stop)
    }

    /// Drains, then sends what waits in the outbox. Returns how many messages were stored.
    pub fn flush(&self) -> Result<u32, ClientError> {
        engine::send::flush_now(self)
    }

    /// Collects what waits, and hands unhandled messages to `sink`, in order. What the sink takes is never
    /// handed out again; what it does not take is handed out by the next pull.
    pub fn pull(
        &self,
        options: &PullOptions,
        sink: &mut dyn FnMut(&Received) -> Handled,
    ) -> Result<PullSummary, ClientError> {
        engine::pull::pull(self, options, sink)
    }

    /// Collects without handing anything out: what is new then shows in `log` and `requests`.
    pub fn collect(&self) -> Result<PullSummary, ClientError> {
        engine::pull::collect_only(self)
    }

    /// Hands out what is in the vault already, as [`Client::pull`] does after collecting. Waits while another
    /// process hands out.
    pub fn hand_out(
        &self,
        options: &PullOptions,
        sink: &mut dyn FnMut(&Received) -> Handled,
    ) -> Result<PullSummary, ClientError> {
        engine::pull::hand_out_only(self, options, sink)
    }

    /// Messages that nobody handled and that are not among `known`, at most `max`, each contact's in order; and
    /// which of `known` still wait.
    pub fn unhandled(&self, known: &BTreeSet<Waiting>, max: usize) -> Result<Unhandled, ClientError> {
        engine::waiting::unhandled(self, known, max)
    }

    /// Marks messages with this id, or the only one that begins so, as handled. Says how many were.
    pub fn mark_handled_by_id(&self, id: &str) -> Result<u32, ClientError> {
        engine::waiting::mark_handled(self, id)
    }

    /// Sends what waits in the outbox, without collecting first: for where somebody stays connected. Returns how many
    /// messages were stored. Contacts to whom nothing could be brought are left alone for a while.
    pub fn send_waiting(&self, pauses: &mut Pauses) -> Result<u32, ClientError> {
        engine::send::send_waiting(self, pauses)
    }

    /// Stays connected and takes in what comes, until [`Desk::stop`]; collects for whoever asks at the desk; hands
    /// nothing out, and sends nothing. A connection that breaks is made again. Ends by itself only for what no retry cures.
    pub fn stay(&self, desk: &Desk, tell: &mut dyn FnMut(Staying)) -> Result<(), ClientError> {
        engine::stay::stay(self, desk, tell)
    }

    /// First messages of strangers, oldest first. Nothing was sent in reply.
    pub fn requests(&self) -> Result<Vec<ContactRequest>, ClientError> {
        engine::requests::list(self)
    }

    /// Reads the public log of one's own server anew where it was read before a request came whose sender it does not
    /// have yet, so that [`ContactRequest::checked`] can tell. Only the server that both use is asked.
    pub fn check_requests(&self) -> Result<(), ClientError> {
        engine::places::check_requests(self)
    }

    /// Accepts a request: checks the name with its server, makes a contact, answers with stamps.
    pub fn accept(&self, label: &str, alias: Option<&str>) -> Result<Contact, ClientError> {
        engine::requests::accept(self, label, alias)
    }

    /// Drops a request. The stranger is not told. One that claims a contact's name is looked up before: if the contact wrote
    /// it under a new key, it is joined to the conversation and not dropped.
    pub fn decline(&self, label: &str) -> Result<Declined, ClientError> {
        engine::requests::decline(self, label)
    }

    /// A contact's history, oldest first; with a limit, the newest so many.
    pub fn log(&self, contact: &str, limit: Option<u32>) -> Result<Vec<LogEntry>, ClientError> {
        engine::log::log(self, contact, limit)
    }

    /// A page of a contact's history, oldest first; fewer entries than `limit` (at most 1,000) mean that there are
    /// no more on that side. The time that it takes does not grow with the history.
    pub fn log_page(&self, contact: &str, from: LogFrom, limit: u32) -> Result<Vec<LogEntry>, ClientError> {
        engine::page::page(self, contact, from, limit)
    }

    /// Looks for the latest message before a place that has these words, capitals or not, among `limit` entries
    /// (at most 10,000).
    pub fn search_log(
        &self,
        contact: &str,
        words: &str,
        before: Option<Place>,
        limit: u32,
    ) -> Result<LogSearch, ClientError> {
        engine::page::search(self, contact, words, before, limit)
    }

    /// All contacts by alias, each with what is new and with the last line.
    pub fn overview(&self) -> Result<Vec<ContactOverview>, ClientError> {
        engine::page::overview(self)
    }

    /// Marks received messages of a contact as handled, by [`LogEntry::id`]: a pull does not hand them out any more.
    pub fn mark_handled(&self, contact: &str, ids: &[String]) -> Result<(), ClientError> {
        engine::page::mark_handled(self, contact, ids)
    }

    /// A number that changes when somebody else, another process or another [`Client`], changed the vault.
    pub fn changes(&self) -> Result<u64, ClientError> {
        self.vault.changes()
    }

    /// What the relay has not confirmed yet, oldest first.
    pub fn outbox(&self) -> Result<Vec<OutboxEntry>, ClientError> {
        engine::log::outbox(self)
    }

    /// What this contact and I compare.
    pub fn safety_number(&self, contact: &str, language: Language) -> Result<SafetyNumber, ClientError> {
        engine::contacts::safety_number(self, contact, language)
    }

    /// Records that this safety number was compared and is the same. Where the contact's key changed, the new key
    /// is taken with it: the conversation begins anew, and what was held is sealed to it.
    pub fn mark_verified(&self, contact: &str, number: &SafetyNumber) -> Result<Contact, ClientError> {
        engine::contacts::mark_verified(self, contact, number)
    }

    /// Takes a contact's changed key without comparing anything: unverified, and the person's own decision.
    /// Nothing happens where no new key waits for a decision.
    pub fn trust_new_key(&self, contact: &str) -> Result<Contact, ClientError> {
        engine::contacts::trust_new_key(self, contact)
    }

    /// Gives my name a new key, signed by the old one. Contacts follow it when they next look me up;
    /// conversations go on. Interrupted at any step, the same call goes on from there.
    pub fn rotate_identity(&self) -> Result<Rotated, ClientError> {
        engine::identity::rotate(self)
    }

    /// Gives my name up, after what waits was collected: nobody can write to me under it, and in thirty days it may be
    /// another person's. From then on this vault sends and receives nothing ([`ClientError::NameReleased`]); its history
    /// stays. Interrupted at any step, the same call goes on from there; afterwards it changes nothing.
    pub fn release_name(&self) -> Result<Released, ClientError> {
        engine::give_up::release(self)
    }

    /// Whether my name is given up, or being given up. Asks nobody.
    pub fn released(&self) -> Result<Option<Released>, ClientError> {
        engine::give_up::released(self)
    }

    /// Fails where my name is given up, or being given up: for whoever is about to wait for messages.
    pub fn check_name(&self) -> Result<(), ClientError> {
        engine::give_up::check(&self.vault)
    }

    /// Makes this vault the one that counts among the copies of its identity: fresh keys, and every contact is
    /// told. After [`ClientError::OtherCopy`]; another copy that is still in use is refused from then on.
    pub fn renew(&self) -> Result<Renewed, ClientError> {
        engine::renew::renew(self)
    }

    /// Writes everything that must outlive this device into one new encrypted file, reads it back, and only then
    /// gives it its name. It holds identity, contacts, history and mailboxes, and no session or offer: a ratchet
    /// that went back would use keys twice.
    pub fn backup(&self, path: &Path, passphrase: &Passphrase) -> Result<BackedUp, ClientError> {
        engine::backup::backup(self, path, passphrase)
    }

    /// Opens a backup and checks all of it, as a restore would; changes nothing and needs no server.
    pub fn check_backup(path: &Path, passphrase: &Passphrase) -> Result<BackedUp, ClientError> {
        engine::backup::check(path, passphrase)
    }

    /// Brings an identity back from a backup into an empty profile, and renews it (see [`Client::renew`]).
    pub fn restore(
        profile: &Profile,
        path: &Path,
        passphrase: &Passphrase,
        protect: &Protector,
        options: Options,
    ) -> Result<(Client, Restored), ClientError> {
        engine::backup::restore(profile, path, passphrase, protect, options)
    }

    /// What was noticed since this was last asked, each thing once.
    pub fn take_notices(&self) -> Result<Vec<Notice>, ClientError> {
        engine::log::take_notices(self)
    }

    /// How it stands with the public logs of keys that are known of, my own server's first.
    pub fn log_standings(&self) -> Result<Vec<LogStanding>, ClientError> {
        engine::ledger::standings(self)
    }

    /// Replays the public logs of my own server and of every contact's, and says how it stands. What is wrong with a log is
    /// part of the answer.
    ///
    /// # Errors
    ///
    /// When a server cannot be asked; the others were.
    pub fn sync_logs(&self) -> Result<Vec<LogStanding>, ClientError> {
        engine::ledger::sync(self)
    }

    /// Reads a proof that a relay signed two histories, and checks it. Asks nobody, and needs no identity.
    ///
    /// # Errors
    ///
    /// [`ClientError::NoFraud`] when it proves nothing, and why.
    pub fn verify_fraud(path: &Path) -> Result<Fraud, ClientError> {
        crate::fraud::verify(path)
    }

    /// Checks every log again from all that is kept of it, and each contact's key against it. Asks nobody.
    pub fn audit_logs(&self) -> Result<Vec<LogAudit>, ClientError> {
        engine::ledger::audit(self)
    }

    /// Envelopes that could not be opened and are kept.
    pub fn quarantine(&self) -> Result<Vec<SetAside>, ClientError> {
        engine::log::quarantine(self)
    }

    /// Checks the vault, its permissions, the server, its identity and the clock, and says it in this language.
    /// Never fails itself.
    pub fn doctor(&self, language: Language) -> Vec<Check> {
        crate::doctor::run_checks(self, language)
    }
}
