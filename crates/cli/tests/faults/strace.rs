//! A hand between `oub` and the system: strace changes what chosen system calls on the vault's files answer.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::person::{Ran, oub};

/// Which calls fail, and how.
#[derive(Debug)]
pub struct Fault {
    pub calls: &'static str,
    pub error: &'static str,
}

impl Fault {
    /// As a promise's proof says it.
    pub fn told(&self) -> String {
        format!("{} of the vault answer {}", self.calls, self.error)
    }
}

/// Whether there is a strace that may run programs; said loudly where not.
pub fn may_meddle() -> bool {
    let mut strace = Command::new("strace");
    strace.args(["-f", "--seccomp-bpf", "-o", "/dev/null", "-e", "trace=fsync", "true"]);
    let may = strace.output().is_ok_and(|output| output.status.success());
    if !may {
        println!("SKIPPED: no strace that may run a program");
    }
    may
}

/// `oub` in this home, where a call on a file of the vault fails: the n-th (`"3"`), or all from it on (`"3+"`). Also says
/// how many failed.
pub fn under(fault: &Fault, when: &str, home: &Path, args: &[&str]) -> (Ran, usize) {
    let inject = format!("inject={}:error={}:when={when}", fault.calls, fault.error);
    let (ran, trace) = traced(fault.calls, &["-e", &inject], home, args);
    (ran, trace.matches("(INJECTED)").count())
}

/// How many such calls `oub` makes on the vault's files.
pub fn count(calls: &str, home: &Path, args: &[&str]) -> (Ran, usize) {
    let (ran, trace) = traced(calls, &[], home, args);
    (ran, trace.lines().filter(|line| line.contains(") = ") || line.contains(")  ")).count())
}

/// `oub` in this home, killed in place of its n-th write to the file that it prints everything into, in the folder of the
/// home. Says whether it was.
pub fn killed_at_write(n: usize, home: &Path, args: &[&str], said: &str) -> bool {
    let (program, trace, said) = (oub(home, args), home.join("trace"), home.join(said));
    let out = File::create(&said).unwrap();
    let mut strace = Command::new("strace");
    let inject = format!("inject=write:signal=KILL:when={n}");
    // With --seccomp-bpf no signal comes.
    strace.args(["-f", "-e", "trace=write", "-e", &inject]).arg("-o").arg(&trace);
    strace.arg("-P").arg(&said).arg(program.get_program()).args(program.get_args()).env_clear();
    strace.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    strace.stdin(Stdio::null()).stdout(out.try_clone().unwrap()).stderr(out);
    Ran::of(&mut strace);
    std::fs::read_to_string(trace).unwrap().contains("killed by SIGKILL")
}

/// `oub` in this home, what it prints going to `said` in its folder, and what it says to a pipe or to the same file: a file
/// that the disk does not take, for every sync of it fails.
pub fn unsynced(home: &Path, args: &[&str], said: &str, is_talk_there: bool) -> Ran {
    let (program, said) = (oub(home, args), home.join(said));
    let out = File::create(&said).unwrap();
    let mut strace = Command::new("strace");
    strace.args(["-f", "--seccomp-bpf", "-e", "trace=fsync", "-e", "inject=fsync:error=EIO"]);
    strace.arg("-o").arg(home.join("trace")).arg("-P").arg(&said);
    strace.arg(program.get_program()).args(program.get_args()).env_clear();
    strace.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let talk = if is_talk_there { out.try_clone().unwrap().into() } else { Stdio::piped() };
    Ran::of(strace.stdin(Stdio::null()).stdout(out).stderr(talk))
}

fn traced(calls: &str, more: &[&str], home: &Path, args: &[&str]) -> (Ran, String) {
    let (program, trace, profile) = (oub(home, args), home.join("trace"), home.join("default"));
    let mut strace = Command::new("strace");
    // Only these calls stop the program.
    strace.args(["-f", "--seccomp-bpf", "-e", &format!("trace={calls}")]).args(more).arg("-o").arg(&trace);
    for file in
        ["", "vault.db", "vault.db-wal", "vault.db-shm", "vault.key", "protector.json", "collector.lock"]
    {
        strace.arg("-P").arg(if file.is_empty() { profile.clone() } else { profile.join(file) });
    }
    strace.arg(program.get_program()).args(program.get_args()).env_clear();
    strace.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    strace.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let ran = Ran::of(&mut strace);
    (ran, std::fs::read_to_string(trace).unwrap_or_default())
}
