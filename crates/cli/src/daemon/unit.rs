//! The systemd user unit that `oub daemon install` writes.

use std::path::{Path, PathBuf};

use crate::args::{DaemonRun, Notify};

/// The first line of what we wrote, and may therefore remove.
pub const MARK: &str = "# Written by   oub daemon install   and removed by   oub daemon uninstall";

/// What the unit is made of.
pub struct Unit<'a> {
    /// The program.
    pub program: &'a Path,
    /// The profile's name.
    pub profile: &'a str,
    /// `--home`, if it is used.
    pub home: Option<&'a Path>,
    /// `XDG_DATA_HOME`, if it is used: systemd's own environment need not have it.
    pub data_home: Option<&'a Path>,
    /// `XDG_CONFIG_HOME`, if it is used: the configuration file holds for the daemon too.
    pub config_home: Option<&'a Path>,
    /// Where the passphrase is.
    pub passphrase_file: Option<&'a Path>,
    /// The profile's folder.
    pub folder: &'a Path,
    /// What it does with what comes.
    pub run: &'a DaemonRun,
}

/// Its name.
pub fn name(profile: &str) -> String {
    format!("oubliette-{profile}.service")
}

/// Where it belongs: `$XDG_CONFIG_HOME/systemd/user`, else `~/.config/systemd/user`.
pub fn path(profile: &str) -> Option<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let config = absolute("XDG_CONFIG_HOME").or_else(|| absolute("HOME").map(|home| home.join(".config")))?;
    Some(config.join("systemd").join("user").join(name(profile)))
}

impl Unit<'_> {
    /// The whole file.
    pub fn text(&self) -> String {
        let mut lines = vec![
            MARK.to_owned(),
            "[Unit]".to_owned(),
            format!("Description=Oubliette: receives messages for the profile {}", self.profile),
            String::new(),
            "[Service]".to_owned(),
            "Type=notify".to_owned(),
            format!("ExecStart={}", self.command_line()),
        ];
        for (name, home) in [("XDG_DATA_HOME", self.data_home), ("XDG_CONFIG_HOME", self.config_home)] {
            if let Some(home) = home {
                lines.push(format!("Environment={}", quoted(&format!("{name}={}", home.display()), false)));
            }
        }
        lines.extend(LIFE.iter().map(|line| (*line).to_owned()));
        lines.push(format!("ReadWritePaths={}", quoted(&self.folder.display().to_string(), false)));
        let more = if self.run.exec.is_some() { FOR_HOOKS } else { ALONE };
        lines.extend(more.iter().map(|line| (*line).to_owned()));
        lines.extend(["", "[Install]", "WantedBy=default.target", ""].map(str::to_owned));
        lines.join("\n")
    }

    fn command_line(&self) -> String {
        let mut words = vec![self.program.display().to_string()];
        let mut flag = |name: &str, value: String| words.extend([name.to_owned(), value]);
        flag("--profile", self.profile.to_owned());
        if let Some(home) = self.home {
            flag("--home", home.display().to_string());
        }
        if let Some(file) = self.passphrase_file {
            flag("--passphrase-file", file.display().to_string());
        }
        words.extend(["--no-input", "daemon", "run", "--notify"].map(str::to_owned));
        words.push(notify_word(self.run.notify).to_owned());
        if let Some(command) = &self.run.exec {
            let seconds = self.run.exec_timeout.as_secs().max(1);
            words.extend(["--exec-timeout".to_owned(), format!("{seconds}s"), "--exec".to_owned()]);
            words.push(command.clone());
        } else {
            // What is settled later must not run in here, where a command could do little.
            words.extend(["--exec", ""].map(str::to_owned));
        }
        words.iter().map(|word| quoted(word, true)).collect::<Vec<_>>().join(" ")
    }
}

fn notify_word(notify: Notify) -> &'static str {
    match notify {
        Notify::Count => "count",
        Notify::Name => "name",
        Notify::None => "none",
    }
}

/// A word as systemd reads it back; only command lines know variables.
fn quoted(word: &str, in_command: bool) -> String {
    let mut out = String::from("\"");
    for each in word.chars() {
        match each {
            '"' | '\\' => out.extend(['\\', each]),
            '%' => out.push_str("%%"),
            '$' if in_command => out.push_str("$$"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            each if each.is_control() => out.push(' '),
            each => out.push(each),
        }
    }
    out.push('"');
    out
}

/// What holds for every one.
const LIFE: [&str; 23] = [
    "Restart=on-failure",
    "RestartSec=5s",
    "# A missing vault, a wrong passphrase or a changed key does not heal by starting again.",
    "RestartPreventExitStatus=2 6 7",
    "# SIGTERM drains: what came is committed, and then acknowledged.",
    "TimeoutStopSec=30s",
    "UMask=0077",
    "LimitCORE=0",
    "RuntimeDirectory=oubliette",
    "RuntimeDirectoryMode=0700",
    "RuntimeDirectoryPreserve=yes",
    "NoNewPrivileges=yes",
    "PrivateUsers=yes",
    "PrivateTmp=yes",
    "ProtectSystem=strict",
    "ProtectControlGroups=yes",
    "ProtectKernelModules=yes",
    "ProtectKernelTunables=yes",
    "RestrictNamespaces=yes",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "LockPersonality=yes",
    "SystemCallArchitectures=native",
];

/// Nothing but the daemon runs in it.
const ALONE: &[&str] = &[
    "ProtectHome=read-only",
    "MemoryDenyWriteExecute=yes",
    "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6",
    "SystemCallFilter=@system-service",
];

/// A hook is the person's own program: it may write where the person keeps things.
const FOR_HOOKS: &[&str] = &[
    "ReadWritePaths=%h",
    "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
    "SystemCallFilter=@system-service",
];

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_systemd_reads_back_is_what_was_meant() {
        let plain = quoted("oub", true);
        assert_eq!(plain, "\"oub\"");
        let nasty = quoted("a \"b\" \\ 100% $HOME\nc", true);
        assert_eq!(nasty, "\"a \\\"b\\\" \\\\ 100%% $$HOME\\nc\"");
        assert_eq!(quoted("/a b/$c", false), "\"/a b/$c\"");
    }

    #[test]
    fn a_hook_gets_room_and_a_daemon_alone_gets_none() {
        let mut run = DaemonRun { notify: Notify::Count, exec: None, exec_timeout: Duration::from_secs(600) };
        let text = |run: &DaemonRun| {
            let (program, folder) = (Path::new("/usr/bin/oub"), Path::new("/home/a/x"));
            let (home, data_home, passphrase_file) = (None, None, None);
            let config_home = Some(Path::new("/c d"));
            let profile = "default";
            Unit { program, profile, home, data_home, config_home, passphrase_file, folder, run }.text()
        };
        let alone = text(&run);
        assert!(alone.starts_with(MARK) && alone.contains("MemoryDenyWriteExecute=yes"), "{alone}");
        assert!(alone.contains("ReadWritePaths=\"/home/a/x\"\n"), "{alone}");
        assert!(alone.contains("Environment=\"XDG_CONFIG_HOME=/c d\"\n"), "{alone}");
        assert!(alone.contains("\"--exec\" \"\"\n"), "no hook but that of the unit: {alone}");
        run.exec = Some("handle $1".to_owned());
        let with_hook = text(&run);
        assert!(with_hook.contains("\"--exec-timeout\" \"600s\" \"--exec\" \"handle $$1\""), "{with_hook}");
        assert!(with_hook.contains("ReadWritePaths=%h") && !with_hook.contains("MemoryDeny"), "{with_hook}");
    }
}
