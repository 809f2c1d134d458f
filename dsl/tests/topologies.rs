//! The ready topologies: both spellings mean the same plan, and what `explain` and `graph` show of it is kept.

use std::path::{Path, PathBuf};
use tidegate_dsl::{Compiled, GraphFormat, SourceFile, compile, explain, graph};
use tidegate_model::plan::Plan;

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
    for name in ["payment_volume", "fraud"] {
        let tide = without_lines(plan(&format!("topologies/{name}/topology.tide")));
        let yaml = without_lines(plan(&format!("topologies/{name}/topology.yaml")));
        assert_eq!(tide, yaml, "{name}");
    }
    let lists = |spelling: &str| without_lines(plan(&format!("tests/topologies/lists.{spelling}")));
    assert_eq!(lists("tide"), lists("yaml"));
}

#[test]
fn explain_shows_the_plan() {
    for name in ["payment_volume", "fraud"] {
        insta::assert_snapshot!(
            format!("explain_{name}"),
            explain(&plan(&format!("topologies/{name}/topology.tide")))
        );
    }
    insta::assert_snapshot!("explain_lists", explain(&plan("tests/topologies/lists.tide")));
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
