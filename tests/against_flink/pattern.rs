//! Patterns in both languages. Between two elements other events may come here; in SQL every row belongs to a variable, so there is one that takes
//! what the next element does not.

pub struct Pattern {
    /// What stands in `match … { … }`, and the record that is made of a match.
    pub elements: &'static str,
    pub row: &'static str,
    pub measures: &'static str,
    pub pattern: &'static str,
    pub define: &'static str,
}

/// Where the search goes on behind a match.
#[derive(Clone, Copy)]
pub enum Skip {
    ToNext,
    PastLast,
    /// Of an element, which has the same name in both languages.
    ToFirst(&'static str),
    ToLast(&'static str),
}

impl Skip {
    pub fn ours(self) -> String {
        match self {
            Skip::ToNext => String::new(),
            Skip::PastLast => ", skip past last".to_owned(),
            Skip::ToFirst(element) => format!(", skip to first {element}"),
            Skip::ToLast(element) => format!(", skip to last {element}"),
        }
    }

    pub fn sql(self) -> String {
        match self {
            Skip::ToNext => "TO NEXT ROW".to_owned(),
            Skip::PastLast => "PAST LAST ROW".to_owned(),
            Skip::ToFirst(element) => format!("TO FIRST {}", element.to_uppercase()),
            Skip::ToLast(element) => format!("TO LAST {}", element.to_uppercase()),
        }
    }
}

pub const PATTERNS: [Pattern; 12] = [
    Pattern {
        elements: "a if v == 1, b if v == 2",
        row: "k: a.k, x: a.id, y: b.id, z: 0",
        measures: "A.id AS x, B.id AS y, 0 AS z",
        pattern: "A N* B",
        define: "A AS A.v = 1, N AS N.v <> 2, B AS B.v = 2",
    },
    Pattern {
        elements: "a, b if b.v > a.v",
        row: "k: a.k, x: a.id, y: b.id, z: 0",
        measures: "A.id AS x, B.id AS y, 0 AS z",
        pattern: "A N* B",
        define: "N AS N.v <= A.v, B AS B.v > A.v",
    },
    Pattern {
        elements: "a, b if b.v > a.v, c if c.v > b.v",
        row: "k: a.k, x: a.id, y: b.id, z: c.id",
        measures: "A.id AS x, B.id AS y, C.id AS z",
        pattern: "A N* B M* C",
        define: "N AS N.v <= A.v, B AS B.v > A.v, M AS M.v <= B.v, C AS C.v > B.v",
    },
    Pattern {
        elements: "a if v == 0, not x if v == 3, b if v == 2",
        row: "k: a.k, x: a.id, y: b.id, z: 0",
        measures: "A.id AS x, B.id AS y, 0 AS z",
        pattern: "A N* B",
        define: "A AS A.v = 0, N AS N.v <> 2 AND N.v <> 3, B AS B.v = 2",
    },
    Pattern {
        elements: "a if v == 0, b+ if v == 1, c if v == 2",
        row: "k: a.k, x: a.id, y: b.count, z: c.id",
        measures: "A.id AS x, 1 + COALESCE(SUM(CASE WHEN M.v = 1 THEN 1 ELSE 0 END), 0) AS y, C.id AS z",
        pattern: "A N* B M* C",
        define: "A AS A.v = 0, N AS N.v <> 1, B AS B.v = 1, M AS M.v <> 2, C AS C.v = 2",
    },
    Pattern {
        elements: "a if v == 0, b{2,3} if v == 1, c if v == 2",
        row: "k: a.k, x: a.id, y: b.count, z: c.id",
        measures: "A.id AS x, CASE WHEN SUM(L.v) IS NULL OR MIN(ABS(L.v - 1)) > 0 THEN 2 ELSE 3 END AS y, C.id AS z",
        pattern: "A N* B M* D L* C",
        define: "A AS A.v = 0, N AS N.v <> 1, B AS B.v = 1, M AS M.v <> 1, D AS D.v = 1, L AS L.v <> 2, C AS C.v = 2",
    },
    Pattern {
        elements: "a if v == 0, b? if v == 1, c if v == 2",
        row: "k: a.k, x: a.id, y: if b is null { 0 } else { epoch_millis(b.at) }, z: c.id",
        measures: "A.id AS x, COALESCE(MIN(CASE WHEN N.v = 1 THEN N.ms END), 0) AS y, C.id AS z",
        pattern: "A N* C",
        define: "A AS A.v = 0, N AS N.v <> 2, C AS C.v = 2",
    },
    Pattern {
        elements: "a if v == 0, b if v == 1 | d if v == 3, c if v == 2",
        row: "k: a.k, x: a.id, y: b.id ?? d.id ?? 0, z: c.id",
        measures: "A.id AS x, B.id AS y, C.id AS z",
        pattern: "A N* B M* C",
        define: "A AS A.v = 0, N AS N.v <> 1 AND N.v <> 3, B AS B.v = 1 OR B.v = 3, M AS M.v <> 2, C AS C.v = 2",
    },
    // Totals of the events that an element has taken. In SQL `M` takes those behind the first of them, and others.
    Pattern {
        elements: "a+ { total: sum(v), low: min(v) } if v < 2, b if v >= 2 and v <= a.total",
        row: "k: b.k, x: a.first.id, y: a.total, z: b.id",
        measures: "A.id AS x, A.v + COALESCE(SUM(CASE WHEN M.v < 2 THEN M.v ELSE 0 END), 0) AS y, B.id AS z",
        pattern: "A M* B",
        define: "A AS A.v < 2, \
                 M AS M.v < 2 OR M.v > A.v + COALESCE(SUM(CASE WHEN M.v < 2 THEN M.v ELSE 0 END), 0), \
                 B AS B.v BETWEEN 2 AND A.v + COALESCE(SUM(CASE WHEN M.v < 2 THEN M.v ELSE 0 END), 0)",
    },
    Pattern {
        elements: "a if v == 0, b+ { total: sum(v), n: count() } if v == 1 or v == 2, c if v == 3 and b.total >= 3",
        row: "k: a.k, x: b.first.id, y: b.total * 100 + b.n, z: c.id",
        measures: "B.id AS x, 100 * (B.v + COALESCE(SUM(CASE WHEN (M.v = 1 OR M.v = 2) THEN M.v ELSE 0 END), 0)) \
                   + 1 + COALESCE(SUM(CASE WHEN (M.v = 1 OR M.v = 2) THEN 1 ELSE 0 END), 0) AS y, C.id AS z",
        pattern: "A N* B M* C",
        define: "A AS A.v = 0, N AS (N.v <> 1 AND N.v <> 2), B AS (B.v = 1 OR B.v = 2), \
                 M AS M.v <> 3 OR B.v + COALESCE(SUM(CASE WHEN (M.v = 1 OR M.v = 2) THEN M.v ELSE 0 END), 0) < 3, \
                 C AS C.v = 3 AND B.v + COALESCE(SUM(CASE WHEN (M.v = 1 OR M.v = 2) THEN M.v ELSE 0 END), 0) >= 3",
    },
    // An event of every value ends `b` or belongs to it, so that SQL's `B` takes the same ones.
    Pattern {
        elements: "a if v == 0, b+ { total: sum(v), high: max(v) } if v == 1 or v == 2, c if v == 0 or v == 3",
        row: "k: a.k, x: a.id, y: b.total * 10 + b.high, z: c.id",
        measures: "A.id AS x, 10 * SUM(B.v) + MAX(B.v) AS y, C.id AS z",
        pattern: "A N* B+ C",
        define: "A AS A.v = 0, N AS (N.v <> 1 AND N.v <> 2), B AS (B.v = 1 OR B.v = 2), C AS (C.v <> 1 AND C.v <> 2)",
    },
    Pattern {
        elements: "a if v > 1, b{2} if v < 2",
        row: "k: a.k, x: a.id, y: b.first.id, z: b.last.id",
        measures: "A.id AS x, B.id AS y, C.id AS z",
        pattern: "A N* B M* C",
        define: "A AS A.v > 1, N AS N.v >= 2, B AS B.v < 2, M AS M.v >= 2, C AS C.v < 2",
    },
];
