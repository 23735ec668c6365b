//! Conditions over a cube's dimensions: which facts count.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{Expr, Value, visit_expressions};

use super::Cube;
use crate::sql::{fold, parse_expr};
use crate::yaml::hint;

impl Cube {
    /// A condition over this cube's dimensions in one form, whatever comments and spaces it is written with.
    ///
    /// # Errors
    /// Why it is none: it does not parse, names something else than dimensions, or asks a question of its own.
    pub fn condition(&self, text: &str) -> Result<String, String> {
        let expr = parse_expr(text).map_err(|error| error.message().to_owned())?;
        let refused = visit_expressions(&expr, |expr| match self.refusal(expr) {
            Some(why) => ControlFlow::Break(why),
            None => ControlFlow::Continue(()),
        });
        match refused {
            ControlFlow::Break(why) => Err(why),
            ControlFlow::Continue(()) => Ok(expr.to_string()),
        }
    }

    fn refusal(&self, expr: &Expr) -> Option<String> {
        match expr {
            Expr::Identifier(ident) => {
                let name = fold(ident);
                if self.dimension(&name).is_some() {
                    return None;
                }
                if self.measure(&name).is_some() {
                    return Some(format!("'{name}' is a measure, and a condition is about one fact; name dimensions"));
                }
                let names = self.dimensions.iter().map(|dimension| dimension.name.as_str());
                Some(format!("unknown dimension '{name}' of cube '{}'{}", self.name, hint(&name, names)))
            }
            Expr::CompoundIdentifier(_) => Some(format!("'{expr}' has dots; name the dimension alone")),
            Expr::Subquery(_) | Expr::InSubquery { .. } | Expr::Exists { .. } => {
                Some("a condition is about one fact, and asks no question of its own".to_owned())
            }
            Expr::Value(value) if matches!(value.value, Value::Placeholder(_)) => {
                Some(format!("'{expr}' has no value here; write the value"))
            }
            _ => None,
        }
    }
}
