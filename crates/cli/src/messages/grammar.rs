//! The texts of the help: as the grammar has them in English, and in French.
//!
//! English stands in the grammar too (`crates/cli/src/args.rs`), beside what it is about; a test holds both to each
//! other.

use super::table::pairs;
use crate::args::examples;

pairs! {
    /// What the help says.
    PAIRS:
    en "Private messages to one person, through a server you own",
    fr "Messages privés à une seule personne, par un serveur qui est à vous";
    en crate::args::EXAMPLES,
    fr "\
Exemples
  oub join oub://chat.example.org/i/7F4Q…#FP    créer une identité sur un serveur
  oub id --qr                                   montrer mon adresse à quelqu'un
  oub pair                                      ou échanger les adresses par un code parlé
  oub send bob 'on mange à midi ?'              bob peut être hors ligne
  oub pull --json | jq -r .text                 relever, déchiffrer, accuser réception
  oub pull --exec ./handle.sh                   traité seulement si la commande rend 0
  oub daemon install --now                      recevoir en arrière-plan à chaque session
  pg_dump db | oub send bob -f - --name db.sql  un fichier, ou ce qu'un tube apporte
  oub ask bob 'Livrer 1.4 ?' --choice oui,non   attendre la réponse, et l'afficher
  oub chat bob                                  conversation en plein écran (--plain : en lignes)
  oub config set require-verified true          régler une fois pour toutes ; oub config montre tout

Codes de sortie  0 fait · 1 erreur · 2 usage · 3 rien/délai dépassé · 4 temporaire, réessayez
                 5 refusé (invitation, nom, bloqué, plein) · 6 IDENTITÉ INATTENDUE
                 7 données locales
Aussi : oub help <commande> · oub help json · oub help exit-codes · oub help files · oub help api";

    // The examples of the verbs.
    en examples::JOIN, fr "\
Exemples
  oub join oub://chat.example.org/i/7F4Q…#FP            par une invitation
  oub join oub://chat.example.org#FP --name alice       où tout le monde peut entrer
  oub join oub://chat.example.org/alice#FP --recover    reprendre mon nom par les 24 mots";
    en examples::ID, fr "\
Exemples
  oub id --qr
  oub id --words                 les 24 mots de récupération, jusqu'à ce qu'ils soient sur papier
  oub id --json | jq -r .address";
    en examples::ADD, fr "\
Exemples
  oub add bob@chat.example.org
  oub add oub://chat.example.org/bob#FP --as robert";
    en examples::PAIR, fr "\
Exemples
  oub pair                       fait un code, à lire à voix haute
  oub pair 42-guitar-volcano     de l'autre côté";
    en examples::VERIFY, fr "\
Exemples
  oub verify bob
  oub verify bob --qr";
    en examples::SEND, fr "\
Exemples
  oub send bob 'on mange à midi ?'
  oub send oub://chat.example.org/bob#FP 'salut'    bob devient un contact
  oub send bob -f rapport.pdf 'comme promis'
  pg_dump db | oub send bob -f - --name db.sql";
    en examples::PULL, fr "\
Exemples
  oub pull
  oub pull --follow --json | jq -r .text
  oub pull --exec ./handle.sh";
    en examples::ASK, fr "\
Exemples
  oub ask bob 'Livrer 1.4 ?' --choice oui,non --timeout 15m";
    en examples::ANSWER, fr "\
Exemples
  oub answer bob 'à midi'
  oub answer bob 2               le deuxième choix";
    en examples::FILES, fr "\
Exemples
  oub files bob";
    en examples::SAVE, fr "\
Exemples
  oub save 01ab
  oub save 01ab -o - | tar x";
    en examples::EDIT, fr "\
Exemples
  oub edit bob last 'on mange à une heure ?'";
    en examples::TAKE_BACK, fr "\
Exemples
  oub take-back bob last";
    en examples::REQUESTS, fr "\
Exemples
  oub requests";
    en examples::ACCEPT, fr "\
Exemples
  oub accept carol
  oub accept carol --as 'carol du travail'";
    en examples::DECLINE, fr "\
Exemples
  oub decline mallory";
    en examples::LOG, fr "\
Exemples
  oub log bob --grep clé
  oub log bob --html > bob.html";
    en examples::CONTACT, fr "\
Exemples
  oub contact show bob
  oub contact timer bob 7d";
    en examples::DAEMON, fr "\
Exemples
  oub daemon install --now
  oub daemon run --exec ./handle.sh";
    en examples::OUTBOX, fr "\
Exemples
  oub outbox";
    en examples::LEDGER, fr "\
Exemples
  oub ledger status
  oub ledger audit";
    en examples::IDENTITY, fr "\
Exemples
  oub identity backup alice.backup
  oub identity restore alice.backup --verify-only
  oub identity release --yes alice                 abandonner le nom, pour de bon";
    en examples::CONFIG, fr "\
Exemples
  oub config --origin
  oub config set require-verified true";
    en examples::DOCTOR, fr "\
Exemples
  oub doctor";
    en examples::COMPLETIONS, fr "\
Exemples
  source <(oub completions bash)      dans ~/.bashrc
  oub completions fish > ~/.config/fish/completions/oub.fish";
    en examples::HELP, fr "\
Exemples
  oub help send
  oub help exit-codes";

    // For every command.
    en "Global options", fr "Options générales";
    en "Profile to use (one identity per profile)", fr "Profil à employer (une identité par profil)";
    en "Directory holding keys and messages", fr "Dossier des clés et des messages";
    en "One JSON object per line on stdout (stable, versioned: `oub help json`)",
    fr "Un objet JSON par ligne sur la sortie standard (stable, versionné : `oub help json`)";
    en "Say less on stderr (repeat: errors only)",
    fr "En dire moins sur la sortie d'erreur (répété : seulement les erreurs)";
    en "Say more on stderr; never prints keys or message text",
    fr "En dire plus sur la sortie d'erreur ; jamais de clés ni de textes de messages";
    en "Colours, and bars that show how far something is",
    fr "Couleurs, et barres qui montrent où en est quelque chose";
    en "Never ask anything; fail with a remedy instead",
    fr "Ne jamais rien demander ; échouer en disant que faire";
    en "Give up after this long (e.g. 30s, 5m) [default: 30s; for an answer: 15m]",
    fr "Renoncer après ce délai (par exemple 30s, 5m) [défaut : 30s ; pour une réponse : 15m]";
    en "Reach every server through this SOCKS5 proxy, like Tor's socks5://127.0.0.1:9050; none: go straight",
    fr "Passer par ce proxy SOCKS5 pour joindre tout serveur, comme celui de Tor, socks5://127.0.0.1:9050 ; none : aller tout droit";
    en "Language to speak [default: that of the locale, else English]; given here, recovery and safety words too are in it (English otherwise)",
    fr "Langue à parler [défaut : celle de la locale, sinon l'anglais] ; donnée ici, les mots de récupération et de sécurité aussi y sont (sinon en anglais)";
    en "Read the vault's passphrase from the first line of this file",
    fr "Lire la phrase secrète du coffre dans la première ligne de ce fichier";
    en "Read it from this open file descriptor: of a pipe, say, that nobody else can read",
    fr "La lire dans ce descripteur de fichier ouvert : d'un tube, par exemple, que personne d'autre ne peut lire";
    en "On a terminal that wants it", fr "Sur un terminal qui en veut";
    en "Always", fr "Toujours";
    en "Never", fr "Jamais";
    en "English", fr "Anglais";
    en "French", fr "Français";

    // The verbs.
    en "Create my identity and register it on a server", fr "Créer mon identité et l'enregistrer sur un serveur";
    en "Show my address (text, QR, JSON), or the recovery words",
    fr "Montrer mon adresse (texte, QR, JSON), ou les mots de récupération";
    en "Add a contact from an address", fr "Ajouter un contact par son adresse";
    en "Swap addresses with someone by a short spoken code (both verified at once)",
    fr "Échanger les adresses par un court code parlé (vérifiés tous les deux d'un coup)";
    en "Compare safety words with a contact and mark it verified",
    fr "Comparer les mots de sécurité avec un contact et le marquer comme vérifié";
    en "Send a message or a file to one contact", fr "Envoyer un message ou un fichier à un contact";
    en "Fetch, decrypt and acknowledge waiting messages",
    fr "Relever les messages qui attendent, les déchiffrer et en accuser réception";
    en "Ask one contact a question and wait for the answer (CI, bots, agents)",
    fr "Poser une question à un contact et attendre la réponse (CI, robots, agents)";
    en "Answer a question that was asked with `ask`", fr "Répondre à une question posée par `ask`";
    en "List files that I was sent", fr "Énumérer les fichiers qui m'ont été envoyés";
    en "Save a file that I was sent", fr "Enregistrer un fichier qui m'a été envoyé";
    en "Replace the words of a message of mine", fr "Remplacer les mots d'un de mes messages";
    en "Take a message of mine back, here and on the other side",
    fr "Reprendre un de mes messages, ici et de l'autre côté";
    en "List first messages from people I have not accepted",
    fr "Énumérer les premiers messages de personnes que je n'ai pas acceptées";
    en "Accept a request and answer it with stamps", fr "Accepter une demande et y répondre par des timbres";
    en "Drop a request; the stranger is not told", fr "Écarter une demande ; il n'en est rien dit à qui l'a faite";
    en "Show the local history of a contact", fr "Montrer l'historique local d'un contact";
    en "Full-screen chat; --plain is a line chat that works with screen readers",
    fr "Conversation en plein écran ; --plain : en lignes, pour les lecteurs d'écran";
    en "List, rename, block, remove contacts [alias: contacts]",
    fr "Énumérer, renommer, bloquer, retirer des contacts [alias : contacts]";
    en "List contacts", fr "Énumérer les contacts";
    en "Receive in the background (notifications, hooks, local API socket)",
    fr "Recevoir en arrière-plan (notifications, commandes, socket local pour programmes)";
    en "Check the public log of keys: status, sync, audit, verify-fraud",
    fr "Contrôler le journal public des clés : status, sync, audit, verify-fraud";
    en "Say how it stands with the public logs that I know of; asks nobody",
    fr "Dire ce qu'il en est des journaux publics connus ici ; ne demande rien à personne";
    en "Fetch what is new in the logs of my server and of every contact's, and check it",
    fr "Chercher ce qu'il y a de nouveau dans les journaux de mon serveur et de celui de chaque contact, et le contrôler";
    en "Check all of them again from the first entry, and my contacts' keys against them; asks nobody",
    fr "Les contrôler tous de nouveau depuis la première entrée, et les clés de mes contacts avec eux ; ne demande rien à personne";
    en "Check a proof that a server signed two histories; needs no identity",
    fr "Contrôler une preuve qu'un serveur a signé deux histoires ; sans identité";
    en "The proof",
    fr "La preuve";
    en "Messages not yet accepted by the server", fr "Messages que le serveur n'a pas encore pris";
    en "Back up, restore, renew or rotate my identity, or give its name up",
    fr "Sauvegarder, rétablir, renouveler mon identité, en changer la clé, ou en abandonner le nom";
    en "Read or change settings, and show where each value comes from",
    fr "Lire ou changer les réglages, et montrer d'où vient chaque valeur";
    en "Check server, clock, keys, store and permissions; print remedies",
    fr "Contrôler serveur, horloge, clés, coffre et droits ; dire que faire";
    en "Print a script that lets a shell complete verbs, flags and names",
    fr "Afficher un script par lequel un shell complète commandes, options et noms";
    en "Write the manual pages into a folder", fr "Écrire les pages du manuel dans un dossier";
    en "Print help for a command, or about: json, exit-codes, files, api",
    fr "Afficher l'aide d'une commande, ou sur : json, exit-codes, files, api";

    // Joining, addresses, pairing, comparing.
    en "Invitation (oub://…/i/…), server where everybody may join (oub://HOST#FINGERPRINT, with --name), or my own address with --recover",
    fr "Invitation (oub://…/i/…), serveur ouvert à tous (oub://HÔTE#EMPREINTE, avec --name), ou ma propre adresse avec --recover";
    en "Name to register (default: from the invitation)", fr "Nom à enregistrer (défaut : celui de l'invitation)";
    en "Read the invitation from a file or `-`", fr "Lire l'invitation dans un fichier ou `-`";
    en "Take my name back with the 24 recovery words: every key of it was lost",
    fr "Reprendre mon nom par les 24 mots de récupération : toutes ses clés sont perdues";
    en "Read the recovery words from a file or `-` (asked for on a terminal otherwise)",
    fr "Lire les mots de récupération dans un fichier ou `-` (sinon demandés au terminal)";
    en "How to protect keys at rest: chosen once, never changed silently",
    fr "Comment protéger les clés au repos : choisi une fois, jamais changé en silence";
    en "The keyring if it answers, else a passphrase (terminal), else refuse with remedies; with --passphrase-file that passphrase",
    fr "Le trousseau de clés s'il répond, sinon une phrase secrète (au terminal), sinon refuser en disant que faire ; avec --passphrase-file, cette phrase";
    en "The keyring of the desktop session, through the program secret-tool",
    fr "Le trousseau de clés de la session du bureau, par le programme secret-tool";
    en "A passphrase (Argon2id)", fr "Une phrase secrète (Argon2id)";
    en "A key file beside the vault, mode 0600: as safe as the disk",
    fr "Un fichier de clé à côté du coffre, droits 0600 : aussi sûr que le disque";
    en "Show a QR code too", fr "Montrer aussi un code QR";
    en "Show the 24 recovery words, until they are said to be on paper",
    fr "Montrer les 24 mots de récupération, jusqu'à ce qu'ils soient dits sur papier";
    en "Address: oub://host/name#… or name@host; `-` reads it from stdin",
    fr "Adresse : oub://hôte/nom#… ou nom@hôte ; `-` la lit sur l'entrée standard";
    en "What I call this contact", fr "Comment j'appelle ce contact";
    en "The code that the other person made, as in 42-guitar-volcano; nothing makes one",
    fr "Le code que l'autre personne a fait, comme 42-guitar-volcano ; sans rien, en faire un";
    en "Do not wait: the next commands go on with it",
    fr "Ne pas attendre : les prochaines commandes continueront";
    en "List codes that wait for the other side", fr "Énumérer les codes qui attendent l'autre côté";
    en "Make a code of mine worthless", fr "Ôter toute valeur à un de mes codes";
    en "Non-interactive: succeed only if these words (or the 60 digits) match",
    fr "Sans question : réussir seulement si ces mots (ou les 60 chiffres) sont les mêmes";
    en "Show a QR code with both fingerprints in full",
    fr "Montrer un code QR avec les deux empreintes entières";
    en "Non-interactive: succeed only if this text, scanned from the other side's QR code, matches; `-` reads stdin",
    fr "Sans question : réussir seulement si ce texte, lu dans le code QR de l'autre côté, est le bon ; `-` lit l'entrée standard";
    en "The request's name, as `oub requests` shows it", fr "Le nom de la demande, comme `oub requests` le montre";

    // Contacts.
    en "Contact", fr "Contact";
    en "Contact, or the address of somebody who becomes one (oub://…)",
    fr "Contact, ou l'adresse de quelqu'un qui le devient (oub://…)";
    en "Show one contact", fr "Montrer un contact";
    en "Call a contact something else", fr "Appeler un contact autrement";
    en "The new name", fr "Le nouveau nom";
    en "Take a contact's changed key without comparing words: `verify` is the safe way",
    fr "Prendre la clé changée d'un contact sans comparer de mots : la voie sûre est `verify`";
    en "Show and send nothing; the contact and the relay are not told",
    fr "Ne rien montrer ni envoyer ; il n'en est rien dit au contact ni au relais";
    en "Undo `block`", fr "Défaire `block`";
    en "Agree after how long the texts of both disappear, files and questions not; shown to both, enforceable by neither",
    fr "Convenir après combien de temps disparaissent les textes des deux, sans les fichiers ni les questions ; montré aux deux, sans que personne puisse l'imposer";
    en "1h, 7d, or `off`", fr "1h, 7d, ou `off`";
    en "Tell a contact what was read here, some minutes later; off unless turned on",
    fr "Dire à un contact ce qui a été lu ici, quelques minutes plus tard ; seulement si vous l'activez";
    en "On or off", fr "Activé ou non";
    en "On", fr "Activé";
    en "Off", fr "Désactivé";
    en "Let a contact hold more stamps of mine, and so send more while I am away: bots, large files",
    fr "Laisser un contact tenir plus de mes timbres, et donc envoyer plus en mon absence : robots, gros fichiers";
    en "256 (built in) to 4096", fr "De 256 (d'origine) à 4096";
    en "Forget a contact and erase the history; they are not told, and may ask again",
    fr "Oublier un contact et effacer l'historique ; il ne lui en est rien dit, et il peut redemander";
    en "Do not ask", fr "Ne pas demander";

    // The identity.
    en "Replace my key by a new one that the old one signs; contacts follow, conversations go on",
    fr "Remplacer ma clé par une nouvelle que l'ancienne signe ; les contacts suivent, les conversations continuent";
    en "Write everything that must outlive this device into one encrypted file, and read it back",
    fr "Écrire tout ce qui doit survivre à cet appareil dans un seul fichier chiffré, et le relire";
    en "The new file; nothing is overwritten", fr "Le nouveau fichier ; rien n'est écrasé";
    en "Bring an identity back from such a file into a new profile; contacts are told, conversations go on",
    fr "Rétablir une identité depuis un tel fichier dans un nouveau profil ; les contacts sont prévenus, les conversations continuent";
    en "The file", fr "Le fichier";
    en "Only open the file and check all of it; nothing is changed anywhere",
    fr "Seulement ouvrir le fichier et tout y contrôler ; rien n'est changé nulle part";
    en "Make this copy of my profile the one that counts: fresh keys, contacts are told, other copies refused",
    fr "Faire de cette copie de mon profil celle qui compte : clés neuves, contacts prévenus, autres copies refusées";
    en "Give my name up: nobody can write to me under it, and after 30 days anybody whom the server lets may take it",
    fr "Abandonner mon nom : personne ne peut plus m'y écrire, et après 30 jours quiconque le serveur laisse faire peut le prendre";
    en "My name, as proof that it is meant (asked for on a terminal otherwise)",
    fr "Mon nom, pour prouver que c'est voulu (sinon demandé au terminal)";
    en "Read the backup's passphrase from the first line of this file (asked for on a terminal otherwise)",
    fr "Lire la phrase secrète de la sauvegarde dans la première ligne de ce fichier (sinon demandée au terminal)";

    // Sending and what was said.
    en "Text; `-` or a pipe reads stdin. With --file: words that come with it",
    fr "Texte ; `-` ou un tube lit l'entrée standard. Avec --file : les mots qui l'accompagnent";
    en "Send a file, at most 16 MiB; `-` reads stdin to its end",
    fr "Envoyer un fichier, de 16 Mio au plus ; `-` lit l'entrée standard jusqu'au bout";
    en "What the file is called on the other side (needed for stdin)",
    fr "Comment le fichier s'appelle de l'autre côté (nécessaire pour l'entrée standard)";
    en "Answer a message: its id, the beginning of it, or `last`",
    fr "Répondre à un message : son identifiant, le début de celui-ci, ou `last`";
    en "Disappear on both sides after this long (1h, 7d): there from being read. Agreed, not enforceable",
    fr "Disparaître des deux côtés après ce délai (1h, 7d) : là-bas à partir de la lecture. Convenu, sans qu'on puisse l'imposer";
    en "Return when the server has stored it, or when a later message shows that the contact's client has it",
    fr "Revenir quand le serveur l'a déposé, ou quand un message ultérieur montre que le client du contact l'a";
    en "Until the server has it on its disk", fr "Jusqu'à ce que le serveur l'ait sur son disque";
    en "Until the contact's client has it, within --timeout; else exit 3",
    fr "Jusqu'à ce que le client du contact l'ait, avant --timeout ; sinon code de sortie 3";
    en "Exit with code 4 when the relay cannot be reached, instead of 0 with the message queued",
    fr "Finir par le code 4 quand le relais est hors d'atteinte, au lieu de 0 avec le message en attente";
    en "Refuse unless the contact is verified (exit code 6)",
    fr "Refuser si le contact n'est pas vérifié (code de sortie 6)";
    en "Same key = same message: safe to retry from cron or CI",
    fr "Même clé = même message : on peut répéter sans crainte depuis cron ou une CI";
    en "The message: its id, the beginning of it (oub log --ids), or `last`",
    fr "Le message : son identifiant, le début de celui-ci (oub log --ids), ou `last`";
    en "The new words; `-` or a pipe reads stdin", fr "Les nouveaux mots ; `-` ou un tube lit l'entrée standard";
    en "The question; `-` or a pipe reads stdin", fr "La question ; `-` ou un tube lit l'entrée standard";
    en "What to choose from, with commas between (yes,no)", fr "Les choix, séparés par des virgules (oui,non)";
    en "The answer: words, or one of the choices by its words or number; `-` or a pipe reads stdin",
    fr "La réponse : des mots, ou l'un des choix par ses mots ou son numéro ; `-` ou un tube lit l'entrée standard";
    en "Which question, if not the newest that is open: its id or the beginning of it",
    fr "Quelle question, si ce n'est la dernière ouverte : son identifiant ou le début de celui-ci";
    en "Only from this contact", fr "Seulement de ce contact";
    en "The file: the id of its message or the beginning of it, as `oub files` shows it",
    fr "Le fichier : l'identifiant de son message ou le début de celui-ci, comme `oub files` le montre";
    en "Folder, or a new file's name; `-` writes to stdout and keeps the vault's copy [default: the present folder, on a terminal]",
    fr "Dossier, ou nom d'un nouveau fichier ; `-` écrit sur la sortie standard et garde la copie du coffre [défaut : le dossier courant, sur un terminal]";
    en "List envelopes that could not be opened, of all contacts",
    fr "Énumérer les enveloppes qui n'ont pas pu être ouvertes, de tous les contacts";
    en "Only the newest N messages", fr "Seulement les N derniers messages";
    en "Show the ids by which messages are named", fr "Montrer les identifiants par lesquels on nomme les messages";
    en "Only messages with these words in them, in capitals or not",
    fr "Seulement les messages qui contiennent ces mots, majuscules ou minuscules";
    en "Print the conversation as one page of HTML (and --json as JSON lines)",
    fr "Afficher la conversation en une page de HTML (et --json en lignes de JSON)";

    // Receiving.
    en "Keep the connection open and print as they arrive, until Ctrl-C or --max; --timeout does not end it",
    fr "Garder la connexion ouverte et afficher les messages à leur arrivée, jusqu'à Ctrl-C ou --max ; --timeout n'y met pas fin";
    en "Stop after N messages", fr "S'arrêter après N messages";
    en "Run a command for each (text on stdin; OUB_FROM, OUB_VERIFIED, OUB_ID, OUB_KIND, with -o OUB_FILE); handled only if it exits 0",
    fr "Lancer une commande pour chacun (texte sur son entrée standard ; OUB_FROM, OUB_VERIFIED, OUB_ID, OUB_KIND, avec -o OUB_FILE) ; traité seulement si elle rend 0";
    en "Show without marking as handled", fr "Montrer sans marquer comme traité";
    en "Exit 3 when there was nothing", fr "Code de sortie 3 quand il n'y avait rien";
    en "Save files here, under harmless names; nothing is overwritten",
    fr "Enregistrer les fichiers ici, sous des noms inoffensifs ; rien n'est écrasé";
    en "Contact whose thread is open at once", fr "Contact dont le fil est ouvert d'emblée";
    en "One line after the other, without colour or cursor movement; /help says how it works",
    fr "Une ligne après l'autre, sans couleur ni mouvement du curseur ; /help dit comment cela marche";

    // This machine.
    en "What a desktop notification says of new messages",
    fr "Ce qu'une notification du bureau dit de nouveaux messages";
    en "How many; no name, no text", fr "Combien ; ni nom, ni texte";
    en "How many, and from whom", fr "Combien, et de qui";
    en "Nothing", fr "Rien";
    en "Run a command for each message, as `pull --exec` does; tried again until it exits 0",
    fr "Lancer une commande pour chaque message, comme `pull --exec` ; répétée jusqu'à ce qu'elle rende 0";
    en "End a command that runs longer than this", fr "Terminer une commande qui dure au-delà de ce délai";
    en "Run in the foreground (so does `oub daemon` alone)",
    fr "Tourner au premier plan (comme `oub daemon` seul)";
    en "Write a systemd user unit that runs it at login",
    fr "Écrire une unité utilisateur systemd qui le lance à l'ouverture de session";
    en "Start it now, too", fr "Le lancer aussi maintenant";
    en "Only show the unit", fr "Seulement montrer l'unité";
    en "Stop it and remove that unit", fr "L'arrêter et supprimer cette unité";
    en "Say whether one runs, and how it is (exit 3 when none does)",
    fr "Dire s'il en tourne un, et comment il va (code de sortie 3 sinon)";
    en "End the one that runs; what it received is kept", fr "Terminer celui qui tourne ; ce qu'il a reçu est gardé";
    en "Show where each value comes from: flag, variable, line of the file, or built in",
    fr "Montrer d'où vient chaque valeur : option, variable, ligne du fichier, ou d'origine";
    en "Print the value of one setting", fr "Afficher la valeur d'un réglage";
    en "The setting, as `oub config` lists it", fr "Le réglage, comme `oub config` l'énumère";
    en "Write a value into the configuration file", fr "Écrire une valeur dans le fichier de configuration";
    en "The setting; profiles.NAME.SETTING is for one profile",
    fr "Le réglage ; profiles.NOM.RÉGLAGE vaut pour un profil";
    en "The value", fr "La valeur";
    en "Take a setting out of the configuration file", fr "Ôter un réglage du fichier de configuration";
    en "The setting", fr "Le réglage";
    en "The shell that shall complete", fr "Le shell qui doit compléter";
    en "The folder", fr "Le dossier";
    en "A command, or: json, exit-codes, files, api", fr "Une commande, ou : json, exit-codes, files, api";
}

pairs! {
    /// What stands for a value.
    VALUES:
    en "A,B", fr "A,B";
    en "ADDRESS", fr "ADRESSE";
    en "CMD", fr "COMMANDE";
    en "CODE", fr "CODE";
    en "COLOR", fr "COULEUR";
    en "CONTACT", fr "CONTACT";
    en "DIR", fr "DOSSIER";
    en "FILE", fr "FICHIER";
    en "FOLDER", fr "DOSSIER";
    en "FROM", fr "DE";
    en "HOME", fr "DOSSIER";
    en "ID", fr "ID";
    en "INVITATION", fr "INVITATION";
    en "KEY", fr "CLÉ";
    en "LANG", fr "LANGUE";
    en "MESSAGE", fr "MESSAGE";
    en "N", fr "N";
    en "NAME", fr "NOM";
    en "NOTIFY", fr "NOTIFICATION";
    en "NUMBER", fr "NUMÉRO";
    en "PROFILE", fr "PROFIL";
    en "PROTECT", fr "PROTECTION";
    en "PROXY", fr "PROXY";
    en "RECEIPTS", fr "ACCUSÉS";
    en "SHELL", fr "SHELL";
    en "TEXT", fr "TEXTE";
    en "TIME", fr "DÉLAI";
    en "TIME|off", fr "DÉLAI|off";
    en "STAMPS", fr "TIMBRES";
    en "TIMEOUT", fr "DÉLAI";
    en "TOPIC", fr "SUJET";
    en "VALUE", fr "VALEUR";
    en "WAIT", fr "ATTENTE";
    en "WORDS", fr "MOTS";
}
