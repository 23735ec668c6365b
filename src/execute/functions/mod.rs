//! The functions that SQL may call: DataFusion's pure ones, with ours in place where theirs wrap, truncate or
//! answer in another type than the dialect promises.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::execution::SessionStateDefaults;

use crate::sql::Functions;

/// Scalar functions that answer differently each time they are asked.
const VOLATILE: [&str; 3] = ["random", "rand", "uuid"];

/// Every function that SQL may call.
pub fn all() -> Functions {
    let mut functions = Functions { planners: SessionStateDefaults::default_expr_planners(), ..Functions::default() };
    for function in SessionStateDefaults::default_scalar_functions() {
        add(&mut functions.scalar, function.name(), function.aliases(), &function);
    }
    for function in SessionStateDefaults::default_aggregate_functions() {
        add(&mut functions.aggregate, function.name(), function.aliases(), &function);
    }
    for function in SessionStateDefaults::default_window_functions() {
        add(&mut functions.window, function.name(), function.aliases(), &function);
    }
    functions.scalar.retain(|name, _| !VOLATILE.contains(&name.as_str()));
    functions
}

/// Enters a function under its name and its aliases.
fn add<F>(functions: &mut HashMap<String, Arc<F>>, name: &str, aliases: &[String], function: &Arc<F>) {
    for name in std::iter::once(name).chain(aliases.iter().map(String::as_str)) {
        functions.insert(name.to_lowercase(), Arc::clone(function));
    }
}
