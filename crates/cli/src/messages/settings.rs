//! What `oub config` says, and what is said about a configuration file.

use super::table::{messages, problems};

messages! {
    the_file: en "the file", fr "le fichier";
    no_file_yet: en "there is no file yet", fr "il n'y a pas encore de fichier";
    file_is(state, path): en "{state}: {path}", fr "{state} : {path}";
    set(key, value, path): en "✓ {key} = {value}   in {path}", fr "✓ {key} = {value}   dans {path}";
    unset(key, path): en "✓ {key} is not in {path} any more", fr "✓ {key} n'est plus dans {path}";
    was_not_set(key, path): en "{key} is not in {path}", fr "{key} n'est pas dans {path}";
    is_not_set(key): en "# {key} is not set", fr "# {key} n'est pas réglé";
    from_flag(flag): en "flag {flag}", fr "option {flag}";
    from_variable(name): en "variable {name}", fr "variable {name}";
    from_file(path, line): en "file {path}, line {line}", fr "fichier {path}, ligne {line}";
    built_in: en "built in", fr "d'origine";

    true_or_false: en "it must be true or false", fr "il faut true ou false";
    a_number(max): en "it must be a number from 0 to {max}", fr "il faut un nombre de 0 à {max}";
    one_of(choices): en "it must be one of: {choices}", fr "il faut l'un de : {choices}";
    a_time:
        en "it must be a time like \"30s\", \"5m\", \"1h\" or \"7d\"",
        fr "il faut un délai comme \"30s\", \"5m\", \"1h\" ou \"7d\"";
    a_path:
        en "it must be a whole path in quotes, which begins with / or ~/",
        fr "il faut un chemin entier entre guillemets droits, qui commence par / ou ~/";
    some_words: en "it must be words in quotes", fr "il faut des mots entre guillemets droits";
    a_profile:
        en "it must be a profile's name: letters, digits, - _ . in quotes",
        fr "il faut un nom de profil : lettres, chiffres, - _ . entre guillemets droits";
    a_proxy:
        en "it must be a SOCKS5 proxy like \"socks5://127.0.0.1:9050\", or \"none\"",
        fr "il faut un proxy SOCKS5 comme \"socks5://127.0.0.1:9050\", ou \"none\"";
    one_value: en "it must be one value", fr "il faut une seule valeur";
    no_profile_name: en "no profile can have this name", fr "aucun profil ne peut porter ce nom";
    must_be_table: en "it must be a table: [profiles.NAME]", fr "il faut une table : [profiles.NOM]";
    no_file: en "it is no file", fr "ce n'est pas un fichier";
    longer_than(max): en "it is longer than {max} bytes", fr "il est plus long que {max} octets";
    line_of(path, line): en "{path}, line {line}", fr "{path}, ligne {line}";
    did_you_mean(nearest):
        en "did you mean   {nearest}   ?   oub config   lists all of them",
        fr "vouliez-vous dire   {nearest}   ?   oub config   les énumère tous";
    lists_all: en "oub config   lists all settings", fr "oub config   énumère tous les réglages";
}

problems! {
    foreign(path):
        en {
            what "{path} belongs to somebody else",
            why "whoever owns it could change how your messages are handled", do "look who made {path}"
        }
        fr {
            what "{path} appartient à quelqu'un d'autre",
            why "qui le possède pourrait changer la façon dont vos messages sont traités",
            do "regardez qui a fait {path}"
        }
    others_may_write(path, mode):
        en {
            what "others may write {path}",
            why "its mode is {mode}; whoever writes there changes how your messages are handled",
            do "chmod go-w {path}"
        }
        fr {
            what "d'autres peuvent écrire dans {path}",
            why "ses droits sont {mode} ; qui y écrit change la façon dont vos messages sont traités",
            do "chmod go-w {path}"
        }
    not_understood(place, why):
        en {
            what "the configuration file cannot be understood", why "{place}: {why}",
            do "repair that line; it is TOML:   key = value"
        }
        fr {
            what "le fichier de configuration est incompréhensible", why "{place} : {why}",
            do "réparez cette ligne ; c'est du TOML :   clé = valeur"
        }
    unknown(key, place, remedy):
        en {
            what "the configuration file has a setting that does not exist: {key}",
            why "{place}; a misspelt setting would be one that you think holds", do "{remedy}"
        }
        fr {
            what "le fichier de configuration a un réglage qui n'existe pas : {key}",
            why "{place} ; un réglage mal écrit serait un réglage que vous croyez en vigueur", do "{remedy}"
        }
    unfit_in_file(key, place, wish):
        en {
            what "the configuration file gives {key} a value that it cannot have", why "{place}: {wish}",
            do "repair that line"
        }
        fr {
            what "le fichier de configuration donne à {key} une valeur impossible", why "{place} : {wish}",
            do "réparez cette ligne"
        }
    unreadable(path, why):
        en { what "the configuration file {path} cannot be read", why "{why}", do "repair it, or move it away" }
        fr {
            what "le fichier de configuration {path} ne peut pas être lu", why "{why}",
            do "réparez-le, ou déplacez-le"
        }
    unwritable(path, error):
        en {
            what "the configuration file {path} cannot be written", why "{error}", do "check the folder and the disk"
        }
        fr {
            what "le fichier de configuration {path} ne peut pas être écrit", why "{error}",
            do "vérifiez le dossier et le disque"
        }
    no_such_setting(key, remedy):
        en { what "there is no setting {key}", why "nothing was read or changed", do "{remedy}" }
        fr { what "il n'y a pas de réglage {key}", why "rien n'a été lu ni changé", do "{remedy}" }
    no_place:
        en {
            what "there is no place for settings", why "neither XDG_CONFIG_HOME nor HOME is set",
            do "give   --home DIR"
        }
        fr {
            what "il n'y a pas de place pour des réglages", why "ni XDG_CONFIG_HOME ni HOME n'est défini",
            do "donnez   --home DOSSIER"
        }
    unfit(key, wish):
        en { what "{key} cannot have this value", why "{wish}", do "nothing was changed; give another value" }
        fr { what "{key} ne peut pas avoir cette valeur", why "{wish}", do "rien n'a été changé ; donnez une autre valeur" }
}
