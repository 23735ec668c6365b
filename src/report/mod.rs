//! Reports: a YAML file under `reports/` becomes pages that a company's heads read, as PDF and PNG.
//!
//! `spec` says what a report is; `figure` and `drivers` compute with what cubes answered; `finding` puts it into
//! sentences of a `locale`; `chart` draws and `page` sets them in the `face`s of one family. `chart` and `page` know no
//! mart.

pub mod ask;
pub mod chart;
pub mod data;
pub mod drivers;
pub mod face;
pub mod figure;
pub mod finding;
pub mod locale;
pub mod page;
pub mod period;
pub mod record;
pub mod reports;
pub mod resolve;
pub mod run;
pub mod spec;
mod tile;
pub mod verify;
