//! `test` blocks: what they feed and expect, resolved. A test with cases becomes one test for each.

mod known;
mod row;

use super::{Flow, Lowerer};
use crate::ast::{self, Aside, ExprKind as Ast, FeedRowDecl, Name, TestCases, TestDecl, TestStepDecl};
use crate::check::expr::Checker;
use crate::check::typed::{RecordValue, Type, Typed};
use crate::diagnostic::{Diagnostic, codes, did_you_mean};
use crate::files::beside;
use tidegate_model::plan::NodeKind;
use tidegate_model::test_case::{FeedRow, TestCase, TestStep};
use tidegate_model::{EventTime, ScalarType};

const CASES_MAX: usize = 1_000;
const DATA_BYTES_MAX: usize = 16 << 20;

/// The row of a case, and the name by which a test's rows read it.
pub(super) struct Case {
    name: String,
    row: RecordValue,
}

/// An input that a test can feed.
struct Input {
    flow: Flow,
    key: Option<usize>,
    is_table: bool,
}

impl Lowerer<'_> {
    pub(super) fn test(&mut self, decl: &TestDecl) -> Vec<TestCase> {
        let told = self.diagnostics.len();
        let tests = match &decl.cases {
            None => vec![self.one_test(decl, None, decl.name.node.clone())],
            Some(cases) => {
                let mut tests = Vec::new();
                for (number, case) in self.cases(cases).iter().enumerate() {
                    let name = format!("{} [case {}]", decl.name.node, number + 1);
                    tests.push(self.one_test(decl, Some(case), name));
                    if self.diagnostics[told..].iter().any(Diagnostic::is_error) {
                        // What is wrong with one case is most often wrong with all.
                        break;
                    }
                }
                tests
            }
        };
        let wrong = self.diagnostics[told..].iter().any(Diagnostic::is_error);
        if wrong { Vec::new() } else { tests }
    }

    fn cases(&mut self, cases: &TestCases) -> Vec<Case> {
        if cases.rows.len() > CASES_MAX {
            self.error(codes::TOO_LARGE, cases.name.span, format!("more than {CASES_MAX} cases"));
            return Vec::new();
        }
        let mut all: Vec<Case> = Vec::new();
        for row in &cases.rows {
            let mut checker = Checker::new(self.globals, self.diagnostics, None);
            let Typed::Record(record) = checker.check(row) else { return Vec::new() };
            if let Some(first) = all.first() {
                let names = |record: &RecordValue| -> Vec<String> {
                    let mut names: Vec<String> = record.fields.iter().map(|(name, _)| name.clone()).collect();
                    names.sort();
                    names
                };
                if names(&first.row) != names(&record) {
                    self.diagnostics.push(
                        Diagnostic::error(codes::TEST, row.span, "this case has other fields than the first")
                            .because(cases.rows[0].span, "the first case"),
                    );
                    return Vec::new();
                }
            }
            all.push(Case { name: cases.name.node.clone(), row: record });
        }
        all
    }

    fn one_test(&mut self, decl: &TestDecl, case: Option<&Case>, name: String) -> TestCase {
        let steps = decl.steps.iter().filter_map(|step| self.test_step(step, case)).collect();
        TestCase { name, line: self.line(decl.span), steps }
    }

    fn test_step(&mut self, step: &TestStepDecl, case: Option<&Case>) -> Option<TestStep> {
        match step {
            TestStepDecl::Feed { input, rows } => self.feed(input, rows, case),
            TestStepDecl::FeedFile { input, file } => self.feed_file(input, file),
            TestStepDecl::AdvanceTo(time) => match time.node {
                Ast::Timestamp(micros) => Some(TestStep::AdvanceTo(EventTime::from_micros(micros))),
                _ => None,
            },
            TestStepDecl::Expect { stream, rows } => {
                let flow = self.observed(stream)?;
                let ty = flow.ty();
                let line = self.line(stream.span);
                let rows = rows.iter().filter_map(|row| self.expected(row, &ty, case)).collect();
                Some(TestStep::Expect { stream: stream.node.clone(), rows, line })
            }
            TestStepDecl::ExpectAside { aside, of, rows } => {
                let node = self.aside_node(*aside, of)?;
                let ty = aside_type();
                let line = self.line(of.span);
                let rows = rows.iter().filter_map(|row| self.expected(row, &ty, case)).collect();
                Some(TestStep::ExpectAside { aside: *aside, node, rows, line })
            }
            TestStepDecl::Snapshot { stream } => {
                self.observed(stream)?;
                Some(TestStep::Snapshot { stream: stream.node.clone(), line: self.line(stream.span) })
            }
        }
    }

    fn observed(&mut self, stream: &Name) -> Option<Flow> {
        let flow = self.flow(stream)?;
        if matches!(self.nodes[flow.node.0 as usize].kind, NodeKind::Table(_)) {
            self.error(
                codes::TEST,
                stream.span,
                format!("`{}` is a table that is read from a topic: nothing comes out of it", stream.node),
            );
            return None;
        }
        Some(flow)
    }

    /// The node at which events are set aside: `expect malformed of payments`, `expect errors of alerts.map`, `expect late of hourly`.
    fn aside_node(&mut self, aside: Aside, of: &ast::Path) -> Option<String> {
        let name = of.node.join(".");
        let fits = |kind: &NodeKind| match aside {
            Aside::Malformed => {
                matches!(kind, NodeKind::Source(_) | NodeKind::Table(_) | NodeKind::HttpPoll(_))
            }
            Aside::Late => matches!(kind, NodeKind::Aggregate(aggregate) if aggregate.window.is_some()),
            Aside::Errors => matches!(
                kind,
                NodeKind::Filter(_)
                    | NodeKind::Map(_)
                    | NodeKind::Aggregate(_)
                    | NodeKind::Rolling(_)
                    | NodeKind::JoinTable(_)
                    | NodeKind::JoinStreams(_)
                    | NodeKind::JoinTables(_)
                    | NodeKind::Match(_)
                    | NodeKind::Dedupe(_)
                    | NodeKind::Latest(_)
                    | NodeKind::Changes(_)
                    | NodeKind::Top(_)
                    | NodeKind::Schedule(_)
            ),
        };
        let found: Vec<&str> =
            self.nodes.iter().filter(|node| fits(&node.kind)).map(|node| node.name.as_str()).collect();
        // A stream's name stands for its only step of the kind.
        let inside = format!("{name}.");
        let of_stream: Vec<&str> = found.iter().copied().filter(|node| node.starts_with(&inside)).collect();
        let chosen = match (found.iter().find(|node| **node == name), &of_stream[..]) {
            (Some(exact), _) => Some((*exact).to_owned()),
            (None, [only]) => Some((*only).to_owned()),
            _ => None,
        };
        if let Some(chosen) = chosen {
            self.used.insert(of.node[0].clone());
            return Some(chosen);
        }
        let message = match aside {
            Aside::Malformed => {
                format!("`{name}` is no source and no table that is read: nothing is malformed there")
            }
            Aside::Late => format!("there is no windowed `aggregate` named `{name}`: nothing is late there"),
            Aside::Errors => format!("there is no step `{name}` whose expressions could fail"),
        };
        let diagnostic = Diagnostic::error(codes::TEST, of.span, message);
        let diagnostic = match did_you_mean(&name, found.iter().copied()) {
            Some(meant) => diagnostic.here(format!("did you mean `{meant}`?")),
            None if !of_stream.is_empty() => {
                diagnostic.note(format!("say which: {}", crate::check::expr::list(&of_stream)))
            }
            None if found.is_empty() => diagnostic,
            None => diagnostic.note(format!("there is {}", crate::check::expr::list(&found))),
        };
        self.diagnostics.push(diagnostic);
        None
    }

    fn input(&mut self, input: &Name) -> Option<Input> {
        let flow = self.flow(input)?;
        let (key, is_table) = match &self.nodes[flow.node.0 as usize].kind {
            NodeKind::Source(source) if self.nodes[flow.node.0 as usize].name == input.node => {
                (source.key, false)
            }
            NodeKind::HttpPoll(source) => (source.key, false),
            NodeKind::Generate(source) => (source.key, false),
            NodeKind::Table(table) => (Some(table.key), true),
            _ => {
                self.diagnostics.push(
                    Diagnostic::error(
                        codes::TEST,
                        input.span,
                        format!("`{}` is no source and no table: a test cannot feed it", input.node),
                    )
                    .note("feed what it is made from"),
                );
                return None;
            }
        };
        Some(Input { flow, key, is_table })
    }

    fn feed(&mut self, name: &Name, rows: &[FeedRowDecl], case: Option<&Case>) -> Option<TestStep> {
        let input = self.input(name)?;
        let ty = input.flow.ty();
        let mut fed = Vec::new();
        for row in rows {
            match row {
                FeedRowDecl::Null { key } => {
                    if !input.is_table {
                        self.error(codes::TEST, key.span, "only a table's rows are deleted");
                    }
                    fed.push(FeedRow { key: Some(key.node.clone()), payload: None });
                }
                FeedRowDecl::Raw { text, key } => fed.push(FeedRow {
                    key: key.as_ref().map(|key| key.node.clone()),
                    payload: Some(text.node.clone()),
                }),
                FeedRowDecl::Row(expr) => {
                    known::note(&self.globals.facts, expr, &ty);
                    let Some(row) = self.row(expr, &ty, false, case) else { continue };
                    let key = input.key.and_then(|key| row.text(&input.flow.schema.columns[key].path));
                    fed.push(FeedRow { key, payload: Some(row.json()) });
                }
            }
        }
        Some(TestStep::Feed { input: name.node.clone(), rows: fed })
    }

    /// Each line of the file is a record, as it stands: what is wrong with one shows in the test, as it would from a topic.
    fn feed_file(&mut self, name: &Name, file: &Name) -> Option<TestStep> {
        let input = self.input(name)?;
        let own = self.sources.own().base;
        let from = self.sources.file_of(file.span).1;
        // Paths are those from the topology's folder; a used file cannot have tests.
        assert_eq!(from.base, own, "tests of used files are left out");
        let text = match beside("", &file.node).map_err(str::to_owned).and_then(|path| self.files.read(&path))
        {
            Ok(text) => text,
            Err(why) => {
                self.error(codes::TEST, file.span, format!("`{}` cannot be read: {why}", file.node));
                return None;
            }
        };
        if text.len() > DATA_BYTES_MAX {
            self.error(
                codes::TOO_LARGE,
                file.span,
                format!("`{}` has more than 16 MiB; a test needs less", file.node),
            );
            return None;
        }
        let path = input.key.map(|key| input.flow.schema.columns[key].path.as_str());
        let rows =
            text.lines().filter(|line| !line.trim().is_empty()).map(|line| record(line, path)).collect();
        Some(TestStep::Feed { input: name.node.clone(), rows })
    }
}

/// A line of a data file: `KEY<TAB>JSON`, or JSON with the key inside of it. `null` behind a key deletes.
fn record(line: &str, path: Option<&str>) -> FeedRow {
    let line = line.trim();
    let own_key = line.split_once('\t').filter(|_| !line.starts_with(['{', '[', '"']));
    if let Some((key, payload)) = own_key {
        let payload = (payload != "null").then(|| payload.to_owned());
        return FeedRow { key: Some(key.to_owned()), payload };
    }
    let row: Option<serde_json::Value> = serde_json::from_str(line).ok();
    let field = path
        .zip(row.as_ref())
        .and_then(|(path, row)| path.split('.').try_fold(row, |value, name| value.get(name)));
    let key = match field {
        None | Some(serde_json::Value::Null) => None,
        Some(serde_json::Value::String(text)) => Some(text.clone()),
        Some(other) => Some(other.to_string()),
    };
    FeedRow { key, payload: Some(line.to_owned()) }
}

/// What an expectation of events that were set aside can say of each.
fn aside_type() -> Type {
    let text = |nullable| Type::Scalar { ty: ScalarType::String, nullable };
    let fields = [("code", false), ("message", false), ("step", false), ("key", true), ("value", true)];
    Type::Record {
        fields: fields.into_iter().map(|(name, nullable)| (name.to_owned(), text(nullable))).collect(),
        nullable: false,
    }
}
