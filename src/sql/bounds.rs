//! How deep and how large a statement may become. Trees are walked, printed and dropped by recursion, here and in
//! DataFusion, so depth is bounded from the tokens, before any tree is built; and a WITH query is put in place wherever
//! it is named, so what a statement reads is counted after that.

use std::collections::{HashMap, VecDeque};
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{ObjectName, Query, Select, TableFactor, Visit, Visitor};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::error::{Error, Result};

use super::parse::fold;

/// Statements whose tree may become deeper are refused: a worker thread's stack holds this much.
const TREE_LIMIT: usize = 200;
/// What a pair of brackets adds, and UNION, EXCEPT or INTERSECT: they cost more of the stack than an operator.
const STEP: usize = 2;
/// What a query within brackets adds.
const QUERY: usize = 12;
/// Statements that read more tables, each WITH query counted wherever it is named, are refused.
const RELATION_LIMIT: u64 = 100;
/// A SELECT of more items is refused, as in PostgreSQL: planning compares each with every other.
pub const ITEM_LIMIT: usize = 1_600;
/// Kinds of operators that bind alike: OR, AND, comparisons, arithmetic, casts and subscripts.
const BINDINGS: usize = 5;

/// The stack that a walk over the deepest tree may take without looking again, which printing one does, and how much
/// more is had when there is less.
const STACK_LEFT_BYTES: usize = 4 << 20;
const STACK_MORE_BYTES: usize = 16 << 20;

/// Runs a step of a walk over a tree with stack enough for the rest of it. DataFusion's own walks get as much.
pub fn deep<T>(step: impl FnOnce() -> T) -> T {
    recursive::set_minimum_stack_size(STACK_LEFT_BYTES);
    recursive::set_stack_allocation_size(STACK_MORE_BYTES);
    stacker::maybe_grow(STACK_LEFT_BYTES, STACK_MORE_BYTES, step)
}

/// Refuses text whose tree may become too deep.
pub(super) fn depth(tokens: &[TokenWithSpan]) -> Result<()> {
    let mut levels = vec![Level::default()];
    let mut after_period = false;
    for token in tokens.iter().map(|token| &token.token) {
        if matches!(token, Token::Whitespace(_)) {
            continue;
        }
        step(&mut levels, token, after_period);
        after_period = matches!(token, Token::Period);
    }
    while levels.len() > 1 {
        close(&mut levels);
    }
    match levels.pop() {
        Some(level) if level.bound() > TREE_LIMIT => Err(Error::invalid(format!(
            "the SQL chains or nests more than {TREE_LIMIT} operators or brackets; write IN (…) for a long chain of OR"
        ))),
        _ => Ok(()),
    }
}

/// What stands between a pair of brackets, or between CASE and END.
#[derive(Default)]
struct Level {
    case: bool,
    /// The operators of each binding since one that binds less.
    run: [usize; BINDINGS],
    /// The longest such run of the expression.
    longest: [usize; BINDINGS],
    /// The deepest of the brackets within the expression.
    inner: usize,
    /// The deepest of the expressions before the last comma.
    deepest: usize,
    sets: usize,
    /// Whether it is a query.
    query: bool,
}

impl Level {
    /// How deep the tree of this level may be, at most.
    fn bound(&self) -> usize {
        self.deepest.max(self.longest.iter().sum::<usize>() + self.inner)
            + self.sets * STEP
            + usize::from(self.query) * QUERY
    }

    fn operator(&mut self, binding: usize) {
        for (at, run) in self.run.iter_mut().enumerate().skip(binding) {
            *run = if at == binding { *run + 1 } else { 0 };
        }
        for (longest, run) in self.longest.iter_mut().zip(self.run) {
            *longest = run.max(*longest);
        }
    }

    fn next_expression(&mut self) {
        self.deepest = self.deepest.max(self.longest.iter().sum::<usize>() + self.inner);
        (self.run, self.longest, self.inner) = ([0; BINDINGS], [0; BINDINGS], 0);
    }
}

fn close(levels: &mut Vec<Level>) {
    if levels.len() > 1
        && let Some(closed) = levels.pop()
        && let Some(level) = levels.last_mut()
    {
        level.inner = level.inner.max(closed.bound() + STEP);
    }
}

fn step(levels: &mut Vec<Level>, token: &Token, after_period: bool) {
    match token {
        Token::LParen | Token::LBracket | Token::LBrace => {
            if matches!(token, Token::LBracket) {
                operator(levels, 4);
            }
            levels.push(Level::default());
        }
        Token::RParen | Token::RBracket | Token::RBrace => {
            while levels.last().is_some_and(|level| level.case) {
                close(levels);
            }
            close(levels);
        }
        Token::Comma => {
            if let Some(level) = levels.last_mut() {
                level.next_expression();
            }
        }
        Token::Word(word) if word.quote_style.is_none() && !after_period => keyword(levels, word.keyword),
        Token::Word(_)
        | Token::Period
        | Token::SemiColon
        | Token::EOF
        | Token::Number(..)
        | Token::SingleQuotedString(_) => {}
        Token::DoubleColon => operator(levels, 4),
        Token::Eq | Token::DoubleEq | Token::Neq | Token::Lt | Token::Gt | Token::LtEq | Token::GtEq => {
            operator(levels, 2);
        }
        _ => operator(levels, 3),
    }
}

fn operator(levels: &mut [Level], binding: usize) {
    if let Some(level) = levels.last_mut() {
        level.operator(binding);
    }
}

fn keyword(levels: &mut Vec<Level>, keyword: Keyword) {
    let in_case = levels.last().is_some_and(|level| level.case);
    match keyword {
        Keyword::CASE => levels.push(Level { case: true, ..Level::default() }),
        Keyword::END if in_case => close(levels),
        Keyword::WHEN | Keyword::THEN | Keyword::ELSE if in_case => {
            if let Some(level) = levels.last_mut() {
                level.next_expression();
            }
        }
        Keyword::SELECT | Keyword::WITH | Keyword::VALUES => {
            if let Some(level) = levels.last_mut() {
                level.query = true;
            }
        }
        Keyword::UNION | Keyword::EXCEPT | Keyword::INTERSECT | Keyword::MINUS => {
            if let Some(level) = levels.last_mut() {
                level.sets += 1;
            }
        }
        Keyword::OR | Keyword::XOR => operator(levels, 0),
        Keyword::AND => operator(levels, 1),
        Keyword::IS
        | Keyword::NOTNULL
        | Keyword::IN
        | Keyword::BETWEEN
        | Keyword::LIKE
        | Keyword::ILIKE
        | Keyword::SIMILAR
        | Keyword::RLIKE
        | Keyword::REGEXP
        | Keyword::MATCH
        | Keyword::OVERLAPS
        | Keyword::MEMBER => operator(levels, 2),
        Keyword::AT | Keyword::COLLATE | Keyword::DIV | Keyword::OPERATOR | Keyword::NOT => operator(levels, 3),
        _ => {}
    }
}

/// Refuses a SELECT of too many items.
pub(super) fn items<T: Visit>(parsed: &T) -> Result<()> {
    match parsed.visit(&mut Items) {
        ControlFlow::Break(items) => {
            Err(Error::invalid(format!("a SELECT has {items} items; the limit is {ITEM_LIMIT}")))
        }
        ControlFlow::Continue(()) => Ok(()),
    }
}

/// Looks for the number of items of a SELECT that has too many.
struct Items;

impl Visitor for Items {
    type Break = usize;

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<usize> {
        match select.projection.len() {
            items if items > ITEM_LIMIT => ControlFlow::Break(items),
            _ => ControlFlow::Continue(()),
        }
    }
}

/// Refuses a statement that reads too many tables once its WITH queries are put in place.
pub(super) fn relations<T: Visit>(parsed: &T) -> Result<()> {
    let mut count = Relations { frames: vec![Frame::default()], most: 0 };
    let _: ControlFlow<()> = parsed.visit(&mut count);
    let total = count.frames.iter().fold(count.most, |most, frame| most.max(frame.total));
    if total > RELATION_LIMIT {
        return Err(Error::invalid(format!(
            "the SQL reads more than {RELATION_LIMIT} tables, each WITH query counted wherever it is named"
        )));
    }
    Ok(())
}

/// One query on the way down.
#[derive(Default)]
struct Frame {
    total: u64,
    /// The names of the WITH queries that are yet to be visited, in order.
    pending: VecDeque<String>,
    /// What each WITH query reads, once visited.
    weights: HashMap<String, u64>,
}

struct Relations {
    frames: Vec<Frame>,
    most: u64,
}

impl Visitor for Relations {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let ctes = query.with.iter().flat_map(|with| &with.cte_tables);
        let pending = ctes.map(|cte| fold(&cte.alias.name)).collect();
        self.frames.push(Frame { pending, ..Frame::default() });
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _query: &Query) -> ControlFlow<()> {
        if let Some(done) = self.frames.pop()
            && let Some(parent) = self.frames.last_mut()
        {
            self.most = self.most.max(done.total);
            // The WITH queries come first among a query's children, in order: what follows them is its body's.
            match parent.pending.pop_front() {
                Some(name) => {
                    parent.weights.insert(name, done.total.max(1));
                }
                None => parent.total = parent.total.saturating_add(done.total),
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, name: &ObjectName) -> ControlFlow<()> {
        let weight = match name.0.as_slice() {
            [one] => one
                .as_ident()
                .map(fold)
                .and_then(|name| self.frames.iter().rev().find_map(|frame| frame.weights.get(&name).copied())),
            _ => None,
        };
        if let Some(frame) = self.frames.last_mut() {
            frame.total = frame.total.saturating_add(weight.unwrap_or(1));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        // A table's name is counted as a relation, and so are those within a subquery: this is for the rest.
        if !matches!(factor, TableFactor::Table { .. } | TableFactor::NestedJoin { .. })
            && let Some(frame) = self.frames.last_mut()
        {
            frame.total = frame.total.saturating_add(1);
        }
        ControlFlow::Continue(())
    }
}
