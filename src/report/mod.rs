//! Reports: a YAML file under `reports/` becomes pages that a company's heads read, as PDF and PNG.
//!
//! `spec` says what a report is; `figure` and `drivers` compute with what cubes answered; `finding` puts it into
//! sentences of a `locale`; `chart` draws and `page` sets them in the `face`s of one family. `chart` and `page` know no
//! mart.

pub mod ask;
pub mod data;
pub mod drivers;
pub mod face;
pub mod figure;
pub mod period;
pub mod reports;
pub mod resolve;
pub mod spec;
