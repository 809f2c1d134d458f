//! A file in, a plan and its tests out, or diagnostics.

use crate::SourceFile;
use crate::allow;
use crate::check::declared::{self, Environment, Types};
use crate::check::expr::{Checker, Globals};
use crate::diagnostic::{Diagnostic, codes};
use crate::lower;
use crate::parse::Scalar;
use crate::source::Span;
use crate::{parse, yaml};
use tidegate_model::expr::Expr;
use tidegate_model::plan::Plan;
use tidegate_model::test_case::TestCase;

/// What a file means.
pub struct Compiled {
    /// None: there are errors.
    pub plan: Option<Plan>,
    pub tests: Vec<TestCase>,
    /// Errors and warnings, in the order of the file.
    pub diagnostics: Vec<Diagnostic>,
}

/// Compiles a file; `environment` gives the values of `env("…")`.
pub fn compile(file: &SourceFile, environment: Environment<'_>) -> Compiled {
    let (topology, mut diagnostics) = if file.is_yaml() { yaml::parse(file) } else { parse::parse(file) };
    let broken = diagnostics.iter().any(Diagnostic::is_error);
    match &topology.name {
        None if !broken => {
            let diagnostic =
                Diagnostic::error(codes::MISSING_NAME, Span::new(0, 0), "the topology has no name");
            let example = if file.is_yaml() { "topology: NAME" } else { "topology NAME" };
            diagnostics.push(diagnostic.note(format!("stores, internal topics and the consumer group are named after it: `{example}` in the first line")));
        }
        _ => {}
    }
    let mut types = Types::new(&topology, &mut diagnostics);
    types.check_all(&topology, &mut diagnostics);
    let globals = declared::globals(&topology, &mut types, environment, &mut diagnostics);
    let (plan, tests) = lower::lower(file, &topology, &mut types, &globals, &mut diagnostics);
    if broken {
        // A declaration that could not be read is not declared: what follows from that alone is not told.
        diagnostics.retain(|diagnostic| {
            !matches!(diagnostic.code, codes::UNKNOWN_NAME | codes::UNKNOWN_TYPE | codes::UNUSED)
        });
    }
    allow::apply(file, &mut diagnostics);
    diagnostics.sort_by_key(|diagnostic| (diagnostic.labels[0].span.start, !diagnostic.is_error()));
    diagnostics.dedup();
    let wrong = diagnostics.iter().any(Diagnostic::is_error);
    if wrong {
        return Compiled { plan: None, tests: Vec::new(), diagnostics };
    }
    Compiled { plan: Some(plan), tests, diagnostics }
}

/// Compiles one expression that reads no event, such as `upper("a")`.
pub fn compile_expression(text: &str) -> Result<Expr, Vec<Diagnostic>> {
    let mut diagnostics = Vec::new();
    let globals = Globals::default();
    let scalar = Scalar { text, span: Span::new(0, text.len()), exact: true };
    let parsed = scalar.expr(&mut diagnostics);
    let expr = parsed.and_then(|parsed| Checker::new(&globals, &mut diagnostics, None).scalar(&parsed));
    match expr {
        Some(expr) if !diagnostics.iter().any(Diagnostic::is_error) => Ok(expr),
        _ => Err(diagnostics),
    }
}
