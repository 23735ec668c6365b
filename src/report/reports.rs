//! The reports of a project: read, looked up in a model, run.

use chrono::NaiveDate;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::mart::{Session, Texts, report_files};
use crate::model::Model;
use crate::yaml::{Faults, hint};

use super::data::{Data, gather};
use super::resolve::{Report, resolve};
use super::spec::{AsOf, ReportSpec, Spec};

/// The reports that a project's files hold.
#[derive(Debug, Clone, Default)]
pub struct Reports {
    spec: Spec,
}

impl Reports {
    /// Reads and decodes the files of `reports/`. What is faulty there is told when it is asked for, and stops no other
    /// report.
    ///
    /// # Errors
    /// Misconfigured: the folder cannot be read.
    pub fn read(config: &Config) -> Result<Self> {
        let Texts { read, unread } = report_files(config)?;
        let mut spec = Spec::decode(&read);
        spec.faults.append(unread);
        Ok(Self { spec })
    }

    /// The reports whose files are well formed.
    pub fn specs(&self) -> &[ReportSpec] {
        &self.spec.reports
    }

    /// Every fault of every file, names that the model does not know among them.
    pub fn faults(&self, model: &Model) -> Faults {
        let mut faults = self.spec.faults.clone();
        for spec in &self.spec.reports {
            if let Err(more) = resolve(spec, model) {
                faults.append(more);
            }
        }
        faults.sorted()
    }

    /// The report of a name, looked up in a model.
    ///
    /// # Errors
    /// NotFound: there is none. Misconfigured: it is faulty, with every fault.
    pub fn report(&self, name: &str, model: &Model) -> Result<Report> {
        match self.spec.reports.iter().find(|report| report.name == name) {
            Some(spec) => resolve(spec, model).map_err(Faults::into_error),
            None if !self.spec.faults.is_empty() => Err(self.spec.faults.clone().into_error()),
            None => {
                let names = self.spec.reports.iter().map(|report| report.name.as_str());
                Err(Error::not_found(format!("there is no report '{name}' under reports/{}", hint(name, names))))
            }
        }
    }
}

/// What a report shows of the facts up to `as_of`, or up to where the report says.
///
/// # Errors
/// As [`gather`].
pub async fn data(session: &Session, report: &Report, as_of: Option<NaiveDate>, today: NaiveDate) -> Result<Data> {
    let until = match (as_of, report.as_of) {
        (Some(day), _) => Some(day),
        (None, AsOf::Now) => Some(today),
        (None, AsOf::Data) => None,
    };
    gather(session, report, until).await
}
