use crate::define::*;
use std::collections::BTreeMap;

pub(crate) static FUNCTION: Function = Function {
    name: "translate",
    meaning: "The text with each character of `from` changed into the one at the same place of `to`, or taken out if there is none.",
    parameters: &[string("text"), string("from"), string("to")],
    gives: Gives::String,
    examples: &[
        gives(r#"translate("1.234,50", ".,", ",.")"#, r#""1,234.50""#),
        gives(r#"translate("(020) 555-1234", "() -", "")"#, r#""0205551234""#).note("without a counterpart it is taken out"),
    ],
    body: Body::Prepared(|site| {
        // Both tables being constants is the usual case; then they are taken apart once.
        let table = site.string(1).zip(site.string(2)).map(|(from, to)| Table::new(from, to));
        Ok(Arc::new(move |arguments| match &table {
            Some(table) => text(table.apply(arguments.string(0))),
            None => text(Table::new(arguments.string(1), arguments.string(2)).apply(arguments.string(0))),
        }))
    }),
    ..DEFAULTS
};

/// What becomes of a character; None: it is taken out.
struct Table(BTreeMap<char, Option<char>>);

impl Table {
    /// Of a character that is there twice the first counts.
    fn new(from: &str, to: &str) -> Table {
        let mut table = BTreeMap::new();
        let mut to = to.chars();
        for c in from.chars() {
            let becomes = to.next();
            table.entry(c).or_insert(becomes);
        }
        Table(table)
    }

    fn apply(&self, text: &str) -> String {
        text.chars().filter_map(|c| self.0.get(&c).copied().unwrap_or(Some(c))).collect()
    }
}
