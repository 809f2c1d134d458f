//! What the fuzzer throws at the language: each target takes any text or bytes, and panics if the promise that it stands for is broken.
//!
//! The targets are plain functions. `make fuzz` drives them by coverage; `tests/kept.rs` runs every kept input and every seed
//! through them in the ordinary test run.

// The evaluator comes from the engine's own files: as a crate, the engine brings RocksDB along, a quarter of an hour of C++.
#[path = "../../../engine/src/batch.rs"]
#[allow(dead_code, reason = "the engine uses the rest")]
mod batch;
#[path = "../../../engine/src/decode/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the engine uses the rest")]
mod decode;
#[path = "../../../engine/src/expression/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the engine uses the rest")]
mod expression;
#[path = "../../../engine/src/half_even.rs"]
mod half_even;

mod evaluate;
mod events;
mod layout;
mod meaning;
mod record;
mod seeds;
mod topology;
mod words;

pub use seeds::{Seed, seeds};
pub use words::words;

/// Longer inputs are cut here: what is wrong with a language shows in small files, and small files are fast.
pub const INPUT_BYTES_MAX: usize = 4096;

/// One promise, and what breaks it.
pub struct Target {
    pub name: &'static str,
    /// What it holds, in one sentence.
    pub holds: &'static str,
    pub run: Run,
}

/// What a target takes.
#[derive(Clone, Copy)]
pub enum Run {
    /// What is no text is none of the language's business.
    Text(fn(&str)),
    Bytes(fn(&[u8])),
}

pub const TARGETS: [Target; 5] = [
    Target {
        name: "tide",
        holds: "a file of the text form gives a plan or says what is wrong, and its YAML means the same",
        run: Run::Text(topology::tide),
    },
    Target {
        name: "yaml",
        holds: "a file of the YAML form gives a plan or says what is wrong, and its text form means the same",
        run: Run::Text(topology::yaml),
    },
    Target {
        name: "expression",
        holds: "an expression that passes the check has a value of its type, or an error, for every event",
        run: Run::Text(evaluate::run),
    },
    Target {
        name: "format",
        holds: "formatting keeps the meaning and every comment, and formatting twice changes nothing more",
        run: Run::Text(layout::run),
    },
    Target {
        name: "record",
        holds: "a record of a topic is read or refused with a code, and leaves the rows beside it as they were",
        run: Run::Bytes(record::run),
    },
];

pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

/// Runs any bytes through a target.
pub fn run(target: &Target, input: &[u8]) {
    match target.run {
        Run::Text(run) => {
            if let Ok(text) = std::str::from_utf8(input) {
                run(text);
            }
        }
        Run::Bytes(run) => run(input),
    }
}
