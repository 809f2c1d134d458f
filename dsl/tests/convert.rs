//! From one spelling to the other and back: the plan stays the same.

mod support;

use proptest::prelude::*;
use support::{assert_same, folder, is_whole, plan, repository, tide_files, yaml_files};
use tidegate_dsl::{SourceFile, Spelling, convert, generate};

fn converted(name: &str, text: &str, to: Spelling) -> String {
    match convert(&SourceFile::new(name, text), to) {
        Ok(text) => text,
        Err(diagnostics) => panic!("{name}: {diagnostics:?}\n{text}"),
    }
}

/// There and back; the plans are equal, and no comment on a line of its own is lost. Gives the YAML form and the text made from that.
fn check(name: &str, text: &str) -> (String, String) {
    let plan = |spelling: &str, text: &str| plan(folder(name), spelling, text);
    let wanted = plan(name, text);
    assert!(wanted.is_some() == is_whole(name), "{name} is right");
    let yaml = converted(name, text, Spelling::Yaml);
    assert!(plan("a.yaml", &yaml) == wanted, "{name}: the plan of the YAML form differs\n{text}----\n{yaml}");
    let tide = converted("a.yaml", &yaml, Spelling::Tide);
    assert!(plan("a.tide", &tide) == wanted, "{name}: the plan of the text form differs\n{yaml}----\n{tide}");
    for comment in comments(name, text) {
        assert!(
            yaml.contains(&comment) && tide.contains(&comment),
            "{name}: the comment {comment:?} is lost\n{yaml}"
        );
    }
    // A scalar with both kinds of quotes forgets how its literals were spelt; from then on nothing changes.
    let second = converted("a.yaml", &yaml, Spelling::Yaml);
    assert_same(&converted("a.yaml", &second, Spelling::Yaml), &second, &format!("{name}: YAML to YAML"));
    (yaml, tide)
}

#[test]
fn files_of_the_repository_keep_their_plan() {
    for path in tide_files().into_iter().chain(yaml_files()) {
        let text = std::fs::read_to_string(repository(&path)).expect("read");
        let (yaml, tide) = check(&path, &text);
        assert_same(&converted("a.yaml", &yaml, Spelling::Yaml), &yaml, &format!("{path}: YAML to YAML"));
        assert_same(&converted("a.tide", &tide, Spelling::Yaml), &yaml, &format!("{path}: back to YAML"));
    }
}

/// What stands behind the marks of comments that begin a line.
fn comments(name: &str, text: &str) -> Vec<String> {
    let mark = if name.ends_with(".yaml") { "#" } else { "//" };
    let lines = text.lines().filter_map(|line| line.trim_start().strip_prefix(mark));
    lines.map(|comment| comment.trim().to_owned()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn generated_topologies_keep_their_plan(seed: u64) {
        check("generated.tide", &generate::topology(seed));
    }
}

#[test]
fn comments_stand_at_the_same_places() {
    let text = std::fs::read_to_string(repository("topologies/payment_volume/topology.tide")).expect("read");
    let yaml = converted("topology.tide", &text, Spelling::Yaml);
    insta::assert_snapshot!("convert_yaml", yaml);
    insta::assert_snapshot!("convert_tide", converted("topology.yaml", &yaml, Spelling::Tide));
}

/// The other spelling has brackets where they are needed, though they say nothing in the tree.
#[test]
fn brackets_stay_where_they_are_needed() {
    let steps = [
        "filter n between (ns[0]) and -(ns[1])",
        "map { v: match n { 1 => (drop), 2 => (drop) + 1, _ => n } }",
        "select n, errors",
        "group by n, errors |> aggregate { c: count() }",
    ];
    for step in steps {
        let text = format!(
            "topology a\nsource s: {{ n: int, ns: [int], drop: int, errors: int }} = kafka(\"s\")\nstream t = s |> {step}\nsink t -> kafka(\"t\")\n"
        );
        check("a.tide", &text);
    }
}

#[test]
fn characters_that_yaml_does_not_take_are_escaped_or_left_out_of_comments() {
    let text = "topology a // one\u{0}two\rthree\nsource s: { id: string } = kafka(\"s\")\nstream t = s |> map { v: \"\u{feff}\u{ffff}\u{1}\" }\nsink t -> kafka(\"t\")\n";
    let yaml = converted("a.tide", text, Spelling::Yaml);
    assert!(yaml.contains("# one two three\n"), "{yaml}");
    let plan = |name: &str, text: &str| plan(folder(name), name, text);
    assert!(plan("a.tide", text).is_some() && plan("a.tide", text) == plan("a.yaml", &yaml), "{yaml}");
}

#[test]
fn a_map_at_the_start_of_a_formatted_value_stays_one() {
    check(
        "a.tide",
        r#"topology a
source s: { id: string } = kafka("s")
stream t = s |> map { v: f"{ { "a": 1 }["a"] } {id}" }
sink t -> kafka("t")
"#,
    );
}

#[test]
fn blocks_that_are_deeper_than_brackets_may_be_are_told() {
    let mut text = "topology: a\nsources: { s: { type: { id: string }, kafka: s } }\nstreams:\n  t:\n    from: s\n    steps:\n      - map:\n".to_owned();
    for depth in 0..70 {
        text.push_str(&format!("{}a:\n", " ".repeat(10 + depth)));
    }
    let text = text.trim_end().to_owned() + " 1\n";
    let diagnostics = convert(&SourceFile::new("a.yaml", text), Spelling::Tide).expect_err("too deep");
    assert_eq!(diagnostics[0].message, "more than 64 levels, one in the other");
}

#[test]
fn what_yaml_cannot_say_is_told() {
    let text = "topology a\nsource s: { id: string } = kafka(\"s\")\nsink s -> kafka(\"t\")\ntest \"x\" { s <- { id: \"@10:00\" } }\n";
    let diagnostics = convert(&SourceFile::new("a.tide", text), Spelling::Yaml)
        .expect_err("a text that YAML reads as a time");
    assert!(diagnostics[0].message.contains("cannot say"), "{diagnostics:?}");
}
