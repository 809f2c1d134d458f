//! `TIDEGATE_FAILPOINTS`, for tests: what is done at which place of the program (`tidegate_engine::failpoint`).
//!
//! `commit.answered=kill@3;restore.half=sleep:2000` kills the process, as SIGKILL does, when it comes to that place for the third time, and
//! has it wait for two seconds when it first comes to the other. `error`: it goes on as if that had failed; `panic`: the thread panics. `always` in place of a
//! number: each time.

use anyhow::{Context, Result, bail, ensure};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tidegate_engine::failpoint::{self, Failpoint};

const VARIABLE: &str = "TIDEGATE_FAILPOINTS";

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Act {
    Kill,
    Sleep(Duration),
    Error,
    Panic,
}

#[derive(Debug)]
struct Armed {
    point: Failpoint,
    act: Act,
    /// None: each time.
    at: Option<u64>,
    passed: AtomicU64,
}

/// Arms what the environment says; without the variable nothing is armed.
pub fn arm() -> Result<()> {
    let Ok(text) = std::env::var(VARIABLE) else { return Ok(()) };
    let armed = parse(&text).with_context(|| format!("{VARIABLE}={text}"))?;
    failpoint::arm(Box::new(move |point| armed.iter().any(|armed| armed.point == point && armed.passed())));
    Ok(())
}

fn parse(text: &str) -> Result<Vec<Armed>> {
    text.split(';').filter(|part| !part.is_empty()).map(parse_one).collect()
}

fn parse_one(text: &str) -> Result<Armed> {
    let (name, act) = text.split_once('=').with_context(|| format!("{text}: NAME=ACT[@N] is needed"))?;
    let known = Failpoint::ALL.iter().find(|point| point.name() == name);
    let names: Vec<&str> = Failpoint::ALL.iter().map(|point| point.name()).collect();
    let point = *known.with_context(|| format!("{name}: no such place; there are {}", names.join(", ")))?;
    let (act, at) = act.split_once('@').unwrap_or((act, "1"));
    let at = match at {
        "always" => None,
        number => Some(number.parse().with_context(|| format!("{text}: {number} is no number"))?),
    };
    ensure!(at != Some(0), "{text}: the first time is 1");
    let act = match act.split_once(':') {
        None if act == "kill" => Act::Kill,
        None if act == "error" => Act::Error,
        None if act == "panic" => Act::Panic,
        Some(("sleep", millis)) => Act::Sleep(Duration::from_millis(millis.parse()?)),
        _ => bail!("{text}: it can `kill`, `error`, `panic` and `sleep:MILLISECONDS`"),
    };
    Ok(Armed { point, act, at, passed: AtomicU64::new(0) })
}

impl Armed {
    /// The place was come to. Is it to fail?
    fn passed(&self) -> bool {
        let times = self.passed.fetch_add(1, Ordering::SeqCst) + 1;
        if self.at.is_some_and(|at| at != times) {
            return false;
        }
        // Tests look for this line: a fault that never came to pass shows nothing.
        eprintln!("failpoint {} ({times}): {:?}", self.point.name(), self.act);
        match self.act {
            Act::Kill => kill(),
            Act::Sleep(time) => {
                rest(time);
                false
            }
            Act::Error => true,
            Act::Panic => panic!("failpoint {}", self.point.name()),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a test wants a process that does nothing for a while")]
fn rest(time: Duration) {
    std::thread::sleep(time);
}

/// Ends as by SIGKILL: nothing is flushed, closed or told to anybody.
#[expect(unsafe_code, reason = "the standard library kills children only")]
fn kill() -> ! {
    loop {
        // SAFETY: kill takes two numbers.
        unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acts_are_read_with_the_time_at_which_they_are_done() {
        let armed =
            parse("commit.answered=kill@3;restore.half=sleep:20;producer.kept=error@always").expect("read");
        let read: Vec<_> = armed.iter().map(|armed| (armed.point, armed.act, armed.at)).collect();
        assert_eq!(
            read,
            [
                (Failpoint::CommitAnswered, Act::Kill, Some(3)),
                (Failpoint::RestoreHalf, Act::Sleep(Duration::from_millis(20)), Some(1)),
                (Failpoint::ProducerKept, Act::Error, None),
            ]
        );
    }

    #[test]
    fn what_is_misspelt_is_told() {
        for (text, why) in [
            ("commit.sent=kill", "commit.sent: no such place; there are commit.begun, "),
            ("commit.begun", "NAME=ACT[@N] is needed"),
            ("commit.begun=die", "it can `kill`"),
            ("commit.begun=kill@0", "the first time is 1"),
        ] {
            let told = format!("{:#}", parse(text).expect_err("wrong"));
            assert!(told.contains(why), "{told}");
        }
    }

    #[test]
    fn it_happens_at_that_time_and_no_other() {
        let armed = &parse("commit.drained=error@2").expect("read")[0];
        assert_eq!([armed.passed(), armed.passed(), armed.passed()], [false, true, false]);
    }
}
