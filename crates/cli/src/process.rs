//! How the program begins and ends: its memory is its own before it touches a secret, and its end waits for nobody.

use crate::exit::Exit;

/// No core file, and on Linux nobody but root may trace this process or read its memory. A system that refuses
/// is not worth failing for. Programs that it starts may raise their own limit again.
pub fn keep_memory_private() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Core).maximum;
    let _refused = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum });
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let _refused = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

/// Ends the run at once: without what waits in standard output, and without what C libraries leave to be done at the end
/// of a process. SQLCipher frees what the threads of a daemon, of a chat or of a completion may still read, and the process
/// would die of that instead. Nothing is lost, since what was said to be kept is committed.
pub fn end(exit: Exit) -> ! {
    signal_hook::low_level::exit(exit.number().into())
}
