//! What was expected beside what came.

mod align;
mod row;

use align::{Line, align};
use row::Wanted;
use serde_json::Value;
use similar::{ChangeTag, TextDiff};
use std::fmt::Write;
use tidegate_model::test_case::ExpectedRow;

/// How rows differ from those that were expected, told for a person.
pub enum Difference {
    /// They are the same, in another order.
    Order(String),
    Rows(String),
}

/// None: the rows are as expected, in this order.
pub fn difference(expected: &[ExpectedRow], got: &[String]) -> Option<Difference> {
    let got: Vec<Value> = got.iter().map(|row| serde_json::from_str(row).expect("rows are JSON")).collect();
    let wanted: Vec<Wanted> = expected.iter().map(Wanted::new).collect();
    if wanted.len() == got.len() && wanted.iter().zip(&got).all(|(wanted, got)| wanted.is(got)) {
        return None;
    }
    if let Some(places) = places(&wanted, &got) {
        let mut told = String::new();
        for (row, place) in got.iter().zip(places) {
            let _ = writeln!(told, "{:>3} {row}", place + 1);
        }
        return Some(Difference::Order(
            told + "(as they came, behind the place at which each was expected)\n",
        ));
    }
    let mut told = String::new();
    for line in align(&wanted, &got) {
        let _ = match line {
            Line::Same(got) => writeln!(told, "  {got}"),
            Line::Missing(wanted) => writeln!(told, "- {}", wanted.shown()),
            Line::More(got) => writeln!(told, "+ {got}"),
            Line::Other(wanted, got) => {
                let different = wanted.different(got);
                writeln!(told, "- {}\n+ {got}\n{different}", wanted.beside(got))
            }
        };
    }
    Some(Difference::Rows(told + "(- expected, + came)\n"))
}

/// If each row that came is one of those expected: the place at which it was.
fn places(wanted: &[Wanted], got: &[Value]) -> Option<Vec<usize>> {
    /// Gives the row a place, and if need be another one to the row that had it.
    fn find(
        row: usize,
        fits: &dyn Fn(usize, usize) -> bool,
        taken: &mut [Option<usize>],
        tried: &mut [bool],
    ) -> bool {
        for place in 0..taken.len() {
            if tried[place] || !fits(row, place) {
                continue;
            }
            tried[place] = true;
            let other = taken[place];
            if other.is_none_or(|other| find(other, fits, taken, tried)) {
                taken[place] = Some(row);
                return true;
            }
        }
        false
    }
    if wanted.len() != got.len() || got.len() > ROWS_MAX {
        return None;
    }
    let fits = |row: usize, place: usize| wanted[place].is(&got[row]);
    let mut taken = vec![None; wanted.len()];
    for row in 0..got.len() {
        if !find(row, &fits, &mut taken, &mut vec![false; wanted.len()]) {
            return None;
        }
    }
    let mut places = vec![0; got.len()];
    taken.iter().enumerate().for_each(|(place, row)| places[row.expect("each has one")] = place);
    Some(places)
}

/// Each row is compared with each: of more rows only their order counts.
const ROWS_MAX: usize = 500;

/// A diff by lines.
pub fn lines(before: &str, after: &str) -> String {
    let mut out = String::new();
    for change in TextDiff::from_lines(before, after).iter_all_changes() {
        let sign = match change.tag() {
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
            ChangeTag::Equal => ' ',
        };
        let _ = write!(out, "{sign} {change}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(json: &str, open: &[&[&str]]) -> ExpectedRow {
        let open = open.iter().map(|path| path.iter().map(|name| (*name).to_owned()).collect()).collect();
        ExpectedRow { json: json.to_owned(), open }
    }

    fn told(expected: &[ExpectedRow], got: &[&str]) -> String {
        let got: Vec<String> = got.iter().map(|row| (*row).to_owned()).collect();
        match difference(expected, &got) {
            None => "equal".to_owned(),
            Some(Difference::Order(told)) => format!("order\n{told}"),
            Some(Difference::Rows(told)) => told,
        }
    }

    #[test]
    fn only_a_record_that_is_open_may_have_more() {
        let nested = r#"{"a":{"b":1}}"#;
        let got = [r#"{"a":{"b":1,"c":2}}"#];
        assert_eq!(told(&[row(nested, &[&["a"]])], &got), "equal");
        assert_ne!(told(&[row(nested, &[])], &got), "equal");
        assert_ne!(told(&[row(nested, &[&[]])], &got), "equal");
        assert_eq!(told(&[row(nested, &[&[], &["a"]])], &[r#"{"a":{"b":1,"c":2},"d":3}"#]), "equal");
    }

    #[test]
    fn a_deletion_is_no_row_and_a_row_no_deletion() {
        let deleted = ExpectedRow::deletion("c1");
        assert_eq!(told(std::slice::from_ref(&deleted), &[r#"{"null key":"c1"}"#]), "equal");
        assert_ne!(told(std::slice::from_ref(&deleted), &[r#"{"null key":"c2"}"#]), "equal");
        assert_ne!(told(&[deleted], &[r#"{"a":1}"#]), "equal");
        assert_eq!(
            told(&[row("{}", &[&[]])], &[r#"{"null key":"c1"}"#]),
            "- {..}\n+ {\"null key\":\"c1\"}\n  ^ the row: {} expected, {\"null key\":\"c1\"} came\n(- expected, + came)\n"
        );
    }

    #[test]
    fn another_order_is_told_as_that() {
        let expected = [row(r#"{"a":1}"#, &[&[]]), row(r#"{"a":1,"b":2}"#, &[&[]]), row(r#"{"a":3}"#, &[])];
        // The second row fits both of the first two places, and only one assignment works.
        assert_eq!(
            told(&expected, &[r#"{"a":3}"#, r#"{"a":1,"b":2}"#, r#"{"a":1,"b":9}"#]),
            "order\n  3 {\"a\":3}\n  2 {\"a\":1,\"b\":2}\n  1 {\"a\":1,\"b\":9}\n\
             (as they came, behind the place at which each was expected)\n"
        );
    }

    #[test]
    fn a_row_is_shown_beside_the_one_that_is_like_it() {
        let expected = [
            row(r#"{"id":"p1","rule":"travel"}"#, &[&[]]),
            row(r#"{"id":"p2","rule":"spike"}"#, &[&[]]),
            row(r#"{"id":"p9","at":{"day":1}}"#, &[&["at"]]),
        ];
        let got = [
            r#"{"id":"p0","rule":"block","score":7}"#,
            r#"{"id":"p1","rule":"travel","score":8}"#,
            r#"{"id":"p2","rule":"velocity","score":9}"#,
        ];
        let shown = [
            r#"+ {"id":"p0","rule":"block","score":7}"#,
            r#"  {"id":"p1","rule":"travel","score":8}"#,
            r#"- {"id":"p2","rule":"spike","score":9}"#,
            r#"+ {"id":"p2","rule":"velocity","score":9}"#,
            r#"  ^ rule: "spike" expected, "velocity" came"#,
            r#"- {"id":"p9","at":{"day":1,..}}"#,
            "(- expected, + came)\n",
        ];
        assert_eq!(told(&expected, &got), shown.join("\n"));
    }

    #[test]
    fn nothing_beside_something() {
        assert_eq!(told(&[], &[r#"{"a":1}"#]), "+ {\"a\":1}\n(- expected, + came)\n");
        assert_eq!(told(&[row(r#"{"a":1}"#, &[&[]])], &[]), "- {\"a\":1,..}\n(- expected, + came)\n");
    }
}
