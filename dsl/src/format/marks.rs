//! What the grammar knows of a declaration's tokens, by the byte where each begins.

use crate::parse::{Grammar, Rule};
use crate::source::Span;
use pest::Parser;
use pest::iterators::Pair;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

#[derive(Default, Debug)]
pub(super) struct Marks {
    /// A minus that is a sign.
    pub(super) signs: BTreeSet<usize>,
    /// Names that are called, so that no space stands before their bracket.
    pub(super) calls: BTreeSet<usize>,
    /// Brackets that are an index.
    pub(super) indexes: BTreeSet<usize>,
    /// Where it is said how often an event of a pattern comes: `c+`, `c{2,5}`.
    pub(super) repeats: BTreeSet<usize>,
    /// `and`, `or` between operands.
    pub(super) joints: BTreeSet<usize>,
    /// `if … { } else { }`: start and end.
    pub(super) ifs: BTreeMap<usize, usize>,
    /// Clauses of sources and tables.
    pub(super) clauses: BTreeSet<usize>,
    pub(super) test_steps: BTreeSet<usize>,
    pub(super) feed_rows: BTreeSet<usize>,
    /// Records in tests: a row is filled, not written one field a line.
    pub(super) rows: BTreeSet<usize>,
}

/// Words of the language: a bracket behind one is no call.
static WORDS: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let names = Rule::all_rules().iter().map(|rule| format!("{rule:?}"));
    names.filter_map(|name| name.strip_prefix("k_").map(str::to_owned)).collect()
});

pub(super) fn is_keyword(word: &str) -> bool {
    WORDS.contains(word)
}

impl Marks {
    pub(super) fn of(text: &str, unit: Span) -> Marks {
        let mut marks = Marks::default();
        let source = &text[unit.start as usize..unit.end as usize];
        // A declaration of a later version has no grammar yet: it is laid out by its tokens alone.
        if let Ok(pairs) = Grammar::parse(Rule::unit, source) {
            for pair in pairs {
                marks.visit(pair, unit.start as usize, false);
            }
        }
        marks
    }

    fn visit(&mut self, pair: Pair<'_, Rule>, offset: usize, in_test: bool) {
        let span = pair.as_span();
        let (start, end) = (offset + span.start(), offset + span.end());
        let mut in_test = in_test;
        match pair.as_rule() {
            Rule::minus_op => drop(self.signs.insert(start)),
            Rule::call | Rule::topic_ref | Rule::decimal_type => drop(self.calls.insert(start)),
            Rule::index => drop(self.indexes.insert(start)),
            Rule::times => drop(self.repeats.insert(start)),
            Rule::op_and | Rule::op_or => drop(self.joints.insert(start)),
            Rule::if_expr => drop(self.ifs.insert(start, end)),
            Rule::source_clause | Rule::table_clause => drop(self.clauses.insert(start)),
            Rule::test_step => drop(self.test_steps.insert(start)),
            Rule::feed_row => drop(self.feed_rows.insert(start)),
            Rule::record if in_test => drop(self.rows.insert(start)),
            Rule::test_decl => in_test = true,
            _ => {}
        }
        for inner in pair.into_inner() {
            self.visit(inner, offset, in_test);
        }
    }
}
