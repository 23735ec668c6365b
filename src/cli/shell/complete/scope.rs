//! Where in a statement a place is: in which clause, in the call of which function, over which relations.

use super::super::words::{Kind, Piece};

/// The part of a SELECT, or of another statement, that a place lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clause {
    /// Before anything is said.
    Start,
    With,
    Select,
    From,
    On,
    Where,
    GroupBy,
    Having,
    OrderBy,
    Limit,
    /// SET, whose settings follow.
    Set,
}

/// A relation that a SELECT reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) schema: Option<String>,
    pub(super) name: String,
    pub(super) alias: Option<String>,
}

/// What holds at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Here {
    pub(super) clause: Clause,
    /// Whether the name of a relation is next.
    pub(super) wants_relation: bool,
    /// The function whose arguments the place is among.
    pub(super) function: Option<String>,
    /// What the SELECT around the place reads, wherever it says so.
    pub(super) sources: Vec<Source>,
    /// What the whole statement reads.
    pub(super) all: Vec<Source>,
    /// The queries of WITH.
    pub(super) queries: Vec<String>,
}

/// What stands between two parentheses, or the statement itself.
#[derive(Debug, Clone)]
struct Frame {
    /// The SELECT that it belongs to.
    select: usize,
    /// Whether that SELECT stands in it.
    selects: bool,
    clause: Clause,
    wants_relation: bool,
    function: Option<String>,
}

struct Walk {
    frames: Vec<Frame>,
    selects: usize,
    /// Each with the SELECT that reads it.
    sources: Vec<(usize, Source)>,
    queries: Vec<String>,
}

/// What holds where `piece` number `at` of a statement stands, or behind all of them. Those up to `resumed` are being
/// typed and say nothing yet.
pub(super) fn here(pieces: &[Piece<'_>], at: usize, resumed: usize) -> Here {
    let root = Frame { select: 0, selects: false, clause: Clause::Start, wants_relation: false, function: None };
    let mut walk = Walk { frames: vec![root.clone()], selects: 0, sources: Vec::new(), queries: Vec::new() };
    let mut here = None;
    let mut next = 0;
    while next < pieces.len() {
        if next >= at && here.is_none() {
            here = walk.frames.last().cloned();
            // What is being typed takes the place that it is typed in.
            if resumed > at {
                walk.top().wants_relation = false;
            }
            next = resumed;
            continue;
        }
        next += walk.take(pieces, next);
    }
    let frame = here.or_else(|| walk.frames.last().cloned()).unwrap_or(root);
    let sources = walk.sources.iter().filter(|(select, _)| *select == frame.select);
    Here {
        clause: frame.clause,
        wants_relation: frame.wants_relation,
        function: frame.function,
        sources: sources.map(|(_, source)| source.clone()).collect(),
        all: walk.sources.iter().map(|(_, source)| source.clone()).collect(),
        queries: walk.queries,
    }
}

impl Walk {
    /// The innermost frame.
    fn top(&mut self) -> &mut Frame {
        let last = self.frames.len() - 1;
        &mut self.frames[last]
    }

    /// Takes what stands at `at`; how many pieces that is.
    fn take(&mut self, pieces: &[Piece<'_>], at: usize) -> usize {
        let piece = &pieces[at];
        let before = at.checked_sub(1).map(|before| &pieces[before]);
        match (piece.kind, piece.text) {
            (Kind::Sign, "(") => self.open(before),
            (Kind::Sign, ")") if self.frames.len() > 1 => {
                self.frames.pop();
                self.top().wants_relation = false;
            }
            (Kind::Sign, ",") => {
                let top = self.top();
                top.wants_relation = top.clause == Clause::From;
            }
            (Kind::Sign, "=") if self.top().clause == Clause::Set => self.top().clause = Clause::Limit,
            (Kind::Word, _) if self.keyword(pieces, at) => {}
            (Kind::Word | Kind::Quoted, _) if self.top().wants_relation => return self.source(pieces, at),
            _ => {}
        }
        1
    }

    fn open(&mut self, before: Option<&Piece<'_>>) {
        let top = self.top().clone();
        let called =
            before.filter(|piece| piece.kind == Kind::Word && !is_keyword(piece) && top.clause != Clause::From);
        // What follows a WITH query's AS begins anew.
        let clause = if top.clause == Clause::With { Clause::Start } else { top.clause };
        self.frames.push(Frame { selects: false, clause, function: called.map(Piece::name), ..top });
    }

    /// Takes a word that begins a clause; whether it does.
    fn keyword(&mut self, pieces: &[Piece<'_>], at: usize) -> bool {
        let after = |word: &str| at.checked_sub(1).is_some_and(|before| pieces[before].is(word));
        let word = pieces[at].text.to_ascii_lowercase();
        let selects = self.selects;
        let top = self.top();
        let clause = match word.as_str() {
            "select" => {
                (top.select, top.selects, top.function) = (selects + 1, true, None);
                self.selects += 1;
                Clause::Select
            }
            // EXTRACT(year FROM x), x IS DISTINCT FROM y
            "from" if after("distinct") || top.function.as_deref().is_some_and(|name| FROM_WITHIN.contains(&name)) => {
                return true;
            }
            "from" | "join" => Clause::From,
            "on" | "using" => Clause::On,
            "where" => Clause::Where,
            "having" => Clause::Having,
            "by" if after("order") => Clause::OrderBy,
            "by" => Clause::GroupBy,
            "limit" | "offset" => Clause::Limit,
            "union" | "except" | "intersect" | "explain" => Clause::Start,
            "with" if !top.selects => Clause::With,
            "set" if top.clause == Clause::Start => Clause::Set,
            "as" if top.clause == Clause::With => {
                self.queries.extend(at.checked_sub(1).map(|before| pieces[before].name()));
                return true;
            }
            _ => return false,
        };
        let top = self.top();
        top.clause = clause;
        top.wants_relation = clause == Clause::From;
        true
    }

    /// Takes a relation with its schema and alias; how many pieces that is.
    fn source(&mut self, pieces: &[Piece<'_>], at: usize) -> usize {
        let mut names = vec![pieces[at].name()];
        let mut taken = 1;
        while let [dot, name, ..] = &pieces[at + taken..]
            && dot.text == "."
            && matches!(name.kind, Kind::Word | Kind::Quoted)
        {
            names.push(name.name());
            taken += 2;
        }
        let mut rest = &pieces[at + taken..];
        if let [word, after @ ..] = rest
            && word.is("as")
        {
            rest = after;
        }
        let alias = rest.first().filter(|piece| match piece.kind {
            Kind::Word => !is_keyword(piece),
            kind => kind == Kind::Quoted,
        });
        let name = names.pop().unwrap_or_default();
        let source = Source { schema: names.pop(), name, alias: alias.map(Piece::name) };
        let top = self.top();
        top.wants_relation = false;
        let select = top.select;
        self.sources.push((select, source));
        taken
    }
}

/// Functions with a FROM among their arguments.
const FROM_WITHIN: [&str; 4] = ["extract", "overlay", "substring", "trim"];
/// Words that are neither an alias nor a function where they stand.
const KEYWORDS: [&str; 40] = [
    "select",
    "from",
    "where",
    "group",
    "order",
    "by",
    "having",
    "limit",
    "offset",
    "join",
    "left",
    "right",
    "full",
    "inner",
    "cross",
    "outer",
    "natural",
    "on",
    "using",
    "union",
    "except",
    "intersect",
    "all",
    "distinct",
    "as",
    "and",
    "or",
    "not",
    "in",
    "exists",
    "between",
    "like",
    "is",
    "case",
    "when",
    "then",
    "else",
    "end",
    "over",
    "version",
];

fn is_keyword(piece: &Piece<'_>) -> bool {
    KEYWORDS.iter().any(|word| piece.is(word))
}
