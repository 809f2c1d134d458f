//! What expressions are evaluated with: declarations, the event, names. One row for the engine's own evaluator.

use super::answer::Answer;
use crate::load;
use std::path::Path;
use std::sync::Arc;
use tidegate_dsl::diagnostic::render;
use tidegate_dsl::{Checked, Refused, Session};
use tidegate_engine::batch::{Batch, Column};
use tidegate_engine::decode::JsonDecoder;
use tidegate_engine::expression::{Compiled, RowErrors};
use tidegate_engine::limits::Limits;
use tidegate_model::EventTime;

/// What an expression is called where a message shows its place.
const NAME: &str = "expression";

#[derive(Default)]
pub(crate) struct Context {
    session: Session,
    /// The event's type was said by name, and stays.
    is_declared: bool,
    /// The columns of the event; None: it has no values yet.
    event: Option<Vec<Arc<Column>>>,
    bound: Vec<(String, Arc<Column>)>,
}

impl Context {
    pub(super) fn of_file(path: &Path, params: &load::Params) -> Result<Context, String> {
        match load::session(path, params) {
            Err(error) => Err(format!("error: {error:#}\n")),
            Ok(Ok(session)) => Ok(Context { session, ..Context::default() }),
            Ok(Err(compiled)) => {
                let shown = render(&compiled.sources, &compiled.diagnostics);
                let name = &compiled.sources.own().name;
                Err(format!("{shown}{name}: {}\n", load::summary(&compiled.diagnostics)))
            }
        }
    }

    /// What an event is was declared in the session.
    pub(crate) fn of_declared(session: Session) -> Context {
        Context { session, is_declared: true, ..Context::default() }
    }

    pub(super) fn declare_event(&mut self, name: &str) -> Result<(), String> {
        self.session.declare_event(name)?;
        self.is_declared = true;
        Ok(())
    }

    /// The event is read as a source reads a record, so it can be malformed.
    pub(crate) fn set_event(&mut self, json: &str) -> Result<(), String> {
        if !self.is_declared {
            self.session.infer_event(json)?;
            self.event = None;
        }
        let schema = self.session.event_schema();
        let needed = vec![true; schema.columns.len()];
        let mut decoder = JsonDecoder::new(&schema, &needed, None, Limits::default().record_bytes);
        decoder
            .push(json.as_bytes(), None)
            .map_err(|error| format!("malformed ({}): {}", error.code, error.message))?;
        self.event = Some(decoder.finish().into_iter().map(Arc::new).collect());
        Ok(())
    }

    pub(super) fn has_event(&self) -> bool {
        self.session.event_type().is_some()
    }

    pub(crate) fn check(&self, text: &str) -> Result<Checked, Refused> {
        self.session.check(NAME, text)
    }

    pub(crate) fn answer(&self, text: &str) -> Answer {
        match self.check(text) {
            Err(refused) => Answer::Refused { refused, is_without_event: !self.has_event() },
            Ok(checked) => self.evaluate(&checked),
        }
    }

    fn evaluate(&self, checked: &Checked) -> Answer {
        if checked.reads_event && self.event.is_none() {
            return Answer::NoEvent { ty: self.session.event_type().unwrap_or_default(), how: String::new() };
        }
        let columns = self.session.event_schema().columns.len();
        // Columns that nobody reads need no values.
        let event =
            self.event.clone().unwrap_or_else(|| (0..columns).map(|_| Arc::new(Column::absent())).collect());
        let times = Arc::new(vec![EventTime::from_micros(0)]);
        let batch = Batch {
            columns: event.into_iter().chain(self.bound.iter().map(|(_, column)| column.clone())).collect(),
            times: times.clone(),
            watermarks: times,
            selection: vec![0],
            raw: None,
            deleted: None,
            origin: None,
        };
        let mut errors = RowErrors::default();
        let result = Compiled::new(&checked.expr).eval(&batch, &[0], &mut errors);
        if let Some((_, error)) = errors.first_of_each_row().first() {
            return Answer::Failed { code: error.code(), message: error.to_string() };
        }
        let value = result.value(0, checked.expr.ty);
        Answer::Value { value, ty: checked.expr.ty, shown: checked.ty.clone() }
    }

    /// From now on a name stands for a value.
    pub(super) fn bind(&mut self, name: &str, text: &str) -> Answer {
        let checked = match self.check(text) {
            Err(refused) => return Answer::Refused { refused, is_without_event: !self.has_event() },
            Ok(checked) => checked,
        };
        let answer = self.evaluate(&checked);
        if let Answer::Value { value, ty, .. } = &answer {
            let mut column = Column::new(*ty);
            column.push(value);
            self.session.bind(name, &checked);
            self.bound.retain(|(known, _)| known != name);
            self.bound.push((name.to_owned(), Arc::new(column)));
        }
        answer
    }
}
