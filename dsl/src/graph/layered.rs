//! A layered drawing after Sugiyama: nodes in rows along the edges, rows ordered so that few edges cross, columns moved under each other.

/// Pixels between neighbours of a row.
const GAP: f64 = 26.0;
/// What an edge takes where it passes by a row.
const PASSAGE: f64 = 14.0;
const SWEEPS: usize = 12;

/// An edge between nodes of the layout; `from` stands in an earlier row than `to`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edge {
    /// None: it comes from above the first row.
    pub(super) from: Option<usize>,
    pub(super) to: usize,
}

/// Where everything stands, in pixels from the left.
#[derive(Debug)]
pub(super) struct Layout {
    /// The middle of each node.
    pub(super) middles: Vec<f64>,
    /// For each edge the middles of the rows that it passes by, from above.
    pub(super) passages: Vec<Vec<(usize, f64)>>,
    pub(super) width: f64,
}

/// A node or the passage of an edge in a row.
struct Place {
    width: f64,
    middle: f64,
    above: Vec<usize>,
    below: Vec<usize>,
}

/// `rows[i]` and `widths[i]` belong to node i.
pub(super) fn layout(rows: &[usize], widths: &[f64], edges: &[Edge]) -> Layout {
    let mut places: Vec<Place> = widths
        .iter()
        .map(|width| Place { width: *width, middle: 0.0, above: Vec::new(), below: Vec::new() })
        .collect();
    let mut order: Vec<Vec<usize>> = vec![Vec::new(); rows.iter().max().map_or(0, |last| last + 1)];
    for (node, row) in rows.iter().enumerate() {
        order[*row].push(node);
    }
    let mut passing: Vec<Vec<(usize, usize)>> = Vec::new();
    for edge in edges {
        let first = edge.from.map_or(0, |from| rows[from] + 1);
        let mut last = edge.from;
        let mut passes = Vec::new();
        for (row, places_of) in order.iter_mut().enumerate().take(rows[edge.to]).skip(first) {
            places.push(Place { width: PASSAGE, middle: 0.0, above: Vec::new(), below: Vec::new() });
            let place = places.len() - 1;
            places_of.push(place);
            join(&mut places, last, place);
            passes.push((row, place));
            last = Some(place);
        }
        join(&mut places, last, edge.to);
        passing.push(passes);
    }
    uncross(&places, &mut order);
    straighten(&mut places, &order);
    let left = places.iter().map(|place| place.middle - place.width / 2.0).fold(f64::INFINITY, f64::min);
    let right = places.iter().map(|place| place.middle + place.width / 2.0).fold(0.0, f64::max);
    let at = |place: usize| places[place].middle - left;
    Layout {
        middles: (0..rows.len()).map(at).collect(),
        passages: passing
            .iter()
            .map(|passes| passes.iter().map(|(row, place)| (*row, at(*place))).collect())
            .collect(),
        width: if places.is_empty() { 0.0 } else { right - left },
    }
}

fn join(places: &mut [Place], above: Option<usize>, below: usize) {
    if let Some(above) = above {
        places[above].below.push(below);
        places[below].above.push(above);
    }
}

/// Orders each row by the mean place of its neighbours, downwards and upwards, and keeps the best order seen.
fn uncross(places: &[Place], order: &mut Vec<Vec<usize>>) {
    let mut best = (crossings(places, order), order.clone());
    for sweep in 0..SWEEPS {
        let down = sweep % 2 == 0;
        let rows: Vec<usize> = if down {
            (1..order.len()).collect()
        } else {
            (0..order.len().saturating_sub(1)).rev().collect()
        };
        for row in rows {
            let index = indexes(places.len(), order);
            let mean = |place: usize| {
                let near = if down { &places[place].above } else { &places[place].below };
                let sum: usize = near.iter().map(|near| index[*near]).sum();
                if near.is_empty() { index[place] as f64 } else { sum as f64 / near.len() as f64 }
            };
            let mut keyed: Vec<(f64, usize)> =
                order[row].iter().map(|place| (mean(*place), *place)).collect();
            keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
            order[row] = keyed.into_iter().map(|(_, place)| place).collect();
        }
        let now = crossings(places, order);
        if now < best.0 {
            best = (now, order.clone());
        }
    }
    *order = best.1;
}

fn indexes(number: usize, order: &[Vec<usize>]) -> Vec<usize> {
    let mut index = vec![0; number];
    for row in order {
        for (at, place) in row.iter().enumerate() {
            index[*place] = at;
        }
    }
    index
}

fn crossings(places: &[Place], order: &[Vec<usize>]) -> usize {
    let index = indexes(places.len(), order);
    let mut count = 0;
    for row in order {
        let lines: Vec<(usize, usize)> = row
            .iter()
            .flat_map(|place| places[*place].below.iter().map(|below| (index[*place], index[*below])))
            .collect();
        for (at, first) in lines.iter().enumerate() {
            count += lines[at + 1..]
                .iter()
                .filter(|second| {
                    (first.0 < second.0 && first.1 > second.1) || (first.0 > second.0 && first.1 < second.1)
                })
                .count();
        }
    }
    count
}

/// Moves each place towards the mean of its neighbours as far as those beside it allow.
fn straighten(places: &mut [Place], order: &[Vec<usize>]) {
    for row in order {
        let mut left = 0.0;
        for place in row {
            places[*place].middle = left + places[*place].width / 2.0;
            left += places[*place].width + GAP;
        }
    }
    // The last sweep goes down, so that a chain stands straight under its beginning.
    for sweep in 0..=SWEEPS {
        let down = sweep % 2 == 0;
        let rows: Vec<usize> =
            if down { (0..order.len()).collect() } else { (0..order.len()).rev().collect() };
        for row in rows {
            let wanted: Vec<f64> = order[row]
                .iter()
                .map(|place| {
                    let near = if down { &places[*place].above } else { &places[*place].below };
                    let sum: f64 = near.iter().map(|near| places[*near].middle).sum();
                    if near.is_empty() { places[*place].middle } else { sum / near.len() as f64 }
                })
                .collect();
            let apart = |a: usize, b: usize| (places[a].width + places[b].width) / 2.0 + GAP;
            let row = &order[row];
            let mut from_left = wanted.clone();
            for at in 1..row.len() {
                from_left[at] = wanted[at].max(from_left[at - 1] + apart(row[at - 1], row[at]));
            }
            let mut from_right = wanted;
            for at in (0..row.len().saturating_sub(1)).rev() {
                from_right[at] = from_right[at].min(from_right[at + 1] - apart(row[at], row[at + 1]));
            }
            for (at, place) in row.iter().enumerate() {
                places[*place].middle = (from_left[at] + from_right[at]) / 2.0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_do_not_overlap_and_edges_do_not_cross_without_need() {
        // Two chains whose ends were given in the wrong order.
        let edges = [(0, 3), (1, 2)].map(|(from, to)| Edge { from: Some(from), to });
        let layout = layout(&[0, 0, 1, 1], &[100.0; 4], &edges);
        assert!((layout.middles[0] < layout.middles[1]) == (layout.middles[3] < layout.middles[2]));
        assert!((layout.middles[0] - layout.middles[1]).abs() >= 100.0 + GAP - 0.001);
        assert!((layout.middles[0] - layout.middles[3]).abs() < 1.0);
    }

    #[test]
    fn a_long_edge_passes_beside_what_is_between() {
        let edges = [(0, 1), (1, 2), (0, 2)].map(|(from, to)| Edge { from: Some(from), to });
        let layout = layout(&[0, 1, 2], &[100.0; 3], &edges);
        let (row, at) = layout.passages[2][0];
        assert_eq!(row, 1);
        assert!((at - layout.middles[1]).abs() >= 50.0);
    }
}
