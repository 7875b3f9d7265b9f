//! What is wrong with a command line, in French; in English the library that reads it says so.

use super::table::messages;

messages! {
    unknown_argument(arg): en "unexpected argument '{arg}' found", fr "argument inattendu : {arg}";
    unknown_command(name): en "unrecognized subcommand '{name}'", fr "commande inconnue : {name}";
    missing(args): en "these arguments are required: {args}", fr "il manque : {args}";
    missing_command(name): en "'{name}' wants a command", fr "après {name} il faut une commande";
    no_command: en "a command is missing", fr "il manque une commande";
    missing_value(arg): en "a value is required for '{arg}'", fr "{arg} veut une valeur";
    invalid_value(value, arg): en "invalid value '{value}' for '{arg}'", fr "{arg} ne peut pas être « {value} »";
    invalid_because(value, arg, why):
        en "invalid value '{value}' for '{arg}': {why}",
        fr "{arg} ne peut pas être « {value} » : {why}";
    one_too_many(value, arg): en "unexpected value '{value}' for '{arg}'", fr "« {value} » est de trop pour {arg}";
    wrong_number(arg): en "wrong number of values for '{arg}'", fr "{arg} ne veut pas ce nombre de valeurs";
    not_twice(arg): en "'{arg}' cannot be used twice", fr "{arg} ne peut pas être donné deux fois";
    not_together(arg, others):
        en "'{arg}' cannot be used with {others}",
        fr "{arg} ne va pas avec {others}";
    no_text: en "an argument is not UTF-8", fr "un argument n'est pas de l'UTF-8";
    unclear: en "the command line cannot be understood", fr "la ligne de commande est incompréhensible";
    possible(values): en "possible values: {values}", fr "valeurs possibles : {values}";
    similar(names): en "similar: {names}", fr "peut-être : {names}";
    as_a_value(arg): en "to give it as a value: -- {arg}", fr "pour le donner comme valeur : -- {arg}";
    not_as_shown:
        en "it is not written as the help shows; nothing was done",
        fr "ce n'est pas écrit comme l'aide le montre ; rien n'a été fait";
    more: en "For more information, try '--help'.", fr "Pour en savoir plus, essayez « --help ».";

    // Of the manual.
    name: en "Name", fr "Nom";
    exit_status: en "Exit status", fr "Code de sortie";
    files: en "Files", fr "Fichiers";
    environment: en "Environment", fr "Environnement";

    // Of the help itself.
    commands: en "Commands", fr "Commandes";
    command: en "COMMAND", fr "COMMANDE";
    print_help: en "Print help (see more with '--help')", fr "Afficher l'aide (plus longue avec --help)";
    print_long_help: en "Print help (see a summary with '-h')", fr "Afficher l'aide (plus courte avec -h)";
    print_version: en "Print version", fr "Afficher la version";
    default(value): en "[default: {value}]", fr "[défaut : {value}]";
    variable(name): en "[env: {name}]", fr "[variable : {name}]";
    possible_values(values): en "[possible values: {values}]", fr "[valeurs possibles : {values}]";
    possible_values_are: en "Possible values:", fr "Valeurs possibles :";
    value_means(name, help): en "- {name}: {help}", fr "- {name} : {help}";
}
