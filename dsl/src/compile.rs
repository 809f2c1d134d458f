//! A file in, a plan and its tests out, or diagnostics.

use crate::allow;
use crate::ast::Topology;
use crate::check::declared::{self, Environment, Types};
use crate::check::expr::{Checker, Globals};
use crate::check::param::{Given, GivenParam};
use crate::diagnostic::{Diagnostic, codes};
use crate::facts::{Fact, Facts};
use crate::files::{Files, NoFiles};
use crate::lower::{self, Lowered, Surroundings};
use crate::parse::Scalar;
use crate::source::{SourceFile, Sources, Span};
use crate::{link, parse, yaml};
use std::collections::BTreeMap;
use tidegate_model::expr::Expr;
use tidegate_model::plan::Plan;
use tidegate_model::test_case::TestCase;

/// What a file means.
pub struct Compiled {
    /// None: there are errors, or the file is a library.
    pub plan: Option<Plan>,
    /// The file has declarations alone, no name and nothing that leaves it: it is there for others to `use`, and is right as such.
    pub is_library: bool,
    pub tests: Vec<TestCase>,
    /// Where each node of the plan stands in the files, in the plan's order.
    pub places: Vec<Span>,
    /// Errors and warnings, in the order of the files.
    pub diagnostics: Vec<Diagnostic>,
    /// What `run` and `test` say in place of starting: the plan has steps that the engine lacks.
    pub refusal: Option<Diagnostic>,
    /// The files that the diagnostics' places are in.
    pub sources: Sources,
}

/// What a file is compiled with.
pub struct Options<'a> {
    /// Gives the values of `env("…")`.
    pub environment: Environment<'a>,
    /// Values of params, in place of those in the file.
    pub params: &'a BTreeMap<String, String>,
    pub files: &'a dyn Files,
}

/// Compiles a file that stands alone; `environment` gives the values of `env("…")`.
pub fn compile(file: &SourceFile, environment: Environment<'_>) -> Compiled {
    compile_with(file, &Options { environment, params: &BTreeMap::new(), files: &NoFiles })
}

/// Compiles a file and those that it uses.
pub fn compile_with(file: &SourceFile, options: &Options<'_>) -> Compiled {
    analyse(file, options, Facts::default()).0
}

/// Compiles a file, and gives its declarations and what was found out about them too.
pub(crate) fn analyse(
    file: &SourceFile,
    options: &Options<'_>,
    facts: Facts,
) -> (Compiled, Topology, Vec<Fact>) {
    let mut sources = Sources::new(file.clone());
    let (mut topology, mut diagnostics) = parse_file(sources.own());
    let whole = !diagnostics.iter().any(Diagnostic::is_error);
    let is_library = whole && declares_alone(&topology);
    if topology.name.is_none() && whole && !is_library {
        let diagnostic = Diagnostic::error(codes::MISSING_NAME, Span::new(0, 0), "the topology has no name");
        let example = if file.is_yaml() { "topology: NAME" } else { "topology NAME" };
        diagnostics.push(diagnostic.note(format!(
            "stores, internal topics and the consumer group are named after it: `{example}` in the first line"
        )));
    }
    link::link(&mut topology, &mut sources, options.files, &facts, &mut diagnostics);
    let broken =
        diagnostics.iter().any(|diagnostic| diagnostic.is_error() && diagnostic.code != codes::MISSING_NAME);
    let mut types = Types::new(&topology, &mut diagnostics);
    types.check_all(&topology, &mut diagnostics);
    let params = options.params.iter().filter_map(|(name, value)| GivenParam::new(name, value, &mut sources));
    let params: Vec<GivenParam> = params.collect();
    let given = Given { environment: options.environment, params: &params, facts: facts.clone() };
    let globals = declared::globals(&topology, &mut types, &given, &mut diagnostics);
    let surroundings =
        Surroundings { sources: &sources, environment: options.environment, files: options.files };
    let Lowered { plan, tests, places, refusal } =
        lower::lower(&surroundings, &topology, &mut types, &globals, &mut diagnostics);
    if broken {
        // A declaration that could not be read is not declared: what follows from that alone is not told.
        diagnostics.retain(|diagnostic| {
            !matches!(diagnostic.code, codes::UNKNOWN_NAME | codes::UNKNOWN_TYPE | codes::UNUSED)
        });
    }
    if is_library {
        // Who uses the file reads what it declares.
        diagnostics.retain(|diagnostic| diagnostic.code != codes::UNUSED);
    }
    yaml::told_of_quotes(&sources, &mut diagnostics);
    for file in sources.files() {
        allow::apply(file, &sources, &mut diagnostics);
    }
    diagnostics.sort_by_key(|diagnostic| (diagnostic.labels[0].span.start, !diagnostic.is_error()));
    diagnostics.dedup();
    let wrong = diagnostics.iter().any(Diagnostic::is_error);
    let compiled = if wrong || is_library {
        let is_library = is_library && !wrong;
        let (tests, places) = (Vec::new(), Vec::new());
        Compiled { plan: None, is_library, tests, places, diagnostics, refusal: None, sources }
    } else {
        Compiled { plan: Some(plan), is_library, tests, places, diagnostics, refusal, sources }
    };
    (compiled, topology, facts.take())
}

/// Nothing here runs by itself; what is declared is for the files that use this one.
fn declares_alone(topology: &Topology) -> bool {
    let declares = !topology.types.is_empty()
        || !topology.params.is_empty()
        || !topology.functions.is_empty()
        || !topology.sources.is_empty()
        || !topology.tables.is_empty()
        || !topology.streams.is_empty();
    let runs = topology.name.is_some()
        || !topology.sinks.is_empty()
        || !topology.serves.is_empty()
        || !topology.tests.is_empty();
    declares && !runs
}

/// Parses one file, in the spelling that its name says.
pub(crate) fn parse_file(file: &SourceFile) -> (crate::ast::Topology, Vec<Diagnostic>) {
    if file.is_yaml() { yaml::parse(file) } else { parse::parse(file) }
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
