//! What went wrong: what, why, and what to do.

use super::table::{messages, problems};

messages! {
    error_label: en "error:", fr "erreur :";
    why_label: en "why", fr "cause";
    risk_label: en "risk", fr "risque";
    do_label: en "do", fr "faire";
    ends_with(exit, code): en "(exit {exit}, {code})", fr "(code de sortie {exit}, {code})";
    warning_label: en "warning:", fr "attention :";

    others_may_read(path):
        en "others may read {path}; do   chmod 600 {path}",
        fr "d'autres peuvent lire {path} ; faites   chmod 600 {path}";
    first_line_is_empty: en "its first line is empty", fr "sa première ligne est vide";
    it_is_empty: en "it is empty", fr "elle est vide";
    not_the_same: en "the two are not the same", fr "les deux ne sont pas les mêmes";
    nobody_for_passphrase:
        en "no passphrase was given, and nobody can be asked for one here",
        fr "aucune phrase secrète n'a été donnée, et il n'y a personne ici à qui en demander une";
    no_keyring_either(nobody, keyring):
        en "{nobody};\nno keyring either: {keyring}",
        fr "{nobody} ;\npas de trousseau de clés non plus : {keyring}";
    between_you(name):
        en "someone may stand between you and {name}",
        fr "quelqu'un se tient peut-être entre vous et {name}";
    no_text: en "no text was given", fr "aucun texte n'a été donné";
    text_is_empty: en "the text is empty", fr "le texte est vide";
    is_a_folder:
        en "it is a folder; pack it first:   tar c DIR | oub send … -f - --name DIR.tar",
        fr "c'est un dossier ; empaquetez-le d'abord :   tar c DOSSIER | oub send … -f - --name DOSSIER.tar";
    send_in_utf8:
        en "send text in UTF-8, or anything else as a file:   … | oub send CONTACT -f - --name NAME",
        fr "envoyez du texte en UTF-8, ou autre chose comme fichier :   … | oub send CONTACT -f - --name NOM";
    scan_again:
        en "scan the code once more, or compare the words",
        fr "lisez le code encore une fois, ou comparez les mots";

    send_example:
        en "oub send CONTACT 'TEXT'   or   … | oub send CONTACT -",
        fr "oub send CONTACT 'TEXTE'   ou   … | oub send CONTACT -";
    ask_example: en "oub ask CONTACT 'QUESTION?'", fr "oub ask CONTACT 'QUESTION ?'";
    answer_example: en "oub answer CONTACT 'TEXT'", fr "oub answer CONTACT 'TEXTE'";
    edit_example: en "oub edit CONTACT last 'TEXT'", fr "oub edit CONTACT last 'TEXTE'";

    repair_command:
        en "repair the command; the next   oub pull --exec   hands them out again",
        fr "réparez la commande ; le prochain   oub pull --exec   les remettra de nouveau";
    make_room:
        en "make room or choose another folder; the next   oub pull -o DIR   hands them out again",
        fr "faites de la place ou choisissez un autre dossier ; le prochain   oub pull -o DOSSIER   les remettra";
    command_ended(status): en "the command ended with {status}", fr "la commande s'est terminée par : {status}";
    command_too_slow: en "the command did not end in time", fr "la commande ne s'est pas terminée à temps";
    command_not_run(error):
        en "the command could not be run: {error}",
        fr "la commande n'a pas pu être lancée : {error}";
    write_a_time:
        en "write a time like 30s, 5m, 1h or 7d",
        fr "écrivez un délai comme 30s, 5m, 1h ou 7d";
    write_a_proxy:
        en "write a SOCKS5 proxy like socks5://127.0.0.1:9050, or none",
        fr "écrivez un proxy SOCKS5 comme socks5://127.0.0.1:9050, ou none";
    write_an_allotment:
        en "write a number of stamps from 256 to 4096",
        fr "écrivez un nombre de timbres de 256 à 4096";
    join_or_name(others, profile):
        en "name one that is there:  oub -P NAME …   ({others})\nor join with this one:  oub -P {profile} join INVITATION",
        fr "nommez-en une qui existe :  oub -P NOM …   ({others})\nou inscrivez celle-ci :  oub -P {profile} join INVITATION";
    stdin_is_endless:
        en "standard input brings more than any message may have",
        fr "l'entrée standard apporte plus qu'un message n'en peut avoir";
    not_utf8: en "it is not in UTF-8", fr "ce n'est pas de l'UTF-8";
    write_a_code_number:
        en "write the number that the code begins with, as   oub pair --list   shows it",
        fr "écrivez le numéro par lequel le code commence, comme   oub pair --list   le montre";
    write_a_count:
        en "write a whole number, 1 or more",
        fr "écrivez un nombre entier, 1 ou plus";
}

problems! {
    no_output(error):
        en {
            what "standard output took no more", why "{error}",
            do "make room, or send it elsewhere; messages that were not printed come again with the next   oub pull"
        }
        fr {
            what "la sortie standard n'a plus rien pris", why "{error}",
            do "faites de la place, ou envoyez-la ailleurs ; les messages qui n'ont pas été affichés reviennent au prochain   oub pull"
        }
    no_help(word):
        en {
            what "there is no help about {word}",
            why "it is neither a command nor one of   json   exit-codes   files   api",
            do "oub help"
        }
        fr {
            what "il n'y a pas d'aide sur {word}",
            why "ce n'est ni une commande ni l'un de   json   exit-codes   files   api",
            do "oub help"
        }
    words_unreadable(error):
        en { what "the recovery words cannot be read", why "{error}", do "check the file given to --words-file" }
        fr {
            what "les mots de récupération ne peuvent pas être lus", why "{error}",
            do "vérifiez le fichier donné à --words-file"
        }
    words_needed:
        en {
            what "the recovery words are needed",
            why "none were given, and nobody can be asked for them here",
            do "oub join ADDRESS --recover --words-file FILE   (or - for standard input)"
        }
        fr {
            what "il faut les mots de récupération",
            why "aucun n'a été donné, et il n'y a personne ici à qui les demander",
            do "oub join ADRESSE --recover --words-file FICHIER   (ou - pour l'entrée standard)"
        }
    words_gone:
        en {
            what "the recovery words are not in this vault",
            why "it forgets them once they are said to be on paper, or a program has taken them; a backup never has them",
            do "look for the paper; a way back beside it is   oub identity backup FILE"
        }
        fr {
            what "les mots de récupération ne sont pas dans ce coffre",
            why "il les oublie dès qu'ils sont dits sur papier, ou qu'un programme les a pris ; une sauvegarde ne les a jamais",
            do "cherchez le papier ; un autre chemin de retour est   oub identity backup FICHIER"
        }
    backup_needs_passphrase:
        en {
            what "the backup needs a passphrase",
            why "none was given, and nobody can be asked for one here",
            do "run it in a terminal, or give   --backup-passphrase-file FILE   (OUB_BACKUP_PASSPHRASE_FILE)"
        }
        fr {
            what "il faut une phrase secrète pour la sauvegarde",
            why "aucune n'a été donnée, et il n'y a personne ici à qui en demander une",
            do "lancez-le dans un terminal, ou donnez   --backup-passphrase-file FICHIER   (OUB_BACKUP_PASSPHRASE_FILE)"
        }
    passphrase_file(path, why):
        en {
            what "the passphrase file {path} cannot be used", why "{why}",
            do "give a file whose first line is the passphrase"
        }
        fr {
            what "le fichier de phrase secrète {path} ne peut pas être utilisé", why "{why}",
            do "donnez un fichier dont la première ligne est la phrase secrète"
        }
    passphrase_unfit(why):
        en { what "this passphrase cannot be used", why "{why}", do "run the same command again" }
        fr { what "cette phrase secrète ne peut pas être utilisée", why "{why}", do "relancez la même commande" }
    passphrase_unread(error):
        en { what "the passphrase could not be read", why "{error}", do "use   --passphrase-file FILE" }
        fr { what "la phrase secrète n'a pas pu être lue", why "{error}", do "prenez   --passphrase-file FICHIER" }
    no_protection(why):
        en {
            what "there is no way to protect the keys yet", why "{why}",
            do "run it in a terminal, to be asked for a passphrase\nor    --passphrase-file FILE   (OUB_PASSPHRASE_FILE; systemd: LoadCredential)\nor    --protect file           (keys are as safe as this disk)"
        }
        fr {
            what "il n'y a pas encore de moyen de protéger les clés", why "{why}",
            do "lancez-le dans un terminal, qui vous demandera une phrase secrète\nou    --passphrase-file FICHIER   (OUB_PASSPHRASE_FILE ; systemd : LoadCredential)\nou    --protect file              (les clés sont aussi sûres que ce disque)"
        }
    no_qr(error):
        en { what "this does not fit into a QR code", why "{error}", do "send it as text" }
        fr { what "cela ne tient pas dans un code QR", why "{error}", do "envoyez-le comme texte" }

    nothing_to_send(why, example):
        en { what "there is nothing to send", why "{why}", do "{example}" }
        fr { what "il n'y a rien à envoyer", why "{why}", do "{example}" }
    stdin_is_no_text(error, remedy):
        en { what "standard input is not a text", why "{error}", do "{remedy}" }
        fr { what "l'entrée standard n'est pas un texte", why "{error}", do "{remedy}" }
    invitation_unreadable(error):
        en { what "the invitation cannot be read", why "{error}", do "check the file given to --invite-file" }
        fr {
            what "l'invitation ne peut pas être lue", why "{error}",
            do "vérifiez le fichier donné à --invite-file"
        }
    no_own_address(error):
        en {
            what "this is not an address", why "{error}",
            do "give your own address: oub://HOST/NAME#… as your contacts have it, or NAME@HOST"
        }
        fr {
            what "ce n'est pas une adresse", why "{error}",
            do "donnez votre propre adresse : oub://HÔTE/NOM#… telle que vos contacts l'ont, ou NOM@HÔTE"
        }
    no_invitation(error):
        en {
            what "this is not an invitation", why "{error}",
            do "copy the whole link that the operator sent: oub://HOST/i/CODE#FINGERPRINT"
        }
        fr {
            what "ce n'est pas une invitation", why "{error}",
            do "copiez tout le lien que l'opérateur a envoyé : oub://HÔTE/i/CODE#EMPREINTE"
        }
    bad_name(error):
        en {
            what "this name cannot be registered", why "{error}",
            do "choose 2 to 32 of   a-z 0-9 . _ -   beginning with a letter or digit"
        }
        fr {
            what "ce nom ne peut pas être enregistré", why "{error}",
            do "choisissez de 2 à 32 signes parmi   a-z 0-9 . _ -   en commençant par une lettre ou un chiffre"
        }
    no_address(error):
        en {
            what "this is not an address", why "{error}",
            do "copy the whole line that   oub id   shows to the other person"
        }
        fr {
            what "ce n'est pas une adresse", why "{error}",
            do "copiez toute la ligne que   oub id   affiche chez l'autre personne"
        }
    no_address_on_stdin(error):
        en { what "standard input holds no address", why "{error}", do "give an address" }
        fr { what "l'entrée standard ne contient pas d'adresse", why "{error}", do "donnez une adresse" }
    no_script(error):
        en { what "the script cannot be written", why "{error}", do "please report it" }
        fr { what "le script ne peut pas être écrit", why "{error}", do "signalez-le, s'il vous plaît" }
    no_manual(folder, error):
        en {
            what "cannot write the manual into {folder}", why "{error}",
            do "give a folder that is there and may be written to"
        }
        fr {
            what "impossible d'écrire le manuel dans {folder}", why "{error}",
            do "donnez un dossier qui existe et où l'on peut écrire"
        }
    words_differ(name):
        en {
            what "the safety words for {name} do not match",
            why "what was given differs from what this vault computes for the two of you",
            do "compare once more by voice; if it stays so, do not write to {name}, and meet"
        }
        fr {
            what "les mots de sécurité pour {name} ne concordent pas",
            why "ce qui a été donné diffère de ce que ce coffre calcule pour vous deux",
            do "comparez encore une fois de vive voix ; si cela reste ainsi, n'écrivez pas à {name}, et voyez-vous"
        }
    nothing_to_compare:
        en {
            what "there is nothing to compare",
            why "what was given is neither words nor a code of   oub verify; nobody was compared",
            do "scan the code once more, or compare the words:   oub verify CONTACT"
        }
        fr {
            what "il n'y a rien à comparer",
            why "ce qui a été donné n'est ni des mots ni un code d'oub verify ; personne n'a été comparé",
            do "lisez le code encore une fois, ou comparez les mots :   oub verify CONTACT"
        }
    not_removed(name, lost):
        en {
            what "{name} was not removed", why "this erases {lost}, and nobody can be asked here",
            do "oub contact remove {name} --yes"
        }
        fr {
            what "{name} n'a pas été retiré", why "cela efface {lost}, et il n'y a personne ici à qui demander",
            do "oub contact remove {name} --yes"
        }
    not_released(name):
        en {
            what "{name} was not given up", why "only the name itself, typed or given, shows that this is meant",
            do "oub identity release --yes {name}"
        }
        fr {
            what "{name} n'a pas été abandonné",
            why "seul le nom lui-même, tapé ou donné, montre que c'est voulu",
            do "oub identity release --yes {name}"
        }
    nowhere_to_save:
        en {
            what "nowhere to save the file", why "without a terminal the present folder may be any",
            do "oub save ID -o DIR"
        }
        fr {
            what "nulle part où enregistrer le fichier",
            why "sans terminal, le dossier présent peut être n'importe lequel",
            do "oub save ID -o DOSSIER"
        }
    file_without_name:
        en {
            what "the file has no name", why "the other side sees one, and standard input has none",
            do "… | oub send CONTACT -f - --name NAME"
        }
        fr {
            what "le fichier n'a pas de nom", why "l'autre côté en voit un, et l'entrée standard n'en a pas",
            do "… | oub send CONTACT -f - --name NOM"
        }
    cannot_read(file, why):
        en { what "cannot read {file}", why "{why}", do "give a file that you may read; nothing was sent" }
        fr {
            what "impossible de lire {file}", why "{why}",
            do "donnez un fichier que vous pouvez lire ; rien n'a été envoyé"
        }
    no_folder(folder):
        en { what "{folder} is no folder", why "files are saved into a folder that is there", do "mkdir it first" }
        fr {
            what "{folder} n'est pas un dossier",
            why "les fichiers sont enregistrés dans un dossier qui existe",
            do "créez-le d'abord avec mkdir"
        }
    not_handled(what, why, remedy):
        en { what "{what}", why "{why}", do "{remedy}" }
        fr { what "{what}", why "{why}", do "{remedy}" }
}
