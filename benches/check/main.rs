//! What it costs to parse and check a topology: the ready ones, and one of 5,000 lines in both spellings.
//!
//! CPU time of this process, the least of some rounds, since everything else only adds to it. The bar is 100 ms for 5,000 lines.

use std::fmt::Write;
use std::path::Path;
use tidegate_dsl::{SourceFile, compile};

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const LINES: usize = 5_000;
const BAR_MS: f64 = 100.0;

fn main() {
    let short = std::env::args().any(|argument| argument == "--short");
    let rounds = if short { 5 } else { 50 };
    let mut files = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders: Vec<_> = std::fs::read_dir(root.join("topologies"))
        .expect("the ready topologies are there")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    folders.sort();
    for folder in folders {
        for spelling in ["tide", "yaml"] {
            let path = folder.join(format!("topology.{spelling}"));
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            let name = path.strip_prefix(root).expect("it lies in the repository").display().to_string();
            files.push((name, text));
        }
    }
    files.push(("made.tide".to_owned(), text_form()));
    files.push(("made.yaml".to_owned(), yaml_form()));
    println!("\nparse and check, CPU ms (the least of {rounds} rounds)");
    println!("{:<48} {:>7} {:>8} {:>7}", "file", "lines", "CPU ms", "nodes");
    let mut over = false;
    for (name, text) in files {
        let lines = text.lines().count();
        let file = SourceFile::new(name.clone(), text);
        let mut least = f64::MAX;
        let mut nodes = None;
        for _ in 0..rounds {
            let before = cpu_ms();
            let compiled = compile(&file, &|_| None);
            least = least.min(cpu_ms() - before);
            nodes = compiled.plan.map(|plan| plan.nodes.len());
        }
        let Some(nodes) = nodes else {
            println!("{name:<48} {lines:>7} it is wrong");
            over = true;
            continue;
        };
        over |= name.starts_with("made") && least > BAR_MS;
        println!("{name:<48} {lines:>7} {least:>8.2} {nodes:>7}");
    }
    println!("{LINES} lines within {BAR_MS} ms: {}", if over { "NO" } else { "yes" });
}

const TYPE: &str = "{ id: string, card: string, amount: decimal(18,2), country: string, at: timestamp }";

/// Blocks of ten lines that use what topologies are made of, until there are enough.
fn text_form() -> String {
    let mut text = format!(
        "topology made\ntype Payment {TYPE}\nsource payments: Payment = kafka(\"payments\") key card time at, out_of_order 5s\ntable cards: {{ card: string, tier: string }} = kafka(\"cards\") key card\n"
    );
    let mut block = 0;
    while text.lines().count() + 10 <= LINES {
        let _ = write!(
            text,
            "stream s{block} = payments\n  |> filter amount > {block} and country in [\"NL\", \"FR\"]\n  |> join cards as c by card\n  |> map {{ id, card, amount, tier: c.tier, large: if amount > 100 {{ \"yes\" }} else {{ \"no\" }}, at }}\n  |> group by card\n  |> window tumbling 1h, grace {block}s, late -> kafka(\"late\")\n  |> aggregate {{ n: count(), total: sum(amount), most: max(amount) }}\n  |> emit final\n  |> filter n > 1 and total > {block}.50\nsink s{block} -> kafka(\"s{block}\")\n"
        );
        block += 1;
    }
    text
}

fn yaml_form() -> String {
    let mut text = "topology: made\ntypes:\n  Payment:\n    id: string\n    card: string\n    amount: decimal(18,2)\n    country: string\n    at: timestamp\nsources:\n  payments:\n    type: Payment\n    kafka: { topic: payments }\n    key: card\n    time: { field: at, out_of_order: 5s }\nstreams:\n".to_owned();
    let mut sinks = "sinks:\n".to_owned();
    let mut block = 0;
    while text.lines().count() + sinks.lines().count() + 9 <= LINES {
        let _ = write!(
            text,
            "  s{block}:\n    from: payments\n    steps:\n      - filter: amount > {block} and country in [\"NL\", \"FR\"]\n      - group_by: card\n      - window: {{ tumbling: 1h, grace: {block}s, late: {{ kafka: late }} }}\n      - aggregate: {{ n: count(), total: sum(amount), most: max(amount) }}\n      - emit: final\n"
        );
        let _ = writeln!(sinks, "  s{block}: {{ kafka: {{ topic: s{block} }} }}");
        block += 1;
    }
    text + &sinks
}

#[expect(
    unsafe_code,
    reason = "clock_gettime has no wrapper in the standard library for a process's CPU time"
)]
fn cpu_ms() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a value that lives through the call.
    let code = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    assert_eq!(code, 0, "every Linux has this clock");
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}
