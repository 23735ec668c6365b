//! DataFusion: sessions, scans, functions, limits, cancellation. A logical plan of `plan` comes in; batches of
//! the announced schema go out. The only owner of a session state and of the runtime environment.
//!
//! The life of a query here: [`Engine::admit`] lets it in (or queues it, or refuses), [`Engine::execute`] makes
//! the physical plan and starts it on the query threads, and the [`Answer`] hands its batches over one at a
//! time. The query's task owns its permit and memory; dropping the answer stops it.

mod admission;
mod answer;
mod catalog;
mod conform;
mod constants;
mod damage;
mod dependencies;
mod engine;
mod explain;
mod fault;
pub mod functions;
mod guarded;
mod joins;
mod null_keys;
mod offset;
mod orderings;
mod passing;
mod pushdown;
mod quota;
mod reader;
mod resorted;
mod session;
mod size;
mod sort_keys;
mod spared;
mod spill;
mod star_order;
mod table;
mod totals;
mod whole;
mod window;

#[cfg(test)]
mod tests;

pub use admission::Permit;
pub use answer::{Answer, Watch};
pub use catalog::MartCatalog;
pub use engine::Engine;
pub use size::divided;
pub use table::MartTable;
