//! `join` and `left join` of a stream with a table, by the table's key: each event meets the row as it is when the event is read.
//!
//! The rows of a topic's table are in the table's own store; those of a table that is made from a stream are kept here.

use crate::batch::{Batch, Column, ColumnData};
use crate::expression::{Compiled, RowErrors, remove_failed};
use crate::key_columns::{KeyColumns, encode_keys};
use crate::operator::{Context, Operator, TaskError};
use crate::route::Route;
use crate::row_codec::RowCodec;
use crate::table_changes::TableKey;
use crate::table_rows::{RowBytes, TableRows};
use crate::versions::Versions;
use std::sync::Arc;
use tidegate_model::expr::Expr;
use tidegate_model::{EventTime, NodeId, Span, plan};
use tidegate_state::{Keys, Overlay, Store, WriteSet};

/// Where the table's rows are.
pub enum Rows {
    /// In the store of a table of the task, by its number in the graph.
    OfTopic(usize),
    /// In memory, all of them.
    Global(NodeId),
    /// In the join's own store; they come by the second port.
    Derived(Box<TableRows>, TableKey),
    /// As derived ones, those of earlier times, too.
    Versions(Box<History>),
}

/// The rows of a table as they have been, for the events of a time.
pub struct History {
    pub rows: Overlay<Versions>,
    pub codec: RowCodec,
    pub key: TableKey,
    /// How far back from the newest row of the table it reaches. None: to the first row.
    pub length: Option<Span>,
    newest: EventTime,
    /// The event's time for which it is asked.
    as_of: Compiled,
}

impl History {
    pub fn new(
        rows: Overlay<Versions>,
        codec: RowCodec,
        key: TableKey,
        length: Option<Span>,
        as_of: &Expr,
    ) -> History {
        History { rows, codec, key, length, newest: EventTime::MIN, as_of: Compiled::new(as_of) }
    }

    fn take(
        &mut self,
        batch: &Batch,
        store: &Store,
        keys: &mut Keys,
        slots: &mut Vec<u32>,
    ) -> Result<(), TaskError> {
        encode_keys(batch, &self.key.of(batch), keys);
        slots.clear();
        self.rows.resolve(store, keys, slots)?;
        for (&row, &slot) in batch.selection.iter().zip(&*slots) {
            let (row, time) = (row as usize, batch.times[row as usize]);
            self.newest = self.newest.max(time);
            let version = (!batch.is_deleted(row)).then(|| {
                let mut bytes = Vec::new();
                self.codec.encode(&batch.columns, row, &mut bytes);
                RowBytes(bytes.into())
            });
            let versions = self.rows.modify(slot).get_or_insert_default();
            versions.insert(time, version);
            if let Some(length) = self.length {
                versions.forget_before(Versions::reach(self.newest, length));
            }
        }
        Ok(())
    }
}

pub struct Join {
    rows: Rows,
    key: KeyColumns,
    left: bool,
    /// Of a left join: over the joined columns; without it true a row is no match.
    condition: Option<Compiled>,
    /// Columns of the stream.
    width: usize,
    errors: Route,
    keys: Keys,
    slots: Vec<u32>,
}

impl Join {
    /// `width`: the columns of the stream that come in.
    pub fn new(join: &plan::JoinTable, rows: Rows, width: usize, errors: Route) -> Join {
        Join {
            rows,
            key: KeyColumns::new(&join.key),
            left: join.left,
            condition: join.condition.as_ref().map(Compiled::new),
            width,
            errors,
            keys: Keys::default(),
            slots: Vec::new(),
        }
    }

    /// The table's rows change.
    fn take(&mut self, batch: &Batch, context: &mut Context<'_>) -> Result<(), TaskError> {
        let (rows, key) = match &mut self.rows {
            Rows::Derived(rows, key) => (rows, key),
            Rows::Versions(history) => {
                return history.take(batch, context.store, &mut self.keys, &mut self.slots);
            }
            Rows::OfTopic(_) | Rows::Global(_) => {
                panic!("the rows of a topic's table are read from its store, not from its batches")
            }
        };
        encode_keys(batch, &key.of(batch), &mut self.keys);
        self.slots.clear();
        rows.overlay.resolve(context.store, &self.keys, &mut self.slots)?;
        for (&row, &slot) in batch.selection.iter().zip(&self.slots) {
            let (row, time) = (row as usize, batch.times[row as usize]);
            let now = (!batch.is_deleted(row)).then(|| rows.encode(&batch.columns, row, time));
            *rows.overlay.modify(slot) = now;
        }
        Ok(())
    }

    /// A row for which the condition is not true is no match: the event stands alone.
    fn unmatch(&self, batch: &mut Batch, context: &mut Context<'_>) -> Result<(), TaskError> {
        let Some(condition) = &self.condition else { return Ok(()) };
        let mut errors = RowErrors::default();
        let ColumnData::Bool(presence) = &batch.columns[self.width].data else {
            panic!("a left join has a presence")
        };
        let mut matches: Vec<u32> =
            batch.selection.iter().copied().filter(|row| presence[*row as usize]).collect();
        let before = matches.clone();
        condition.filter(batch, &mut matches, &mut errors);
        self.errors.settle(batch, &errors, context)?;
        remove_failed(&mut matches, &errors);
        let alone: Vec<u32> = before.into_iter().filter(|row| matches.binary_search(row).is_err()).collect();
        if alone.is_empty() {
            return Ok(());
        }
        let (_, joined) = batch.columns.split_at_mut(self.width);
        let (presence, rest) = joined.split_first_mut().expect("a presence and the table's columns");
        let ColumnData::Bool(presence) = &mut Arc::make_mut(presence).data else {
            panic!("a presence is a bool")
        };
        for row in &alone {
            presence[*row as usize] = false;
        }
        for column in rest.iter_mut().filter(|column| !matches!(column.data, ColumnData::Absent)) {
            let column = Arc::make_mut(column);
            for row in &alone {
                column.set_null(*row as usize);
            }
        }
        Ok(())
    }
}

/// The rows of keys, and what they are read with.
fn find<'a>(
    rows: &'a mut TableRows,
    store: &Store,
    keys: &Keys,
    slots: &mut Vec<u32>,
) -> Result<(&'a RowCodec, Vec<Option<&'a [u8]>>), TaskError> {
    rows.overlay.resolve(store, keys, slots)?;
    Ok((&rows.codec, slots.iter().map(|slot| rows.row(*slot)).collect()))
}

impl Operator for Join {
    fn takes_deletions(&self) -> bool {
        true
    }

    fn on_batch(
        &mut self,
        port: usize,
        mut batch: Batch,
        context: &mut Context<'_>,
    ) -> Result<(), TaskError> {
        if port == 1 {
            return self.take(&batch, context);
        }
        // The stream may be a table's changes, and is worked on as events.
        batch.take_deletions();
        let mut errors = RowErrors::default();
        let key = self.key.evaluate(&batch, &mut errors);
        let asked = match &self.rows {
            Rows::Versions(history) => Some(history.as_of.eval(&batch, &batch.selection, &mut errors)),
            _ => None,
        };
        self.errors.settle(&mut batch, &errors, context)?;
        encode_keys(&batch, &key, &mut self.keys);
        self.slots.clear();
        let (store, keys, slots) = (context.store, &self.keys, &mut self.slots);
        let global;
        let (codec, found) = match &mut self.rows {
            Rows::OfTopic(table) => find(&mut context.tables[*table], store, keys, slots)?,
            Rows::Derived(rows, _) => find(rows, store, keys, slots)?,
            Rows::Versions(history) => {
                history.rows.resolve(store, keys, slots)?;
                let asked = asked.as_ref().expect("the times were worked out");
                let ColumnData::Int(times) = &asked.data else { panic!("the check asks for a timestamp") };
                let at = |(slot, row): (&u32, &u32)| {
                    let row = history.rows.get(*slot)?.at(EventTime::from_micros(times[*row as usize]))?;
                    Some(&row.0[..])
                };
                (&history.codec, slots.iter().zip(&batch.selection).map(at).collect())
            }
            Rows::Global(id) => {
                let (codec, rows) =
                    context.globals.find(*id, (0..keys.len()).map(|index| keys.get(index)))?;
                global = rows;
                (codec, global.iter().map(|row| Some(&row.as_ref()?.0[..])).collect())
            }
        };

        let mut builders = codec.builders();
        let mut presence = Vec::with_capacity(batch.rows());
        let mut selection = Vec::with_capacity(batch.selection.len());
        let mut physical = 0;
        for (&row, found) in batch.selection.iter().zip(found) {
            // The builders hold one value for each physical row, dead ones included.
            while physical < row {
                codec.push_nulls(&mut builders);
                presence.push(false);
                physical += 1;
            }
            let hit = found.filter(|_| !key.iter().any(|part| part.is_null(row as usize)));
            match hit {
                Some(bytes) => codec.decode(bytes, &mut builders).map_err(|cause| TaskError::Corrupt {
                    what: format!("a row of the table of step `{}`", self.errors.step),
                    cause: cause.to_string(),
                })?,
                None => codec.push_nulls(&mut builders),
            }
            presence.push(hit.is_some());
            physical += 1;
            if hit.is_some() || self.left {
                selection.push(row);
            }
        }
        while (physical as usize) < batch.rows() {
            codec.push_nulls(&mut builders);
            presence.push(false);
            physical += 1;
        }
        batch.selection = selection;
        if batch.is_empty() {
            return Ok(());
        }
        if self.left {
            batch.columns.push(Arc::new(Column { data: ColumnData::Bool(presence), nulls: None }));
        }
        batch.columns.extend(builders.into_iter().map(Arc::new));
        self.unmatch(&mut batch, context)?;
        if !batch.is_empty() {
            context.emitted.push(batch);
        }
        Ok(())
    }

    fn flush(&mut self, writes: &mut WriteSet) {
        match &self.rows {
            Rows::Derived(rows, _) => rows.flush(writes),
            Rows::Versions(history) => history.rows.flush(writes),
            Rows::OfTopic(_) | Rows::Global(_) => {}
        }
    }

    fn committed(&mut self) {
        match &mut self.rows {
            Rows::Derived(rows, _) => rows.overlay.committed(),
            Rows::Versions(history) => history.rows.committed(),
            Rows::OfTopic(_) | Rows::Global(_) => {}
        }
    }

    fn uncommitted_bytes(&self) -> usize {
        match &self.rows {
            Rows::OfTopic(_) | Rows::Global(_) => 0,
            Rows::Derived(rows, _) => rows.overlay.uncommitted_bytes(),
            Rows::Versions(history) => history.rows.uncommitted_bytes(),
        }
    }
}
