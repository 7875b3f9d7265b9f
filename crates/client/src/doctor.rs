//! Looks whether everything is in order, and says what to do where it is not.

use client_core::schedule::day_of;
use wire::ConnectionKind;

use crate::{
    Client, ClientError, Language, LogState, LogTrouble, Protection, Proxy, Released,
    engine::{join, owner::Owner, pull::collect_alone, run},
    error::both,
    transport::{Acquainted, Line, Pin, try_proxy},
    vault::{
        inbox,
        me::{self, Copy, Me},
        permissions, recovery, rotation,
    },
};

/// One thing looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Check {
    /// What was looked at: a short stable word (`permissions`, `vault`, `protector`, `proxy`, `server`, `clock`,
    /// `mailboxes`, `name`, `keys`, `copy`, `words`, `ledger`, `outbox`, `quarantine`).
    pub subject: &'static str,
    /// How it is.
    pub verdict: Verdict,
    /// One line for people.
    pub finding: String,
    /// What to do, where something is to be done.
    pub remedy: Option<String>,
}

/// How a thing is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// In order.
    Good,
    /// Works, but look at it.
    Warning,
    /// Does not work.
    Bad,
}

/// Clocks further apart than this are told.
const CLOCK_S_MAX: u64 = 300;

/// See [`Client::doctor`].
pub(crate) fn run_checks(client: &Client, language: Language) -> Vec<Check> {
    let doctor = Doctor { client, language };
    let mut checks = vec![doctor.permissions(), doctor.vault(), doctor.protector()];
    if checks.iter().any(|check| check.subject == "vault" && check.verdict == Verdict::Bad) {
        // Whatever else is read from it could be wrong for that reason alone.
        return checks;
    }
    if let Ok(Some(released)) = client.released() {
        checks.extend([doctor.released(&released), doctor.quarantine()]);
        return checks;
    }
    checks.extend(client.options.proxy.as_ref().map(|proxy| doctor.proxy(proxy)));
    checks.extend(doctor.server());
    let is_mine = !checks.iter().any(|check| check.subject == "name" && check.verdict == Verdict::Bad);
    checks.extend([doctor.keys(is_mine), doctor.copy()]);
    checks.extend(doctor.words());
    checks.extend(doctor.ledger());
    checks.extend([doctor.outbox(), doctor.quarantine()]);
    checks
}

fn good(subject: &'static str, finding: String) -> Check {
    Check { subject, verdict: Verdict::Good, finding, remedy: None }
}

fn warning(subject: &'static str, finding: String, remedy: impl Into<String>) -> Check {
    Check { subject, verdict: Verdict::Warning, finding, remedy: Some(remedy.into()) }
}

/// Whose vault is looked at, and for whom.
struct Doctor<'a> {
    client: &'a Client,
    language: Language,
}

impl Doctor<'_> {
    fn bad(&self, subject: &'static str, error: &ClientError) -> Check {
        let language = self.language;
        Check {
            subject,
            verdict: Verdict::Bad,
            finding: error.what_and_why_in(language),
            remedy: Some(error.do_in(language)),
        }
    }

    fn permissions(&self) -> Check {
        let profile = self.client.vault.profile();
        match permissions::check(profile) {
            Ok(()) => good(
                "permissions",
                both!(
                    self.language,
                    "{dir} is readable by you alone",
                    "vous êtes seul à pouvoir lire {dir}",
                    dir = profile.dir().display()
                ),
            ),
            Err(error) => self.bad("permissions", &error),
        }
    }

    fn vault(&self) -> Check {
        let sql = "PRAGMA quick_check(1)";
        match self.client.vault.read(|tx| Ok(tx.query_row(sql, [], |row| row.get::<_, String>(0))?)) {
            Ok(answer) if answer == "ok" => {
                good("vault", both!(self.language, "every page is whole", "toutes les pages sont entières"))
            }
            Ok(_) => self.bad("vault", &ClientError::VaultDamaged { what: "a page of the file" }),
            Err(error) => self.bad("vault", &error),
        }
    }

    fn protector(&self) -> Check {
        let how = match self.client.vault.profile().protection() {
            Ok(Protection::Passphrase) => both!(
                self.language,
                "the vault's key is wrapped by a passphrase",
                "la clé du coffre est protégée par une phrase secrète"
            ),
            Ok(Protection::KeyFile) => both!(
                self.language,
                "the vault's key is in a file beside it: whoever reads the folder reads everything",
                "la clé du coffre est dans un fichier à côté de lui : qui lit le dossier lit tout"
            ),
            Ok(Protection::Keyring) => both!(
                self.language,
                "the vault's key is in the keyring of this session, and it gave it just now",
                "la clé du coffre est dans le trousseau de cette session, qui vient de la donner"
            ),
            Err(error) => return self.bad("protector", &error),
        };
        good("protector", how)
    }

    /// Whether the proxy answers, and can tell connections apart.
    fn proxy(&self, proxy: &Proxy) -> Check {
        let options = &self.client.options;
        let tried = run(async { Ok(try_proxy(proxy, &*options.world, options.timeout).await?) });
        match tried {
            Ok(Acquainted::ByCredentials) => good(
                "proxy",
                both!(
                    self.language,
                    "every connection goes through {proxy}, which answers",
                    "toute connexion passe par {proxy}, qui répond",
                    proxy = proxy
                ),
            ),
            Ok(Acquainted::Unasked) => warning(
                "proxy",
                both!(
                    self.language,
                    "every connection goes through {proxy}, which takes no credentials and may lead all of them the same way",
                    "toute connexion passe par {proxy}, qui ne prend pas d'identifiants et peut les mener toutes par le même chemin",
                    proxy = proxy
                ),
                both!(
                    self.language,
                    "if it is Tor: take PreferSOCKSNoAuth out of its torrc",
                    "si c'est Tor : enlevez PreferSOCKSNoAuth de son torrc"
                ),
            ),
            Err(error) => self.bad("proxy", &error),
        }
    }

    /// Connects anonymously for the clock, and as owner for the mailboxes.
    fn server(&self) -> Vec<Check> {
        let me = match self.client.vault.me() {
            Ok(me) => me,
            Err(error) => return vec![self.bad("server", &error)],
        };
        let greeting = run(async {
            let pin = Pin::Full(me.server_id);
            let line = Line::connect(&self.client.options, &me.at, pin, ConnectionKind::Anonymous).await?;
            let welcome = line.welcome().clone();
            line.close().await;
            Ok(welcome)
        });
        match greeting {
            Err(error) => vec![self.bad("server", &error)],
            Ok(welcome) => {
                let finding = both!(
                    self.language,
                    "{at} is the server I pinned; it speaks protocol versions {min} to {max}",
                    "{at} est bien le serveur retenu ; il parle les versions {min} à {max} du protocole",
                    at = me.at,
                    min = welcome.versions.min,
                    max = welcome.versions.max
                );
                vec![good("server", finding), self.clock(welcome.time.0), self.mailboxes(), self.name(&me)]
            }
        }
    }

    fn clock(&self, server: u64) -> Check {
        let apart = self.client.now().0.abs_diff(server);
        if apart <= CLOCK_S_MAX {
            return good(
                "clock",
                both!(
                    self.language,
                    "this computer and the server agree on the time",
                    "cet ordinateur et le serveur ont la même heure"
                ),
            );
        }
        let finding = both!(
            self.language,
            "this computer and the server are {apart} s apart",
            "cet ordinateur et le serveur ont {apart} s d'écart",
            apart = apart
        );
        warning("clock", finding, both!(self.language, "set the clock", "réglez l'horloge"))
    }

    fn mailboxes(&self) -> Check {
        let Ok(_alone) = collect_alone(self.client) else {
            return good(
                "mailboxes",
                both!(self.language, "another process is collecting", "un autre processus les relève"),
            );
        };
        let found = run(async {
            let Some(owner) = Owner::look(self.client).await? else { return Ok(None) };
            let found = (owner.waiting(), owner.oldest_days());
            owner.close().await;
            Ok(Some(found))
        });
        match found {
            Ok(None) => warning(
                "mailboxes",
                both!(
                    self.language,
                    "the server has one of them no more; the next command that collects makes another",
                    "le serveur n'a plus l'une d'elles ; la prochaine commande qui relève en fait une autre"
                ),
                "oub pull",
            ),
            Ok(Some((0, _))) => good(
                "mailboxes",
                both!(self.language, "both open; nothing waits", "les deux sont ouvertes ; rien n'attend"),
            ),
            Ok(Some((waiting, days))) => good(
                "mailboxes",
                both!(
                    self.language,
                    "both open; {waiting} waiting, the oldest for {days} days",
                    "les deux sont ouvertes ; {waiting} en attente, depuis {days} jours au plus",
                    waiting = waiting,
                    days = days
                ),
            ),
            Err(error) => self.bad("mailboxes", &error),
        }
    }

    /// Whether the server shows my key under my name.
    fn name(&self, me: &Me) -> Check {
        if self.client.vault.read(rotation::is_pending).unwrap_or(false) {
            let finding = both!(
                self.language,
                "a change of my key is under way",
                "un changement de votre clé est en cours"
            );
            return warning("name", finding, "oub pull");
        }
        match run(join::other_key(&self.client.options, me)) {
            Ok(None) => good(
                "name",
                both!(
                    self.language,
                    "the server shows my key under {name}",
                    "le serveur montre votre clé sous {name}",
                    name = me.name
                ),
            ),
            Ok(Some(error)) => self.bad("name", &error),
            Err(ClientError::NoSuchName { host, .. }) => Check {
                subject: "name",
                verdict: Verdict::Bad,
                finding: both!(
                    self.language,
                    "{host} knows nobody called {name}: it was restored from a backup of before I joined, or lies",
                    "{host} ne connaît personne du nom de {name} : il a été rétabli d'une sauvegarde d'avant votre inscription, ou il ment",
                    host = host,
                    name = me.name
                ),
                remedy: Some(both!(
                    self.language,
                    "ask whoever runs it for a newer backup",
                    "demandez à qui le tient une sauvegarde plus récente"
                )),
            },
            Err(error) => self.bad("name", &error),
        }
    }

    /// Without a name there is no server to ask for anything.
    fn released(&self, released: &Released) -> Check {
        let name = &released.address.name;
        if released.at.is_none() {
            let unfinished = ClientError::ReleaseUnfinished { name: name.to_string() };
            return warning("name", unfinished.what_in(self.language), "oub identity release");
        }
        good(
            "name",
            both!(
                self.language,
                "{name} was given up here: this profile sends and receives nothing any more",
                "{name} a été abandonné ici : ce profil n'envoie et ne reçoit plus rien",
                name = name
            ),
        )
    }

    fn keys(&self, is_mine: bool) -> Check {
        let me = match self.client.vault.me() {
            Ok(me) => me,
            Err(error) => return self.bad("keys", &error),
        };
        let ends = me.bundle.map_or(0, |bundle| bundle.body.not_after.0);
        let left = ends.saturating_sub(day_of(self.client.now()).0);
        match (me.bundle_published, left) {
            (true, 1..) => good(
                "keys",
                both!(
                    self.language,
                    "published, good for {left} more days",
                    "publiées, valables encore {left} jours",
                    left = left
                ),
            ),
            _ => warning(
                "keys",
                both!(
                    self.language,
                    "my keys for first contact are not up to date",
                    "vos clés pour un premier contact ne sont pas à jour"
                ),
                match is_mine {
                    true => "oub pull".to_owned(),
                    false => both!(
                        self.language,
                        "first what is said of the name",
                        "d'abord ce qui est dit du nom"
                    ),
                },
            ),
        }
    }

    /// Whether another copy of this profile is, or was, at work.
    fn copy(&self) -> Check {
        let found = self.client.vault.read(|tx| Ok((me::copy(tx)?, recovery::last_other_copy(tx)?)));
        let (state, last) = match found {
            Ok(found) => found,
            Err(error) => return self.bad("copy", &error),
        };
        let days = last.map(|notice| self.client.now().0.saturating_sub(notice.at.0) / 86_400);
        match (state, days) {
            (Copy::PerhapsOld, _) => self.bad("copy", &ClientError::OtherCopy),
            (Copy::Restored, _) => warning(
                "copy",
                both!(self.language, "restored, and not renewed yet", "rétabli, et pas encore renouvelé"),
                "oub pull",
            ),
            (_, Some(days @ 0..30)) => warning(
                "copy",
                both!(
                    self.language,
                    "another copy of this profile was at work {days} days ago",
                    "une autre copie de ce profil était à l'œuvre il y a {days} jours",
                    days = days
                ),
                both!(
                    self.language,
                    "use one copy only; if you do not know of another:  oub identity renew",
                    "n'en utilisez qu'une ; si vous n'en connaissez pas d'autre :  oub identity renew"
                ),
            ),
            _ => good(
                "copy",
                both!(
                    self.language,
                    "this is the one copy of my identity, as far as can be seen",
                    "c'est la seule copie de votre identité, pour autant qu'on puisse le voir"
                ),
            ),
        }
    }

    /// Whether the recovery words are on paper; nothing where they are said to be.
    fn words(&self) -> Option<Check> {
        match self.client.has_recovery_words() {
            Ok(false) => None,
            Ok(true) => Some(warning(
                "words",
                both!(
                    self.language,
                    "the 24 recovery words are in the vault still: nobody said that they are on paper",
                    "les 24 mots de récupération sont encore dans le coffre : personne n'a dit qu'ils sont sur papier"
                ),
                "oub id --words",
            )),
            Err(error) => Some(self.bad("words", &error)),
        }
    }

    /// The worst of what is known of public logs; nothing where none is known of.
    fn ledger(&self) -> Option<Check> {
        let standings = match self.client.log_standings() {
            Ok(standings) => standings,
            Err(error) => return Some(self.bad("ledger", &error)),
        };
        let trouble = standings.iter().find_map(|standing| {
            let host = standing.server.to_string();
            match (&standing.fraud, standing.state) {
                (Some(_), _) => Some(ClientError::LogTrouble { host, trouble: LogTrouble::Fraud }),
                (None, LogState::Trouble(trouble)) => Some(ClientError::LogTrouble { host, trouble }),
                _ => None,
            }
        });
        if let Some(error) = trouble {
            return Some(self.bad("ledger", &error));
        }
        if standings.iter().any(|standing| standing.not_mine.is_some()) {
            return Some(Check {
                subject: "ledger",
                verdict: Verdict::Bad,
                finding: both!(
                    self.language,
                    "the public log has another key under my name than the one made here",
                    "le journal public a une autre clé à votre nom que celle faite ici"
                ),
                remedy: Some(both!(
                    self.language,
                    "if no other copy of this profile made it, take the name back with the 24 words:  oub join --recover",
                    "si aucune autre copie de ce profil ne l'a faite, reprenez le nom avec les 24 mots :  oub join --recover"
                )),
            });
        }
        let silent = standings.iter().find(|standing| standing.state == LogState::Silent);
        if let Some(standing) = silent {
            return Some(warning(
                "ledger",
                both!(
                    self.language,
                    "the public log of keys of {host} has had no new entry for two days",
                    "le journal public des clés de {host} n'a reçu aucune entrée depuis deux jours",
                    host = standing.server
                ),
                "oub ledger sync",
            ));
        }
        (!standings.is_empty()).then(|| {
            good(
                "ledger",
                both!(
                    self.language,
                    "the public logs of keys fit what was seen before",
                    "les journaux publics des clés s'accordent avec ce qui a été vu avant"
                ),
            )
        })
    }

    fn outbox(&self) -> Check {
        match self.client.outbox() {
            Ok(list) if list.is_empty() => good("outbox", both!(self.language, "empty", "vide")),
            Ok(list) => warning(
                "outbox",
                both!(
                    self.language,
                    "{count} not stored yet",
                    "{count} en attente de dépôt",
                    count = list.len()
                ),
                "oub outbox",
            ),
            Err(error) => self.bad("outbox", &error),
        }
    }

    fn quarantine(&self) -> Check {
        match self.client.vault.read(inbox::count_set_aside) {
            Ok(0) => good("quarantine", both!(self.language, "empty", "vide")),
            Ok(count) => {
                let finding = match count {
                    1 => both!(
                        self.language,
                        "1 envelope could not be opened; what was in it is asked for again",
                        "1 enveloppe n'a pas pu être ouverte ; son contenu est redemandé"
                    ),
                    _ => both!(
                        self.language,
                        "{count} envelopes could not be opened; what was in them is asked for again",
                        "{count} enveloppes n'ont pas pu être ouvertes ; leur contenu est redemandé",
                        count = count
                    ),
                };
                warning("quarantine", finding, "oub log --quarantine")
            }
            Err(error) => self.bad("quarantine", &error),
        }
    }
}
