//! Windows in a block over a cube (semantics, rule 1): under OVER a measure is its value at the block's grouping, one for
//! each group, and what is summed over groups has to add up (rule 4).

use datafusion::sql::sqlparser::ast::{Expr, Function, WindowType};

use crate::error::{Error, Result};

use super::super::ast;
use super::items::is_measure_call;
use super::measure::{Evaluation, unwrapped};
use super::sums::refuse_sum;
use super::ties;

impl Evaluation<'_> {
    /// A window function over the block's groups.
    pub(super) fn window(&mut self, function: &Function) -> Result<Expr> {
        if ast::function_name(function).is_some_and(|name| is_measure_call(&name)) {
            let measure = self.names.shown(&Expr::Function(Function { over: None, ..function.clone() }));
            return Err(Error::invalid(format!(
                "{measure} is one value for each group, and takes no OVER; write {measure} alone, or SUM({measure}) OVER (…) \
                 for a total of groups"
            )));
        }
        self.refuse_window_sum(function)?;
        let mut window = function.clone();
        for part in ast::call_parts(&mut window) {
            let new = self.output(part)?;
            *part = new;
        }
        ties::in_window(&mut window, &self.own_ties())?;
        Ok(Expr::Function(window))
    }

    /// Refuses a sum over groups of what does not add up, unless each partition is one group: by all keys that the WHERE
    /// does not make equal to constants.
    fn refuse_window_sum(&self, function: &Function) -> Result<()> {
        if ast::function_name(function).as_deref() != Some("sum") {
            return Ok(());
        }
        let arguments = ast::arguments(function).unwrap_or_default();
        let [argument] = arguments.as_slice() else { return Ok(()) };
        let lineage = self.lineage(argument);
        let one_group = || match &function.over {
            _ if self.has_level_twice() => false,
            Some(WindowType::WindowSpec(spec)) => {
                let by = |is: &dyn Fn(&Expr) -> bool| spec.partition_by.iter().any(is);
                let level = |key: &Expr| self.sets.is_none() || by(&|part| Self::is_grouping_of(part, key));
                let within = |key: &Expr| by(&|part| unwrapped(part) == unwrapped(key)) && level(key);
                self.keys.iter().all(|key| self.is_fixed(key) || within(key))
            }
            _ => false,
        };
        refuse_sum(&lineage, function, one_group, &self.names.cube.name)
    }
}
