//! Faults of the machine that processes run on: damaged files, a full disk, a clock that jumps; and of what others leave in topics.

use crate::Case;
use crate::bed::{Bed, Cluster, How};
use crate::support::{pause, until};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

pub const CASES: &[Case] = &[
    Case::new("damaged_stores", "F15", damaged).in_short_form(),
    Case::new("stale_store", "F15", stale),
    Case::new("state_disk_full", "F13", disk_full),
    Case::new("broker_disk_full", "F14", broker_disk_full),
    Case::new("clock_jumps", "F18", clock_jumps),
    Case::new("hanging_transaction", "F16", hanging),
];

/// The stores of a process.
fn stores(bed: &Bed, number: usize) -> Vec<PathBuf> {
    let state = bed.data(number).join("state").join(&bed.prefix);
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(state).expect("read").map(|entry| entry.expect("read").path()).collect();
    paths.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("task-")));
    paths.sort();
    assert!(!paths.is_empty(), "there are stores");
    paths
}

/// The files of a store whose names have this in them.
fn files(store: &Path, word: &str) -> Vec<PathBuf> {
    let all = std::fs::read_dir(store).expect("read").map(|entry| entry.expect("read").path());
    all.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().contains(word))).collect()
}

fn flip(file: &Path) {
    let mut bytes = std::fs::read(file).expect("read");
    let step = (bytes.len() / 40).max(1);
    for byte in bytes.iter_mut().step_by(step) {
        *byte ^= 0x5a;
    }
    std::fs::write(file, bytes).expect("written");
}

/// Every way in which a store's files can be wrong; each is found, and the store is restored.
fn damaged(bed: &mut Bed) {
    bed.begin(1);
    bed.more_payments(2_000);
    type Damage = fn(&[PathBuf]);
    let ways: [(&str, Damage); 4] = [
        ("tables (.sst) with other bytes", |stores| {
            let tables: Vec<PathBuf> = stores.iter().flat_map(|store| files(store, ".sst")).collect();
            assert!(!tables.is_empty(), "there are tables");
            tables.iter().for_each(|file| flip(file));
        }),
        ("MANIFEST cut off", |stores| {
            for file in stores.iter().flat_map(|store| files(store, "MANIFEST")) {
                let bytes = std::fs::read(&file).expect("read");
                std::fs::write(&file, &bytes[..bytes.len() / 2]).expect("written");
            }
        }),
        ("CURRENT with other bytes", |stores| {
            stores.iter().flat_map(|store| files(store, "CURRENT")).for_each(|file| flip(&file));
        }),
        ("the stores of two tasks exchanged", |stores| {
            let (a, b, between) = (&stores[0], &stores[1], stores[0].with_extension("between"));
            for (from, to) in [(a, &between), (b, a), (&between, b)] {
                std::fs::rename(from, to).expect("renamed");
            }
        }),
    ];
    for (what, way) in ways {
        // What a start reads from its write-ahead log becomes tables.
        for _ in 0..2 {
            bed.kill(0);
            bed.start(0, &How::default());
            bed.more_payments(1_500);
            bed.rows_go_on();
        }
        bed.kill(0);
        way(&stores(bed, 0));
        let before = bed.told(0).matches("is damaged").count();
        bed.start(0, &How::default());
        // Damage that is found at work ends the process; the next start restores.
        until(&format!("a word about {what}"), || {
            if bed.running(0).exit().is_some() {
                assert!(bed.tail(0).contains("is damaged"), "{}", bed.tail(0));
                bed.start(0, &How::default());
            }
            (bed.told(0).matches("it is deleted, and restored").count() > 0
                && bed.told(0).matches("is damaged").count() > before)
                .then_some(())
        });
        bed.more_payments(1_000);
        bed.bitten(format!("found and restored: {what}"));
    }
    // Damage in the write-ahead log cuts it off there: the store is as of an earlier commit.
    bed.kill(0);
    let logs: Vec<PathBuf> = stores(bed, 0).iter().flat_map(|store| files(store, ".log")).collect();
    logs.iter().for_each(|file| flip(file));
    bed.start(0, &How::default());
    bed.more_payments(1_500);
    bed.bitten(format!("{} write-ahead logs with other bytes", logs.len()));
}

/// A copy of the stores from before comes in their place: the changelogs bring it up to date.
fn stale(bed: &mut Bed) {
    bed.begin(1);
    bed.more_payments(2_000);
    bed.kill(0);
    let (state, copy) = (bed.data(0).join("state"), bed.dir.path().join("copy"));
    let cp = |from: &Path, to: &Path| {
        let status = Command::new("cp").arg("-r").arg(from).arg(to).status();
        assert!(status.expect("cp can be started").success());
    };
    cp(&state, &copy);
    bed.start(0, &How::default());
    bed.more_payments(4_000);
    bed.kill(0);
    std::fs::remove_dir_all(&state).expect("removed");
    cp(&copy, &state);
    std::fs::remove_dir_all(&copy).expect("removed");
    bed.start(0, &How::default());
    bed.bitten("stores were replaced by older copies");
    bed.more_payments(1_000);
}

/// A file system of a few megabytes in memory, for as long as the value lives.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(path: &Path, megabytes: u32) -> SmallDisk {
        std::fs::create_dir_all(path).expect("made");
        let status = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={megabytes}m"), "tmpfs"])
            .arg(path)
            .status();
        assert!(status.is_ok_and(|status| status.success()), "a small disk can be mounted (by root only)");
        SmallDisk(path.to_owned())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// The disk of one process fills up: it ends with a word about it, or goes on and is behind; when there is room again it goes on.
fn disk_full(bed: &mut Bed) {
    let disk = SmallDisk::mount(&bed.data(0), 48);
    bed.begin(2);
    bed.more_payments(3_000);
    let filler = bed.data(0).join("filler");
    // All that there is.
    let filled = std::fs::write(&filler, vec![0; 64 << 20]);
    assert!(filled.is_err(), "the disk is full");
    until("a word about the full disk", || bed.told(0).contains("No space left").then_some(()));
    let ended = bed.running(0).exit();
    bed.more_payments(2_000);
    std::fs::remove_file(&filler).expect("removed");
    match bed.running(0).exit() {
        None => {}
        Some(status) => {
            assert_eq!(status.code(), Some(1), "{}", bed.tail(0));
            bed.start(0, &How::default());
        }
    }
    bed.more_payments(2_000);
    bed.bitten(format!("the disk was full; the process had ended: {}", ended.is_some()));
    bed.judge();
    drop(disk);
}

/// The broker's disk fills up, and it dies of it; with room it is started again.
fn broker_disk_full(bed: &mut Bed) {
    let place = bed.dir.path().join("broker");
    let disk = SmallDisk::mount(&place, 160);
    bed.on(Cluster::start_in(1, Some(&place)));
    bed.begin(2);
    bed.more_payments(2_000);
    let filler = place.join("filler");
    assert!(std::fs::write(&filler, vec![0; 200 << 20]).is_err(), "the disk is full");
    until("the end of the broker", || bed.cluster.brokers[0].has_ended().then_some(()));
    bed.all_alive();
    pause(Duration::from_secs(3));
    std::fs::remove_file(&filler).expect("removed");
    bed.cluster.brokers[0].restart();
    bed.bitten("the broker died of its full disk, and was started again with room");
    bed.more_payments(2_000);
    bed.judge();
    bed.on(Cluster::start(1));
    drop(disk);
}

/// Shifts the wall clock of a process by the seconds that a file holds. Who waits for a moment of that clock waits as long as it would have without the
/// shift, for the kernel knows nothing of it; a moment that was told by another shift is no longer waited for than `MOST`.
const SHIM: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <threads.h>
#include <time.h>
static volatile long *shift;
__attribute__((constructor)) static void begin(void) {
    int file = open(getenv("CLOCK_SHIFT"), O_RDONLY);
    shift = mmap(0, sizeof(long), PROT_READ, MAP_SHARED, file, 0);
}
int clock_gettime(clockid_t clock, struct timespec *at) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(clock, at);
    if (clock == CLOCK_REALTIME && shift) at->tv_sec += *shift;
    return result;
}
int gettimeofday(struct timeval *restrict at, void *restrict zone) {
    struct timespec now;
    int result = clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return result;
}
time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at) *at = now.tv_sec;
    return now.tv_sec;
}
int timespec_get(struct timespec *at, int base) {
    return clock_gettime(CLOCK_REALTIME, at) == 0 ? base : 0;
}
#define MOST 5
/* What the kernel is to wait for. Is it earlier than was asked? */
static int until(const struct timespec *asked, struct timespec *at) {
    struct timespec now;
    *at = *asked;
    /* So early is only the clock that counts from the machine's start. */
    if (!shift || at->tv_sec < 1000000000) return 0;
    clock_gettime(CLOCK_REALTIME, &now);
    int is_early = at->tv_sec - now.tv_sec > MOST;
    if (is_early) at->tv_sec = now.tv_sec + MOST;
    at->tv_sec -= *shift;
    return is_early;
}
typedef int wait(pthread_cond_t *restrict, pthread_mutex_t *restrict, const struct timespec *restrict);
int pthread_cond_timedwait(pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict asked) {
    static wait *real;
    /* The default version: the first one that there ever was takes other condition variables. */
    if (!real) real = (wait *)dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
    if (!real) real = (wait *)dlsym(RTLD_NEXT, "pthread_cond_timedwait");
    struct timespec at;
    int is_early = until(asked, &at);
    int result = real(cond, mutex, &at);
    return is_early && result == ETIMEDOUT ? 0 : result;
}
typedef int wait_of_c11(cnd_t *, mtx_t *, const struct timespec *);
int cnd_timedwait(cnd_t *restrict cond, mtx_t *restrict mutex, const struct timespec *restrict asked) {
    static wait_of_c11 *real;
    if (!real) real = (wait_of_c11 *)dlsym(RTLD_NEXT, "cnd_timedwait");
    struct timespec at;
    int is_early = until(asked, &at);
    int result = real(cond, mutex, &at);
    return is_early && result == thrd_timedout ? thrd_success : result;
}
"#;

/// The wall clock of a process goes an hour ahead, an hour back, and right again. No window closes for it.
fn clock_jumps(bed: &mut Bed) {
    let (source, shim, shift) =
        (bed.dir.path().join("clock.c"), bed.dir.path().join("clock.so"), bed.dir.path().join("shift"));
    std::fs::write(&source, SHIM).expect("written");
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(&shim)
        .arg(&source)
        .arg("-ldl")
        .status();
    assert!(built.expect("cc can be started").success());
    // The same file all the time: the process has it mapped.
    let set = |seconds: i64| {
        use std::os::unix::fs::FileExt;
        let file =
            std::fs::File::options().create(true).truncate(false).write(true).open(&shift).expect("open");
        file.write_all_at(&seconds.to_ne_bytes(), 0).expect("written");
    };
    set(0);
    let variables = [("LD_PRELOAD", &shim), ("CLOCK_SHIFT", &shift)];
    let variables = variables.map(|(name, path)| (name.to_owned(), path.display().to_string()));
    bed.begin_with(&[How { variables: variables.to_vec(), ..How::default() }]);
    for seconds in [3_600, -3_600, 86_400, 0] {
        bed.more_payments(3_000);
        set(seconds);
        bed.all_alive();
    }
    let pid = bed.running(0).pid();
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).expect("read");
    assert!(maps.contains("clock.so"), "the process has the other clock");
    bed.more_payments(3_000);
    let told = bed.told(0);
    assert!(!told.contains("the store was away for"), "{told}");
    bed.bitten("a process's wall clock was set to +1 h, -1 h, +24 h and right again");
}

/// Somebody else leaves a transaction open in a changelog: a restore waits for its end, and does not take what it holds for state.
fn hanging(bed: &mut Bed) {
    bed.begin(1);
    bed.more_payments(2_000);
    bed.kill(0);
    bed.lose_stores(0);
    let changelog = bed.name("totals.aggregate-changelog");
    let mut config = bed.topics.config().clone();
    config.set("transactional.id", format!("{}-other", bed.prefix)).set("transaction.timeout.ms", "6000");
    let producer: BaseProducer = config.create().expect("a client");
    producer.init_transactions(Duration::from_secs(10)).expect("the coordinator answers");
    producer.begin_transaction().expect("begun");
    for partition in 0..4 {
        let record = BaseRecord::to(&changelog).partition(partition).key("no card").payload("no total");
        producer.send(record).expect("taken");
    }
    producer.flush(Duration::from_secs(10)).expect("sent");
    let open = |bed: &Bed| bed.topics.ends(&changelog).iter().filter(|(stable, end)| stable < end).count();
    let held = open(bed);
    assert!(held > 0, "partitions have an open transaction");
    bed.start(0, &How::default());
    until("the end of the transaction by its time-out", || (open(bed) == 0).then_some(()));
    drop(producer);
    pause(Duration::from_millis(500));
    bed.more_payments(1_000);
    bed.all_alive();
    bed.bitten(format!("a transaction of another was open in {held} partitions of a changelog, for 6 s"));
}
