//! An oracle for SQL over cubes: random stars, random statements over them, evaluated a row at a time as the semantics
//! page has it, and compared with what the planner and the engine answer, or refuse. Nothing here knows how the planner
//! works.

mod added;
mod block;
mod choice;
mod commas;
mod detail;
mod draw;
mod draw_detail;
mod draw_expr;
mod draw_from;
mod draw_outer;
mod draw_set;
mod draw_star;
mod draw_window;
mod engine;
mod grouped;
mod joined;
mod meaning;
mod names;
mod ordinary;
mod parameters;
mod places;
mod printed;
mod rows_joined;
mod scalar;
mod sets;
mod shapes;
mod sorted;
mod star;
mod tally;
mod tree;
mod value;
mod verdict;
mod windows;
