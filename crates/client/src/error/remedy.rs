//! What to do next.

use super::{ClientError, both::both, shell_word};
use crate::{Language, Protection, vault::WHOLE_FILE};

impl ClientError {
    /// What to do next, in English.
    pub fn do_(&self) -> String {
        self.do_in(Language::English)
    }

    /// What to do next.
    pub fn do_in(&self, language: Language) -> String {
        use ClientError::*;
        match self {
            Unexpected { .. } => both!(
                language,
                "please report this with the code below; nothing is lost by trying again",
                "signalez-le s'il vous plaît avec le code ci-dessous ; réessayer ne fait rien perdre"
            ),
            Protocol { .. } => {
                both!(language, "compare versions:  oub doctor", "comparez les versions :  oub doctor")
            }
            NoFraud { .. } => both!(
                language,
                "ask whoever gave it to you for the whole file",
                "demandez le fichier entier à qui vous l'a donné"
            ),
            NoHome => both!(
                language,
                "give a folder:  oub --home FOLDER …",
                "donnez un dossier :  oub --home DOSSIER …"
            ),
            ProfileName => both!(
                language,
                "choose a simpler name:  oub --profile work …",
                "choisissez un nom plus simple :  oub --profile travail …"
            ),
            NoSuchContact { alias, .. } => both!(
                language,
                "see  oub contacts  — or add:  oub add ADDRESS --as {alias}",
                "voyez  oub contacts  — ou ajoutez :  oub add ADRESSE --as {alias}",
                alias = shell_word(alias)
            ),
            NoSuchRequest { .. } => both!(language, "see  oub requests", "voyez  oub requests"),
            AliasTaken { .. } | BadAlias => both!(
                language,
                "choose another name, after  --as  or as the last word of  oub contact rename",
                "choisissez un autre nom, après  --as  ou comme dernier mot d'oub contact rename"
            ),
            NameNeeded => both!(
                language,
                "copy the whole invitation (oub://HOST/i/…), or, where everybody may join, choose one:  oub join HOST --name NAME",
                "copiez toute l'invitation (oub://HÔTE/i/…) ou, là où tout le monde peut s'inscrire, choisissez-en un :  oub join HÔTE --name NOM"
            ),
            OwnAddress => both!(
                language,
                "give the address of the person you want to write to",
                "donnez l'adresse de la personne à qui vous voulez écrire"
            ),
            TooLong { .. } => both!(
                language,
                "send it as a file:  oub send NAME -f FILE  — or from a pipe:  -f - --name FILE",
                "envoyez-le comme fichier :  oub send NOM -f FICHIER  — ou d'un tube :  -f - --name FICHIER"
            ),
            BadIdempotencyKey | IdempotencyConflict => {
                both!(language, "use another key", "prenez une autre clé")
            }
            Unreachable { .. } => both!(
                language,
                "check the network and try again; nothing is lost",
                "vérifiez le réseau et réessayez ; rien n'est perdu"
            ),
            Busy { .. } => {
                both!(language, "try again later; nothing is lost", "réessayez plus tard ; rien n'est perdu")
            }
            LongChain { .. } => both!(
                language,
                "try again in a minute: the next command goes on from there; nothing is lost",
                "réessayez dans une minute : la commande suivante continue à partir de là ; rien n'est perdu"
            ),
            NotQueued { .. } => both!(
                language,
                "try again later, or leave  --no-queue  out",
                "réessayez plus tard, ou sans  --no-queue"
            ),
            NotTaken { .. } => both!(
                language,
                "try again once the contact has collected, or leave  --no-queue  out",
                "réessayez quand le contact aura relevé sa boîte, ou sans  --no-queue"
            ),
            RefusedForGood { .. } => both!(
                language,
                "it is kept and not tried again:  oub outbox",
                "il est gardé et n'est pas réessayé :  oub outbox"
            ),
            NoVoucher => both!(
                language,
                "a change of key brings four:  oub identity rotate,  then  oub pull",
                "un changement de clé en apporte quatre :  oub identity rotate,  puis  oub pull"
            ),
            Superseded => both!(
                language,
                "stop the other client, or let it do the collecting",
                "arrêtez l'autre client, ou laissez-le relever les boîtes"
            ),
            CollectorBusy => {
                both!(language, "wait until it is done, or stop it", "attendez qu'il ait fini, ou arrêtez-le")
            }
            HandingBusy => both!(
                language,
                "wait until it is done; what came is shown by   oub log CONTACT",
                "attendez qu'elle ait fini ; ce qui est arrivé se voit avec   oub log CONTACT"
            ),
            VaultBusy => both!(language, "try again", "réessayez"),
            InvitationRefused => both!(
                language,
                "ask whoever runs the server for a new one:  oublietted invite NAME",
                "demandez-en une nouvelle à qui tient le serveur :  oublietted invite NOM"
            ),
            NameTaken { .. } => both!(
                language,
                "ask for an invitation for another name (where everybody may join:  --name NAME)  — or, if it is yours:  oub join ADDRESS --recover  (24 words)",
                "demandez une invitation pour un autre nom (là où tout le monde peut s'inscrire :  --name NOM)  — ou, si c'est le vôtre :  oub join ADRESSE --recover  (24 mots)"
            ),
            NoSuchName { .. } => {
                both!(language, "check the address with the person", "vérifiez l'adresse avec la personne")
            }
            GivenUp { .. } => both!(
                language,
                "ask for the new address in another way, then:  oub add ADDRESS  (if it has the same name, first:  oub contact remove)",
                "demandez la nouvelle adresse par une autre voie, puis :  oub add ADRESSE  (si le nom est le même, d'abord :  oub contact remove)"
            ),
            Blocked { alias } => format!("oub contact unblock {}", shell_word(alias)),
            NoBundle { .. } => both!(
                language,
                "try again when the person has been online",
                "réessayez quand la personne aura été en ligne"
            ),
            Refused { .. } => both!(
                language,
                "try again later; if it stays, ask the server's operator",
                "réessayez plus tard ; si cela dure, demandez à qui tient le serveur"
            ),
            WrongServer { .. } => both!(
                language,
                "ask the server's operator for the fingerprint over another channel",
                "demandez l'empreinte à qui tient le serveur, par une autre voie"
            ),
            FormerKey { alias, label } => both!(
                language,
                "oub decline {word}   — what {alias} wrote so comes again under the present key; or ask for it",
                "oub decline {word}   — ce que {alias} a écrit ainsi revient sous la clé actuelle ; ou demandez-le",
                alias = alias,
                word = shell_word(label)
            ),
            KeyChanged { alias } => both!(
                language,
                "call {alias} and run   oub verify {word}",
                "appelez {alias} et lancez   oub verify {word}",
                alias = alias,
                word = shell_word(alias)
            ),
            NotVerified { alias } => both!(
                language,
                "compare safety words:  oub verify {alias}",
                "comparez les mots de sécurité :  oub verify {alias}",
                alias = shell_word(alias)
            ),
            LogTrouble { .. } => both!(
                language,
                "look with   oub ledger status   and ask the server's operator whether it was restored from a backup",
                "regardez avec   oub ledger status   et demandez à qui tient le serveur s'il a été rétabli d'une sauvegarde"
            ),
            LogAhead { .. } => both!(
                language,
                "set the clock of this machine; if it is right, tell the server's operator",
                "réglez l'horloge de cette machine ; si elle est juste, dites-le à qui tient le serveur"
            ),
            NotInLog { .. } => both!(
                language,
                "run   oub ledger sync   and try again; if it stays, ask the person over another channel",
                "lancez   oub ledger sync   et réessayez ; si cela dure, demandez à la personne par une autre voie"
            ),
            WrongIdentity { .. } | BadSignature { .. } => both!(
                language,
                "ask the person for the address over another channel",
                "demandez l'adresse à la personne, par une autre voie"
            ),
            NoIdentity { .. } => "oub join INVITATION".into(),
            JoinUnfinished => both!(
                language,
                "give the same  oub join  again: it goes on where it stopped; if it was refused, with a new invitation",
                "relancez le même  oub join : il reprend où il s'est arrêté ; s'il a été refusé, avec une nouvelle invitation"
            ),
            AlreadyJoined { .. } => both!(
                language,
                "use another profile:  oub --profile NAME join …",
                "prenez un autre profil :  oub --profile NOM join …"
            ),
            PassphraseNeeded => both!(
                language,
                "set OUB_PASSPHRASE_FILE, or run it in a terminal",
                "définissez OUB_PASSPHRASE_FILE, ou lancez-le dans un terminal"
            ),
            WrongPassphrase => both!(
                language,
                "try again with the passphrase chosen at join",
                "réessayez avec la phrase secrète choisie à l'inscription"
            ),
            WrongKeyFile { .. } => both!(
                language,
                "put the key file back from your backup",
                "remettez le fichier de clé depuis votre sauvegarde"
            ),
            KeyringUnusable { .. } => both!(
                language,
                "run it in your desktop session, with secret-tool installed (Debian: libsecret-tools)\nor ask the keyring yourself:   secret-tool search application oubliette",
                "lancez-le dans votre session graphique, avec secret-tool installé (Debian : libsecret-tools)\nou interrogez le trousseau vous-même :   secret-tool search application oubliette"
            ),
            KeyringSilent { .. } => both!(
                language,
                "unlock the keyring and try again; wait longer with   --timeout 2m",
                "déverrouillez le trousseau et réessayez ; pour attendre plus longtemps :   --timeout 2m"
            ),
            KeyringEmpty { .. } | KeyringWrong { .. } => both!(
                language,
                "unlock the keyring, or put the entry back from its backup; nothing was changed here",
                "déverrouillez le trousseau, ou remettez l'entrée depuis sa sauvegarde ; rien n'a été changé ici"
            ),
            OtherProtector { chosen: Protection::Keyring } => "oub join … --protect keyring".into(),
            OtherProtector { .. } => "oub join … --protect file".into(),
            LaxPermissions { path, wanted, .. } => format!("chmod {wanted:o} {}", path.display()),
            NewerVault { former: Some(former), .. } => {
                let (dir, name) = (former.parent().unwrap_or(former), former.file_name().unwrap_or_default());
                both!(
                    language,
                    "install the newer version again, or go back, without what came since:   \
                     cd {dir} && mkdir newer && mv vault.db* newer && mv {name} vault.db",
                    "réinstallez la version plus récente, ou revenez en arrière, sans ce qui est venu depuis :   \
                     cd {dir} && mkdir newer && mv vault.db* newer && mv {name} vault.db",
                    dir = dir.display(),
                    name = name.display()
                )
            }
            NewerVault { former: None, .. } => {
                both!(language, "install the newer version again", "réinstallez la version plus récente")
            }
            NotRecoveryWords => both!(
                language,
                "compare with what you wrote down: 24 words, English or French",
                "comparez avec ce que vous avez noté : 24 mots, anglais ou français"
            ),
            WrongRecoveryWords { .. } => {
                both!(language, "check the name and the words", "vérifiez le nom et les mots")
            }
            NameChanged { .. } => both!(
                language,
                "run the same command again: the words outrank every other key",
                "relancez la même commande : les mots l'emportent sur toute autre clé"
            ),
            FileExists { .. } => both!(
                language,
                "choose another name, or move the file away",
                "choisissez un autre nom, ou déplacez le fichier"
            ),
            WrongBackupPassphrase { .. } => both!(
                language,
                "try again with the passphrase of this backup",
                "réessayez avec la phrase secrète de cette sauvegarde"
            ),
            BackupDamaged { .. } => both!(language, "use another backup", "prenez une autre sauvegarde"),
            OtherCopy => both!(
                language,
                "use the other copy, or make this one count:  oub identity renew",
                "servez-vous de l'autre copie, ou faites valoir celle-ci :  oub identity renew"
            ),
            NameReleased { .. } => both!(
                language,
                "read what was said:  oub log CONTACT  — for a new identity:  oub -P NAME join …",
                "relisez ce qui a été dit :  oub log CONTACT  — pour une nouvelle identité :  oub -P NOM join …"
            ),
            ReleaseUnfinished { .. } => {
                both!(language, "finish it:  oub identity release", "terminez-le :  oub identity release")
            }
            SupersededKey { .. } => both!(
                language,
                "use the newer copy, or take the name back:  oub join --recover ADDRESS",
                "servez-vous de la copie plus récente, ou reprenez le nom :  oub join --recover ADRESSE"
            ),
            ForgottenKey { .. } => both!(
                language,
                "ask whoever runs it for a newer backup; else take the name back with the 24 words:  oub join --recover ADDRESS",
                "demandez à qui le tient une sauvegarde plus récente ; sinon reprenez le nom avec les 24 mots :  oub join --recover ADRESSE"
            ),
            VaultDamaged { what: WHOLE_FILE } => both!(
                language,
                "if vault.key beside it was changed, put it back; else bring the identity back in another profile:\n{elsewhere}",
                "si vault.key à côté de lui a été changé, remettez-le ; sinon rétablissez l'identité dans un autre profil :\n{elsewhere}",
                elsewhere = elsewhere(language)
            ),
            VaultDamaged { .. } => both!(
                language,
                "save what can still be read:   oub identity backup FILE\nand bring it back in another profile, or what an older backup has:\n{elsewhere}",
                "sauvez ce qui se lit encore :   oub identity backup FICHIER\net rétablissez-le dans un autre profil, ou ce que contient une sauvegarde plus ancienne :\n{elsewhere}",
                elsewhere = elsewhere(language)
            ),
            File { is_missing: true, .. } => both!(
                language,
                "check how it is written; nothing is there under this name",
                "vérifiez comme il est écrit ; rien n'est là sous ce nom"
            ),
            File { path, .. } => both!(
                language,
                "check that {path} is yours and that the disk is not full",
                "vérifiez que {path} est à vous et que le disque n'est pas plein",
                path = path.display()
            ),
            Vault { .. } => both!(
                language,
                "see to the disk; before you say something again, look whether it was kept:   oub outbox",
                "occupez-vous du disque ; avant de redire quelque chose, regardez si c'est gardé :   oub outbox"
            ),
            VaultFull => both!(
                language,
                "make room; before you say something again, look whether it was kept:   oub outbox",
                "faites de la place ; avant de redire quelque chose, regardez si c'est gardé :   oub outbox"
            ),
            Kept { error } => match &**error {
                Vault { .. } | VaultBusy | File { .. } => {
                    both!(language, "see to that, then:   oub pull", "occupez-vous-en, puis :   oub pull")
                }
                VaultFull => {
                    both!(language, "make room, then:   oub pull", "faites de la place, puis :   oub pull")
                }
                other => other.do_in(language),
            },
            Said(said) => said.do_in(language),
            Pair(pair) => pair.do_in(language),
            Proxy(proxy) => proxy.do_in(language),
        }
    }
}

/// The ways back to an identity whose vault is lost.
fn elsewhere(language: Language) -> String {
    both!(
        language,
        "  oub -P NAME identity restore FILE\n  oub -P NAME join --recover ADDRESS   (24 words)",
        "  oub -P NOM identity restore FICHIER\n  oub -P NOM join --recover ADRESSE   (24 mots)"
    )
}
