//! Why it happened, and what it would mean to go on.

use super::{ClientError, both::both, phrases::phrase_in, refusal::refusal_in};
use crate::Language;

impl ClientError {
    /// Why, in one line of English.
    pub fn why(&self) -> String {
        self.why_in(Language::English)
    }

    /// Why, in one line.
    pub fn why_in(&self, language: Language) -> String {
        use ClientError::*;
        match self {
            Unexpected { place } => both!(
                language,
                "a check failed in: {place}",
                "une vérification a échoué dans : {place}",
                place = place
            ),
            Protocol { reason, .. } => phrase_in(language, reason),
            NoFraud { reason, .. } => phrase_in(language, reason),
            NoHome => both!(
                language,
                "neither HOME nor XDG_DATA_HOME is set to an absolute path",
                "ni HOME ni XDG_DATA_HOME ne contient de chemin absolu"
            ),
            ProfileName => both!(
                language,
                "a profile name is 1 to 64 letters, digits, dots, dashes or underscores",
                "un nom de profil a de 1 à 64 lettres, chiffres, points, tirets ou soulignés"
            ),
            NoSuchContact { near: Some(near), .. } => both!(
                language,
                "no contact has this name; one is called {near}",
                "aucun contact ne porte ce nom ; il y en a un qui s'appelle {near}",
                near = near
            ),
            NoSuchContact { near: None, .. } => {
                both!(language, "no contact has this name", "aucun contact ne porte ce nom")
            }
            NoSuchRequest { .. } => both!(
                language,
                "no waiting request has this name",
                "aucune demande en attente ne porte ce nom"
            ),
            AliasTaken { .. } => both!(
                language,
                "each contact needs a name of its own",
                "chaque contact a besoin d'un nom à lui"
            ),
            BadAlias => both!(
                language,
                "a contact name is 1 to 64 characters, none of them invisible",
                "un nom de contact a de 1 à 64 caractères, dont aucun n'est invisible"
            ),
            NameNeeded => {
                both!(
                    language,
                    "neither an invitation nor --name says one",
                    "ni une invitation ni --name n'en donne un"
                )
            }
            OwnAddress => {
                both!(language, "messages go to somebody else", "les messages vont à quelqu'un d'autre")
            }
            TooLong { bytes, max } => both!(
                language,
                "it has {bytes} bytes; a message may have {max}",
                "il a {bytes} octets ; un message peut en avoir {max}",
                bytes = bytes,
                max = max
            ),
            BadIdempotencyKey => both!(language, "a key is 1 to 255 bytes", "une clé a de 1 à 255 octets"),
            IdempotencyConflict => both!(
                language,
                "it was used before with another contact or another text",
                "elle a déjà servi avec un autre contact ou un autre texte"
            ),
            Unreachable { reason, .. } => phrase_in(language, reason),
            Busy { retry_after_s: Some(s), .. } => both!(
                language,
                "it asks to try again after {span}",
                "il demande de réessayer dans {span}",
                span = span(*s)
            ),
            Busy { .. } => both!(language, "it asks to try again later", "il demande de réessayer plus tard"),
            NotQueued { reason } | NotTaken { reason } => reason.words_in(language),
            RefusedForGood { reason } => phrase_in(language, reason),
            NoVoucher => both!(
                language,
                "it closes what nobody opens for 90 days, and no voucher is left for another one",
                "il ferme ce que personne n'ouvre pendant 90 jours, et il ne reste pas de bon pour une autre"
            ),
            LongChain { links, .. } => both!(
                language,
                "{links} changes are checked at a time, and these are checked now",
                "{links} changements sont vérifiés à la fois, et ceux-là le sont maintenant",
                links = links
            ),
            Superseded => both!(
                language,
                "the server handed the mailbox to the newer connection",
                "le serveur a remis la boîte à la connexion la plus récente"
            ),
            CollectorBusy => both!(
                language,
                "only one process may collect at a time",
                "un seul processus à la fois peut relever les boîtes"
            ),
            HandingBusy => both!(
                language,
                "one does so at a time: a command of  oub daemon --exec  or of another  oub pull  still runs",
                "un seul le fait à la fois : une commande d'  oub daemon --exec  ou d'un autre  oub pull  tourne encore"
            ),
            VaultBusy => both!(language, "it did not become free in time", "il ne s'est pas libéré à temps"),
            InvitationRefused => both!(
                language,
                "it was used, has expired, or is for another name",
                "elle a servi, a expiré, ou vaut pour un autre nom"
            ),
            NameTaken { .. } => both!(
                language,
                "somebody registered it before, with another key",
                "quelqu'un l'a enregistré avant, avec une autre clé"
            ),
            NoSuchName { .. } => both!(
                language,
                "the server has no record of this name",
                "le serveur n'a rien d'enregistré sous ce nom"
            ),
            GivenUp { host, .. } => both!(
                language,
                "the last record of this name on {host} says so, signed by its own key: nobody reads there any more",
                "le dernier enregistrement de ce nom sur {host} le dit, signé par sa propre clé : personne n'y lit plus",
                host = host
            ),
            Blocked { .. } => both!(language, "you blocked this contact", "vous avez bloqué ce contact"),
            NoBundle { .. } => both!(
                language,
                "no usable keys for first contact are published under this name",
                "aucune clé utilisable pour un premier contact n'est publiée sous ce nom"
            ),
            Refused { kind, .. } => refusal_in(language, *kind),
            WrongServer { .. } => both!(
                language,
                "its certificates do not lead to the pinned root key",
                "ses certificats ne mènent pas à la clé racine retenue"
            ),
            FormerKey { alias, .. } => both!(
                language,
                "it was written under a key that {alias} has replaced since, which may be somebody else's by now",
                "elle a été écrite sous une clé que {alias} a remplacée depuis, et que quelqu'un d'autre a peut-être",
                alias = alias
            ),
            KeyChanged { .. } => both!(
                language,
                "the server offers a different key, and it is not signed by the old one",
                "le serveur propose une autre clé, et l'ancienne ne l'a pas signée"
            ),
            NotVerified { .. } => both!(
                language,
                "you asked for verified contacts only",
                "vous n'avez voulu que des contacts vérifiés"
            ),
            WrongIdentity { .. } => both!(
                language,
                "the fingerprint in the address and the registered key differ",
                "l'empreinte dans l'adresse et la clé enregistrée diffèrent"
            ),
            LogTrouble { trouble, .. } => trouble.why_in(language),
            LogAhead { .. } => both!(
                language,
                "it is signed for a time more than a day from now: the clock of this machine is slow, or the server's is fast",
                "il est signé pour une heure à plus d'un jour d'ici : l'horloge de cette machine retarde, ou celle du serveur avance"
            ),
            NotInLog { .. } => both!(
                language,
                "the server shows you another key than everybody can see there",
                "le serveur vous montre une autre clé que celle que tout le monde peut y voir"
            ),
            BadSignature { .. } => {
                both!(language, "a signature does not verify", "une signature n'est pas valable")
            }

            // The keys and messages on this machine.
            NoIdentity { dir } => both!(
                language,
                "{dir} holds no vault",
                "{dir} ne contient pas de coffre",
                dir = dir.display()
            ),
            JoinUnfinished => both!(
                language,
                "an earlier `oub join` was interrupted or refused",
                "un « oub join » précédent a été interrompu ou refusé"
            ),
            AlreadyJoined { .. } => {
                both!(language, "one profile holds one identity", "un profil contient une seule identité")
            }
            PassphraseNeeded => both!(
                language,
                "this vault is protected by a passphrase",
                "ce coffre est protégé par une phrase secrète"
            ),
            WrongPassphrase => both!(
                language,
                "it is not the one chosen at join, or the file with the wrapped key is damaged",
                "ce n'est pas celle choisie à l'inscription, ou le fichier de la clé chiffrée est abîmé"
            ),
            WrongKeyFile { path } => both!(
                language,
                "{path} is missing, damaged, or of another vault",
                "{path} manque, est abîmé, ou appartient à un autre coffre",
                path = path.display()
            ),
            KeyringUnusable { reason } => phrase_in(language, reason),
            KeyringSilent { seconds } => both!(
                language,
                "it did not answer within {seconds} s; perhaps it waits for somebody to unlock it",
                "il n'a pas répondu en {seconds} s ; peut-être attend-il que quelqu'un le déverrouille",
                seconds = seconds
            ),
            KeyringEmpty { entry } => both!(
                language,
                "it is locked, or its entry  application=oubliette vault={entry}  was erased",
                "il est verrouillé, ou son entrée  application=oubliette vault={entry}  a été effacée",
                entry = entry
            ),
            KeyringWrong { entry } => both!(
                language,
                "its entry  application=oubliette vault={entry}  was changed since join",
                "son entrée  application=oubliette vault={entry}  a été changée depuis l'inscription",
                entry = entry
            ),
            OtherProtector { chosen } => both!(
                language,
                "at join it was given into the care of: {chosen}",
                "à l'inscription elle a été confiée à : {chosen}",
                chosen = chosen.words_in(language)
            ),
            LaxPermissions { mode, wanted, .. } => both!(
                language,
                "its mode is {mode:04o}; it must be {wanted:04o}",
                "ses droits sont {mode:04o} ; ils doivent être {wanted:04o}",
                mode = mode,
                wanted = wanted
            ),
            NewerVault { found, known, .. } => both!(
                language,
                "its format is {found}; this program knows up to {known}",
                "son format est {found} ; ce programme connaît jusqu'à {known}",
                found = found,
                known = known
            ),
            NotRecoveryWords => both!(
                language,
                "a word is in neither list, one is missing, or two are swapped",
                "un mot n'est dans aucune liste, il en manque un, ou deux sont intervertis"
            ),
            WrongRecoveryWords { .. } => both!(
                language,
                "the registered record commits to other words; nothing was changed",
                "l'entrée enregistrée vaut pour d'autres mots ; rien n'a été changé"
            ),
            NameChanged { .. } => both!(
                language,
                "somebody who holds a key of it replaced it",
                "quelqu'un qui en détient une clé l'a remplacée"
            ),
            FileExists { .. } => both!(
                language,
                "a backup never replaces a file",
                "une sauvegarde ne remplace jamais un fichier"
            ),
            WrongBackupPassphrase { .. } => both!(
                language,
                "another passphrase, or not a backup of this program",
                "une autre phrase secrète, ou pas une sauvegarde de ce programme"
            ),
            BackupDamaged { .. } => both!(
                language,
                "a page does not check out, or something is missing in it",
                "une page est fausse, ou il y manque quelque chose"
            ),
            OtherCopy => both!(
                language,
                "the server knows newer keys of mine: another copy is in use, or this one is old",
                "le serveur connaît de vous des clés plus récentes : une autre copie est en usage, ou celle-ci est ancienne"
            ),
            NameReleased { .. } => both!(
                language,
                "a profile without its name sends and receives nothing any more; what was said can be read",
                "un profil sans son nom n'envoie et ne reçoit plus rien ; ce qui a été dit reste lisible"
            ),
            ReleaseUnfinished { .. } => both!(
                language,
                "an earlier  oub identity release  was interrupted; nothing else leaves this profile since",
                "un  oub identity release  précédent a été interrompu ; rien d'autre ne quitte ce profil depuis"
            ),
            SupersededKey { name } => both!(
                language,
                "the server has another key for {name}, which this copy does not hold",
                "le serveur a pour {name} une autre clé, que cette copie n'a pas",
                name = name
            ),
            ForgottenKey { .. } => both!(
                language,
                "it shows a former key of mine under my name: it was restored from a backup of before the change, or lies",
                "il montre sous votre nom une ancienne clé : il a été rétabli d'une sauvegarde d'avant le changement, ou il ment"
            ),
            VaultDamaged { what } => both!(
                language,
                "cannot be read back: {what}",
                "ne peut pas être relu : {what}",
                what = phrase_in(language, what)
            ),
            File { reason, .. } | Vault { reason } => phrase_in(language, reason),
            VaultFull => {
                both!(language, "there is no room left on its disk", "il n'y a plus de place sur son disque")
            }
            Kept { error } => error.why_in(language),
            Said(said) => said.why_in(language),
            Pair(pair) => pair.why_in(language),
            Proxy(proxy) => proxy.why_in(language),
        }
    }

    /// What happened and why, on one line.
    pub fn what_and_why_in(&self, language: Language) -> String {
        let (what, why) = (self.what_in(language), self.why_in(language));
        both!(language, "{what}: {why}", "{what} : {why}", what = what, why = why)
    }

    /// What it would mean to go on, where that matters, in English.
    pub fn risk(&self) -> Option<String> {
        self.risk_in(Language::English)
    }

    /// What it would mean to go on, where that matters.
    pub fn risk_in(&self, language: Language) -> Option<String> {
        if let ClientError::Pair(pair) = self {
            return pair.risk_in(language);
        }
        use ClientError::*;
        Some(match self {
            WrongServer { .. } => both!(
                language,
                "somebody may stand between you and the server; nothing was sent",
                "quelqu'un se tient peut-être entre vous et le serveur ; rien n'a été envoyé"
            ),
            KeyChanged { alias } => both!(
                language,
                "someone may be answering in {alias}'s place; nothing was sent",
                "quelqu'un répond peut-être à la place de {alias} ; rien n'a été envoyé",
                alias = alias
            ),
            LogTrouble { .. } => both!(
                language,
                "the server may show different people different keys; no new key was taken, and nothing was sent",
                "le serveur montre peut-être des clés différentes selon qui demande ; aucune nouvelle clé n'a été retenue, et rien n'a été envoyé"
            ),
            WrongIdentity { name, .. } | BadSignature { name, .. } | NotInLog { name, .. } => both!(
                language,
                "someone may be posing as {name}; nothing was sent",
                "quelqu'un se fait peut-être passer pour {name} ; rien n'a été envoyé",
                name = name
            ),
            OtherCopy => both!(
                language,
                "two copies would take each other's messages and use keys twice; nothing was sent",
                "deux copies se prendraient leurs messages et useraient deux fois des mêmes clés ; rien n'a été envoyé"
            ),
            Kept { .. } => both!(
                language,
                "what you asked for is kept and goes on with the next command; asked for again, it would be done twice",
                "ce que vous avez demandé est gardé et continue avec la commande suivante ; redemandé, ce serait fait deux fois"
            ),
            LaxPermissions { .. } => both!(
                language,
                "other users of this computer may have read it",
                "d'autres utilisateurs de cet ordinateur l'ont peut-être lu"
            ),
            _ => return None,
        })
    }
}

/// A time to wait, as people say it; its signs are the same in both languages.
fn span(seconds: u32) -> String {
    match seconds {
        ..=120 => format!("{seconds}\u{a0}s"),
        121..=7_200 => format!("{}\u{a0}min", seconds.div_ceil(60)),
        _ => format!("{}\u{a0}h", seconds.div_ceil(3_600)),
    }
}
