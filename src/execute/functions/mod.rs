//! The functions that SQL may call: DataFusion's pure ones, with ours in place where theirs wrap, truncate or
//! answer in another type than the dialect promises.
//!
//! Floats: grouping, DISTINCT, joins and comparisons are DataFusion's, which order floats totally; the mart holds
//! neither −0 nor a NaN other than the one, since loading normalises both.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::execution::SessionStateDefaults;

use crate::sql::Functions;

mod aggregate;
mod arithmetic;
mod groups;
mod planner;
mod single;
mod total;
mod wall_clock;

#[cfg(test)]
mod tests;

pub(crate) use planner::ExactRewrite;

/// Scalar functions that differ from call to call or tell of the server rather than of the data.
const LEFT_OUT: [&str; 4] = ["random", "rand", "uuid", "version"];

/// Every function that SQL may call.
pub fn all() -> Functions {
    let planners = planner::planners(SessionStateDefaults::default_expr_planners());
    let mut functions = Functions { planners, ..Functions::default() };
    let ours = arithmetic::all().into_iter().chain([wall_clock::wall_clock()]).map(Arc::new);
    for function in SessionStateDefaults::default_scalar_functions().into_iter().chain(ours) {
        add(&mut functions.scalar, function.name(), function.aliases(), &function);
    }
    let ours = [aggregate::sum(), aggregate::avg()].map(Arc::new);
    for function in SessionStateDefaults::default_aggregate_functions().into_iter().chain(ours) {
        add(&mut functions.aggregate, function.name(), function.aliases(), &function);
    }
    for function in SessionStateDefaults::default_window_functions() {
        add(&mut functions.window, function.name(), function.aliases(), &function);
    }
    functions.scalar.retain(|name, _| !LEFT_OUT.contains(&name.as_str()));
    functions
}

/// Enters a function under its name and its aliases; a later one replaces an earlier.
fn add<F>(functions: &mut HashMap<String, Arc<F>>, name: &str, aliases: &[String], function: &Arc<F>) {
    for name in std::iter::once(name).chain(aliases.iter().map(String::as_str)) {
        functions.insert(name.to_lowercase(), Arc::clone(function));
    }
}
