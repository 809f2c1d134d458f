//! What a file means, in a form that can be compared: the plan and the tests, without their lines; or what is wrong.

use std::collections::BTreeMap;
use tidegate_dsl::diagnostic::{Diagnostic, render, render_github, render_json, render_sarif, render_short};
use tidegate_dsl::source::Span;
use tidegate_dsl::{Compiled, GraphFormat, NoFiles, Options, SourceFile, compile_with, explain, graph};
use tidegate_model::plan::Plan;
use tidegate_model::test_case::{TestCase, TestStep};

const OPTIONS: Options<'static> =
    Options { environment: &|_| None, params: &BTreeMap::new(), files: &NoFiles };

/// Compiles a file and looks at all that comes of it as the tools do: nothing may panic, and every place lies in the file.
pub(crate) fn compiled(file: &SourceFile) -> Compiled {
    let compiled = compile_with(file, &OPTIONS);
    let (sources, diagnostics) = (&compiled.sources, &compiled.diagnostics);
    for diagnostic in diagnostics {
        for label in &diagnostic.labels {
            hold_in(file, label.span, diagnostic);
        }
        if let Some(edit) = diagnostic.edit(sources) {
            hold_in(file, edit.span, diagnostic);
        }
    }
    render(sources, diagnostics);
    render_short(sources, diagnostics);
    render_github(sources, diagnostics);
    render_json(sources, diagnostics);
    render_sarif(&[(sources, diagnostics)]);
    let wrong = diagnostics.iter().any(Diagnostic::is_error);
    assert!(
        wrong != (compiled.plan.is_some() || compiled.is_library),
        "there is a plan, or an error, or a file for others to use: {diagnostics:?}"
    );
    if let Some(plan) = &compiled.plan {
        explain(plan);
        for format in [GraphFormat::Ascii, GraphFormat::Mermaid, GraphFormat::Dot, GraphFormat::Svg] {
            graph(plan, format);
        }
    }
    compiled
}

fn hold_in(file: &SourceFile, span: Span, diagnostic: &Diagnostic) {
    let (start, end) = (span.start as usize, span.end as usize);
    let whole = file.text.get(start..end).is_some();
    assert!(whole, "{start}..{end} is no place in the file, or within a character: {diagnostic:?}");
}

/// Rows that are fed one behind the other are one step: YAML has a step for each.
pub(crate) fn meaning(compiled: &Compiled) -> Option<(Plan, Vec<TestCase>)> {
    let mut plan = compiled.plan.clone()?;
    for node in &mut plan.nodes {
        node.line = 0;
    }
    let mut tests = compiled.tests.clone();
    for test in &mut tests {
        test.line = 0;
        let mut joined: Vec<TestStep> = Vec::new();
        for mut step in std::mem::take(&mut test.steps) {
            if let TestStep::Expect { line, .. }
            | TestStep::ExpectAside { line, .. }
            | TestStep::Snapshot { line, .. } = &mut step
            {
                *line = 0;
            }
            match (joined.last_mut(), step) {
                (Some(TestStep::Feed { input, rows }), TestStep::Feed { input: next, rows: more })
                    if *input == next =>
                {
                    rows.extend(more);
                }
                (_, step) => joined.push(step),
            }
        }
        test.steps = joined;
    }
    Some((plan, tests))
}
