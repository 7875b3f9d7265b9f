//! What happened, in one line.

use std::fmt;

use super::{ClientError, PairError, ProxyError, SaidError, both::both};
use crate::Language;

impl ClientError {
    /// What happened, in one line of English.
    pub fn what(&self) -> String {
        self.what_in(Language::English)
    }

    /// What happened, in one line.
    pub fn what_in(&self, language: Language) -> String {
        use ClientError::*;
        match self {
            Unexpected { .. } => both!(
                language,
                "something went wrong inside this program",
                "quelque chose s'est mal passé dans ce programme"
            ),
            Protocol { host, .. } => both!(
                language,
                "the server at {host} answered in a way this program does not understand",
                "le serveur {host} a répondu d'une façon que ce programme ne comprend pas",
                host = host
            ),
            NoFraud { path, .. } => both!(
                language,
                "{path} proves no fraud",
                "{path} ne prouve aucune fraude",
                path = path.display()
            ),
            NoHome => both!(
                language,
                "there is no home folder to keep an identity in",
                "il n'y a pas de dossier personnel où garder une identité"
            ),
            ProfileName => both!(
                language,
                "this profile name cannot be used",
                "ce nom de profil ne peut pas être utilisé"
            ),
            NoSuchContact { alias, .. } => both!(
                language,
                "there is no contact called {alias}",
                "aucun contact ne s'appelle {alias}",
                alias = alias
            ),
            NoSuchRequest { label } => both!(
                language,
                "there is no request from {label}",
                "il n'y a pas de demande de {label}",
                label = label
            ),
            AliasTaken { alias } => both!(
                language,
                "another contact is already called {alias}",
                "un autre contact s'appelle déjà {alias}",
                alias = alias
            ),
            BadAlias => both!(
                language,
                "this contact name cannot be used",
                "ce nom de contact ne peut pas être utilisé"
            ),
            NameNeeded => {
                both!(language, "no name was given to register", "aucun nom à enregistrer n'a été donné")
            }
            OwnAddress => both!(language, "this is my own address", "c'est votre propre adresse"),
            TooLong { .. } => both!(language, "the message is too long", "le message est trop long"),
            BadIdempotencyKey => both!(
                language,
                "this idempotency key cannot be used",
                "cette clé d'idempotence ne peut pas être utilisée"
            ),
            IdempotencyConflict => both!(
                language,
                "this idempotency key belongs to another message",
                "cette clé d'idempotence appartient à un autre message"
            ),
            Said(said) => said.what_in(language),
            Pair(pair) => pair.what_in(language),
            Proxy(proxy) => proxy.what_in(language),

            // Servers and contacts.
            Unreachable { host, .. } => both!(
                language,
                "the server {host} cannot be reached",
                "le serveur {host} est injoignable",
                host = host
            ),
            Busy { host, .. } => {
                both!(language, "the server {host} is busy", "le serveur {host} est occupé", host = host)
            }
            LongChain { name, .. } => both!(
                language,
                "{name} has changed keys very often",
                "{name} a changé de clé très souvent",
                name = name
            ),
            NotQueued { .. } => both!(
                language,
                "the message was not stored, and not kept either",
                "le message n'a pas été déposé, et n'a pas été gardé non plus"
            ),
            NotTaken { .. } => both!(
                language,
                "the message was refused, and not kept either",
                "le message a été refusé, et n'a pas été gardé non plus"
            ),
            RefusedForGood { .. } => {
                both!(language, "the server refused the message", "le serveur a refusé le message")
            }
            NoVoucher => both!(
                language,
                "the server has no mailbox of this profile any more",
                "le serveur n'a plus de boîte pour ce profil"
            ),
            Superseded => both!(
                language,
                "another client of this identity is collecting now",
                "un autre client de cette identité relève maintenant les boîtes"
            ),
            CollectorBusy => both!(
                language,
                "another process is collecting for this identity",
                "un autre processus relève les boîtes de cette identité"
            ),
            HandingBusy => both!(
                language,
                "another process is handing out the messages of this identity",
                "un autre processus remet les messages de cette identité"
            ),
            VaultBusy => both!(
                language,
                "the vault is in use by another process",
                "le coffre est utilisé par un autre processus"
            ),
            InvitationRefused => both!(
                language,
                "the server does not accept this invitation",
                "le serveur n'accepte pas cette invitation"
            ),
            NameTaken { name } => both!(
                language,
                "the name {name} is taken on this server",
                "le nom {name} est déjà pris sur ce serveur",
                name = name
            ),
            NoSuchName { name, host } => both!(
                language,
                "nobody is called {name} on {host}",
                "personne ne s'appelle {name} sur {host}",
                name = name,
                host = host
            ),
            GivenUp { name, .. } => both!(
                language,
                "{name} was given up by its owner",
                "{name} a été abandonné par qui en était propriétaire",
                name = name
            ),
            Blocked { alias } => both!(language, "{alias} is blocked", "{alias} est bloqué", alias = alias),
            NoBundle { alias } => both!(
                language,
                "{alias} cannot be written to at the moment",
                "il n'est pas possible d'écrire à {alias} pour le moment",
                alias = alias
            ),
            Refused { host, .. } => {
                both!(language, "the server {host} refused", "le serveur {host} a refusé", host = host)
            }
            WrongServer { host } => both!(
                language,
                "the server at {host} is not the one whose fingerprint I hold",
                "le serveur {host} n'est pas celui dont l'empreinte est connue ici",
                host = host
            ),
            FormerKey { alias, .. } => both!(
                language,
                "this request is not from {alias}'s present key",
                "cette demande n'est pas de la clé actuelle de {alias}",
                alias = alias
            ),
            KeyChanged { alias } => both!(
                language,
                "{alias}'s key is not the one I know",
                "la clé de {alias} n'est pas celle qui est connue ici",
                alias = alias
            ),
            NotVerified { alias } => {
                both!(language, "{alias} is not verified", "{alias} n'est pas vérifié", alias = alias)
            }
            WrongIdentity { name, host } => both!(
                language,
                "the key of {name} on {host} is not the one in the address",
                "la clé de {name} sur {host} n'est pas celle de l'adresse",
                name = name,
                host = host
            ),
            LogTrouble { host, .. } => both!(
                language,
                "something is wrong with the public log of keys of {host}",
                "quelque chose ne va pas dans le journal public des clés de {host}",
                host = host
            ),
            LogAhead { host } => both!(
                language,
                "the public log of keys of {host} cannot be checked now",
                "le journal public des clés de {host} ne peut pas être vérifié maintenant",
                host = host
            ),
            NotInLog { name, host } => both!(
                language,
                "the key of {name} is not the newest one in the public log of {host}",
                "la clé de {name} n'est pas la dernière du journal public de {host}",
                name = name,
                host = host
            ),
            BadSignature { name, host } => both!(
                language,
                "what the server {host} says about {name} is not properly signed",
                "ce que le serveur {host} dit de {name} n'est pas signé comme il faut",
                name = name,
                host = host
            ),

            // The keys and messages on this machine.
            NoIdentity { .. } => {
                both!(language, "there is no identity here yet", "il n'y a pas encore d'identité ici")
            }
            JoinUnfinished => both!(
                language,
                "joining has begun but is not finished",
                "l'inscription a commencé mais n'est pas terminée"
            ),
            AlreadyJoined { address } => both!(
                language,
                "there is an identity here already: {address}",
                "il y a déjà une identité ici : {address}",
                address = address
            ),
            PassphraseNeeded => {
                both!(language, "a passphrase is needed", "il faut une phrase secrète")
            }
            WrongPassphrase => both!(
                language,
                "the passphrase does not open the vault",
                "la phrase secrète n'ouvre pas le coffre"
            ),
            WrongKeyFile { .. } => both!(
                language,
                "the key file does not open the vault",
                "le fichier de clé n'ouvre pas le coffre"
            ),
            KeyringUnusable { .. } => {
                both!(language, "the keyring cannot be used", "le trousseau de clés ne peut pas être utilisé")
            }
            KeyringSilent { .. } => {
                both!(language, "the keyring does not answer", "le trousseau de clés ne répond pas")
            }
            KeyringEmpty { .. } => both!(
                language,
                "the keyring does not give the key of this vault",
                "le trousseau de clés ne donne pas la clé de ce coffre"
            ),
            KeyringWrong { .. } => both!(
                language,
                "the keyring gives another key than that of this vault",
                "le trousseau de clés donne une autre clé que celle de ce coffre"
            ),
            OtherProtector { .. } => both!(
                language,
                "the key of this vault is kept in another way",
                "la clé de ce coffre est gardée autrement"
            ),
            LaxPermissions { path, .. } => both!(
                language,
                "others may read {path}",
                "d'autres peuvent lire {path}",
                path = path.display()
            ),
            NewerVault { .. } => both!(
                language,
                "the vault was written by a newer version of this program",
                "le coffre a été écrit par une version plus récente de ce programme"
            ),
            NotRecoveryWords => {
                both!(language, "these are not 24 recovery words", "ce ne sont pas 24 mots de récupération")
            }
            WrongRecoveryWords { name } => both!(
                language,
                "these words do not take {name} back",
                "ces mots ne permettent pas de reprendre {name}",
                name = name
            ),
            NameChanged { name } => both!(
                language,
                "the key of {name} was changed meanwhile",
                "la clé de {name} a été changée entre-temps",
                name = name
            ),
            NameReleased { name } => {
                both!(language, "{name} was given up here", "{name} a été abandonné ici", name = name)
            }
            ReleaseUnfinished { name } => both!(
                language,
                "giving {name} up was begun and is not finished",
                "l'abandon de {name} a commencé et n'est pas terminé",
                name = name
            ),
            OtherCopy => both!(
                language,
                "this profile is not the newest copy of my identity",
                "ce profil n'est pas la copie la plus récente de votre identité"
            ),
            SupersededKey { .. } => both!(
                language,
                "my key was replaced after this copy was made",
                "votre clé a été remplacée après que cette copie a été faite"
            ),
            ForgottenKey { host } => both!(
                language,
                "{host} has forgotten my last change of key",
                "{host} a oublié votre dernier changement de clé",
                host = host
            ),
            VaultDamaged { .. } => both!(language, "the vault is damaged", "le coffre est abîmé"),
            File { path, .. } => {
                both!(language, "cannot use {path}", "impossible d'utiliser {path}", path = path.display())
            }
            FileExists { path } => {
                both!(language, "{path} exists already", "{path} existe déjà", path = path.display())
            }
            WrongBackupPassphrase { path } => both!(
                language,
                "the passphrase does not open the backup {path}",
                "la phrase secrète n'ouvre pas la sauvegarde {path}",
                path = path.display()
            ),
            BackupDamaged { path } => both!(
                language,
                "the backup {path} is damaged",
                "la sauvegarde {path} est abîmée",
                path = path.display()
            ),
            Vault { .. } => both!(
                language,
                "the vault cannot be written or read",
                "le coffre ne peut être ni écrit ni lu"
            ),
            VaultFull => both!(language, "the vault cannot be written", "le coffre ne peut pas être écrit"),
            Kept { error } => error.what_in(language),
        }
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.what())
    }
}

impl std::error::Error for ClientError {}

impl From<PairError> for ClientError {
    fn from(pair: PairError) -> Self {
        Self::Pair(pair)
    }
}

impl From<ProxyError> for ClientError {
    fn from(proxy: ProxyError) -> Self {
        Self::Proxy(proxy)
    }
}

impl From<SaidError> for ClientError {
    fn from(said: SaidError) -> Self {
        Self::Said(said)
    }
}
