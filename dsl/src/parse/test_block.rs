//! Tests: from the grammar's pairs to the AST.

use super::{Node, Reader, Rule, last};
use crate::ast::*;

impl Reader<'_> {
    pub(super) fn test_cases(&mut self, pair: Node<'_>) -> TestCases {
        let mut inner = pair.into_inner().filter(|pair| matches!(pair.as_rule(), Rule::ident | Rule::record));
        let name = self.name(&inner.next().expect("a name"));
        TestCases { name, rows: inner.map(|row| self.atom(row)).collect() }
    }

    pub(super) fn test_step(&mut self, pair: Node<'_>) -> TestStepDecl {
        let step = pair.into_inner().next().expect("a step");
        let rule = step.as_rule();
        let mut inner = step.into_inner();
        match rule {
            Rule::advance_step => TestStepDecl::AdvanceTo(self.atom(inner.nth(2).expect("a time"))),
            Rule::expect_step => {
                let stream = self.observed(inner.nth(1).expect("a stream"));
                TestStepDecl::Expect { stream, rows: inner.map(|row| self.expect_row(row)).collect() }
            }
            Rule::expect_aside => {
                let aside = match inner.nth(1).expect("a word").as_rule() {
                    Rule::k_malformed => Aside::Malformed,
                    Rule::k_late => Aside::Late,
                    _ => Aside::Errors,
                };
                let mut inner = inner.filter(|pair| pair.as_rule() != Rule::k_of);
                let of = self.path(&inner.next().expect("a name"));
                TestStepDecl::ExpectAside { aside, of, rows: inner.map(|pair| self.atom(pair)).collect() }
            }
            Rule::snapshot_step => {
                TestStepDecl::Snapshot { stream: self.observed(inner.nth(1).expect("a stream")) }
            }
            Rule::feed_file => {
                let input = self.name(&inner.next().expect("an input"));
                TestStepDecl::FeedFile { input, file: self.string(&inner.last().expect("a file")) }
            }
            _ => {
                let input = self.name(&inner.next().expect("an input"));
                let rows = inner.map(|row| self.feed_row(row)).collect();
                TestStepDecl::Feed { input, rows }
            }
        }
    }

    fn observed(&mut self, pair: Node<'_>) -> Name {
        let named = pair.into_inner().next().expect("a name");
        match named.as_rule() {
            Rule::plain_string => self.string(&named),
            _ => self.name(&named),
        }
    }

    fn expect_row(&mut self, row: Node<'_>) -> ExpectRowDecl {
        let row = row.into_inner().next().expect("a row");
        match row.as_rule() {
            Rule::null_row => ExpectRowDecl::Null { key: self.string(&last(row)) },
            _ => ExpectRowDecl::Row(self.atom(row)),
        }
    }

    fn feed_row(&mut self, row: Node<'_>) -> FeedRowDecl {
        let row = row.into_inner().next().expect("a row");
        match row.as_rule() {
            Rule::null_row => FeedRowDecl::Null { key: self.string(&last(row)) },
            Rule::raw_row => {
                let mut inner = row.into_inner().skip(1);
                let text = self.string(&inner.next().expect("a text"));
                FeedRowDecl::Raw { text, key: inner.next().map(|key| self.string(&last(key))) }
            }
            _ => FeedRowDecl::Row(self.atom(row)),
        }
    }
}
