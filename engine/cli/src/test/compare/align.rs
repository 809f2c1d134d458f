//! Puts rows that came beside those that were expected: in order, each beside the one that is most like it.

use super::ROWS_MAX;
use super::row::Wanted;
use serde_json::Value;

/// A line, or two, of what is shown.
pub enum Line<'a> {
    Same(&'a Value),
    /// Expected, and nothing like it came.
    Missing(&'a Wanted<'a>),
    /// It came, and nothing like it was expected.
    More(&'a Value),
    /// It came in the other's place.
    Other(&'a Wanted<'a>, &'a Value),
}

/// What a row without a partner costs. Two rows that have nothing in common cost twice as much: they are no partners.
const ALONE: usize = 1_000;

pub fn align<'a>(wanted: &'a [Wanted<'a>], got: &'a [Value]) -> Vec<Line<'a>> {
    if wanted.len() > ROWS_MAX || got.len() > ROWS_MAX {
        return in_order(wanted, got);
    }
    let only = wanted.len() == 1 && got.len() == 1;
    let cost = |wanted: &Wanted, got: &Value| {
        let alike = wanted.alike(got);
        match alike.same {
            0 if alike.fields > 0 && !only => usize::MAX,
            same => 2 * ALONE * (alike.fields - same) / alike.fields.max(1),
        }
    };
    let costs: Vec<Vec<usize>> =
        wanted.iter().map(|wanted| got.iter().map(|got| cost(wanted, got)).collect()).collect();
    // The least cost of what is behind row `i` expected and row `j` came.
    let mut least = vec![vec![0; got.len() + 1]; wanted.len() + 1];
    let beside = |least: &[Vec<usize>], i: usize, j: usize| {
        if i < wanted.len() && j < got.len() {
            costs[i][j].saturating_add(least[i + 1][j + 1])
        } else {
            usize::MAX
        }
    };
    for i in (0..=wanted.len()).rev() {
        for j in (0..=got.len()).rev() {
            if i == wanted.len() || j == got.len() {
                least[i][j] = (wanted.len() - i + got.len() - j) * ALONE;
                continue;
            }
            let alone = ALONE + least[i + 1][j].min(least[i][j + 1]);
            least[i][j] = beside(&least, i, j).min(alone);
        }
    }
    let mut lines = Vec::new();
    let (mut i, mut j) = (0, 0);
    while i < wanted.len() || j < got.len() {
        if beside(&least, i, j) == least[i][j] {
            lines.push(if costs[i][j] == 0 { Line::Same(&got[j]) } else { Line::Other(&wanted[i], &got[j]) });
            (i, j) = (i + 1, j + 1);
        } else if i < wanted.len() && least[i][j] == ALONE + least[i + 1][j] {
            lines.push(Line::Missing(&wanted[i]));
            i += 1;
        } else {
            lines.push(Line::More(&got[j]));
            j += 1;
        }
    }
    lines
}

/// Too many to be compared each with each.
fn in_order<'a>(wanted: &'a [Wanted<'a>], got: &'a [Value]) -> Vec<Line<'a>> {
    let both = wanted.iter().zip(got).map(|(wanted, got)| match wanted.is(got) {
        true => Line::Same(got),
        false => Line::Other(wanted, got),
    });
    let missing = wanted.iter().skip(got.len()).map(Line::Missing);
    both.chain(missing).chain(got.iter().skip(wanted.len()).map(Line::More)).collect()
}
