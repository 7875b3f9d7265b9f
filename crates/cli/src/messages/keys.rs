//! The names of the chat's keys, as keyboards have them, and what each does.

use super::table::messages;

messages! {
    examples:
        en "\
Examples
  oub chat bob
  oub chat --plain bob           with a screen reader, or over a slow link",
        fr "\
Exemples
  oub chat bob
  oub chat --plain bob           avec un lecteur d'écran, ou par un lien lent";
    title: en "Keys of the full screen", fr "Touches du plein écran";
    anywhere: en "Anywhere", fr "Partout";
    in_the_list: en "In the list of people", fr "Dans la liste des personnes";
    while_writing: en "While writing", fr "En écrivant";
    at_a_request: en "At a request", fr "Devant une demande";

    // What is written on them.
    enter: en "Enter", fr "Entrée";
    alt_enter: en "Alt-Enter, Ctrl-J", fr "Alt-Entrée, Ctrl-J";
    up: en "Up", fr "Haut";
    down: en "Down", fr "Bas";
    up_or_k: en "Up, k", fr "Haut, k";
    down_or_j: en "Down, j", fr "Bas, j";
    enter_or_right: en "Enter, Right", fr "Entrée, Droite";
    slash: en "/", fr "/";
    q: en "q", fr "q";
    a: en "a", fr "a";
    d: en "d", fr "d";
    tab: en "Tab", fr "Tab";
    alt_down: en "Alt-Down, Ctrl-N", fr "Alt-Bas, Ctrl-N";
    alt_up: en "Alt-Up, Ctrl-P", fr "Alt-Haut, Ctrl-P";
    page_up: en "PageUp, wheel", fr "Pg préc, molette";
    page_down: en "PageDown, wheel", fr "Pg suiv, molette";
    ctrl_home: en "Ctrl-Home", fr "Ctrl-Début";
    ctrl_end: en "Ctrl-End", fr "Ctrl-Fin";
    ctrl_f: en "Ctrl-F", fr "Ctrl-F";
    f4: en "F4, Alt-V", fr "F4, Alt-V";
    esc: en "Esc", fr "Échap";
    f1: en "F1, Alt-H", fr "F1, Alt-H";
    ctrl_l: en "Ctrl-L", fr "Ctrl-L";
    ctrl_z: en "Ctrl-Z", fr "Ctrl-Z";
    ctrl_q: en "Ctrl-Q, Ctrl-C", fr "Ctrl-Q, Ctrl-C";

    // What they do.
    send: en "send", fr "envoyer";
    new_line: en "new line; a paste never sends", fr "à la ligne ; coller n'envoie jamais";
    line_back: en "a line back, while nothing is written", fr "une ligne plus tôt, si rien n'est écrit";
    line_on: en "a line on, while nothing is written", fr "une ligne plus tard, si rien n'est écrit";
    person_above: en "the person above", fr "la personne au-dessus";
    person_below: en "the person below", fr "la personne au-dessous";
    open: en "open, and write", fr "ouvrir, et écrire";
    search: en "look for words in the thread", fr "chercher des mots dans le fil";
    leave: en "leave", fr "quitter";
    accept: en "accept: they may write to you", fr "accepter : on peut vous écrire";
    decline: en "decline: they are not told", fr "décliner : il n'en est rien dit";
    other_pane: en "between people and message", fr "entre la liste et le message";
    next_person: en "the next person", fr "la personne suivante";
    previous_person: en "the person before", fr "la personne précédente";
    back: en "back in the thread", fr "en arrière dans le fil";
    on: en "on in the thread", fr "en avant dans le fil";
    oldest: en "to the first message", fr "au premier message";
    newest: en "to the last message", fr "au dernier message";
    compare: en "compare words: is it really them?", fr "comparer : la bonne personne ?";
    close: en "close, or back to the last message", fr "fermer, ou revenir au dernier message";
    help: en "this help", fr "cette aide";
    redraw: en "draw everything again", fr "tout redessiner";
    suspend: en "to the shell; fg comes back", fr "vers le shell ; fg revient";
}
