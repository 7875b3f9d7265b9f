//! What `oub chat` shows, asks and says, on the full screen and in lines.
//!
//! The commands that are typed are the same in both languages.

use super::table::{messages, problems};

messages! {
    // The frame of the full screen. On 40 columns a hint has room for 40.
    connecting: en "connecting…", fr "connexion…";
    connected: en "connected", fr "connecté";
    no_connection: en "no connection", fr "hors ligne";
    link_and_help(link): en "{link}   F1 help ", fr "{link}   F1 aide ";
    people_hints: en " Enter open   / find   q leave", fr " Entrée ouvrir   / chercher   q quitter";
    request_hints: en " a accept   d decline   Tab people", fr " a accepter   d décliner   Tab liste";
    narrow_hints: en " Enter send   Ctrl-F find   Tab people", fr " ↵ envoyer   Ctrl-F chercher   Tab liste";
    writing_hints:
        en " Enter send   Alt-Enter new line   Ctrl-F find   Tab people",
        fr " Entrée envoyer   Alt-Entrée à la ligne   Ctrl-F chercher   Tab liste";
    look_for(words): en " look for: {words}", fr " chercher : {words}";

    // The list of people.
    nobody_yet:
        en "Nobody yet.\n\nGive somebody the address that\n  oub id\nshows, or\n  oub add ADDRESS",
        fr "Encore personne.\n\nDonnez à quelqu'un l'adresse que\n  oub id\nmontre, ou\n  oub add ADRESSE";
    nothing_yet: en "nothing said yet", fr "encore rien";
    no_words: en "(no words yet)", fr "(pas encore de mots)";
    asks_to_write: en "asks to write to you", fr "demande à vous écrire";
    asks: en "asks", fr "demande";

    // What is known of somebody, and where a message is: short words.
    not_verified: en "not verified", fr "non vérifié";
    compare_again: en "compare again", fr "à recomparer";
    new_key: en "NEW KEY", fr "NOUVELLE CLÉ";
    read: en "read", fr "lu";
    answered: en "answered", fr "répondu";

    // A thread.
    is_gone: en "This one is gone. Tab goes back to the list.", fr "N'est plus là. Tab revient à la liste.";
    choose_somebody: en "Choose somebody at the left.", fr "Choisissez quelqu'un à gauche.";
    to_the_last: en "Esc: to the last ", fr "Échap : à la fin ";
    nothing_said:
        en "Nothing said yet. What you write now is the beginning.",
        fr "Encore rien. Ce que vous écrivez maintenant est le début.";
    sending_stopped: en "Sending is stopped until you decide.", fr "Envoi arrêté jusqu'à votre décision.";
    tab_to_write: en "Tab to write", fr "Tab pour écrire";
    new: en "new", fr "nouveau";
    answer_it(contact): en "(answer it:   oub answer {contact} …)", fr "(répondre :   oub answer {contact} …)";
    save_it(id): en "(save it:   oub save {id})", fr "(enregistrer :   oub save {id})";

    // What to know before writing to somebody; `how` is a key or a command.
    is_blocked(name):
        en "{name} is blocked: nothing is shown or sent.   oub contact unblock {name}",
        fr "{name} est bloqué : rien n'est montré ni envoyé.   oub contact unblock {name}";
    is_it_really(name, how):
        en "Is it really {name}? Compare ten words by phone: {how}",
        fr "Est-ce bien {name} ? Comparez dix mots par téléphone : {how}";
    has_signed_key(name, how):
        en "{name} has a new key, signed by the old one. Compare again: {how}",
        fr "{name} a une nouvelle clé, signée par l'ancienne. Comparez de nouveau : {how}";
    has_unsigned_key(name, how):
        en "NEW KEY: the old one did not sign it, so it may be somebody else. Nothing is sent until you decide. Call {name} and compare: {how}",
        fr "NOUVELLE CLÉ : l'ancienne ne l'a pas signée, c'est donc peut-être quelqu'un d'autre. Rien n'est envoyé avant votre décision. Appelez {name} et comparez : {how}";

    // A request.
    a_first_message:
        en "A first message from somebody whom you have not accepted. Nothing was sent in reply.",
        fr "Un premier message de quelqu'un que vous n'avez pas accepté. Rien n'a été envoyé en réponse.";
    the_name_is_claimed:
        en "The name is what they claim; it is checked when you accept.",
        fr "Ce nom n'est encore qu'une affirmation ; il est contrôlé quand vous acceptez.";
    claims_to_be(contact):
        en "This is the name of your contact {contact}, under another key: a lost device, or somebody else. Compare words with {contact} before you accept (oub verify {contact}).",
        fr "C'est le nom de votre contact {contact}, sous une autre clé : un appareil perdu, ou quelqu'un d'autre. Comparez les mots avec {contact} avant d'accepter (oub verify {contact}).";
    words_come_later:
        en "No words yet: what was sent is longer, or no text, and comes once you accept.",
        fr "Pas encore de mots : ce qui a été envoyé est plus long, ou n'est pas du texte, et arrive une fois la demande acceptée.";
    accept_or_decline: en " a accept    d decline", fr " a accepter    d décliner";

    // What lies over the panes. `yes` is the key that says it.
    yes: en "y", fr "o";
    more_below: en " Down: more ", fr " Bas : la suite ";
    title_keys: en "keys", fr "touches";
    title_compare: en "is it really them?", fr "est-ce bien la bonne personne ?";
    title_looking_up: en "one moment", fr "un instant";
    title_decline: en "decline", fr "décliner";
    title_problem: en "that did not work", fr "cela n'a pas marché";
    looking_up(name):
        en "Asking the server for the present key of {name} …",
        fr "La clé actuelle de {name} est demandée au serveur…";
    shall_decline(name, yes):
        en "Decline {name}? The request is forgotten; they are not told.\n\n{yes}  decline     any other key  keep",
        fr "Décliner {name} ? La demande est oubliée ; il ne lui en est rien dit.\n\n{yes}  décliner     autre touche  garder";
    esc_closes(problem): en "{problem}\n\nEsc closes", fr "{problem}\n\nÉchap pour fermer";
    call_and_compare(name):
        en "Call {name}. Both of you open this and read the words out; they must be the same.",
        fr "Appelez {name}. Ouvrez ceci tous les deux et lisez les mots à voix haute ; ils doivent être les mêmes.";
    are_the_same(yes):
        en "{yes}  they are the same     any other key  close",
        fr "{yes}  ce sont les mêmes\nautre touche  fermer";
    typed_as_message: en "typed as a message", fr "tapé comme un message";

    // One line below the panes.
    not_sent_yet(name):
        en "what you wrote to {name} is not sent; the same key again leaves",
        fr "pas envoyé à {name} ; la même touche quitte";
    accepting(name): en "accepting {name} …", fr "acceptation de {name}…";
    found:
        en "found; Enter looks further back, Esc closes the search",
        fr "trouvé ; Entrée cherche plus loin, Échap ferme la recherche";
    nothing_further: en "nothing further back has these words", fr "rien de plus ancien n'a ces mots";
    paste_goes_into_message:
        en "a paste goes into a message; Tab to write one",
        fr "on colle dans un message ; Tab pour en écrire un";
    too_long_to_paste:
        en "too long for one message: nothing was pasted. Send it as a file",
        fr "trop long pour un seul message : rien n'a été collé. Envoyez-le comme fichier";
    window_too_small: en "window too small", fr "fenêtre trop petite";
    still_busy:
        en "still busy with what was asked before; try again in a moment",
        fr "encore occupé par ce qui a été demandé avant ; réessayez dans un instant";

    // What came of something.
    request_forgotten(name): en "the request from {name} is forgotten", fr "la demande de {name} est oubliée";
    is_verified(name): en "{name} is verified", fr "{name} est vérifié";
    not_left: en "taken back: it had not left", fr "repris : il n'était pas parti";
    saved_as(path): en "saved as {path}", fr "enregistré sous {path}";
    stored_for(to): en "stored for {to}", fr "déposé pour {to}";
    waiting_for(to, why): en "waiting for {to}: {why}", fr "en attente pour {to} : {why}";

    // In lines.
    only_lines(why):
        en "{why}: one line after the other, as with --plain",
        fr "{why} : une ligne après l'autre, comme avec --plain";
    no_terminal_here: en "this is not a terminal", fr "ceci n'est pas un terminal";
    unknown_terminal:
        en "TERM does not say what this terminal can do",
        fr "TERM ne dit pas ce que ce terminal sait faire";
    dumb_terminal: en "this terminal can only show lines", fr "ce terminal ne sait montrer que des lignes";
    help_and_quit:
        en "/help says how this works, /quit leaves",
        fr "/help dit comment cela marche, /quit quitte";
    you_write_to(name): en "you write to {name}", fr "vous écrivez à {name}";
    you_write_to_known(name, state): en "you write to {name} ({state})", fr "vous écrivez à {name} ({state})";
    line_unreadable(why): en "that line cannot be read: {why}", fr "cette ligne ne peut pas être lue : {why}";
    too_long(max): en "it is longer than {max} bytes", fr "elle dépasse {max} octets";
    no_file: en "it is no file", fr "ce n'est pas un fichier";
    no_utf8: en "it is not UTF-8", fr "ce n'est pas de l'UTF-8";
    accepted(name): en "accepted; you write to {name}", fr "accepté ; vous écrivez à {name}";
    if_the_same(name): en "if {name} has the same: /same", fr "si {name} a les mêmes : /same";
    to_whom: en "to whom? /to NAME", fr "à qui ? /to NOM";
    not_sent_to_whom: en "not sent: to whom? /to NAME", fr "pas envoyé : à qui ? /to NOM";
    of_whom: en "of whom? /to NAME", fr "de qui ? /to NOM";
    no_such_command(line):
        en "{line}: no such command, and not sent; /help",
        fr "{line} : commande inconnue, rien n'est envoyé ; /help";
    perhaps_command(word, usage):
        en "{word}: no such command, and not sent; perhaps   {usage}   ? //… sends a text",
        fr "{word} : commande inconnue, rien n'est envoyé ; peut-être   {usage} ? //… envoie un texte";
    by_key(key, does): en "{key}: {does}", fr "{key} : {does}";
    nothing_to_confirm:
        en "nothing to confirm yet; /verify shows the words first",
        fr "rien à confirmer pour l'instant ; /verify montre d'abord les mots";
    and_who(what): en "{what}; /who", fr "{what} ; /who";
    nobody_yet_add:
        en "nobody yet; oub add ADDRESS adds somebody",
        fr "encore personne ; oub add ADRESSE ajoute quelqu'un";
    nobody_asks: en "nobody asks", fr "aucune demande";
    no_request(which): en "no request {which}; /requests", fr "pas de demande {which} ; /requests";

    // One command a line; at least two blanks before what it does.
    help_of_lines:
        en "\
What you type is sent to whom you write to. A line that begins with / is a command:
/to NAME       write to NAME from now on
/who           who there is, and what is known of their keys
/log [N]       the last N messages, 20 if not said
/requests      who asks to write to you
/accept N      accept request number N
/decline N     decline it; they are not told
/verify        ten words to compare with the other over the phone
/same          they were the same: verified
/help          this help
/quit          leave
//text         sends /text",
        fr "\
Ce que vous tapez est envoyé à qui vous écrivez. Une ligne qui commence par / est une commande :
/to NOM            écrire à NOM à partir de maintenant
/who               les contacts, et ce que l'on sait de chaque clé
/log [N]           les N derniers messages, 20 si rien n'est dit
/requests          qui demande à vous écrire
/accept N          accepter la demande numéro N
/decline N         la décliner ; il n'en est rien dit
/verify            dix mots à comparer avec l'autre au téléphone
/same              c'étaient les mêmes : vérifié
/help              cette aide
/quit              quitter
//texte            envoie /texte";
    help_of_doings:
        en "\
/answer TEXT   answer the newest question, by words or the number of a choice
/reply TEXT    quote the last message of the other
/edit TEXT     other words for my last message
/take-back     take my last message back
/file PATH     send a file
/save ID DIR   save a file that came; ID as the message shows it",
        fr "\
/answer TEXTE      répondre à la dernière question, par des mots ou le numéro d'un choix
/reply TEXTE       citer le dernier message de l'autre
/edit TEXTE        d'autres mots pour mon dernier message
/take-back         reprendre mon dernier message
/file CHEMIN       envoyer un fichier
/save ID DOSSIER   enregistrer un fichier arrivé ; ID comme le message le montre";
}

problems! {
    no_json:
        en {
            what "oub chat does not speak JSON", why "it is for people: what it shows and asks has no fixed form",
            do "oub pull --follow --json   and   oub send CONTACT TEXT --json"
        }
        fr {
            what "oub chat ne parle pas JSON",
            why "il est fait pour des personnes : ce qu'il montre et demande n'a pas de forme fixe",
            do "oub pull --follow --json   et   oub send CONTACT TEXTE --json"
        }
    no_terminal(error):
        en { what "the terminal cannot be used for the full screen", why "{error}", do "oub chat --plain" }
        fr { what "le terminal ne peut pas servir au plein écran", why "{error}", do "oub chat --plain" }
    broken:
        en {
            what "the part that receives and sends has ended",
            why "something happened that should not have",
            do "start   oub chat   again; nothing is lost. Please report what was printed above"
        }
        fr {
            what "la partie qui reçoit et envoie s'est arrêtée",
            why "il s'est passé quelque chose qui n'aurait pas dû arriver",
            do "relancez   oub chat ; rien n'est perdu. Signalez, s'il vous plaît, ce qui est affiché plus haut"
        }
    nobody_named:
        en {
            what "nobody was named to send to", why "a line came that is no command",
            do "oub chat --plain CONTACT   or begin with   /to CONTACT"
        }
        fr {
            what "aucun destinataire", why "une ligne reçue n'est pas une commande",
            do "oub chat --plain CONTACT   ou commencez par   /to CONTACT"
        }
}
