//! Windows in a block over a cube (semantics, rule 1): under OVER a measure is its value at the block's grouping, one for
//! each group, and what is summed over groups has to add up (rule 4).

use datafusion::sql::sqlparser::ast::{Expr, Function, WindowType};

use crate::error::{Error, Result};

use super::super::ast;
use super::super::relation::Lineage;
use super::measure::{Evaluation, is_distinct, key_name, unwrapped};
use super::sums::{refused_sum, yields_constants};
use super::ties;

impl Evaluation<'_> {
    /// A window function over the block's groups.
    pub(super) fn window(&mut self, function: &Function) -> Result<Expr> {
        self.refuse_window_sum(function)?;
        let mut window = function.clone();
        for part in ast::call_parts(&mut window) {
            let new = self.output(part)?;
            *part = new;
        }
        let keys: Vec<Expr> = self.ties.iter().map(|at| ast::column(&key_name(*at))).collect();
        ties::in_window(&mut window, &keys);
        Ok(Expr::Function(window))
    }

    /// Refuses a sum over groups of what does not add up, unless each partition is one group.
    fn refuse_window_sum(&self, function: &Function) -> Result<()> {
        if ast::function_name(function).as_deref() != Some("sum") {
            return Ok(());
        }
        let arguments = ast::arguments(function).unwrap_or_default();
        let [argument] = arguments.as_slice() else { return Ok(()) };
        let lineage = if yields_constants(argument) { Lineage::Free } else { self.lineage(argument) };
        let one_group = match &function.over {
            Some(WindowType::WindowSpec(spec)) => {
                let partition = |key: &Expr| spec.partition_by.iter().any(|part| unwrapped(part) == unwrapped(key));
                self.keys.iter().all(partition)
            }
            _ => false,
        };
        match lineage {
            Lineage::Free => Ok(()),
            Lineage::Additive(_) if !is_distinct(function) => Ok(()),
            _ if one_group => Ok(()),
            Lineage::Additive(measure) => Err(Error::invalid(format!(
                "SUM(DISTINCT …) over '{measure}' would leave out values that happen to be equal; write SUM without \
                 DISTINCT"
            ))),
            Lineage::Fixed(measure) | Lineage::Valueless(measure) => Err(refused_sum(&measure, &self.names.cube.name)),
        }
    }
}
