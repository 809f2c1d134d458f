//! The examples of the aggregates' pages, run as topologies: through a repartition with partial aggregates, and as `rolling`.

mod support;

use std::fmt::Write;
use std::process::Command;
use support::{repository, tidegate};
use tidegate_dsl::compile_expression;
use tidegate_functions::{Example, Outcome, aggregates};
use tidegate_model::ScalarType;

/// The fields of the events of an example, as a record type declares them.
fn fields(example: &Example) -> String {
    let list = compile_expression(example.events).expect("the events are a list");
    let ScalarType::List(element) = list.ty else { panic!("{} is no list", example.events) };
    match element.ty {
        ScalarType::Record(record) => {
            let fields = record.fields.iter().map(|field| format!("{}: {}", field.name, field.element));
            fields.collect::<Vec<_>>().join(", ")
        }
        _ => format!("x: {element}"),
    }
}

/// A topology in which the example's events are the elements of one list.
fn topology(example: &Example, result: &str) -> String {
    let fields = fields(example);
    let is_record = example.events.contains('{');
    let (ty, spread) = if is_record {
        (format!("{{ {fields} }}"), "..e, key")
    } else {
        (fields[3..].to_owned(), "x: e, key")
    };
    let mut text = format!("topology examples\ntype Row {{ id: string, key: string, list: [{ty}] }}\n");
    let _ = writeln!(text, "source rows: Row = embedded(\"rows\") key id\n  malformed -> embedded(\"bad\")");
    let _ = writeln!(text, "stream events = rows |> expand list as e |> map {{ {spread}, id }}");
    let _ = writeln!(
        text,
        "stream grouped = events |> group by key |> aggregate {{ result: {} }} |> emit changes",
        example.call
    );
    let _ = writeln!(
        text,
        "stream rolled = events |> rolling 1h by id {{ result: {} }} |> select id, result",
        example.call
    );
    let _ = writeln!(
        text,
        "test \"example\" {{\n  rows <- {{ id: \"i\", key: \"k\", list: {} }}",
        example.events
    );
    let _ = writeln!(text, "  expect grouped == [ {{ key: \"k\", result: {result} }} ]\n}}");
    text
}

fn test(text: &str) -> (bool, String) {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("examples.tide");
    std::fs::write(&file, text).expect("written");
    let output = Command::new(tidegate())
        .arg("test")
        .arg(&file)
        .current_dir(repository(""))
        .output()
        .expect("it runs");
    let told = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&told).into_owned())
}

#[test]
fn every_example_of_an_aggregate_gives_what_its_page_says() {
    let mut wrong = Vec::new();
    for example in aggregates().iter().flat_map(|function| function.examples) {
        let (right, told) = match example.outcome {
            Outcome::Value(value) => test(&topology(example, value)),
            Outcome::Refused(message) => {
                let (passed, told) = test(&topology(example, "null"));
                (!passed && told.contains(message), told)
            }
            Outcome::Error(error) => panic!("aggregates set no events aside: {error:?}"),
        };
        if !right {
            wrong.push(format!("{} of {}: {told}", example.call, example.events));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
