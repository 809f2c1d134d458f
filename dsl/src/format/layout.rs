//! Where the lines of a declaration may end.

use super::doc::{CONTINUED, Doc, Line, print};
use super::marks::{Marks, is_keyword};
use super::token::Token;
use super::{ROW_WIDTH, WIDTH};

const STEP: usize = 2;

/// The lines of one declaration.
pub(super) fn unit(tokens: &[Token], marks: &Marks) -> Vec<Line> {
    let mut tokens = tidy(tokens, marks);
    // Comments before the declaration are written by the caller.
    tokens[0].comments.clear();
    let unit = Unit { tokens, marks };
    let trees = unit.trees();
    print(&unit.declaration(&trees), WIDTH, ROW_WIDTH)
}

/// Without commas before closing brackets; comments before a comma stand behind it; `<-` in `a <-1` is two tokens.
fn tidy(tokens: &[Token], marks: &Marks) -> Vec<Token> {
    let mut tidy: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut moved = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let mut token = token.clone();
        token.comments.splice(0..0, std::mem::take(&mut moved));
        if token.text == "," {
            moved = std::mem::take(&mut token.comments);
            if token.behind.is_none() {
                token.behind = tidy.last_mut().and_then(|last| last.behind.take());
            }
            if tokens.get(index + 1).is_some_and(Token::closes) {
                match tidy.last_mut() {
                    Some(last) if last.behind.is_none() => last.behind = token.behind,
                    _ => moved.extend(token.behind.map(|text| super::Comment {
                        text,
                        blank: false,
                        indented: true,
                        start: token.start,
                    })),
                }
                continue;
            }
        }
        if token.text == "<-" && marks.signs.contains(&(token.start + 1)) {
            let sign =
                Token { text: "-".to_owned(), start: token.start + 1, comments: Vec::new(), ..token.clone() };
            tidy.push(Token { text: "<".to_owned(), end: token.start + 1, behind: None, ..token });
            tidy.push(Token { blank: false, ..sign });
            continue;
        }
        tidy.push(token);
    }
    tidy
}

/// A token by its index, or a bracket with all that is in it.
#[derive(Clone, Debug)]
enum Tree {
    Leaf(usize),
    Bracket { open: usize, inner: Vec<Tree>, close: usize },
}

impl Tree {
    fn first(&self) -> usize {
        match self {
            Tree::Leaf(index) | Tree::Bracket { open: index, .. } => *index,
        }
    }

    fn last(&self) -> usize {
        match self {
            Tree::Leaf(index) | Tree::Bracket { close: index, .. } => *index,
        }
    }
}

struct Unit<'a> {
    tokens: Vec<Token>,
    marks: &'a Marks,
}

impl Unit<'_> {
    fn trees(&self) -> Vec<Tree> {
        let mut stack: Vec<(usize, Vec<Tree>)> = Vec::new();
        let mut top = Vec::new();
        for (index, token) in self.tokens.iter().enumerate() {
            if token.opens() {
                stack.push((index, std::mem::take(&mut top)));
            } else if let Some((open, before)) = token.closes().then(|| stack.pop()).flatten() {
                let inner = std::mem::replace(&mut top, before);
                top.push(Tree::Bracket { open, inner, close: index });
            } else {
                top.push(Tree::Leaf(index));
            }
        }
        top
    }

    fn text(&self, tree: &Tree) -> &str {
        &self.tokens[tree.first()].text
    }

    fn start(&self, tree: &Tree) -> usize {
        self.tokens[tree.first()].start
    }

    fn declaration(&self, trees: &[Tree]) -> Doc {
        let find = |text: &str| trees.iter().position(|tree| self.text(tree) == text);
        let is_clause = |tree: &Tree| self.marks.clauses.contains(&self.start(tree));
        match self.text(&trees[0]) {
            "test" => return self.test(trees),
            "param" | "fn" => {
                if let Some(equals) = find("=") {
                    let (head, body) = trees.split_at(equals + 1);
                    let body = Doc::indent(STEP, Doc::All(vec![Doc::Line, self.sequence(body)]));
                    return self.with_comment(
                        Doc::group(Doc::All(vec![self.sequence(head), self.behind(head), body])),
                        trees,
                    );
                }
            }
            _ => {}
        }
        if find("|>").is_some() {
            return self.parts(trees, |tree| self.text(tree) == "|>", |steps| steps.len() > 1);
        }
        if trees.iter().any(is_clause) {
            // Short clauses may stand behind the topic: `… = kafka("orders") key id`.
            let has_more = |clause: &&[Tree]| clause.iter().any(|tree| matches!(self.text(tree), "," | "->"));
            return self.parts(trees, is_clause, |clauses| {
                clauses.len() > 2 || clauses.len() == 2 && clauses.iter().any(has_more)
            });
        }
        self.with_comment(Doc::group(self.sequence(trees)), trees)
    }

    /// A head and what follows it on lines of their own, or all on one line.
    fn parts(
        &self,
        trees: &[Tree],
        begins: impl Fn(&Tree) -> bool,
        always_broken: impl Fn(&[&[Tree]]) -> bool,
    ) -> Doc {
        let starts: Vec<usize> = (0..trees.len()).filter(|index| begins(&trees[*index])).collect();
        let ends = starts.iter().skip(1).copied().chain([trees.len()]);
        let parts: Vec<&[Tree]> = starts.iter().zip(ends).map(|(start, end)| &trees[*start..end]).collect();
        let head = &trees[..starts[0]];
        let mut docs = vec![Doc::group(self.sequence(head)), self.behind(head)];
        for (index, part) in parts.iter().enumerate() {
            let doc = match part {
                // What belongs to a step stands under its word, not under `|>`.
                [pipe @ Tree::Leaf(_), rest @ ..] if self.text(pipe) == "|>" && !rest.is_empty() => {
                    let step = Doc::All(vec![self.between(pipe, &rest[0]), self.sequence_in(rest, false)]);
                    Doc::All(vec![
                        self.comments(pipe),
                        self.leaf(pipe.first()),
                        self.behind(std::slice::from_ref(pipe)),
                        Doc::group(Doc::indent(3, step)),
                    ])
                }
                _ => Doc::group(self.sequence(part)),
            };
            let comment = if index + 1 == parts.len() { Doc::All(Vec::new()) } else { self.behind(part) };
            docs.push(Doc::indent(STEP, Doc::All(vec![self.line_before(&part[0]), doc, comment])));
        }
        let all = Doc::All(docs);
        let group = if always_broken(&parts) { Doc::broken(all) } else { Doc::group(all) };
        self.with_comment(group, trees)
    }

    fn test(&self, trees: &[Tree]) -> Doc {
        let Some((body @ Tree::Bracket { open, inner, close }, head)) = trees.split_last() else {
            return self.sequence(trees);
        };
        let mut docs = vec![
            self.sequence(head),
            self.behind(head),
            self.between(&head[head.len() - 1], body),
            self.leaf(*open),
            self.comment(*open),
        ];
        let mut rest = &inner[..];
        while let Some((first, more)) = rest.split_first() {
            let length =
                more.iter().take_while(|tree| !self.marks.test_steps.contains(&self.start(tree))).count();
            let (step, after) = rest.split_at(length + 1);
            rest = after;
            let line = if self.blank_before(first) && first.first() != open + 1 {
                Doc::All(vec![Doc::Hard, Doc::Hard])
            } else {
                Doc::Hard
            };
            docs.push(Doc::indent(STEP, Doc::All(vec![line, self.test_step(step), self.behind(step)])));
        }
        docs.push(Doc::indent(STEP, self.comments_before_close(*close)));
        docs.push(Doc::Hard);
        docs.push(Doc::text("}"));
        docs.push(self.comment(*close));
        Doc::broken(Doc::All(docs))
    }

    fn test_step(&self, step: &[Tree]) -> Doc {
        let is_row = |tree: &Tree| self.marks.feed_rows.contains(&self.start(tree));
        let Some(first) = step.iter().position(is_row) else { return Doc::group(self.sequence(step)) };
        let (head, rows) = step.split_at(first);
        let mut docs: Vec<Doc> = Vec::new();
        let mut widest = 0;
        let mut hangs = true;
        let mut rest = rows;
        while !rest.is_empty() {
            let comma = rest.iter().position(|tree| self.text(tree) == ",").map_or(rest.len(), |at| at + 1);
            let (row, after) = rest.split_at(comma);
            rest = after;
            let doc = self.sequence(row);
            hangs &= !doc.ends_a_line();
            widest = widest.max(doc.width());
            let comment = if rest.is_empty() { Doc::All(Vec::new()) } else { self.behind(row) };
            docs.push(Doc::All(vec![doc, comment]));
        }
        let head_doc = self.sequence(head);
        let hanging = head_doc.width() + 1;
        let fits = hangs && STEP + hanging + widest <= WIDTH && !head_doc.ends_a_line();
        let mut all = vec![head_doc, self.behind(head)];
        let mut lines = Vec::new();
        for (index, doc) in docs.into_iter().enumerate() {
            lines.push(match (index, fits) {
                (0, true) => Doc::text(" "),
                _ => Doc::Hard,
            });
            lines.push(doc);
        }
        all.push(Doc::indent(if fits { hanging } else { STEP }, Doc::All(lines)));
        Doc::All(all)
    }

    /// Trees one behind the other, without the comment behind the last of them.
    fn sequence(&self, trees: &[Tree]) -> Doc {
        let comments = trees.first().map_or(Doc::All(Vec::new()), |tree| self.comments(tree));
        Doc::All(vec![comments, self.sequence_in(trees, false)])
    }

    /// Without the comments before the first tree.
    fn sequence_in(&self, trees: &[Tree], in_if: bool) -> Doc {
        let mut docs = Vec::new();
        let mut index = 0;
        // A long chain of `and` stands under its beginning, one part on a line.
        let mut tail: Option<Vec<Doc>> = None;
        while index < trees.len() {
            let tree = &trees[index];
            let before = index.checked_sub(1).map(|before| &trees[before]);
            let mut part = Vec::new();
            if let Some(before) = before {
                part.push(self.behind(std::slice::from_ref(before)));
                part.push(self.between(before, tree));
            }
            let is_else_if = in_if && before.is_some_and(|before| self.text(before) == "else");
            let end = self
                .marks
                .ifs
                .get(&self.start(tree))
                .copied()
                .filter(|_| !(is_else_if || in_if && index == 0));
            let mut next = index + 1;
            if let Some(end) = end {
                while next < trees.len() && self.start(&trees[next]) < end {
                    next += 1;
                }
                part.push(Doc::group(self.sequence_in(&trees[index..next], true)));
            } else {
                part.push(self.tree(tree, in_if));
            }
            index = next;
            if self.marks.joints.contains(&self.start(tree)) && tail.is_none() {
                tail = Some(Vec::new());
            }
            tail.as_mut().unwrap_or(&mut docs).extend(part);
        }
        docs.extend(tail.map(|tail| Doc::indent(STEP, Doc::All(tail))));
        Doc::All(docs)
    }

    fn tree(&self, tree: &Tree, in_if: bool) -> Doc {
        match tree {
            Tree::Leaf(index) => self.leaf(*index),
            Tree::Bracket { open, inner, close } => {
                let block = in_if && self.tokens[*open].text == "{";
                self.bracket(*open, inner, *close, block)
            }
        }
    }

    /// `block`: the braces of an `if`, which end their lines together with those of its `else`.
    fn bracket(&self, open: usize, inner: &[Tree], close: usize, block: bool) -> Doc {
        let start = self.leaf(open);
        let end = Doc::text(self.tokens[close].text.clone());
        let closing = self.comments_before_close(close);
        if inner.is_empty() && !closing.ends_a_line() && self.tokens[open].behind.is_none() {
            return Doc::All(vec![start, end]);
        }
        let is_decimal = open > 0 && self.tokens[open - 1].text == "decimal" && self.tokens[open].text == "(";
        // How often an event of a pattern comes: `a{2,5}`.
        let is_times = self.marks.repeats.contains(&self.tokens[open].start);
        let is_tight = is_decimal || is_times;
        let padded = match self.tokens[open].text.as_str() {
            "{" => !is_times,
            "[" => inner.first().is_some_and(|tree| self.text(tree) == "{"),
            _ => false,
        };
        let edge = || if padded { Doc::Line } else { Doc::Soft };
        let is_row = self.marks.rows.contains(&self.tokens[open].start);
        let commented = (open + 1..=close).any(|index| !self.tokens[index].comments.is_empty())
            || (open..close).any(|index| self.tokens[index].behind.is_some());
        let items = self.items(inner);
        let mut docs = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let last = index + 1 == items.len();
            let (first, end) = (&item[0], &item[item.len() - 1]);
            if index > 0 {
                docs.push(match (is_tight, is_row) {
                    (true, _) if !commented => Doc::All(Vec::new()),
                    (_, true) if !commented => Doc::Fill,
                    _ => self.line_before(first),
                });
            }
            let one = matches!(item, [Tree::Bracket { .. }] | [Tree::Bracket { .. }, Tree::Leaf(_)]);
            let doc = self.sequence(item);
            // The group of a lone bracket is its own.
            docs.push(if one { doc } else { Doc::group(doc) });
            let comma_behind = self.text(end) == ",";
            // The last field's comma stands before the comment behind it.
            if last && items.len() > 1 && !comma_behind && (!is_row || commented) && !is_tight {
                docs.push(Doc::IfBroken(","));
            }
            docs.push(self.comment(end.last()));
        }
        let open_comment = self.comment(open);
        let docs = Doc::All(docs);
        if is_row && !commented {
            let inside = Doc::indent(STEP, docs);
            return Doc::row(Doc::All(vec![start, Doc::text(" "), inside, Doc::text(" "), end]));
        }
        let first_line = if inner.is_empty() { Doc::All(Vec::new()) } else { edge() };
        let inside = Doc::indent(STEP, Doc::All(vec![first_line, docs, closing]));
        let all = Doc::All(vec![start, open_comment, inside, edge(), end]);
        if block { all } else { Doc::group(all) }
    }

    /// What stands between the commas, each with its comma.
    fn items<'t>(&self, inner: &'t [Tree]) -> Vec<&'t [Tree]> {
        let mut items = Vec::new();
        let mut rest = inner;
        while !rest.is_empty() {
            let end = rest.iter().position(|tree| self.text(tree) == ",").map_or(rest.len(), |at| at + 1);
            let (item, after) = rest.split_at(end);
            items.push(item);
            rest = after;
        }
        items
    }

    fn leaf(&self, index: usize) -> Doc {
        Doc::text(self.tokens[index].text.clone())
    }

    /// The comments before a tree that begins its line, each with its line's end.
    fn comments(&self, tree: &Tree) -> Doc {
        let mut docs = Vec::new();
        for (at, comment) in self.tokens[tree.first()].comments.iter().enumerate() {
            if comment.blank && at > 0 {
                docs.push(Doc::Hard);
            }
            docs.push(Doc::text(comment.text.clone()));
            docs.push(Doc::Hard);
        }
        Doc::All(docs)
    }

    fn comments_before_close(&self, close: usize) -> Doc {
        let comments = &self.tokens[close].comments;
        let lines = comments.iter().flat_map(|comment| {
            let blank = if comment.blank { Doc::Hard } else { Doc::All(Vec::new()) };
            [blank, Doc::Hard, Doc::text(comment.text.clone())]
        });
        Doc::All(lines.collect())
    }

    fn comment(&self, index: usize) -> Doc {
        match &self.tokens[index].behind {
            Some(comment) => Doc::Comment(comment.clone()),
            None => Doc::All(Vec::new()),
        }
    }

    /// The comment behind the last of some trees.
    fn behind(&self, trees: &[Tree]) -> Doc {
        trees.last().map_or(Doc::All(Vec::new()), |tree| self.comment(tree.last()))
    }

    fn with_comment(&self, doc: Doc, trees: &[Tree]) -> Doc {
        Doc::All(vec![doc, self.behind(trees)])
    }

    /// An empty line stands before a tree or its comments.
    fn blank_before(&self, tree: &Tree) -> bool {
        let token = &self.tokens[tree.first()];
        token.comments.first().map_or(token.blank, |comment| comment.blank)
    }

    fn line_before(&self, tree: &Tree) -> Doc {
        if self.blank_before(tree) { Doc::Blank } else { Doc::Line }
    }

    /// What stands between two trees of a sequence.
    fn between(&self, before: &Tree, next: &Tree) -> Doc {
        if !self.tokens[next.first()].comments.is_empty() {
            return Doc::indent(CONTINUED, Doc::All(vec![Doc::Hard, self.comments(next)]));
        }
        if self.marks.joints.contains(&self.start(next)) {
            return Doc::Line;
        }
        if self.text(before) == "," {
            return Doc::indent(CONTINUED, Doc::Fill);
        }
        if self.space(before, next) { Doc::text(" ") } else { Doc::All(Vec::new()) }
    }

    fn space(&self, before: &Tree, next: &Tree) -> bool {
        let (left, right) = (&self.tokens[before.last()], &self.tokens[next.first()]);
        match (left.text.as_str(), right.text.as_str()) {
            (_, "," | ":" | "." | "?") | (".", _) => false,
            ("..", _) => false,
            _ if self.marks.repeats.contains(&right.start) => false,
            ("-", _) => !self.marks.signs.contains(&left.start),
            (word, "(") if left.is_word() => {
                is_keyword(word) && !self.marks.calls.contains(&self.call_start(before))
            }
            (_, "[") => !self.marks.indexes.contains(&right.start),
            _ => true,
        }
    }

    /// Where a called name begins: `http` in `http.poll`.
    fn call_start(&self, name: &Tree) -> usize {
        let mut index = name.first();
        while index >= 2 && self.tokens[index - 1].text == "." {
            index -= 2;
        }
        self.tokens[index].start
    }
}
