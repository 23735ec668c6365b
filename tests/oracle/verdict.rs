//! Whether the oracle and the planner agree, case by case.

use std::num::NonZero;
use std::ops::Range;
use std::sync::Mutex;

use starmart::error::Kind;
use tokio::runtime::Runtime;

use super::choice::{Choices, shrunk};
use super::draw::statement;
use super::draw_star;
use super::engine::{Asked, Machine};
use super::meaning::{Oracle, Rows};
use super::scalar::{Answer, MAY};
use super::sorted::{Pick, sorted};
use super::star::Star;
use super::tally::Tally;
use super::tree::Query;
use super::value::Value;

/// How many statements are asked of each star.
const STATEMENTS: usize = 8;
/// How many stars `make test` makes; `STARMART_SOAK_STARS` says otherwise.
const STARS: u64 = 250;

/// After how many failures the rest is left alone.
const FAILURES: usize = 5;
/// How many simpler cases are tried for each.
const SHRINKING: usize = 1000;

/// A star and a statement over it.
struct Case {
    star: Star,
    statement: Query,
}

/// The statements of one star, each made from choices of its own after those of the star.
fn cases(star_choices: Choices, seed: u64) -> impl Iterator<Item = Vec<u32>> {
    let mut choices = star_choices;
    let _ = draw_star::star(&mut choices);
    let prefix = choices.taken;
    (0..STATEMENTS as u64).map(move |at| {
        let mut own = Choices::seeded(seed.wrapping_mul(1000) + at);
        let star = draw_star::star(&mut Choices::played(prefix.clone()));
        let _ = statement(&mut own, &star);
        [prefix.clone(), own.taken].concat()
    })
}

/// The case that a list of choices makes.
fn case(taken: &[u32]) -> Case {
    let mut choices = Choices::played(taken.to_vec());
    let star = draw_star::star(&mut choices);
    let statement = statement(&mut choices, &star);
    Case { star, statement }
}

/// What the planner and the engine make of a statement.
enum Outcome {
    Rows(Vec<Vec<Value>>),
    Refused(String),
    /// What no statement may meet.
    Broken(String),
}

fn outcome(machine: &Machine, asked: &Asked, statement: &Query, runtime: &Runtime) -> Outcome {
    if let Ok(Some(differs)) = machine.differs_with_parameters(asked, &statement.to_string()) {
        return Outcome::Broken(differs);
    }
    match runtime.block_on(machine.ask(asked, &statement.to_string())) {
        Ok(rows) => Outcome::Rows(rows),
        Err(error) if error.kind() == Kind::Invalid => Outcome::Refused(error.to_string()),
        Err(error) => Outcome::Broken(format!("{:?}: {error}", error.kind())),
    }
}

/// Whether what is wrong is known: `STARMART_ORACLE_KNOWN` holds words of statements or of what is wrong with them, with
/// `|` between what is known and `&` between the words of one.
fn is_known(statement: &Query, wrong: &str) -> bool {
    let (told, known) = (format!("{statement} {wrong}"), std::env::var("STARMART_ORACLE_KNOWN").unwrap_or_default());
    known.split('|').any(|one| !one.is_empty() && one.split('&').all(|word| told.contains(word)))
}

/// How an answer differs from what is expected.
fn disagreement(case: &Case, expected: &Answer<Rows>, found: &Outcome) -> Option<String> {
    match (expected, found) {
        (_, Outcome::Broken(error)) => Some(error.clone()),
        (Err(_), Outcome::Refused(_)) => None,
        (Err(refusal), Outcome::Rows(_)) if refusal.rule == MAY => None,
        (Err(refusal), Outcome::Rows(_)) if refusal.rule == "7" && same_whichever(case, found) => None,
        (Err(refusal), Outcome::Rows(_)) => {
            Some(format!("answered, though rule {} refuses: {}", refusal.rule, refusal.why))
        }
        (Ok(_), Outcome::Refused(error)) if error.contains("not there yet") || error.contains("so far") => None,
        (Ok(expected), Outcome::Refused(_)) if expected.may => None,
        (Ok(_), Outcome::Refused(error)) => Some(format!("refused, though it has an answer: {error}")),
        (Ok(expected), Outcome::Rows(_)) if expected.chance => None,
        (Ok(expected), Outcome::Rows(found)) => different(expected, found),
    }
}

/// How rows differ: as sets, and in the order asked for.
fn different(expected: &Rows, found: &[Vec<Value>]) -> Option<String> {
    let agree = |one: &[Value], other: &[Value]| {
        one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.agrees(other))
    };
    let mut left: Vec<&Vec<Value>> = expected.rows.iter().collect();
    for row in found {
        match left.iter().position(|known| agree(known, row)) {
            Some(at) => drop(left.remove(at)),
            None => return Some(format!("the row {row:?} is not expected; expected {:?}", expected.rows)),
        }
    }
    if let Some(row) = left.first() {
        return Some(format!("the row {row:?} is missing from {found:?}"));
    }
    let unsorted = found.windows(2).any(|pair| {
        let compared = expected.order.iter().map(|(at, down, nulls)| {
            let (one, other) = (&pair[0][*at], &pair[1][*at]);
            if one.agrees(other) { std::cmp::Ordering::Equal } else { sorted(one, other, *down, *nulls) }
        });
        compared.into_iter().find(|order| order.is_ne()).is_some_and(std::cmp::Ordering::is_gt)
    });
    unsorted.then(|| format!("not in order: {found:?}"))
}

fn expected(case: &Case) -> Answer<Rows> {
    Oracle::of(&case.star, None).answer(&case.statement)
}

/// Whether rows are the same whichever a LIMIT left that nobody ordered: then nothing hangs on whether it cut any.
fn same_whichever(case: &Case, found: &Outcome) -> bool {
    let Outcome::Rows(found) = found else { return false };
    [Pick::First, Pick::Last].into_iter().all(|pick| {
        let picked = Oracle::of(&case.star, Some(pick)).answer(&case.statement);
        picked.is_ok_and(|rows| rows.chance || different(&rows, found).is_none())
    })
}

/// Everything that is needed to see a failure.
fn told(taken: &[u32], case: &Case, why: &str) -> String {
    let tables: Vec<String> = case
        .star
        .tables
        .iter()
        .map(|table| {
            let rows = table.rows.iter().map(|row| row.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
            format!("{}\n  {}", table.name, rows.collect::<Vec<_>>().join("\n  "))
        })
        .collect();
    format!("{}\n{}\n{}\n\n{why}\n\nchoices: {taken:?}", case.star.yaml(), tables.join("\n"), case.statement)
}

/// A number that the environment gives.
fn given(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|number| number.parse().ok())
}

#[test]
fn random_statements_agree_with_the_semantics_page() {
    if let Ok(list) = std::env::var("STARMART_ORACLE_CASE") {
        let taken: Vec<u32> = list.split([',', ' ', '[', ']']).filter_map(|number| number.parse().ok()).collect();
        let (case, asker) = (case(&taken), Asker::new());
        let asked = asker.machine.opened(&case.star);
        let explained = asker.runtime.block_on(asker.machine.ask(&asked, &case.statement.to_string()));
        panic!("{}\nexpected {:?}\nfound {explained:?}", told(&taken, &case, ""), expected(&case));
    }
    let stars = given("STARMART_SOAK_STARS").unwrap_or(STARS);
    let first = given("STARMART_SOAK_SEED").unwrap_or(1);
    let run = Run { seeds: Mutex::new(first..first + stars), tally: Mutex::default(), failures: Mutex::default() };
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(|| Asker::new().work(&run)))));
    let (tally, failures) = (run.tally.into_inner().unwrap(), run.failures.into_inner().unwrap());
    println!("{}", tally.report());
    assert!(failures.is_empty(), "{}\n{}", failures.join("\n\n"), tally.report());
    assert!(tally.answered * 2 > stars as usize * STATEMENTS, "{}", tally.report());
}

/// What the threads share.
struct Run {
    /// The stars that nobody has taken yet.
    seeds: Mutex<Range<u64>>,
    tally: Mutex<Tally>,
    failures: Mutex<Vec<String>>,
}

/// One thread's engine.
struct Asker {
    machine: Machine,
    runtime: Runtime,
}

impl Asker {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        Self { machine: Machine::new(), runtime }
    }

    /// Asks star after star until there are none, or failures enough.
    fn work(&self, run: &Run) {
        // So many failures as they come, not made smaller.
        let quick = given("STARMART_ORACLE_FAILURES").map(|most| most as usize);
        let next = || run.seeds.lock().unwrap().next();
        while let Some(seed) = next() {
            let asked = self.machine.opened(&draw_star::star(&mut Choices::seeded(seed)));
            for taken in cases(Choices::seeded(seed), seed) {
                let case = case(&taken);
                let expected = expected(&case);
                run.tally.lock().unwrap().add(&case.statement, &expected);
                let wrong =
                    disagreement(&case, &expected, &outcome(&self.machine, &asked, &case.statement, &self.runtime));
                if let Some(wrong) = wrong.filter(|wrong| !is_known(&case.statement, wrong)) {
                    let failure = match quick {
                        Some(_) => format!("seed {seed}: {}\n{wrong}", case.statement),
                        None => smallest(&self.machine, &self.runtime, taken),
                    };
                    run.failures.lock().unwrap().push(failure);
                }
            }
            if run.failures.lock().unwrap().len() >= quick.unwrap_or(FAILURES) {
                break;
            }
        }
    }
}

/// How a case fails, in the smallest form that is found.
fn smallest(machine: &Machine, runtime: &Runtime, taken: Vec<u32>) -> String {
    let wrong = |taken: &[u32]| {
        let case = case(taken);
        let found = outcome(machine, &machine.opened(&case.star), &case.statement, runtime);
        disagreement(&case, &expected(&case), &found).filter(|wrong| !is_known(&case.statement, wrong))
    };
    let smallest = shrunk(taken, SHRINKING, |taken| wrong(taken).is_some());
    told(&smallest, &case(&smallest), &wrong(&smallest).unwrap_or_default())
}
