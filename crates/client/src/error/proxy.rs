//! What can go wrong between this client and the proxy that it goes through.

use super::both::both;
use super::phrases::phrase_in;
use crate::Language;

/// Why a proxy led to no server. Part of [`super::ClientError`]; always temporary, and never a reason to go without it.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ProxyError {
    /// It is not there, or broke off.
    Unreachable {
        /// Which proxy.
        proxy: String,
        /// What the system said.
        reason: String,
    },
    /// Something else listens there.
    NotSocks {
        /// Where.
        proxy: String,
    },
    /// It wants credentials, or other ones.
    Credentials {
        /// Which proxy.
        proxy: String,
    },
    /// It says no.
    Refused {
        /// To which server it was to lead.
        host: String,
        /// The number of its answer (RFC 1928, and 0xF0 to 0xF7 of Tor).
        reply: u8,
    },
    /// It looked for the server, and did not find a way in time.
    Silent {
        /// Which server.
        host: String,
    },
}

impl ProxyError {
    pub(super) fn number(&self) -> u16 {
        use ProxyError::*;
        match self {
            Unreachable { .. } => 195,
            NotSocks { .. } => 196,
            Credentials { .. } => 197,
            Refused { .. } => 198,
            Silent { .. } => 199,
        }
    }

    pub(super) fn what_in(&self, language: Language) -> String {
        use ProxyError::*;
        match self {
            Unreachable { proxy, .. } => both!(
                language,
                "the proxy {proxy} cannot be reached",
                "le proxy {proxy} est injoignable",
                proxy = proxy
            ),
            NotSocks { proxy } => both!(
                language,
                "{proxy} is no SOCKS5 proxy",
                "{proxy} n'est pas un proxy SOCKS5",
                proxy = proxy
            ),
            Credentials { proxy } => both!(
                language,
                "the proxy {proxy} does not let this client in",
                "le proxy {proxy} ne laisse pas entrer ce client",
                proxy = proxy
            ),
            Refused { host, .. } | Silent { host } => both!(
                language,
                "the proxy found no way to {host}",
                "le proxy n'a pas trouvé de chemin vers {host}",
                host = host
            ),
        }
    }

    pub(super) fn why_in(&self, language: Language) -> String {
        use ProxyError::*;
        match self {
            Unreachable { reason, .. } => both!(
                language,
                "{reason}; without it nothing is sent to any server",
                "{reason} ; sans lui rien n'est envoyé à aucun serveur",
                reason = phrase_in(language, reason)
            ),
            NotSocks { .. } => both!(
                language,
                "what listens there speaks something else",
                "ce qui y écoute parle autre chose"
            ),
            Credentials { .. } => both!(
                language,
                "it asks for a user name and a password, or for other ones",
                "il demande un nom d'utilisateur et un mot de passe, ou d'autres"
            ),
            Refused { reply, .. } => reply_in(language, *reply),
            Silent { .. } => phrase_in(language, "it did not answer in time"),
        }
    }

    pub(super) fn do_in(&self, language: Language) -> String {
        use ProxyError::*;
        match self {
            Unreachable { .. } => both!(
                language,
                "start it (is Tor running?), or change the setting:  oub config --origin",
                "lancez-le (Tor tourne-t-il ?), ou changez le réglage :  oub config --origin"
            ),
            NotSocks { .. } => both!(
                language,
                "give the port of its SOCKS side; that of Tor is 9050, that of Tor Browser 9150",
                "donnez le port de son côté SOCKS ; celui de Tor est 9050, celui du navigateur Tor 9150"
            ),
            Credentials { .. } => both!(
                language,
                "write them into the setting:  proxy = \"socks5://USER:PASSWORD@HOST:PORT\"",
                "écrivez-les dans le réglage :  proxy = \"socks5://NOM:MOT-DE-PASSE@MACHINE:PORT\""
            ),
            Refused { .. } => both!(
                language,
                "check the server's address, then try again later",
                "vérifiez l'adresse du serveur, puis réessayez plus tard"
            ),
            Silent { .. } => both!(
                language,
                "try again, and wait longer:  --timeout 2m",
                "réessayez, en attendant plus longtemps :  --timeout 2m"
            ),
        }
    }
}

/// What a proxy answers instead of a way.
fn reply_in(language: Language, reply: u8) -> String {
    match reply {
        2 => both!(language, "its rules do not allow it", "ses règles ne le permettent pas"),
        3 => both!(language, "it cannot reach that network", "il ne peut pas atteindre ce réseau"),
        4 => both!(
            language,
            "it cannot reach that host, or does not know its name",
            "il ne peut pas atteindre cette machine, ou n'en connaît pas le nom"
        ),
        5 => both!(language, "nothing listens there", "rien n'y écoute"),
        6 => both!(language, "the way there took too long", "le chemin jusque-là a pris trop de temps"),
        7 | 8 => both!(
            language,
            "it does not know how to connect to such an address",
            "il ne sait pas se connecter à une telle adresse"
        ),
        0xf4 | 0xf5 => both!(
            language,
            "the onion service lets in only clients whose key it knows",
            "le service onion ne laisse entrer que les clients dont il connaît la clé"
        ),
        0xf6 => both!(language, "this is no onion address", "ce n'est pas une adresse onion"),
        0xf0..=0xf7 => both!(
            language,
            "the onion service is not there, or does not answer",
            "le service onion n'est pas là, ou ne répond pas"
        ),
        _ => both!(
            language,
            "it does not say why (answer {reply})",
            "il ne dit pas pourquoi (réponse {reply})",
            reply = reply
        ),
    }
}
