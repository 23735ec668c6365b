//! What a measure is made of, for whoever computes with measures outside of a query: the parts that have names of their
//! own, and the arithmetic over them.

use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr, UnaryOperator, Value};

use super::{Aggregate, Cube, Leaf, Measure};

/// A measure as arithmetic over measures that are plain aggregates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    /// The measures that the arithmetic takes, by their names.
    pub names: Vec<String>,
    /// What is done with their values.
    pub arithmetic: Arithmetic,
}

/// Arithmetic over parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arithmetic {
    /// The value of the part at this place.
    Part(usize),
    /// A number as written.
    Number(String),
    /// The opposite.
    Negative(Box<Self>),
    /// Two values and what is done with them.
    Both(Box<Self>, Operator, Box<Self>),
}

/// What is done with two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// Their sum.
    Plus,
    /// The first without the second.
    Minus,
    /// Their product.
    Times,
    /// The first by the second, always a quotient.
    Over,
}

impl Cube {
    /// What the measure of this name is made of.
    ///
    /// # Errors
    /// A message: an aggregate in it has no name of its own, or is neither a sum nor a count, or more is done than adding,
    /// subtracting, multiplying and dividing.
    pub fn parts(&self, measure: &Measure) -> Result<Parts, String> {
        let counts = |leaf: &Leaf| leaf.aggregate.is_additive() || leaf.aggregate == Aggregate::CountDistinct;
        if let Some(leaf) = measure.leaves.iter().find(|leaf| !counts(leaf)) {
            return Err(format!("there is {}(…) in it, which is neither a sum nor a count", leaf.aggregate.name()));
        }
        let named = |leaf: &Leaf| {
            let is_plain = |other: &&Measure| other.own_leaf() == Some(leaf);
            // The measure itself, if it is the aggregate, before others of the same meaning.
            let own = [measure].into_iter().find(|own| is_plain(own));
            own.or_else(|| self.measures.iter().find(is_plain)).map(|found| found.name.clone())
        };
        let names: Option<Vec<String>> = measure.leaves.iter().map(named).collect();
        let names = names.ok_or_else(|| {
            "an aggregate in it is no measure of its own; give each a name, and write the measure over the names"
                .to_owned()
        })?;
        let arithmetic = arithmetic(&measure.value, names.len())
            .ok_or_else(|| "more is done in it than adding, subtracting, multiplying and dividing".to_owned())?;
        Ok(Parts { names, arithmetic })
    }
}

impl Measure {
    /// Whether it is one aggregate, and nothing is done to it.
    pub fn is_plain(&self) -> bool {
        self.own_leaf().is_some()
    }
}

fn arithmetic(value: &Expr, parts: usize) -> Option<Arithmetic> {
    match value {
        Expr::Nested(inner) => arithmetic(inner, parts),
        Expr::Identifier(ident) => {
            let at = ident.value.strip_prefix('$')?.parse().ok().filter(|at| *at < parts)?;
            Some(Arithmetic::Part(at))
        }
        Expr::Value(value) => match &value.value {
            Value::Number(text, _) => Some(Arithmetic::Number(text.clone())),
            _ => None,
        },
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => {
            Some(Arithmetic::Negative(Box::new(arithmetic(expr, parts)?)))
        }
        Expr::BinaryOp { left, op, right } => {
            let operator = match op {
                BinaryOperator::Plus => Operator::Plus,
                BinaryOperator::Minus => Operator::Minus,
                BinaryOperator::Multiply => Operator::Times,
                BinaryOperator::Divide => Operator::Over,
                _ => return None,
            };
            Some(Arithmetic::Both(Box::new(arithmetic(left, parts)?), operator, Box::new(arithmetic(right, parts)?)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::parse_expr;

    fn read(text: &str) -> Option<Arithmetic> {
        arithmetic(&parse_expr(text).unwrap(), 2)
    }

    #[test]
    fn arithmetic_is_read_as_it_binds() {
        let part = |at| Box::new(Arithmetic::Part(at));
        assert_eq!(read("(\"$1\")"), Some(Arithmetic::Part(1)));
        let sum = Box::new(Arithmetic::Both(part(0), Operator::Plus, part(1)));
        assert_eq!(read("\"$1\" / (\"$0\" + \"$1\")"), Some(Arithmetic::Both(part(1), Operator::Over, sum)));
        let number = Box::new(Arithmetic::Number("100".into()));
        let negative = Box::new(Arithmetic::Negative(part(0)));
        assert_eq!(read("100 * -\"$0\""), Some(Arithmetic::Both(number, Operator::Times, negative)));
    }

    #[test]
    fn what_is_no_arithmetic_is_none() {
        for text in ["\"$2\"", "round(\"$0\")", "\"$0\" % 2", "CASE WHEN true THEN \"$0\" END", "'a'"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
