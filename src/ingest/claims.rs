//! Claims of the model tested against the data: a primary key names one row each, a join finds one row. What a query
//! relies on later is what was tested here.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use chrono_tz::Tz;
use datafusion::common::TableReference;
use datafusion::logical_expr::{LogicalPlan, TableSource};
use datafusion::sql::sqlparser::ast;
use futures::TryStreamExt;
use object_store::ObjectStore;
use uuid::Uuid;

use crate::clock;
use crate::error::{Error, Result};
use crate::execute::{Answer, Engine, MartCatalog};
use crate::model::{Join, Model, Table};
use crate::plan::{self, Catalog, Context};
use crate::query::{Principal, Query, Settings, Stop};
use crate::sql::{self, Functions};
use crate::store::{Claim, MartVersion, Pin, Snapshot, TableSnapshot, Verdict};

/// Tables by name, published or only staged.
pub(super) type Tables = BTreeMap<String, Arc<TableSnapshot>>;

/// What questions about tables are asked through.
pub(super) struct Reader<'a> {
    pub(super) model: &'a Model,
    pub(super) engine: &'a Engine,
    pub(super) functions: &'a Functions,
    pub(super) object_store: Arc<dyn ObjectStore>,
}

/// Tests every claim of the model against the tables of a mart version, but for claims about tables that an earlier
/// model made.
///
/// # Errors
/// Whatever keeps the tables from being read.
pub async fn test_claims(
    model: &Model,
    snapshot: &Snapshot,
    engine: &Engine,
    functions: &Functions,
) -> Result<Vec<Verdict>> {
    let reader = Reader { model, engine, functions, object_store: Arc::clone(&snapshot.object_store) };
    let tables = current(model, &snapshot.version.tables, &snapshot.tables);
    let mut verdicts = Vec::new();
    for table in model.tables.values() {
        for claim in claims(table) {
            verdicts.extend(reader.test(table, &claim, &tables).await?);
        }
    }
    Ok(verdicts)
}

/// What a table claims.
pub(super) fn claims(table: &Table) -> Vec<Claim> {
    let key = (!table.primary_key.is_empty()).then_some(Claim::PrimaryKey);
    key.into_iter().chain(table.joins.iter().map(|join| Claim::Join { name: join.name.clone() })).collect()
}

/// A claim in words that change when it does.
pub(super) fn detail(table: &Table, claim: &Claim) -> String {
    match claim {
        Claim::PrimaryKey => table.primary_key.join(", "),
        Claim::Join { name } => table.join(name).map_or_else(String::new, |join| {
            let keys = join.keys.iter().map(|(mine, theirs)| format!("{mine} = {}.{theirs}", join.table));
            keys.collect::<Vec<_>>().join(", ")
        }),
    }
}

/// The Delta versions that a claim's verdict depends on; none where a table is not there.
pub(super) fn tested(table: &Table, claim: &Claim, tables: &Tables) -> Option<BTreeMap<String, u64>> {
    let joined = match claim {
        Claim::PrimaryKey => None,
        Claim::Join { name } => table.join(name).map(|join| &join.table),
    };
    std::iter::once(&table.name)
        .chain(joined)
        .map(|name| Some((name.clone(), tables.get(name)?.delta_version)))
        .collect()
}

/// The tables that are as the model defines them. Of the others nothing can be asked before they are loaded: their
/// columns may be called otherwise.
pub(super) fn current(model: &Model, pins: &BTreeMap<String, Pin>, tables: &Tables) -> Tables {
    let is_current = |name: &String| {
        let (table, pin) = (model.tables.get(name), pins.get(name));
        table.zip(pin).is_some_and(|(table, pin)| table.fingerprint == pin.fingerprint)
    };
    tables.iter().filter(|(name, _)| is_current(name)).map(|(name, table)| (name.clone(), Arc::clone(table))).collect()
}

/// The verdict on a claim, if both sides and the claim are as they were. One from before orphaned keys were counted
/// does not stand where there are any.
pub(super) fn standing<'a>(
    table: &Table,
    claim: &Claim,
    tables: &Tables,
    base: Option<&'a MartVersion>,
) -> Option<&'a Verdict> {
    let tested = tested(table, claim, tables)?;
    let detail = detail(table, claim);
    base?.verdicts.iter().find(|verdict| {
        let same = verdict.table == table.name && verdict.claim == *claim && verdict.detail == detail;
        same && verdict.tested == tested && (verdict.orphans == 0 || verdict.orphan_keys > 0)
    })
}

/// All verdicts that stand.
pub(super) fn all_standing(model: &Model, tables: &Tables, base: Option<&MartVersion>) -> Vec<Verdict> {
    let claims = model.tables.values().flat_map(|table| claims(table).into_iter().map(move |claim| (table, claim)));
    claims.filter_map(|(table, claim)| standing(table, &claim, tables, base).cloned()).collect()
}

/// Whether some claim of the model could be tested on the tables as they are, and has no verdict.
pub(super) fn untested(model: &Model, tables: &Tables, base: Option<&MartVersion>) -> bool {
    let Some(base) = base else { return false };
    let current = current(model, &base.tables, tables);
    model.tables.values().any(|table| {
        let untested = |claim: &Claim| {
            tested(table, claim, &current).is_some() && standing(table, claim, tables, Some(base)).is_none()
        };
        claims(table).iter().any(untested)
    })
}

impl Reader<'_> {
    /// Tests one claim; `None` where a table of it is not there.
    pub(super) async fn test(&self, table: &Table, claim: &Claim, tables: &Tables) -> Result<Option<Verdict>> {
        let Some(tested) = tested(table, claim, tables) else { return Ok(None) };
        let mut verdict = Verdict {
            table: table.name.clone(),
            claim: claim.clone(),
            detail: detail(table, claim),
            holds: true,
            violations: 0,
            orphans: 0,
            orphan_keys: 0,
            tested,
        };
        match claim {
            Claim::PrimaryKey => {
                let [violations] = self.counts(&duplicates(table), tables).await?;
                verdict.violations = violations;
                verdict.holds = violations == 0;
            }
            Claim::Join { name } => {
                let Some(join) = table.join(name) else { return Ok(None) };
                let [keys, rows] = self.counts(&orphaned(table, join), tables).await?;
                (verdict.orphan_keys, verdict.orphans) = (keys, rows);
                if let Some(target) = self.model.tables.get(&join.table) {
                    let [violations] = self.counts(&duplicates(target), tables).await?;
                    verdict.violations = violations;
                    verdict.holds = violations == 0;
                }
            }
        }
        Ok(Some(verdict))
    }

    /// The plan of a derived table's query over these tables, which it names unqualified.
    pub(super) fn plan(&self, query: &ast::Query, tables: &Tables) -> Result<LogicalPlan> {
        let catalog = MartCatalog::of(tables.clone(), Arc::clone(&self.object_store));
        let plan = sql::plan_query(query.clone(), &Unqualified(&catalog), self.functions)?;
        sql::coerced(plan, self.model.defaults.timezone, self.functions)
    }

    /// Runs SQL over these tables.
    pub(super) async fn ask(&self, sql: &str, tables: &Tables) -> Result<Answer> {
        let query = query(self.model.defaults.timezone);
        let catalog = MartCatalog::of(tables.clone(), Arc::clone(&self.object_store));
        let context = Context { model: self.model, catalog: &catalog, functions: self.functions, query: &query };
        let plan = plan::plan(&plan::statement(sql)?, &context)?;
        let permit = self.engine.admit(&query.stop).await?;
        self.engine.execute(&query, permit, plan.logical, plan.schema).await
    }

    /// The counts of a query of one row.
    async fn counts<const N: usize>(&self, sql: &str, tables: &Tables) -> Result<[u64; N]> {
        let batches: Vec<_> = self.ask(sql, tables).await?.try_collect().await?;
        let mut counts = [0; N];
        for batch in batches.iter().filter(|batch| batch.num_rows() > 0) {
            for (at, count) in counts.iter_mut().enumerate() {
                let column = batch.columns().get(at).and_then(|column| column.as_primitive_opt::<Int64Type>());
                let column = column.ok_or_else(|| Error::internal("a count is no integer"))?;
                *count = u64::try_from(column.value(0)).unwrap_or_default();
            }
        }
        Ok(counts)
    }
}

/// The tables of a derived table's query, by their bare names.
struct Unqualified<'a>(&'a MartCatalog);

impl sql::Tables for Unqualified<'_> {
    fn source(&self, name: &TableReference) -> Result<Arc<dyn TableSource>> {
        self.0
            .table(name.table(), None)
            .ok_or_else(|| Error::invalid(format!("table '{}' is not loaded; load it first", name.table())))
    }
}

/// A query that nobody asked but a load.
pub(super) fn query(timezone: Tz) -> Query {
    Query {
        id: Uuid::new_v4(),
        principal: Principal { name: "load".into(), admin: true },
        settings: Settings::default(),
        mart_version: 0,
        now: clock::now(),
        timezone,
        stop: Stop::default(),
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn list(names: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    names.into_iter().map(|name| quoted(name.as_ref())).collect::<Vec<_>>().join(", ")
}

/// How many keys of a table name several rows, or are NULL in part.
fn duplicates(table: &Table) -> String {
    let keys = list(&table.primary_key);
    let nulls: Vec<String> = table.primary_key.iter().map(|key| format!("{} IS NULL", quoted(key))).collect();
    format!(
        "SELECT count(*) FROM (SELECT {keys} FROM mart.{table} GROUP BY {keys} HAVING count(*) > 1 OR {nulls}) AS broken",
        table = quoted(&table.name),
        nulls = nulls.join(" OR ")
    )
}

/// How many keys of a join find no row, and how many rows bear them. A key that is NULL in part names nobody.
/// No column of a model can be called `$rows`.
fn orphaned(table: &Table, join: &Join) -> String {
    let mine = list(join.keys.iter().map(|(mine, _)| mine));
    let theirs = list(join.keys.iter().map(|(_, theirs)| theirs));
    let known: Vec<String> = join.keys.iter().map(|(mine, _)| format!("{} IS NOT NULL", quoted(mine))).collect();
    let equal: Vec<String> =
        join.keys.iter().map(|(mine, theirs)| format!("a.{} = b.{}", quoted(mine), quoted(theirs))).collect();
    let missing = join.keys.first().map_or_else(String::new, |(_, theirs)| quoted(theirs));
    format!(
        "SELECT count(*), coalesce(sum(a.\"$rows\"), 0) FROM (SELECT {mine}, count(*) AS \"$rows\" FROM mart.{table} WHERE \
         {known} GROUP BY {mine}) AS a LEFT JOIN (SELECT DISTINCT {theirs} FROM mart.{target}) AS b ON {equal} WHERE \
         b.{missing} IS NULL",
        table = quoted(&table.name),
        target = quoted(&join.table),
        known = known.join(" AND "),
        equal = equal.join(" AND ")
    )
}
