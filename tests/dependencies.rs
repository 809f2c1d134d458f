//! Holds the directions in which the crates may depend on each other.

use semver::{Version, VersionReq};
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// Which of our crates each crate may name in `[dependencies]`.
fn allowed() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let table: [(&str, &[&str]); 13] = [
        ("tidegate-model", &[]),
        ("tidegate-grammar", &[]),
        ("tidegate-functions", &["tidegate-model"]),
        ("tidegate-state", &["tidegate-model"]),
        ("tidegate-dsl", &["tidegate-model", "tidegate-functions", "tidegate-grammar"]),
        ("tidegate-lsp", &["tidegate-dsl"]),
        // Without the engine: RocksDB comes with it.
        ("tidegate-fuzz", &["tidegate-dsl", "tidegate-model", "tidegate-functions"]),
        ("tidegate-engine", &["tidegate-model", "tidegate-functions", "tidegate-state"]),
        ("tidegate-kafka", &["tidegate-model", "tidegate-engine"]),
        ("tidegate-embedded", &["tidegate-model", "tidegate-engine"]),
        ("tidegate-http", &["tidegate-model", "tidegate-engine"]),
        ("tidegate-sim", &["tidegate-model", "tidegate-state", "tidegate-engine"]),
        (
            "tidegate-cli",
            &[
                "tidegate-model",
                "tidegate-functions",
                "tidegate-state",
                "tidegate-engine",
                "tidegate-dsl",
                "tidegate-lsp",
                "tidegate-kafka",
                "tidegate-embedded",
                "tidegate-http",
            ],
        ),
    ];
    table.into_iter().map(|(name, deps)| (name, deps.iter().copied().collect())).collect()
}

fn metadata() -> serde_json::Value {
    metadata_with(&["--no-deps"])
}

fn metadata_with(more: &[&str]) -> serde_json::Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline"])
        .args(more)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo metadata runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON")
}

fn dependencies_of(package: &serde_json::Value) -> BTreeSet<String> {
    package["dependencies"]
        .as_array()
        .expect("dependencies are a list")
        .iter()
        .filter(|dependency| dependency["kind"].is_null())
        .map(|dependency| dependency["name"].as_str().expect("a name").to_owned())
        .collect()
}

#[test]
fn crates_depend_only_in_the_allowed_directions() {
    let allowed = allowed();
    let metadata = metadata();
    let mut seen = BTreeSet::new();
    for package in metadata["packages"].as_array().expect("packages are a list") {
        let name = package["name"].as_str().expect("a name");
        let Some(may) = allowed.get(name) else {
            assert_eq!(name, "tidegate-suite", "a crate that this test does not know");
            continue;
        };
        seen.insert(name);
        for dependency in dependencies_of(package) {
            let ours = dependency.starts_with("tidegate-");
            assert!(!ours || may.contains(dependency.as_str()), "{name} must not depend on {dependency}");
        }
    }
    assert_eq!(seen.len(), allowed.len(), "a crate of the house is missing");
}

#[test]
fn only_the_adapters_know_kafka_and_rocksdb() {
    let may_name = |library: &str| match library {
        // Of tests: nothing that is delivered names it.
        "openssl" => vec!["tidegate-sim"],
        "rdkafka" => vec!["tidegate-kafka", "tidegate-sim"],
        "rocksdb" => vec!["tidegate-state", "tidegate-embedded"],
        "anyhow" => vec!["tidegate-cli", "tidegate-sim"],
        other => panic!("no rule for {other}"),
    };
    for package in metadata()["packages"].as_array().expect("packages are a list") {
        let name = package["name"].as_str().expect("a name");
        for dependency in dependencies_of(package) {
            if ["openssl", "rdkafka", "rocksdb", "anyhow"].contains(&dependency.as_str()) {
                assert!(may_name(&dependency).contains(&name), "{name} must not name {dependency}");
            }
        }
    }
}

/// Each may be passed on under the Apache licence. `.ci/deny.toml` has the same list, and the same bans.
const LICENCES: [&str; 10] = [
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Zlib",
];

/// All parts of an `AND`, and one of an `OR`.
fn may_be_passed_on(expression: &str) -> bool {
    let one_of = |part: &str| part.split(" OR ").any(|licence| LICENCES.contains(&licence.trim()));
    expression.replace('/', " OR ").split(" AND ").all(|part| one_of(part.trim().trim_matches(['(', ')'])))
}

#[test]
fn what_is_linked_in_comes_from_crates_io_and_may_be_passed_on() {
    let metadata = metadata_with(&["--locked", "--filter-platform", "x86_64-unknown-linux-gnu"]);
    let nodes = metadata["resolve"]["nodes"].as_array().expect("nodes are a list");
    let used: BTreeSet<&str> = nodes.iter().map(|node| node["id"].as_str().expect("an id")).collect();
    let mut seen = 0;
    for package in metadata["packages"].as_array().expect("packages are a list") {
        let (name, id) = (&package["name"], package["id"].as_str().expect("an id"));
        if package["source"].is_null() || !used.contains(id) {
            continue;
        }
        seen += 1;
        assert_eq!(package["source"], "registry+https://github.com/rust-lang/crates.io-index", "{name}");
        let licence = package["license"].as_str().unwrap_or("none");
        assert!(may_be_passed_on(licence), "{name}: {licence}");
        let is_banned = ["rustls", "ring"].map(|banned| *name == *banned).contains(&true);
        assert!(!is_banned, "{name}: TLS is librdkafka's OpenSSL");
    }
    assert!(seen > 100, "{seen} packages");
    assert!(
        !may_be_passed_on("GPL-3.0") && !may_be_passed_on("MIT AND GPL-3.0") && !may_be_passed_on("none")
    );
    assert!(may_be_passed_on("(MIT OR GPL-2.0) AND Unicode-3.0") && may_be_passed_on("MIT/Apache-2.0"));
}

/// One line of `.ci/advisories.tsv`, which `.ci/advisories` writes.
struct Advisory<'a> {
    id: &'a str,
    package: &'a str,
    safe: Vec<VersionReq>,
}

impl Advisory<'_> {
    fn of(line: &str) -> Advisory<'_> {
        let [id, package, safe] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("three columns: {line}")
        };
        let safe = safe.split('|').filter(|one| !one.is_empty());
        let safe = safe
            .map(|one| VersionReq::parse(one).unwrap_or_else(|error| panic!("{line}: {error}")))
            .collect();
        Advisory { id, package, safe }
    }

    fn concerns(&self, package: &str, version: &Version) -> bool {
        self.package == package && !self.safe.iter().any(|safe| safe.matches(version))
    }
}

/// Holes that were known on the day in the file's first line; `make audit` asks for those of today.
#[test]
fn nothing_that_is_built_has_a_known_hole() {
    let file = include_str!("../.ci/advisories.tsv");
    let advisories: Vec<Advisory> = file.lines().skip(1).map(Advisory::of).collect();
    assert!(file.starts_with("# RustSec advisories as of 20") && advisories.len() > 900);
    // Also what only other systems need, and nothing of this one has fetched.
    let locked = include_str!("../Cargo.lock").split("[[package]]").skip(1);
    let mut seen = 0;
    for package in locked {
        let value = |name: &str| {
            let line = package.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = \""));
            line.and_then(|rest| rest.strip_suffix('"')).expect("a locked package has a name and a version")
        };
        let (name, version) = (value("name"), Version::parse(value("version")).expect("a version"));
        seen += usize::from(advisories.iter().any(|advisory| advisory.package == name));
        let found: Vec<&str> =
            advisories.iter().filter(|one| one.concerns(name, &version)).map(|one| one.id).collect();
        assert!(found.is_empty(), "{name} {version}: https://rustsec.org/advisories/{}.html", found[0]);
    }
    assert!(seen > 20, "{seen} packages had holes once");
    // A range between two others, a crate without a version that is safe, and one that the advisory is not about.
    let advisory = Advisory::of("RUSTSEC-2021-0003\tsmallvec\t>= 0.6.14, < 1.0.0|>= 1.6.1|< 0.6.3");
    let concerned = ["0.6.2", "0.6.13", "0.6.14", "1.6.0", "1.6.1"]
        .map(|version| advisory.concerns("smallvec", &Version::parse(version).expect("a version")));
    assert_eq!(concerned, [false, true, false, true, false]);
    let never = Advisory::of("RUSTSEC-2021-0120\tabomonation\t");
    assert!(
        never.concerns("abomonation", &Version::new(9, 9, 9))
            && !never.concerns("serde", &Version::new(1, 0, 0))
    );
}
