//! The ready topologies: both spellings mean the same plan, and what `explain` and `graph` show of it is kept.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tidegate_dsl::diagnostic::{codes, render};
use tidegate_dsl::{
    Compiled, Files, GraphFormat, Options, SourceFile, compile, compile_with, explain, graph,
};
use tidegate_model::plan::Plan;
use tidegate_model::test_case::{TestCase, TestStep};

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn compiled(path: &str) -> Compiled {
    let text = std::fs::read_to_string(repository(path)).expect("the file is there");
    compile(&SourceFile::new(path.to_owned(), text), &|_| None)
}

fn plan(path: &str) -> Plan {
    let compiled = compiled(path);
    assert_eq!(compiled.diagnostics, [], "{path}");
    compiled.plan.expect("no errors")
}

/// Lines differ between the spellings, and nothing else.
fn without_lines(mut plan: Plan) -> Plan {
    for node in &mut plan.nodes {
        node.line = 0;
    }
    plan
}

#[test]
fn both_spellings_give_equal_plans() {
    for name in ["payment_volume", "fraud", "order_loyalty", "bike_stations", "rescheduled", "contacts"] {
        let tide = without_lines(plan(&format!("topologies/{name}/topology.tide")));
        let yaml = without_lines(plan(&format!("topologies/{name}/topology.yaml")));
        assert_eq!(tide, yaml, "{name}");
    }
    let lists = |spelling: &str| without_lines(plan(&format!("tests/topologies/lists.{spelling}")));
    assert_eq!(lists("tide"), lists("yaml"));
}

#[test]
fn explain_shows_the_plan() {
    for name in ["payment_volume", "fraud", "order_loyalty", "bike_stations", "rescheduled", "contacts"] {
        insta::assert_snapshot!(
            format!("explain_{name}"),
            explain(&plan(&format!("topologies/{name}/topology.tide")))
        );
    }
    insta::assert_snapshot!("explain_lists", explain(&plan("tests/topologies/lists.tide")));
}

/// Who is refused learns what runs.
#[test]
fn a_global_table_joined_by_a_table_is_told_what_to_do_instead() {
    let text = "topology t\ntable a: { k: string, c: string } = kafka(\"a\") key k\n\
        global table c: { c: string, n: int } = kafka(\"c\") key c\n\
        table both = a |> join c as r by c\nsink both -> kafka(\"both\", compacted)\n";
    let refusal = |text: &str| compile(&SourceFile::new("t.tide", text.to_owned()), &|_| None).refusal;
    let refused = refusal(text).expect("this version lacks it");
    assert!(refused.notes.iter().any(|note| note.contains("without `global`")), "{:?}", refused.notes);
    assert_eq!(refusal(&text.replace("global ", "")), None);
    let of_changes = "stream both = a |> changes |> join c as r on c == r.c\nsink both -> kafka(\"both\")\n";
    assert_eq!(
        refusal(&(text[..text.find("table both").expect("it is there")].to_owned() + of_changes)),
        None
    );
}

/// What the engine lacks is refused by one code, and the README says so; the others run.
#[test]
fn only_what_lacks_something_is_refused() {
    for (name, lacking) in [
        ("payment_volume", vec![]),
        ("fraud", vec![]),
        ("order_loyalty", vec![]),
        ("bike_stations", vec!["http.poll", "websocket", "serve"]),
        ("rescheduled", vec![]),
        ("contacts", vec![]),
    ] {
        for spelling in ["tide", "yaml"] {
            let compiled = compiled(&format!("topologies/{name}/topology.{spelling}"));
            let words: Vec<&str> =
                compiled.plan.expect("right").not_runnable().into_iter().map(|(_, words)| words).collect();
            assert_eq!(words, lacking, "{name}.{spelling}");
            assert_eq!(compiled.refusal.is_some(), !lacking.is_empty());
            if let Some(refusal) = compiled.refusal {
                assert_eq!(refusal.code, codes::NOT_YET);
                assert_eq!(refusal.labels.len(), lacking.len());
            }
        }
        let readme =
            std::fs::read_to_string(repository(&format!("topologies/{name}/README.md"))).expect("read");
        assert_eq!(readme.contains("It cannot run yet"), !lacking.is_empty(), "{name}");
        assert!(lacking.iter().all(|word| readme.contains(&format!("`{word}`"))), "{name}");
    }
}

#[test]
fn graph_draws_the_plan() {
    let plan = plan("topologies/fraud/topology.tide");
    insta::assert_snapshot!("graph_ascii", graph(&plan, GraphFormat::Ascii));
    insta::assert_snapshot!("graph_mermaid", graph(&plan, GraphFormat::Mermaid));
    insta::assert_snapshot!("graph_dot", graph(&plan, GraphFormat::Dot));
    insta::assert_snapshot!("graph_svg", graph(&plan, GraphFormat::Svg));
}

#[test]
fn parameters_come_from_the_environment() {
    let text = std::fs::read_to_string(repository("topologies/fraud/topology.tide")).expect("read");
    let file = SourceFile::new("fraud.tide".to_owned(), text);
    let five = compile(&file, &|_| None).plan.expect("right");
    let nine = compile(&file, &|name| (name == "MAX_PER_5M").then(|| "9".to_owned())).plan.expect("right");
    assert_ne!(five, nine);
    let wrong = compile(&file, &|_| Some("many".to_owned()));
    assert!(wrong.plan.is_none(), "`many` is no int");
}

/// Reads files of `tests/right`.
struct Right;

impl Files for Right {
    fn read(&self, path: &str) -> Result<String, String> {
        std::fs::read_to_string(repository("dsl/tests/right").join(path)).map_err(|error| error.to_string())
    }
}

fn right(name: &str) -> Compiled {
    let text = Right.read(name).expect("the file is there");
    let options = Options { environment: &|_| None, params: &BTreeMap::new(), files: &Right };
    let compiled = compile_with(&SourceFile::new(name.to_owned(), text), &options);
    let errors: Vec<_> =
        compiled.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).cloned().collect();
    assert!(errors.is_empty(), "{name}:\n{}", render(&compiled.sources, &errors));
    compiled
}

/// Every construct of the language, in both spellings: equal plans and tests, what `explain` shows, and what `run` refuses.
#[test]
fn every_construct_means_the_same_in_both_spellings() {
    for name in ["steps", "windows", "joins", "connectors", "uses", "tests", "values"] {
        let tide = right(&format!("{name}.tide"));
        let yaml = right(&format!("{name}.yaml"));
        let (tide_plan, yaml_plan) = (tide.plan.expect("right"), yaml.plan.expect("right"));
        let shown = explain(&tide_plan);
        assert!(shown == explain(&yaml_plan), "{name}: {shown}\n{}", explain(&yaml_plan));
        assert!(
            without_lines(tide_plan) == without_lines(yaml_plan),
            "{name}: the plans differ in what `explain` leaves out"
        );
        let steps = |tests: &[TestCase]| -> Vec<(String, Vec<TestStep>)> {
            tests
                .iter()
                .map(|test| (test.name.clone(), test.steps.iter().map(without_line).collect()))
                .collect()
        };
        assert_eq!(steps(&tide.tests), steps(&yaml.tests), "{name}");
        let refusal = tide.refusal.map_or_else(String::new, |refusal| render(&tide.sources, &[refusal]));
        insta::assert_snapshot!(format!("right_{name}"), format!("{refusal}{shown}"));
        assert_eq!(refusal.is_empty(), yaml.refusal.is_none(), "{name}");
    }
}

fn without_line(step: &TestStep) -> TestStep {
    let mut step = step.clone();
    match &mut step {
        TestStep::Expect { line, .. }
        | TestStep::ExpectAside { line, .. }
        | TestStep::Snapshot { line, .. } => *line = 0,
        TestStep::Feed { .. } | TestStep::AdvanceTo(_) => {}
    }
    step
}

/// The second job of the language, whole: a file that uses another, a pattern, a rolling range with a granularity.
#[test]
fn the_whole_fraud_job_is_right() {
    let compiled = right("fraud.tide");
    let words: Vec<&str> =
        compiled.plan.expect("right").not_runnable().into_iter().map(|(_, words)| words).collect();
    assert!(words.is_empty(), "{words:?}");
    assert_eq!(compiled.tests.len(), 1);
}
