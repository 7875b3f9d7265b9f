//! The power goes: what was confirmed is on the device (F02, promise P1).

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::chance::Chance;
use crate::disk::{Disk, Switch, freeze, thaw};
use crate::load::{Load, Size};
use crate::rounds;
use crate::verdict::{End, Found, examine, retry};
use crate::world::{World, serve};

/// Cuts on one disk; then another one begins, since stamps and room are finite.
const CUTS_OF_A_DISK: u32 = 24;

#[test]
fn what_was_confirmed_has_reached_the_device_at_any_moment() {
    let (cuts, mut chance) = (rounds(8, 200), Chance::new("power, by a copy of the device"));
    let (mut done, mut confirmed, mut found) = (0, 0, Found::default());
    let each = rounds(4, CUTS_OF_A_DISK);
    while done < cuts {
        let Some(disk) = Disk::make() else { return };
        let server = serve(&disk.data());
        let world = World::begin(&disk.data(), server.port);
        let mut load = Load::start(&world, server.port, Size::Mixed);
        // Where nothing is forgotten, front logs are used again.
        if (done / each).is_multiple_of(2) {
            load = load.forgetting(&world);
        }
        for _ in 0..each.min(cuts - done) {
            std::thread::sleep(chance.pause(20, 250));
            freeze(server.pid());
            // What was answered before the freeze is on its way to the people still.
            std::thread::sleep(Duration::from_millis(20));
            let mut ledger = world.snapshot();
            let copy = Disk::copy_of(&disk);
            thaw(server.pid());
            done += 1;
            let after = serve(&copy.data());
            found += examine(&world, &ledger, &copy.data(), after.port, End::Power);
            retry(&world, &mut ledger, after.port, &mut chance);
            after.kill_9();
        }
        load.stop();
        confirmed += world.ledger().confirmed();
        server.kill_9();
    }
    println!(
        "promise P1: {confirmed} confirmed, {done} power cuts (copies of the device), {} looked up, 0 lost; \
         {} acks not yet synced came again",
        found.kept, found.redelivered
    );
}

#[test]
fn what_was_confirmed_before_the_file_system_died_is_there_and_a_control_tells_the_method_from_the_store() {
    let (cuts, mut chance) = (rounds(8, 200), Chance::new("power, by FS_IOC_SHUTDOWN"));
    let (mut done, mut confirmed, mut found, mut control) = (0, 0, Found::default(), Control::default());
    while done < cuts {
        let Some(mut disk) = Disk::make() else { return };
        let mut server = serve(&disk.data());
        let world = World::begin(&disk.data(), server.port);
        for _ in 0..CUTS_OF_A_DISK.min(cuts - done) {
            let writer = Writer::start(&disk.at());
            let mut load = Load::start(&world, server.port, Size::Mixed);
            if done % 2 == 0 {
                load = load.forgetting(&world);
            }
            std::thread::sleep(chance.pause(20, 250));
            let switch = Switch::at(&disk);
            writer.cut_begins();
            world.ledger().cut_begins();
            switch.cut();
            load.join();
            let (status, log) = server.wait();
            assert_eq!(status.code(), Some(7), "a server whose disk died ends with exit 7: {log}");
            let written = writer.end();
            disk.unmount();
            assert!(disk.mount(), "the disk does not mount again");
            done += 1;
            control += written.against(&disk.at());
            server = serve(&disk.data());
            let mut ledger = world.ledger();
            found += examine(&world, &ledger, &world.data, server.port, End::Power);
            ledger.cut_is_over();
            retry(&world, &mut ledger, server.port, &mut chance);
        }
        confirmed += world.ledger().confirmed();
        server.kill_9();
    }
    println!(
        "promise P1: {confirmed} confirmed, {done} power cuts (file system shut down), {} looked up, 0 lost; \
         of what was confirmed while the cut was under way {} are missing, and {} of a control that only \
         appends and syncs ({} synced before, 0 lost)",
        found.kept, found.doubtful, control.doubtful, control.before
    );
}

/// Appends 4 KiB and syncs, again and again, on the same disk: what the method itself loses.
struct Writer(std::thread::JoinHandle<()>, Arc<Mutex<Synced>>);

#[derive(Clone, Copy, Default)]
struct Synced {
    cut: bool,
    before: u32,
    during: u32,
}

/// What a control lost.
#[derive(Clone, Copy, Default)]
struct Control {
    before: u32,
    doubtful: u32,
}

impl std::ops::AddAssign for Control {
    fn add_assign(&mut self, other: Self) {
        self.before += other.before;
        self.doubtful += other.doubtful;
    }
}

fn control_file(at: &Path) -> PathBuf {
    at.join("control")
}

impl Writer {
    fn start(at: &Path) -> Self {
        let synced = Arc::new(Mutex::new(Synced::default()));
        let mut file =
            OpenOptions::new().create(true).write(true).truncate(true).open(control_file(at)).unwrap();
        file.sync_all().unwrap();
        File::open(at).unwrap().sync_all().unwrap();
        let told = synced.clone();
        let thread = std::thread::spawn(move || {
            for number in 1_u32..20_000 {
                if file.write_all(&number.to_be_bytes().repeat(1_024)).is_err() || file.sync_all().is_err() {
                    return;
                }
                let mut told = told.lock().unwrap();
                if told.cut { told.during += 1 } else { told.before += 1 }
            }
        });
        Self(thread, synced)
    }

    fn cut_begins(&self) {
        self.1.lock().unwrap().cut = true;
    }

    fn end(self) -> Synced {
        self.0.join().unwrap();
        *self.1.lock().unwrap()
    }
}

impl Synced {
    /// Holds what is in the control's file against what its syncs said.
    fn against(self, at: &Path) -> Control {
        let mut bytes = Vec::new();
        File::open(control_file(at)).unwrap().read_to_end(&mut bytes).unwrap();
        let whole = (1_u32..).zip(bytes.chunks(4_096)).take_while(|(number, chunk)| {
            chunk.len() == 4_096 && chunk.chunks(4).all(|word| *word == number.to_be_bytes())
        });
        let there = u32::try_from(whole.count()).unwrap();
        assert!(there >= self.before, "the method lost what was synced before the cut: it can prove nothing");
        Control { before: self.before, doubtful: (self.before + self.during).saturating_sub(there) }
    }
}
