//! What the program asks of the system before it touches a secret: that its memory stays its own.

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
