//! What a test feeds: rows, records as they are, the lines of a file.

use super::Case;
use super::known;
use super::row::Purpose;
use crate::ast::{Expr, ExprKind, FeedRowDecl, Name, RecordEntry};
use crate::diagnostic::{Diagnostic, codes};
use crate::files::beside;
use crate::lower::{Flow, Lowerer};
use tidegate_model::plan::NodeKind;
use tidegate_model::test_case::{FeedRow, TestStep};

const DATA_BYTES_MAX: usize = 16 << 20;

/// An input that a test can feed.
struct Input {
    flow: Flow,
    key: Option<usize>,
    is_table: bool,
}

impl Lowerer<'_> {
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

    pub(super) fn feed(
        &mut self,
        name: &Name,
        rows: &[FeedRowDecl],
        case: Option<&Case>,
    ) -> Option<TestStep> {
        let input = self.input(name)?;
        let ty = input.flow.ty();
        let mut fed = Vec::new();
        for row in rows {
            match row {
                FeedRowDecl::Null { key } => {
                    if !input.is_table {
                        self.diagnostics.push(
                            Diagnostic::error(codes::TEST, key.span, "only a table's rows are deleted")
                                .note(format!("`{}` is a source: what happened stays so; rows that are deleted are those of a `table`", name.node)),
                        );
                    }
                    fed.push(FeedRow { key: Some(key.node.clone()), payload: None, is_record: false });
                }
                FeedRowDecl::Raw { text, key } => fed.push(FeedRow {
                    key: key.as_ref().map(|key| key.node.clone()),
                    payload: Some(text.node.clone()),
                    is_record: false,
                }),
                FeedRowDecl::Row(expr) => {
                    known::note(&self.globals.facts, expr, &ty);
                    let told = self.diagnostics.len();
                    let Some(row) = self.row(expr, &ty, Purpose::Feed, case) else {
                        if input.is_table {
                            self.null_for_a_row(name, expr, told);
                        }
                        continue;
                    };
                    let key = input.key.and_then(|key| row.text(&input.flow.schema.columns[key].path));
                    fed.push(FeedRow { key, payload: Some(row.json()), is_record: true });
                }
            }
        }
        Some(TestStep::Feed { input: name.node.clone(), rows: fed })
    }

    /// `{ card: "c1", reason: null }`: who writes this may mean that the row goes.
    fn null_for_a_row(&mut self, table: &Name, row: &Expr, told: usize) {
        let ExprKind::Record(entries) = &row.node else { return };
        let nulls: Vec<_> = entries
            .iter()
            .filter_map(|entry| match entry {
                RecordEntry::Field(_, value) if value.node == ExprKind::Null => Some(value.span),
                _ => None,
            })
            .collect();
        for diagnostic in &mut self.diagnostics[told..] {
            if nulls.contains(&diagnostic.labels[0].span) {
                let note = format!("a row is deleted by its key: `{} <- null key \"…\"`", table.node);
                diagnostic.notes.push(note);
            }
        }
    }

    /// Each line of the file is a record, as it stands: what is wrong with one shows in the test, as it would from a topic.
    pub(super) fn feed_file(&mut self, name: &Name, file: &Name) -> Option<TestStep> {
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
        return FeedRow { key: Some(key.to_owned()), payload, is_record: false };
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
    FeedRow { key, payload: Some(line.to_owned()), is_record: false }
}
