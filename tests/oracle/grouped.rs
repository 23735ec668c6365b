//! The groups of a block, and what expressions are worth in them.

use std::collections::BTreeSet;

use super::meaning::{Holds, Lazy, Oracle, Scope, holds_call};
use super::scalar::{Answer, aggregate, evaluate, refuse};
use super::tree::{Call, Expr, Over};
use super::value::Value;

/// Facts with the same key.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) key: Vec<Value>,
    /// Which of the keys are not of its level.
    pub(crate) absent: Vec<bool>,
    pub(crate) facts: Vec<usize>,
}

/// A block's groups.
pub(crate) struct GroupedBlock<'o, 'a> {
    pub(crate) oracle: &'o Oracle<'a>,
    pub(crate) lazy: &'o Lazy<'a>,
    pub(crate) keys: &'o [Expr],
    /// Whether there are several levels.
    pub(crate) levels: bool,
    /// What WHERE makes equal to constants.
    pub(crate) fixed: Vec<Expr>,
    pub(crate) groups: Vec<Group>,
    pub(crate) scope: &'o Scope,
}

/// What stands within casts and `coalesce(…, 0)`.
pub(crate) fn looked_through(expr: &Expr) -> &Expr {
    match expr {
        Expr::Cast(inner, _) => looked_through(inner),
        Expr::Coalesce(inner, zero) if is_zero(zero) => looked_through(inner),
        other => other,
    }
}

fn is_zero(expr: &Expr) -> bool {
    matches!(expr, Expr::Literal(value) if value.number() == Some(0.0))
}

/// Whether an expression is a constant, or a CASE that yields only constants.
pub(crate) fn yields_constants(expr: &Expr) -> bool {
    match expr {
        Expr::Literal(_) => true,
        Expr::Case(branches, otherwise) => {
            branches.iter().all(|(_, then)| yields_constants(then))
                && otherwise.iter().all(|inner| yields_constants(inner))
        }
        Expr::Cast(inner, _) => yields_constants(inner),
        _ => false,
    }
}

/// `CASE WHEN p THEN x [ELSE 0] END`: p, x, and whether 0 stands for the rest.
fn chosen(expr: &Expr) -> Option<(&Expr, &Expr, bool)> {
    let Expr::Case(branches, otherwise) = expr else { return None };
    let [(when, then)] = branches.as_slice() else { return None };
    match otherwise.as_deref() {
        None | Some(Expr::Literal(Value::Null)) => Some((when, then, false)),
        Some(zero) if is_zero(zero) => Some((when, then, true)),
        Some(_) => None,
    }
}

impl GroupedBlock<'_, '_> {
    /// An expression's value in a group.
    pub(crate) fn at(&self, row: usize, expr: &Expr) -> Answer<Value> {
        self.of(&self.groups[row], expr)
    }

    fn of(&self, group: &Group, expr: &Expr) -> Answer<Value> {
        evaluate(expr, &|part| {
            if let Some(at) = self.keys.iter().position(|key| key == part) {
                return Some(Ok(group.key[at].clone()));
            }
            match part {
                Expr::Grouping(key) => Some(match self.keys.iter().position(|known| *known == **key) {
                    Some(at) => Ok(Value::Integer(group.absent[at].into())),
                    None => refuse("8", format!("{part} of what is no key")),
                }),
                Expr::Name(parts) => Some(match parts.last().filter(|name| self.lazy.cube.measure(name).is_some()) {
                    Some(measure) => self.oracle.star.measure(self.lazy.cube, measure, &group.facts),
                    None => refuse("3", format!("{part} is neither in GROUP BY nor in an aggregate")),
                }),
                Expr::Call(call) if call.over.is_none() => Some(self.call(group, call)),
                Expr::InQuery(..) | Expr::Exists(_) | Expr::Scalar(_) => {
                    Some(self.oracle.searched(part, self.scope, &|inner| self.of(group, inner)))
                }
                _ => None,
            }
        })
    }

    /// Finds what is wrong in an expression, be there groups or not.
    pub(crate) fn check(&self, expr: &Expr) -> Answer<()> {
        self.oracle.refuse_queries(expr, self.scope)?;
        let none = vec![Value::Null; self.keys.len()];
        let none = Group { absent: vec![false; none.len()], key: none, facts: Vec::new() };
        let mut parts = vec![expr];
        while let Some(part) = parts.pop() {
            match part {
                Expr::Call(call) if call.over.is_some() => parts.extend(part.parts()),
                Expr::Call(_) | Expr::Name(_) | Expr::Grouping(_) => drop(self.of(&none, part)?),
                _ if self.keys.contains(part) => {}
                other => parts.extend(other.parts()),
            }
        }
        Ok(())
    }

    /// MEASURE, an aggregate of a measure, or one of dimensions.
    fn call(&self, group: &Group, call: &Call) -> Answer<Value> {
        let evaluates = ["measure", "agg", "aggregate"].contains(&call.function);
        let facts = match &call.filter {
            Some(filter) => {
                let filtered = Lazy { facts: group.facts.clone(), ..self.lazy.clone() };
                if let Some(measure) = self.lazy.measure_in(filter) {
                    return refuse("1", format!("{measure} in FILTER"));
                }
                self.oracle.facts_where(&filtered, filter, self.scope)?
            }
            None => group.facts.clone(),
        };
        let Some(argument) = &call.argument else { return self.of_rows(call, None, &facts) };
        let value = looked_through(argument);
        if let Some(measure) = self.measure(value) {
            if !evaluates && !self.is_own(call, &measure) {
                return refuse("1", format!("{}({measure})", call.function));
            }
            return self.wrapped(argument, &measure, &facts);
        }
        if call.function == "sum"
            && !call.distinct
            && let Some((when, then, zero)) = chosen(value)
            && let Some(measure) = self.measure(looked_through(then))
            && !self.lazy.mentions_measure(when)
        {
            let filtered = Lazy { facts, ..self.lazy.clone() };
            let facts = self.oracle.facts_where(&filtered, when, self.scope)?;
            let found = self.wrapped(then, &measure, &facts)?;
            let found = if zero && found.is_null() { Value::Integer(0) } else { found };
            return rewrapped(argument, value, found);
        }
        if evaluates || self.lazy.mentions_measure(argument) {
            return refuse("1", format!("{}({argument})", call.function));
        }
        self.of_rows(call, Some(argument), &facts)
    }

    fn measure(&self, expr: &Expr) -> Option<String> {
        match expr {
            Expr::Name(parts) => parts.last().filter(|name| self.lazy.cube.measure(name).is_some()).cloned(),
            _ => None,
        }
    }

    /// A measure over facts, within what stands around it.
    fn wrapped(&self, around: &Expr, measure: &str, facts: &[usize]) -> Answer<Value> {
        let value = self.oracle.star.measure(self.lazy.cube, measure, facts)?;
        rewrapped(around, looked_through(around), value)
    }

    /// Whether an aggregate of a measure is the measure: SUM, or its own.
    fn is_own(&self, call: &Call, measure: &str) -> bool {
        let own = self.lazy.cube.measure(measure).and_then(|measure| self.lazy.cube.own(measure));
        let same = |own: &Call| {
            own.function == call.function
                && (own.distinct == call.distinct || matches!(call.function, "min" | "max"))
                && own.function != "sum"
        };
        (call.function == "sum" && !call.distinct) || own.as_ref().is_some_and(same)
    }

    /// An aggregate of dimensions: over facts, or over the rows that a lazy block would have.
    fn of_rows(&self, call: &Call, argument: Option<&Expr>, facts: &[usize]) -> Answer<Value> {
        let sums = matches!(call.function, "sum" | "avg");
        if sums && (call.distinct || !argument.is_some_and(yields_constants)) {
            return refuse("2", format!("{}({argument:?})", call.function));
        }
        let mut rows = facts.to_vec();
        if let Some(keys) = &self.lazy.keys {
            let mut seen = BTreeSet::new();
            let mut found = Vec::new();
            for fact in rows {
                let key = keys.iter().map(|key| self.oracle.fact(self.lazy, fact, key, self.scope));
                if seen.insert(format!("{:?}", key.collect::<Answer<Vec<_>>>()?)) {
                    found.push(fact);
                }
            }
            rows = found;
            if keys.is_empty() && self.keys.is_empty() && call.filter.is_none() {
                return self.of_one_row(call, argument);
            }
        }
        let Some(argument) = argument else { return Ok(Value::Integer(rows.len() as i128)) };
        let values = rows.iter().map(|fact| self.oracle.fact(self.lazy, *fact, argument, self.scope));
        Ok(aggregate(call.function, call.distinct, values.collect::<Answer<Vec<_>>>()?))
    }

    /// An aggregate over the one row of a lazy block without keys, facts or not.
    fn of_one_row(&self, call: &Call, argument: Option<&Expr>) -> Answer<Value> {
        let Some(argument) = argument else { return Ok(Value::Integer(1)) };
        let value = evaluate(argument, &|_| None)?;
        Ok(aggregate(call.function, call.distinct, vec![value]))
    }

    /// What an expression of the block holds; of several levels nothing adds up.
    pub(crate) fn holds(&self, expr: &Expr) -> Holds {
        match self.held(expr) {
            Holds::Sum if self.levels => Holds::Other,
            held => held,
        }
    }

    fn held(&self, expr: &Expr) -> Holds {
        if yields_constants(looked_through(expr)) {
            return Holds::Free;
        }
        if self.keys.contains(expr) {
            // A key that a query computes says how much of something there is, which an engine need not add up.
            let queried = expr.any(&mut |part| matches!(part, Expr::Scalar(_)));
            self.oracle.may.set(self.oracle.may.get() || queried);
            return self.beside(expr);
        }
        let value = looked_through(expr);
        let adds_up = |measure: &str| if self.lazy.cube.adds_up(measure) { Holds::Sum } else { Holds::Other };
        if let Some(measure) = self.measure(value) {
            return adds_up(&measure);
        }
        if let Expr::Call(call) = value
            && call.over.is_none()
        {
            let argument = call.argument.as_ref().map(looked_through);
            let measure = argument.and_then(|argument| {
                self.measure(argument)
                    .or_else(|| chosen(argument).and_then(|(_, then, _)| self.measure(looked_through(then))))
            });
            return match measure {
                Some(measure) => adds_up(&measure),
                None if matches!(call.function, "sum" | "count") && !call.distinct => Holds::Sum,
                None => Holds::Other,
            };
        }
        if let Some((_, then, _)) = chosen(value) {
            return self.held(then);
        }
        let queried = value.any(&mut |part| matches!(part, Expr::Scalar(_)));
        match self.lazy.mentions_measure(value) || holds_call(value) || queried {
            true => Holds::Other,
            false => self.beside(value),
        }
    }

    /// What an expression holds of rows beside the cube, which several facts may have met.
    fn beside(&self, expr: &Expr) -> Holds {
        let computed = |part: &Expr| match part {
            Expr::Name(parts) if parts.len() == 2 => {
                let place = parts[0].strip_prefix('$').and_then(|at| at.parse::<usize>().ok());
                let rows = place.and_then(|at| self.lazy.beside.get(at)).map(|beside| &beside.rows);
                let column = rows.zip(parts[1].parse::<usize>().ok()).and_then(|(rows, at)| rows.columns.get(at));
                column.is_some_and(|(_, holds)| *holds != Holds::Free)
            }
            _ => false,
        };
        if expr.any(&mut |part| computed(part)) { Holds::Other } else { Holds::Free }
    }

    /// Refuses windows that sum what does not add up (rule 4).
    pub(crate) fn refuse_sums(&self, expr: &Expr) -> Answer<()> {
        if let Expr::Call(call) = expr
            && let Some(Over { partition, .. }) = &call.over
            && call.function == "sum"
            && let Some(argument) = &call.argument
        {
            let level = |key: &Expr| !self.levels || partition.contains(&Expr::Grouping(Box::new(key.clone())));
            let alone = self.keys.iter().all(|key| self.fixed.contains(key) || partition.contains(key) && level(key));
            if self.holds(argument) == Holds::Other && !alone {
                return refuse("4", format!("{expr}"));
            }
        }
        expr.parts().into_iter().try_for_each(|part| self.refuse_sums(part))
    }
}

/// A value within the casts and `coalesce` that stand around an expression.
fn rewrapped(around: &Expr, inner: &Expr, value: Value) -> Answer<Value> {
    evaluate(around, &|part| (part == inner).then(|| Ok(value.clone())))
}
