//! What the commands show, ask and say.

use super::table::messages;

messages! {
    // Questions.
    yes_or_no(question): en "{question} [y/N] ", fr "{question} [o/N] ";
    passphrase: en "Passphrase: ", fr "Phrase secrète : ";
    choose_passphrase: en "Choose a passphrase for your keys: ", fr "Choisissez une phrase secrète pour vos clés : ";
    choose_backup_passphrase:
        en "Choose a passphrase for this backup: ",
        fr "Choisissez une phrase secrète pour cette sauvegarde : ";
    backup_passphrase: en "Passphrase of the backup: ", fr "Phrase secrète de la sauvegarde : ";
    recovery_words:
        en "The 24 recovery words (not shown): ",
        fr "Les 24 mots de récupération (ils ne s'affichent pas) : ";
    once_more: en "Once more: ", fr "Encore une fois : ";
    same_as(name):
        en "\nAre they the same as {name} sees?",
        fr "\nSont-ils les mêmes que ceux que voit {name} ?";
    erases_remove(lost): en "This erases {lost}. Remove?", fr "Cela efface {lost}. Retirer ?";

    // Pairing.
    have_them_type(code):
        en "Have the other person type:   oub pair {code}",
        fr "Faites taper à l'autre personne :   oub pair {code}";
    with_another_server(relay, code):
        en "(whose server is not {relay}:   oub pair {code})",
        fr "(si son serveur n'est pas {relay} :   oub pair {code})";
    code_good_until(time):
        en "Good until {time}, for one try.",
        fr "Expire : {time} ; un seul essai.";
    pairing_waits:
        en "Waiting; you may close this: your next oub command goes on with it.",
        fr "En attente ; vous pouvez fermer : votre prochaine commande oub continuera.";
    pairing_goes_on:
        en "… the next oub commands go on with it",
        fr "… les prochaines commandes oub continueront";
    pairing_not_yet:
        en "… the other side has not come yet; the next oub commands go on with it",
        fr "… l'autre côté n'est pas encore venu ; les prochaines commandes oub continueront";
    paired_verified(alias): en "✓ paired with {alias} (verified)", fr "✓ appairé avec {alias} (vérifié)";
    paired_before(alias):
        en "✓ paired with {alias}, whose key has changed since; compare:   oub verify {alias}",
        fr "✓ appairé avec {alias}, dont la clé a changé depuis ; comparez :   oub verify {alias}";
    not_paired(problem):
        en "a pairing came to nothing\n{problem}",
        fr "un appairage n'a pas abouti\n{problem}";
    code_called_off(number):
        en "✓ the code under number {number} is worth nothing any more",
        fr "✓ le code sous le numéro {number} ne vaut plus rien";
    code_called_off_late(number):
        en "✓ the code under number {number} is worth nothing here any more, and makes no contact\n  \
            your address left with it, or may have: whoever had the words may write to you",
        fr "✓ le code sous le numéro {number} ne vaut plus rien ici, et ne donne aucun contact\n  \
            votre adresse est partie avec lui, ou peut l'être : qui avait les mots peut vous écrire";
    code_of_mine(code, time):
        en "{code}   made here, good until {time}",
        fr "{code}   fait ici, expire : {time}";
    code_of_theirs(code, time):
        en "{code}   typed here, waits for the other side until {time}",
        fr "{code}   tapé ici, attend l'autre côté ; expire : {time}";
    no_codes: en "no codes are under way; make one with   oub pair", fr "aucun code en cours ; faites-en un avec   oub pair";

    // Contacts and requests.
    read_from(alias): en "read:     oub pull --from {alias}", fr "lire :     oub pull --from {alias}";
    write_to(alias): en "write:    oub send {alias} 'hello'", fr "écrire :   oub send {alias} 'bonjour'";
    was_a_contact(alias, word, other):
        en "… was a contact before, as {alias}; another name:   oub contact rename {word} {other}",
        fr "… était déjà un contact, sous le nom {alias} ; pour en changer :   oub contact rename {word} {other}";
    is_a_contact_now(alias):
        en "{alias} is a contact now", fr "{alias} est un contact désormais";
    compare_with(alias):
        en "compare:  oub verify {alias}     (both of you, over another channel)",
        fr "comparer : oub verify {alias}     (tous les deux, par une autre voie)";
    dropped_request(name):
        en "✓ dropped the request from {name}; they are not told",
        fr "✓ demande de {name} écartée ; il ne lui en est rien dit";
    was_known(alias):
        en "not dropped: {alias} had written it, under a new key that the old one signed; it stands in the conversation",
        fr "pas écartée : {alias} l'avait écrite, sous une nouvelle clé que l'ancienne a signée ; elle est dans la conversation";
    no_fingerprints(alias):
        en "the address has no fingerprints: the server's word for {alias}'s key was taken",
        fr "l'adresse n'a pas d'empreintes : pour la clé de {alias}, le serveur a été cru sur parole";
    no_contacts:
        en "no contacts yet; add one with   oub add ADDRESS",
        fr "pas encore de contact ; ajoutez-en un avec   oub add ADRESSE";
    timer_queued:
        en "… the agreement is queued; it goes with a later oub command",
        fr "… l'accord est en attente ; il part avec une commande oub suivante";
    stamps_leave:
        en "the stamps leave within ten minutes, with a later oub command or the daemon",
        fr "les timbres partent dans les dix minutes, avec une commande oub suivante ou le démon";
    history_with(name, messages, waiting):
        en "the history with {name} ({messages}, {waiting} of them not sent yet)",
        fr "l'historique avec {name} ({messages}, dont {waiting} en attente d'envoi)";
    stays(name): en "{name} stays", fr "{name} reste";
    still_blocked:
        en "still blocked: what they send is not shown, until you   oub add   them again",
        fr "toujours bloqué : ce qui en vient n'est pas montré, jusqu'à un nouveau   oub add";
    asks_again:
        en "they are not told; what they send is a request:   oub requests",
        fr "il ne lui en est rien dit ; ce qui en vient est une demande :   oub requests";
    removed(name, lost, later):
        en "✓ removed {name} and erased {lost}\n  {later}",
        fr "✓ {name} retiré, {lost} effacé\n  {later}";
    no_requests: en "no requests", fr "aucune demande";
    answer_request(label): en "answer with   oub accept {label}", fr "répondez par   oub accept {label}";
    requests_of_before(what):
        en "{what}: these are the requests collected before",
        fr "{what} : voici les demandes relevées auparavant";
    not_accepted(label, address): en "{label} (not accepted)  {address}", fr "{label} (pas accepté)  {address}";
    claims_to_be(contact):
        en "this is the name of your contact {contact}, under another key: a lost device, or somebody else\n  compare before you accept:   oub verify {contact}",
        fr "c'est le nom de votre contact {contact}, sous une autre clé : un appareil perdu, ou quelqu'un d'autre\n  comparez avant d'accepter :   oub verify {contact}";
    no_words_yet:
        en "(no words yet; what was sent is longer, or no text, and comes once you accept)",
        fr "(pas encore de mots ; ce qui a été envoyé est plus long, ou n'est pas du texte, et arrive une fois la demande acceptée)";

    // The public log of keys.
    no_logs:
        en "no server that you use shows a public log of keys, as far as is known here:   oub ledger sync",
        fr "aucun serveur que vous utilisez ne montre de journal public des clés, pour autant qu'on sache ici :   oub ledger sync";
    log_is_good(server, leaves, signed, checked):
        en "{server}  good: every one of the {leaves} first entries checks; signed {signed}, looked at {checked}",
        fr "{server}  en ordre : les {leaves} premières entrées sont toutes justes ; signé le {signed}, regardé le {checked}";
    log_is_silent(server, leaves, written):
        en "{server}  silent: the last of {leaves} entries is of {written}, and one is due each day; ask the server's operator",
        fr "{server}  muet : la dernière des {leaves} entrées est du {written}, et il en faut une chaque jour ; demandez à qui tient le serveur";
    log_is_unread(server):
        en "{server}  not looked at yet:   oub ledger sync",
        fr "{server}  pas encore regardé :   oub ledger sync";
    log_in_trouble(server, since, why):
        en "{server}  TROUBLE since {since}: {why}\n  no new key is taken from there; ask the server's operator whether it was restored from a backup",
        fr "{server}  PROBLÈME depuis le {since} : {why}\n  aucune nouvelle clé n'y est prise ; demandez à qui tient le serveur s'il a été rétabli d'une sauvegarde";
    log_not_mine(leaf):
        en "entry {leaf} should be the key under your own name that was made here, and is another: somebody changed it, or this is an old copy; see   oub doctor",
        fr "l'entrée {leaf} devrait être la clé à votre propre nom faite ici, et en est une autre : quelqu'un l'a changée, ou ceci est une vieille copie ; voyez   oub doctor";
    log_was_restored(times, seen):
        en "restored from a backup so far: {times} (the server says so itself; seen {seen})",
        fr "rétabli d'une sauvegarde jusqu'ici : {times} (le serveur le dit lui-même ; vu le {seen})";
    log_fraud_kept(path):
        en "it signed two histories; the proof, for anybody:   oub ledger verify-fraud {path}",
        fr "il a signé deux histoires ; la preuve, pour tout le monde :   oub ledger verify-fraud {path}";
    log_audited(server, leaves, root, agree):
        en "{server}  {leaves} entries lead to {root}; contacts whose key is the newest there: {agree}",
        fr "{server}  {leaves} entrées mènent à {root} ; contacts dont la clé y est la dernière : {agree}";
    log_has_newer(contact):
        en "{contact} has a newer key there; it is looked up before the next message",
        fr "{contact} y a une clé plus récente ; elle sera cherchée avant le prochain message";
    log_differs(contact):
        en "{contact}: the key that is known here is NOT IN the log; compare words:   oub verify {contact}",
        fr "{contact} : la clé connue ici n'est PAS DANS le journal ; comparez les mots :   oub verify {contact}";
    fraud_holds(server, one, one_at, other, other_at):
        en "proved: the server {server} signed two histories that no one log can have, with {one} entries {one_at} and with {other} entries {other_at}\n  whoever uses it should know; nothing that was sealed to a key you had compared is touched by it",
        fr "prouvé : le serveur {server} a signé deux histoires qu'aucun journal ne peut avoir ensemble, avec {one} entrées le {one_at} et avec {other} entrées le {other_at}\n  qui l'utilise devrait le savoir ; rien de ce qui a été scellé à une clé que vous aviez comparée n'en est touché";
    log_notice_trouble(server, why):
        en "the public log of keys of {server} is not as it should be: {why}; no new key is taken from there (oub ledger status)",
        fr "le journal public des clés de {server} n'est pas comme il devrait être : {why} ; aucune nouvelle clé n'y est prise (oub ledger status)";
    log_notice_restored(server):
        en "the server {server} says that it was restored from a backup: keys and names registered since are gone there",
        fr "le serveur {server} dit qu'il a été rétabli d'une sauvegarde : les clés et les noms enregistrés depuis n'y sont plus";
    log_notice_not_mine(server):
        en "the public log of {server} has another key under your own name than the one made here (oub ledger status)",
        fr "le journal public de {server} a une autre clé à votre propre nom que celle faite ici (oub ledger status)";
    log_notice_fraud(server):
        en "PROVED: the server {server} signed two histories; no new key is taken from there (oub ledger status shows where the proof lies)",
        fr "PROUVÉ : le serveur {server} a signé deux histoires ; aucune nouvelle clé n'y est prise (oub ledger status montre où est la preuve)";
    log_notice_silent(server):
        en "the public log of keys of {server} has had no new entry for two days, where one is due each day: you are shown an old state of it, or a clock is wrong (oub ledger status)",
        fr "le journal public des clés de {server} n'a reçu aucune entrée depuis deux jours, alors qu'il en faut une chaque jour : on vous en montre un état ancien, ou une horloge est fausse (oub ledger status)";
    verified_not_in_log(contact):
        en "the key of {contact} that you compared is not the newest one in the public log of that server: what you compared counts; tell {contact}, and the server's operator",
        fr "la clé de {contact} que vous avez comparée n'est pas la dernière du journal public de ce serveur : c'est ce que vous avez comparé qui compte ; dites-le à {contact}, et à qui tient le serveur";
    other_log(contact, server):
        en "{contact} was shown another public log of {server} than you were, or says so: compare safety words, oub verify {contact}",
        fr "{contact} a vu un autre journal public de {server} que vous, ou le dit : comparez les mots de sécurité, oub verify {contact}";
    name_checked:
        en "the name is in the public log of its server, with this key",
        fr "le nom est dans le journal public de son serveur, avec cette clé";
    name_not_checked:
        en "NOT in the public log of its server with this key: ask the person over another channel before you accept",
        fr "ABSENT du journal public de son serveur avec cette clé : demandez à la personne par une autre voie avant d'accepter";

    // Sending.
    stored_for(to, id): en "✓ stored for {to}  {id}", fr "✓ déposé pour {to}  {id}";
    queued_for(to, id, why): en "… queued for {to}  {id}: {why}", fr "… en attente pour {to}  {id} : {why}";
    has_it(to): en "✓ {to} has it", fr "✓ {to} l'a";
    nothing_shows_it(to):
        en "… nothing has come from {to} yet that shows it; it stays sent",
        fr "… rien n'est encore venu de {to} qui le montre ; cela reste envoyé";
    has_not_left(to):
        en "… it has not left for {to} yet; it waits:   oub outbox",
        fr "… il n'est pas encore parti pour {to} ; il attend :   oub outbox";
    goes_with_next(why):
        en "{why}; it will go with the next oub command",
        fr "{why} ; il partira avec la prochaine commande oub";
    nothing_lately(to):
        en "nothing has come from {to} lately; it goes once {to} has answered, or has been online",
        fr "rien n'est venu de {to} ces temps-ci ; il part dès que {to} aura répondu, ou aura été en ligne";
    too_long_for_first(to):
        en "too long for a first message; it will go once {to} has accepted",
        fr "trop long pour un premier message ; il partira une fois que {to} aura accepté";
    not_for_first(to):
        en "files and questions go once {to} has accepted; a first message without words went ahead",
        fr "fichiers et questions partent une fois que {to} a accepté ; un premier message sans texte est parti devant";
    mailbox_full(to):
        en "the mailbox of {to} is full; it will go with a later oub command",
        fr "la boîte de {to} est pleine ; il partira avec une commande oub suivante";
    mailbox_closed(to):
        en "the mailbox of {to} is closed, as it is after 90 days without its owner; it will go once {to} has been here again",
        fr "la boîte de {to} est fermée, comme elle l'est après 90 jours sans la personne ; il partira quand {to} sera revenu";
    earlier_first:
        en "earlier messages go first; it will go with a later oub command",
        fr "des messages antérieurs passent d'abord ; il partira avec une commande oub suivante";
    parts_stored(stored, parts, to):
        en "{stored} of {parts} parts are stored; the rest goes some minutes after {to} has been online, with a later oub command",
        fr "{stored} parties sur {parts} sont déposées ; le reste part quelques minutes après que {to} aura été en ligne, avec une commande oub suivante";
    asked(to, time): en "… asked {to}; waiting {time}", fr "… question posée à {to} ; attente de {time}";
    question_queued(to, time):
        en "… the question is queued for {to}; waiting {time}",
        fr "… la question est en attente pour {to} ; attente de {time}";
    no_answer(name): en "… {name} has not answered in time", fr "… {name} n'a pas répondu à temps";
    question_over:
        en "… the time of this question is over, and nobody answered; another --idempotency key asks it anew",
        fr "… le temps de cette question est écoulé, et personne n'a répondu ; une autre clé --idempotency la repose";
    question_not_left(name, word):
        en "… the question has not left, and {name} has not seen it; it waits:   oub outbox   — to drop it:   oub take-back {word} last",
        fr "… la question n'est pas partie, et {name} ne l'a pas vue ; elle attend :   oub outbox   — pour l'écarter :   oub take-back {word} last";
    not_left: en "✓ taken back: it had not left", fr "✓ repris : il n'était pas parti";
    goes_later: en "; the request goes with a later oub command", fr " ; la demande part avec une commande oub suivante";
    taken_back(to, later):
        en "✓ taken back here; {to}'s client is asked to do the same{later}\n  what {to} has read or copied stays with {to}",
        fr "✓ repris ici ; le client de {to} est prié d'en faire autant{later}\n  ce que {to} a lu ou copié reste à {to}";
    nothing_waits: en "nothing waits", fr "rien n'attend";
    colon: en ": ", fr " : ";
    because(why): en ": {why}", fr " : {why}";
    of_parts(stored, parts): en ", {stored} of {parts} parts", fr ", {stored} parties sur {parts}";
    reading(size): en "reading {size}", fr "lecture, {size}";
    parts_done(stored, parts): en "{stored} of {parts} parts", fr "{stored} parties sur {parts}";
    tenths_done(tenth, stored, parts):
        en "… {tenth}0 %  ({stored} of {parts} parts)",
        fr "… {tenth}0 %  ({stored} parties sur {parts})";

    // Receiving.
    expired(envelopes):
        en "{envelopes} on the relay before you collected them",
        fr "{envelopes} au relais avant que vous les releviez";
    set_aside(envelopes):
        en "{envelopes}; the conversation heals by itself:   oub log --quarantine",
        fr "{envelopes} ; la conversation se répare seule :   oub log --quarantine";
    handed_out(count, handled):
        en "handed out {count}, handled {handled}",
        fr "remis : {count}, dont traités : {handled}";
    asked_for_again: en "asked for again", fr "c'est redemandé";
    next_commands_ask:
        en "the next commands ask for them again",
        fr "les prochaines commandes redemanderont ce qui manque";
    collected_elsewhere(envelopes):
        en "{envelopes} by somebody else, or lost by the server. Is this profile in use elsewhere?   oub doctor",
        fr "{envelopes} par quelqu'un d'autre, ou le serveur les a perdues. Ce profil est-il en usage ailleurs ?   oub doctor";
    written_elsewhere(contact):
        en "{contact} was written to with a copy of this profile; the conversation was begun anew. Is this profile in use elsewhere?   oub doctor",
        fr "on a écrit à {contact} avec une copie de ce profil ; la conversation a été recommencée. Ce profil est-il en usage ailleurs ?   oub doctor";
    both(one, other): en "{one}; {other}", fr "{one} ; {other}";
    relay_went_back:
        en "the server went back to an earlier state; what it lost is asked for again",
        fr "le serveur est revenu à un état antérieur ; ce qu'il a perdu est redemandé";
    mailbox_gone:
        en "the server had closed your mailbox, as it does with what nobody opens for 90 days; it made a new one, and contacts are told",
        fr "le serveur avait fermé votre boîte, comme il le fait de ce que personne n'ouvre pendant 90 jours ; il en a fait une nouvelle, et les contacts l'apprennent";
    unknown_notice:
        en "something happened that this version cannot tell",
        fr "il s'est passé quelque chose que cette version ne sait pas dire";
    answer_it(from): en "  answer it:   oub answer {from} …", fr "  répondre :   oub answer {from} …";
    save_it(id): en "  save it:   oub save {id}", fr "  enregistrer :   oub save {id}";

    // A message, in brackets what it is.
    question(text, choices, until):
        en "(question) {text}{choices}  (until {until})",
        fr "(question) {text}{choices}  (jusqu'à {until})";
    answer(text): en "(answer) {text}", fr "(réponse) {text}";
    stays_from_here:
        en "(from here on, the texts that you both send stay)",
        fr "(à partir d'ici, les textes que vous envoyez tous les deux restent)";
    disappears_from_here(time):
        en "(from here on, the texts that you both send disappear after {time})",
        fr "(à partir d'ici, les textes que vous envoyez tous les deux disparaissent après {time})";
    edited(text): en "(edited) {text}", fr "(modifié) {text}";
    is_taken_back: en "(taken back)", fr "(repris)";
    newer_kind(kind):
        en "(a newer kind of message, number {kind}, which this version cannot show)",
        fr "(un type de message plus récent, numéro {kind}, que cette version ne sait pas montrer)";
    begun_anew:
        en "(began the conversation anew here, as after a restore or a lost device)",
        fr "(a recommencé la conversation ici, comme après un rétablissement ou un appareil perdu)";
    new_signed_key:
        en "(has a new key from here on, signed by the one before)",
        fr "(a une nouvelle clé à partir d'ici, signée par la précédente)";
    new_unsigned_key:
        en "(has a new key from here on, NOT signed by the one before: you took it)",
        fr "(a une nouvelle clé à partir d'ici, NON signée par la précédente : vous l'avez prise)";
    file_prefix: en "(file) ", fr "(fichier) ";
    file_saved_as(path): en ", saved as {path}", fr ", enregistré sous {path}";
    file_so_far(size): en ", {size} of it so far", fr ", dont {size} jusqu'ici";
    file_damaged: en ", which did not arrive whole", fr ", qui n'est pas arrivé entier";
    file_dropped:
        en ", dropped: too many files were on their way",
        fr ", écarté : trop de fichiers étaient en chemin";
    file_before_accepted:
        en ", not kept: it came before you accepted; ask for it again",
        fr ", pas gardé : il est venu avant votre accord ; redemandez-le";
    file_taken_back: en ", taken back", fr ", repris";
    message_called(id): en "message {id}", fr "message {id}";
    quoting(words): en "(to “{words}”) ", fr "(à « {words} ») ";
    is_edited: en "  (edited)", fr "  (modifié)";
    disappears_at(time): en "  (disappears {time})", fr "  (disparaît : {time})";
    disappears_after(time): en "  (disappears {time} after this)", fr "  (disparaît {time} après cela)";

    // Histories and files.
    no_files: en "no files", fr "aucun fichier";
    somebody: en "somebody", fr "quelqu'un";
    envelope_aside(time, bytes, from, hash):
        en "{time}  {bytes} bytes, perhaps from {from}  {hash}",
        fr "{time}  {bytes} octets, peut-être de {from}  {hash}";
    compare_once_more(line, contact):
        en "{line}; compare once more:   oub verify {contact}",
        fr "{line} ; comparez encore une fois :   oub verify {contact}";
    me: en "me", fr "moi";
    me_read: en "me (read)", fr "moi (lu)";
    me_with(state): en "me ({state})", fr "moi ({state})";
    missing_here(contact, messages):
        en "{contact}  ({messages})",
        fr "{contact}  ({messages})";

    // Joining and the identity.
    server_matches:
        en "✓ server identity matches the invitation",
        fr "✓ l'identité du serveur est celle de l'invitation";
    server_matches_address:
        en "✓ server identity matches the address",
        fr "✓ l'identité du serveur est celle de l'adresse";
    server_trusted_on_first_use:
        en "the server was trusted on first use: compare its fingerprint with the operator",
        fr "le serveur a été cru à la première rencontre : vérifiez son empreinte auprès de l'opérateur";
    yours_again(name): en "✓ {name} is yours again, under a new key", fr "✓ {name} est de nouveau à vous, sous une nouvelle clé";
    registered_as(name): en "✓ registered as {name}", fr "✓ enregistré sous le nom {name}";
    keys_sealed_by(protection): en "✓ keys sealed by: {protection}", fr "✓ clés scellées par : {protection}";
    words_stay_the_same:
        en "your 24 words stay the same; contacts must compare safety words with you before they write again",
        fr "vos 24 mots restent les mêmes ; vos contacts doivent comparer les mots de sécurité avec vous avant de vous récrire";
    write_words_down:
        en "write these 24 words on paper now; they are the only way back, and are not shown again",
        fr "notez maintenant ces 24 mots sur papier ; ils sont le seul chemin de retour, et ne seront plus montrés";
    write_these_words_down:
        en "write these 24 words on paper; they are the only way back",
        fr "notez ces 24 mots sur papier ; ils sont le seul chemin de retour";
    write_words_now:
        en "Write these 24 words on paper now? They are the only way back.  [Y/n/later] ",
        fr "Noter maintenant ces 24 mots sur papier ? Ils sont le seul chemin de retour.  [O/n/plus tard] ";
    are_words_on_paper:
        en "Are all 24 on paper? Then the vault forgets them.",
        fr "Sont-ils tous les 24 sur papier ? Alors le coffre les oublie.";
    type_the_name_to_forget(name):
        en "Without them, who loses every key loses {name}. Type the name, {name}, to have the vault forget them unseen: ",
        fr "Sans eux, qui perd toutes ses clés perd {name}. Tapez le nom, {name}, pour que le coffre les oublie sans les montrer : ";
    words_until_on_paper:
        en "The 24 recovery words, the only way back when every key is lost; the vault has them until they are on paper:",
        fr "Les 24 mots de récupération, seul chemin de retour quand toutes les clés sont perdues ; le coffre les a jusqu'à ce qu'ils soient sur papier :";
    words_are_forgotten:
        en "✓ the vault has forgotten the 24 words; nothing shows them again",
        fr "✓ le coffre a oublié les 24 mots ; rien ne les montre plus";
    words_are_kept:
        en "nobody said yet that the 24 recovery words are on paper; the vault shows them until then:   oub id --words",
        fr "personne n'a encore dit que les 24 mots de récupération sont sur papier ; le coffre les montre jusque-là :   oub id --words";
    words_not_on_disk(why):
        en "the file with the 24 words is not on its disk: {why}",
        fr "le fichier des 24 mots n'est pas sur son disque : {why}";
    words_not_forgotten(why):
        en "the vault has not forgotten the 24 words: {why}; later:   oub id --words",
        fr "le coffre n'a pas oublié les 24 mots : {why} ; plus tard :   oub id --words";
    your_address:
        en "Your address, to give to others (oub id --qr shows it again):",
        fr "Votre adresse, à donner aux autres (oub id --qr la montre de nouveau) :";
    read_back(contacts, messages):
        en "✓ read back: {contacts}, {messages}",
        fr "✓ relue : {contacts}, {messages}";
    keep_elsewhere:
        en "keep it elsewhere; only its passphrase opens it:   oub identity restore FILE --verify-only",
        fr "gardez-la ailleurs ; seule sa phrase secrète l'ouvre :   oub identity restore FICHIER --verify-only";
    backup_whole(contacts, messages):
        en "✓ whole: {contacts}, {messages}",
        fr "✓ entière : {contacts}, {messages}";
    reading_backup: en "reading the backup …", fr "lecture de la sauvegarde…";
    restored(contacts, messages):
        en "✓ {contacts}, {messages}",
        fr "✓ {contacts}, {messages}";
    fresh_keys_published:
        en "✓ fresh keys are published; contacts are told, and what is missing is asked for",
        fr "✓ des clés neuves sont publiées ; les contacts sont prévenus, et ce qui manque est demandé";
    fresh_keys_not_yet(error):
        en "fresh keys are not published yet ({error}); do   oub pull",
        fr "les clés neuves ne sont pas encore publiées ({error}) ; faites   oub pull";
    making_this_copy_count:
        en "making this copy the one that counts …",
        fr "cette copie devient celle qui compte…";
    renewed(contacts):
        en "fresh keys are published; {contacts}",
        fr "des clés neuves sont publiées ; {contacts}";
    others_refused:
        en "other copies of this profile are refused from now on; what they collected is asked for again",
        fr "les autres copies de ce profil sont refusées à partir de maintenant ; ce qu'elles ont relevé est redemandé";
    making_new_key:
        en "making a new key, signed by the present one …",
        fr "création d'une nouvelle clé, signée par la présente…";
    new_address:
        en "✓ this is my address now; contacts are told within a day, or with my next message, and see that the key changed",
        fr "✓ voici maintenant votre adresse ; les contacts l'apprennent en un jour, ou avec votre prochain message, et voient que la clé a changé";
    recovery_words_stay: en "the 24 recovery words stay the same", fr "les 24 mots de récupération restent les mêmes";
    giving_up_does(name):
        en "Giving {name} up:\n  nobody can write to you under it; contacts who try are told that you gave it up\n  what waits on the server is collected first; what was said stays readable in this profile\n  after 30 days anybody whom the server lets may take the name; nothing of yours comes with it\n  no key, no backup and no recovery words undo it",
        fr "Abandonner {name} :\n  personne ne peut plus vous y écrire ; les contacts qui essaient apprennent que vous l'avez abandonné\n  ce qui attend sur le serveur est relevé d'abord ; ce qui a été dit reste lisible dans ce profil\n  après 30 jours, quiconque le serveur laisse faire peut prendre le nom ; rien de ce qui est à vous ne l'accompagne\n  ni clé, ni sauvegarde, ni mots de récupération n'y reviennent";
    type_the_name(name): en "Type the name, {name}, to give it up: ", fr "Tapez le nom, {name}, pour l'abandonner : ";
    giving_up: en "collecting what waits, then giving the name up …", fr "relève de ce qui attend, puis abandon du nom…";
    name_was_given_up(name): en "✓ {name} is given up; nobody is reached under it any more", fr "✓ {name} est abandonné ; personne n'y est plus joignable";
    never_leaves(messages):
        en "{messages} (oub outbox)",
        fr "{messages} (oub outbox)";
    profile_can_be_read(name):
        en "read what was said:   oub log CONTACT\nfor a new identity:   oub -P NAME join …\non this server {name} rests for 30 days, and is free to be registered after that",
        fr "relire ce qui a été dit :   oub log CONTACT\npour une nouvelle identité :   oub -P NOM join …\nsur ce serveur, {name} repose 30 jours, puis peut de nouveau être enregistré";
    given_up_since(name, time):
        en "{name} was given up {time}: this profile sends and receives nothing any more",
        fr "{name} a été abandonné ({time}) : ce profil n'envoie et ne reçoit plus rien";
    giving_up_unfinished(name):
        en "giving {name} up is not finished:   oub identity release",
        fr "l'abandon de {name} n'est pas terminé :   oub identity release";
    manual_written: en "✓ manual written", fr "✓ manuel écrit";

    // Comparing.
    is_verified(name): en "✓ {name} is verified", fr "✓ {name} est vérifié";
    stays_as(name, trust, word):
        en "{name} stays {trust}; if they are the same:   oub verify {word} --words '…'",
        fr "{name} reste : {trust} ; s'ils sont les mêmes :   oub verify {word} --words '…'";
    new_unsigned_key_of(name):
        en "{name} has a new key that the old one did not sign; these words are for the new key",
        fr "{name} a une nouvelle clé que l'ancienne n'a pas signée ; ces mots sont ceux de la nouvelle clé";
    read_these_to(name):
        en "Read these to {name} over another channel; both must have the same.\n",
        fr "Lisez-les à {name} par une autre voie ; vous devez avoir tous les deux les mêmes.\n";
}
