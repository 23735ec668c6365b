//! The functions that SQL may call: DataFusion's pure ones, with ours in place where theirs wrap, truncate or
//! answer in another type than the dialect promises.
//!
//! Floats: grouping, DISTINCT, joins and comparisons are DataFusion's, which order floats totally; there is neither
//! −0 nor a NaN other than the one, since loading and whatever computes a float give it in that form.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::execution::SessionStateDefaults;

use crate::sql::Functions;

mod aggregate;
mod arithmetic;
mod around;
mod around_aggregate;
mod bounded;
mod calendar;
mod choice;
mod concatenation;
mod conversion;
mod elapsed;
mod exactly;
mod extreme;
mod float;
mod float_aggregate;
mod foresight;
mod frame;
mod gathering;
mod groups;
mod mark;
mod micros;
mod planner;
mod quantile;
mod ranking;
mod section;
mod single;
mod times;
mod total;
mod truncate;
mod wall_clock;

#[cfg(test)]
mod tests;

pub(crate) use planner::ExactRewrite;
pub use section::{Section, sections};

/// Scalar functions that are not for SQL: they differ from call to call (random, uuid), tell of the server or its
/// files rather than of the data, cast past the rules of casts, or sum integers as doubles.
const LEFT_OUT: [&str; 19] = [
    "random",
    "rand",
    "uuid",
    "version",
    "input_file_name",
    "file_row_index",
    "cast_to_type",
    "try_cast_to_type",
    "with_metadata",
    "arrow_field",
    "arrow_metadata",
    "union_extract",
    "union_tag",
    "array_sum",
    "list_sum",
    "array_product",
    "list_product",
    "array_avg",
    "list_avg",
];

/// Names that other dialects have for functions.
const ALIASES: [(&str, &str); 2] = [("truncate", "trunc"), ("variance", "var")];

/// Aggregates that answer with whichever row comes first; as window functions they have an order.
const ARBITRARY: [&str; 4] = ["any_value", "first_value", "last_value", "nth_value"];

/// Every function that SQL may call.
pub fn all() -> Functions {
    let planners = planner::planners(SessionStateDefaults::default_expr_planners());
    let mut functions = Functions { planners, ..Functions::default() };
    let ours = [elapsed::days_between(), times::interval_times(), truncate::date_trunc(), truncate::date_bin()];
    let ours = ours.into_iter().chain([mark::mark(), mark::apart(), exactly::exactly()]);
    let ours = arithmetic::all().into_iter().chain(wall_clock::wall_clocks()).chain(ours).map(Arc::new);
    let theirs = SessionStateDefaults::default_scalar_functions().into_iter();
    let theirs =
        theirs.map(float::in_one_form).map(micros::in_microseconds).map(bounded::within_bounds).map(choice::with_times);
    for function in theirs.chain(ours) {
        add(&mut functions.scalar, function.name(), function.aliases(), &function);
    }
    let ours = [aggregate::sum(), aggregate::avg()].into_iter().chain(quantile::all()).map(Arc::new);
    let theirs = SessionStateDefaults::default_aggregate_functions().into_iter();
    let theirs = theirs.map(float_aggregate::in_one_form).map(extreme::totally_ordered).map(gathering::counted);
    for function in theirs.chain(ours) {
        add(&mut functions.aggregate, function.name(), function.aliases(), &function);
    }
    for function in SessionStateDefaults::default_window_functions() {
        add(&mut functions.window, function.name(), function.aliases(), &function);
    }
    for (name, of) in ALIASES {
        if let Some(function) = functions.scalar.get(of).cloned() {
            functions.scalar.insert(name.to_owned(), function);
        }
        if let Some(function) = functions.aggregate.get(of).cloned() {
            functions.aggregate.insert(name.to_owned(), function);
        }
    }
    functions.scalar.retain(|name, _| !LEFT_OUT.contains(&name.as_str()));
    functions.aggregate.retain(|name, _| !ARBITRARY.contains(&name.as_str()));
    functions
}

/// Enters a function under its name and its aliases; a later one replaces an earlier.
fn add<F>(functions: &mut HashMap<String, Arc<F>>, name: &str, aliases: &[String], function: &Arc<F>) {
    for name in std::iter::once(name).chain(aliases.iter().map(String::as_str)) {
        functions.insert(name.to_lowercase(), Arc::clone(function));
    }
}
