//! Words that the fuzzer puts in and takes out, as libFuzzer reads them: those of the grammar, of the YAML form, and the functions' names.

use std::collections::BTreeSet;
use std::fmt::Write;

const GRAMMAR: &str = include_str!("../../../dsl/grammar/src/grammar.pest");

/// What YAML is made of, and values at the edges of their types.
const OTHERS: &[&str] = &[
    "\n  ",
    "\n    ",
    ": ",
    "- ",
    "\n- ",
    "&a ",
    "*a",
    "<<: ",
    "|\n",
    ">-\n",
    "#",
    "!!str ",
    "---\n",
    "''",
    "\"\"",
    "\\u0041",
    "\u{feff}",
    "\r\n",
    "é",
    "𝄞",
    "9223372036854775807",
    "-9223372036854775808",
    "1e308",
    "5e-324",
    "nan",
    "99999999999999999999999999999999999999",
    "0.0000000000000000000000000000000000001",
    "@0001-01-01",
    "@9999-12-31T23:59:59.999999Z",
    "106751991d",
    "int",
    "float",
    "decimal(38,38)",
    "string",
    "timestamp",
    "duration",
    "bool",
    "bytes",
    "date",
    "uuid",
];

/// The dictionary, one entry a line.
pub fn words() -> String {
    let functions = tidegate_functions::names()
        .chain(tidegate_functions::aggregates().iter().map(|function| function.name));
    let calls = functions.map(|name| format!("{name}("));
    let all: BTreeSet<String> =
        literals(GRAMMAR).chain(OTHERS.iter().map(|word| (*word).to_owned())).chain(calls).collect();
    all.iter().map(|word| entry(word)).collect()
}

/// What stands between quotes in the grammar, but for single letters.
fn literals(grammar: &str) -> impl Iterator<Item = String> {
    let lines = grammar.lines().filter(|line| !line.starts_with("//"));
    let quoted = lines.flat_map(|line| line.split('"').skip(1).step_by(2));
    quoted.filter(|word| word.len() > 1 && !word.contains('\\')).map(str::to_owned)
}

fn entry(word: &str) -> String {
    let mut out = String::from("\"");
    for byte in word.bytes() {
        match byte {
            b'"' | b'\\' => write!(out, "\\{}", byte as char),
            b' '..=b'~' => write!(out, "{}", byte as char),
            _ => write!(out, "\\x{byte:02x}"),
        }
        .expect("a string takes everything");
    }
    out + "\"\n"
}
