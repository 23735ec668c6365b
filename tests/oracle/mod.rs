//! An oracle for SQL over cubes: random stars, random statements over them, evaluated a row at a time as the semantics
//! page has it, and compared with what the planner and the engine answer, or refuse. Nothing here knows how the planner
//! works.

mod block;
mod choice;
mod draw;
mod draw_expr;
mod draw_outer;
mod draw_star;
mod engine;
mod grouped;
mod joined;
mod meaning;
mod ordinary;
mod places;
mod scalar;
mod sorted;
mod star;
mod tree;
mod value;
mod verdict;
