//! `test` blocks: what they feed and expect, resolved. A test with cases becomes one test for each.

mod aside;
mod can_fail;
mod feed;
mod known;
mod names;
mod observed;
mod row;

use super::{Flow, Lowerer};
use crate::ast::{ExpectRowDecl, ExprKind as Ast, Name, TestCases, TestDecl, TestStepDecl};
use crate::check::expr::Checker;
use crate::check::typed::{RecordValue, Typed};
use crate::diagnostic::{Diagnostic, codes};
use crate::source::Span;
use tidegate_model::EventTime;
use tidegate_model::plan::NodeKind;
use tidegate_model::test_case::{ExpectedRow, TestCase, TestStep};

const CASES_MAX: usize = 1_000;

/// The row of a case, and the name by which a test's rows read it.
pub(super) struct Case {
    name: String,
    row: RecordValue,
}

impl Lowerer<'_> {
    /// All tests of the file.
    pub(super) fn tests(&mut self) -> Vec<TestCase> {
        let topology = self.topology;
        let tests: Vec<(&TestDecl, Vec<TestCase>)> =
            topology.tests.iter().map(|decl| (decl, self.test(decl))).collect();
        self.told_apart(&tests);
        tests.into_iter().flat_map(|(_, cases)| cases).collect()
    }

    fn test(&mut self, decl: &TestDecl) -> Vec<TestCase> {
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
        self.goes_on(decl);
        let steps = decl.steps.iter().filter_map(|step| self.test_step(step, case)).collect();
        TestCase { name, line: self.line(decl.span), steps }
    }

    /// Time never goes back.
    fn goes_on(&mut self, decl: &TestDecl) {
        let mut before: Option<(i64, Span)> = None;
        for step in &decl.steps {
            let TestStepDecl::AdvanceTo(time) = step else { continue };
            let Ast::Timestamp(micros) = time.node else { continue };
            match before {
                Some((latest, place)) if micros < latest => {
                    let diagnostic =
                        Diagnostic::error(codes::TEST, time.span, "`advance to` an earlier time than before")
                            .because(place, "here the test is later already");
                    let times_of_day = "a time without a day, such as `@10:00`, is on 2026-01-01";
                    self.diagnostics
                        .push(diagnostic.note(format!("time only goes on in a test; {times_of_day}")));
                }
                _ => before = Some((micros, time.span)),
            }
        }
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
                let rows = rows.iter().filter_map(|row| match row {
                    ExpectRowDecl::Row(row) => self.expected(row, &ty, case),
                    ExpectRowDecl::Null { key } => self.expected_deletion(stream, &flow, key),
                });
                let rows = rows.collect();
                Some(TestStep::Expect { stream: stream.node.clone(), key: key_of(&flow), rows, line })
            }
            TestStepDecl::ExpectAside { aside, of, rows } => {
                let node = self.aside_node(*aside, of)?;
                let ty = aside::aside_type();
                let line = self.line(of.span);
                let rows = rows.iter().filter_map(|row| self.expected(row, &ty, case)).collect();
                Some(TestStep::ExpectAside { aside: *aside, node, rows, line })
            }
            TestStepDecl::Snapshot { stream } => {
                let key = key_of(&self.observed(stream)?);
                Some(TestStep::Snapshot { stream: stream.node.clone(), key, line: self.line(stream.span) })
            }
        }
    }

    fn expected_deletion(&mut self, stream: &Name, flow: &Flow, key: &Name) -> Option<ExpectedRow> {
        if flow.is_table {
            return Some(ExpectedRow::deletion(&key.node));
        }
        self.diagnostics.push(
            Diagnostic::error(codes::TEST, key.span, "only a table's rows are deleted")
                .note(format!("`{}` is a stream: what it gave stays so", stream.node)),
        );
        None
    }

    fn observed(&mut self, stream: &Name) -> Option<Flow> {
        self.is_no_topic(stream)?;
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
}

/// The columns by which a table's deletions are told from each other.
fn key_of(flow: &Flow) -> Vec<usize> {
    flow.key.clone().filter(|_| flow.is_table).unwrap_or_default()
}
