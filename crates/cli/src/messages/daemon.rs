//! What `oub daemon` says, in its own terminal or journal and in the commands about it.
//!
//! What it says at its socket is for programs, and English.

use super::table::{messages, problems};

messages! {
    receiving(socket):
        en "receiving in the background; socket {socket}",
        fr "réception en arrière-plan ; socket {socket}";
    ended: en "ended; what came is kept", fr "terminé ; ce qui est arrivé est gardé";
    has_ended: en "✓ ended; what came is kept", fr "✓ terminé ; ce qui est arrivé est gardé";
    turned_away:
        en "somebody else was turned away at the socket",
        fr "la connexion d'un autre utilisateur a été refusée au socket";
    too_slow:
        en "a connection whose other end did not read was closed",
        fr "une connexion dont l'autre bout ne lisait pas a été fermée";
    no_signals: en "it cannot listen to signals", fr "il ne peut pas écouter les signaux";
    connected: en "connected", fr "connecté";
    connected_again: en "connected again", fr "de nouveau connecté";
    tried_again(why): en "{why}; it is tried again", fr "{why} ; nouvel essai";
    not_used(why): en "the daemon is not used: {why}", fr "le démon n'est pas utilisé : {why}";
    no_hook(what): en "no message reaches --exec: {what}", fr "aucun message n'atteint --exec : {what}";
    hook_again(why, seconds):
        en "{why}; the message is handed out again in {seconds} s",
        fr "{why} ; le message sera remis de nouveau dans {seconds} s";

    // Notifications on a desktop.
    not_installed: en "it is not installed (Debian: libnotify-bin)", fr "il n'est pas installé (Debian : libnotify-bin)";
    no_notifications(program, why):
        en "no desktop notifications: {program}: {why}",
        fr "pas de notifications sur le bureau : {program} : {why}";
    new_from(count, names, others): en "{count} from {names}{others}", fr "{count} de {names}{others}";
    and_others: en " and others", fr " et d'autres";

    // `oub daemon install` and the like.
    runs_from_now_on(unit):
        en "✓ runs, and will run after each login; see   journalctl --user -u {unit}",
        fr "✓ il tourne, et tournera après chaque ouverture de session ; voyez   journalctl --user -u {unit}";
    how_to_start(unit):
        en "start it:            systemctl --user daemon-reload && systemctl --user enable --now {unit}\nwithout a login too: loginctl enable-linger\nlook at it:          oub daemon status",
        fr "le lancer :          systemctl --user daemon-reload && systemctl --user enable --now {unit}\nsans session aussi : loginctl enable-linger\nle regarder :        oub daemon status";
    no_unit: en "no unit is installed for this profile", fr "aucune unité n'est installée pour ce profil";
    removed(path): en "✓ removed {path}", fr "✓ {path} supprimé";
    nobody_answers:
        en "no daemon answers for this profile; start one:   oub daemon",
        fr "aucun démon ne répond pour ce profil ; lancez-en un :   oub daemon";
    running(pid, since, link, outbox):
        en "running  pid {pid}  since {since}  {link}  {outbox} in the outbox",
        fr "en marche  pid {pid}  depuis {since}  {link}  {outbox} dans la boîte d'envoi";
    link_connecting: en "connecting", fr "en cours de connexion";
    link_aside: en "aside", fr "en retrait";
    link_away: en "away", fr "hors ligne";
    none_runs: en "no daemon runs for this profile", fr "aucun démon ne tourne pour ce profil";

    is_the_daemon(pid, socket):
        en "process {pid} is the daemon, at {socket}",
        fr "le processus {pid} est le démon, à {socket}";
    holds_its_place:
        en "another process holds its place, and does not answer at the socket (yet)",
        fr "un autre processus tient sa place, et ne répond pas (encore) au socket";
}

problems! {
    runs_already(why):
        en { what "a daemon runs for this profile already", why "{why}", do "oub daemon status   or   oub daemon stop" }
        fr { what "un démon tourne déjà pour ce profil", why "{why}", do "oub daemon status   ou   oub daemon stop" }
    is_full(max):
        en {
            what "all {max} connections of the daemon are taken",
            why "it runs; a program opens connections to its socket and does not close them",
            do "close some, or   oub daemon stop"
        }
        fr {
            what "les {max} connexions du démon sont toutes prises",
            why "il tourne ; un programme ouvre des connexions à son socket sans les fermer",
            do "fermez-en, ou   oub daemon stop"
        }
    cannot_lock(path, why):
        en { what "{path} cannot be locked", why "{why}", do "check the folder and the disk" }
        fr { what "{path} ne peut pas être verrouillé", why "{why}", do "vérifiez le dossier et le disque" }
    cannot_start(why):
        en { what "the daemon cannot start", why "{why}", do "try again" }
        fr { what "le démon ne peut pas démarrer", why "{why}", do "réessayez" }
    others_may_reach(path, mode, wanted):
        en {
            what "others may reach {path}",
            why "its mode is {mode}; whoever reaches the socket reads and sends as you",
            do "chmod {wanted} {path}"
        }
        fr {
            what "d'autres peuvent atteindre {path}",
            why "ses droits sont {mode} ; qui atteint le socket lit et envoie à votre place",
            do "chmod {wanted} {path}"
        }
    foreign(path):
        en {
            what "{path} belongs to somebody else", why "the daemon's socket and its folder must be yours",
            do "look who made it, and remove it"
        }
        fr {
            what "{path} appartient à quelqu'un d'autre", why "le socket du démon et son dossier doivent être à vous",
            do "regardez qui l'a fait, et supprimez-le"
        }
    in_the_way(path):
        en {
            what "{path} is in the way", why "the daemon's socket belongs there, and this is something else",
            do "look what it is, and move it away"
        }
        fr {
            what "{path} gêne", why "la place est celle du socket du démon, et c'est autre chose",
            do "regardez ce que c'est, et déplacez-le"
        }
    path_too_long(path, bytes, max):
        en {
            what "the path of the daemon's socket is too long",
            why "{path} has {bytes} bytes, and {max} are possible", do "choose a shorter --home, or none"
        }
        fr {
            what "le chemin du socket du démon est trop long",
            why "{path} a {bytes} octets, et il n'en est possible que {max}",
            do "choisissez un --home plus court, ou aucun"
        }
    no_socket(path, error):
        en { what "the daemon's socket cannot be made at {path}", why "{error}", do "check the folder and the disk" }
        fr {
            what "le socket du démon ne peut pas être créé en {path}", why "{error}",
            do "vérifiez le dossier et le disque"
        }
    unit_not_ours(path):
        en {
            what "{path} is there already, and not by us", why "nothing that somebody wrote by hand is overwritten",
            do "move it away"
        }
        fr {
            what "{path} existe déjà, et n'est pas de nous",
            why "rien de ce que quelqu'un a écrit à la main n'est écrasé",
            do "déplacez-le"
        }
    cannot_ask:
        en {
            what "a daemon that starts by itself cannot ask for the passphrase",
            why "this profile's keys are kept by one, and nobody types it at login",
            do "give   --passphrase-file FILE   — or start   oub daemon   by hand, in a terminal"
        }
        fr {
            what "un démon qui démarre seul ne peut pas demander la phrase secrète",
            why "les clés de ce profil sont gardées par une phrase secrète, que personne ne tape à l'ouverture de session",
            do "donnez   --passphrase-file FICHIER   — ou lancez   oub daemon   à la main, dans un terminal"
        }
    proxy_for_unit:
        en {
            what "a daemon that starts by itself takes its proxy from the configuration file only",
            why "what is given here would not hold there, and it would go straight to the server",
            do "oub config set proxy PROXY   — then install again, without the flag or variable"
        }
        fr {
            what "un démon qui démarre seul ne prend son proxy que dans le fichier de configuration",
            why "ce qui est donné ici n'y vaudrait pas, et il irait tout droit au serveur",
            do "oub config set proxy PROXY   — puis installez de nouveau, sans l'option ni la variable"
        }
    not_ours_to_remove(path):
        en {
            what "{path} is not ours to remove", why "it was not written by   oub daemon install",
            do "remove it by hand"
        }
        fr {
            what "{path} n'est pas de nous : il reste en place", why "il n'a pas été écrit par   oub daemon install",
            do "supprimez-le à la main"
        }
    does_not_end:
        en {
            what "the daemon does not end", why "it was asked to, and still runs",
            do "wait, or end its process: kill -9 is safe"
        }
        fr {
            what "le démon ne se termine pas", why "il en a été prié, et tourne encore",
            do "attendez, ou terminez son processus : kill -9 est sans danger"
        }
    no_place_for_unit:
        en {
            what "there is no place for a unit", why "neither XDG_CONFIG_HOME nor HOME is set",
            do "oub daemon install --print   shows it"
        }
        fr {
            what "il n'y a pas de place pour une unité", why "ni XDG_CONFIG_HOME ni HOME n'est défini",
            do "oub daemon install --print   la montre"
        }
    not_written(path, error):
        en { what "{path} cannot be written", why "{error}", do "check the folder and the disk" }
        fr { what "{path} ne peut pas être écrit", why "{error}", do "vérifiez le dossier et le disque" }
    systemctl_failed(args, why):
        en {
            what "systemctl --user {args} did not work", why "{why}", do "the unit is written; start it by hand"
        }
        fr {
            what "systemctl --user {args} n'a pas marché", why "{why}", do "l'unité est écrite ; lancez-la à la main"
        }
}

/// How the way to the server is, of the word that the daemon says to programs.
pub fn link(word: &str) -> String {
    match word {
        "connected" => connected().to_owned(),
        "connecting" => link_connecting().to_owned(),
        "aside" => link_aside().to_owned(),
        "away" => link_away().to_owned(),
        other => other.to_owned(),
    }
}
