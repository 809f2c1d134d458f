//! Random cases from a seed that every run tells, shrunk where one fails.

#![allow(dead_code, reason = "each test program uses a part of it")]

use proptest::prelude::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use std::fmt::Debug;
use std::io::{Read, Write};
use std::sync::LazyLock;

/// Another one for each run, unless it is set.
static SEED: LazyLock<u64> = LazyLock::new(|| match std::env::var("TIDEGATE_SEED") {
    Ok(text) => text.parse().expect("TIDEGATE_SEED is a number"),
    Err(_) => {
        let mut bytes = [0; 8];
        let random = std::fs::File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes));
        random.expect("the system has random numbers");
        u64::from_le_bytes(bytes)
    }
});

/// Told in every run, also where a test passes and the test harness hides what it prints.
fn tell(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Asks about `count` random cases. An error tells the smallest one for which `compare` has something to say, and how to run it again.
///
/// `program`: of the tests. `like`: who gives the same.
pub fn ask<C: Debug>(
    (program, like): (&str, &str),
    what: &str,
    count: u32,
    strategy: impl Strategy<Value = C>,
    mut compare: impl FnMut(&C) -> Result<(), String>,
) -> Result<(), String> {
    let times: u32 = std::env::var("TIDEGATE_CASES").map_or(1, |text| text.parse().expect("a number"));
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&SEED.to_le_bytes());
    let config = Config {
        cases: count * times,
        failure_persistence: None,
        max_shrink_iters: 4096,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let compare = std::cell::RefCell::new(&mut compare);
    let result = runner.run(&strategy, |case| {
        let mut compare = compare.borrow_mut();
        compare(&case).map_err(TestCaseError::fail)
    });
    match result {
        Ok(()) => {
            tell(&format!("{what}: {} cases as {like}, seed {}", count * times, *SEED));
            Ok(())
        }
        Err(TestError::Fail(reason, _)) => Err(format!(
            "{what}: {reason}\nagain: TIDEGATE_SEED={} cargo test --release --test {program}",
            *SEED
        )),
        Err(TestError::Abort(reason)) => Err(format!("{what}: {reason}")),
    }
}

/// What a panic says.
pub fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without a text").to_owned()
}
