//! The engine: the query threads, the memory and disk that queries may use, and who may run now.

use std::fmt;
use std::future::Future;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::thread::available_parallelism;

use arrow::datatypes::SchemaRef;
use datafusion::execution::context::SessionState;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{GreedyMemoryPool, MemoryPool, TrackConsumersPool};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use futures::TryStreamExt;
use tokio::runtime::{Builder, Runtime};

use super::admission::{Admission, Permit};
use super::answer::{self, Answer};
use super::joins::stoppable;
use super::quota::QuotaPool;
use super::spill::SpillFolder;
use super::{damage, explain, fault, session};
use crate::clock;
use crate::config::Limits;
use crate::error::{Error, Result};
use crate::query::{Query, Stop};

/// The stack of a query thread: deep enough for the plans of deeply nested SQL.
const STACK_BYTES: usize = 8 << 20;
/// The most memory for the footers of data files, and for their statistics.
const FOOTERS_BYTES: usize = 512 << 20;
const STATISTICS_BYTES: usize = 128 << 20;
/// How many statements a core plans at once. Planning waits for little and asks for no memory worth counting, but a
/// large statement thinks long, and its thread cannot be stopped.
const PLANNED_PER_CORE: usize = 4;
/// How many of the greediest operators a message about memory may name.
const NAMED_CONSUMERS: NonZeroUsize = NonZeroUsize::MIN;

/// Runs logical plans within limits, on threads of its own.
pub struct Engine {
    /// Taken only when the engine is dropped.
    threads: Option<Runtime>,
    template: SessionState,
    shared: Arc<dyn MemoryPool>,
    shared_bytes: usize,
    query_bytes: usize,
    admission: Admission,
    planning: Admission,
    /// Declared last, so that it goes after all that spills into it.
    _spill: SpillFolder,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("shared", &self.shared)
            .field("admission", &self.admission)
            .finish_non_exhaustive()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // Queries still running are stopped; waiting for them here could block a network thread.
        if let Some(threads) = self.threads.take() {
            threads.shutdown_background();
        }
    }
}

/// Stops what nobody waits for any more.
struct Waited(Stop);

impl Drop for Waited {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

impl Engine {
    /// An engine within `limits` that spills beneath `spill_dir`. What dead processes left there is removed.
    ///
    /// # Errors
    /// Misconfigured, Exhausted: the folder cannot be spilled to. Unavailable: there are no more threads.
    pub fn new(limits: &Limits, spill_dir: &Path) -> Result<Self> {
        let cores = available_parallelism().map_or(1, NonZeroUsize::get);
        let spill = SpillFolder::open(spill_dir)?;
        let footers = FOOTERS_BYTES.min(limits.memory_bytes / 16);
        let statistics = STATISTICS_BYTES.min(limits.memory_bytes / 64);
        let shared_bytes = limits.memory_bytes - footers - statistics;
        let pool = TrackConsumersPool::new(GreedyMemoryPool::new(shared_bytes), NAMED_CONSUMERS);
        let shared: Arc<dyn MemoryPool> = Arc::new(pool);
        let disk = DiskManagerBuilder::default()
            .with_mode(DiskManagerMode::Directories(vec![spill.path().to_path_buf()]))
            .with_max_temp_directory_size(limits.spill_bytes);
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::clone(&shared))
            .with_disk_manager_builder(disk)
            .with_metadata_cache_limit(footers)
            .with_file_statistics_cache_limit(statistics)
            .with_object_list_cache_limit(0)
            .build_arc()
            .map_err(fault::error)?;
        let query_bytes = limits.query_memory_bytes.min(shared_bytes);
        let template = session::template(cores, query_bytes, runtime)?;
        // Last: threads that are dropped again, because something else fails, wait for their end, and whoever opens an
        // engine on a network thread may not wait.
        let threads = Builder::new_multi_thread()
            .worker_threads(cores)
            .thread_name("query")
            .thread_stack_size(STACK_BYTES)
            .enable_all()
            .build()
            .map_err(|error| Error::unavailable("the query threads cannot be started").with_source(error))?;
        Ok(Self {
            threads: Some(threads),
            template,
            shared,
            shared_bytes,
            query_bytes,
            admission: Admission::new(limits.running, limits.queued),
            planning: Admission::new(PLANNED_PER_CORE * cores, limits.queued),
            _spill: spill,
        })
    }

    /// Waits for the right to run a query, no longer than until `stop`; refuses at once when the queue is full.
    ///
    /// # Errors
    /// Unavailable: the queue is full. Cancelled or Deadline, as `stop` says.
    pub async fn admit(&self, stop: &Stop) -> Result<Permit> {
        self.admission.admit(stop).await
    }

    /// Plans `plan` physically and starts it. The answer's batches have exactly the schema `announced`.
    ///
    /// # Errors
    /// Whatever is wrong with the plan; the stream of the answer tells what goes wrong later.
    pub async fn execute(
        &self,
        query: &Query,
        permit: Permit,
        plan: LogicalPlan,
        announced: SchemaRef,
    ) -> Result<Answer> {
        self.start(query, permit, plan, announced).await.map(|(answer, _)| answer)
    }

    /// Starts a plan: its answer, and the physical plan, which counts what happens.
    async fn start(
        &self,
        query: &Query,
        permit: Permit,
        plan: LogicalPlan,
        announced: SchemaRef,
    ) -> Result<(Answer, Arc<dyn ExecutionPlan>)> {
        let stop = query.stop.child();
        let state = self.session(query);
        let context = state.task_ctx();
        let plan = self.physical(&stop, state, plan).await?;
        let plan = damage::told_by_table(stoppable(plan, &stop).map_err(fault::error)?)?;
        let counted = Arc::clone(&plan);
        let (messages, received) = Answer::channel();
        let (id, schema) = (query.id, Arc::clone(&announced));
        let task = {
            let stop = stop.clone();
            async move {
                match execute_stream(plan, context) {
                    Ok(stream) => answer::send(stream, announced, id, stop, permit, messages).await,
                    Err(error) => answer::fail(fault::error(error), permit, messages).await,
                }
            }
        };
        let task = self.threads()?.spawn(task).abort_handle();
        Ok((Answer::new(schema, received, task, stop), counted))
    }

    /// How `plan` runs, in lines of text.
    ///
    /// # Errors
    /// As [`Engine::execute`].
    pub async fn explain(&self, query: &Query, plan: LogicalPlan) -> Result<Vec<String>> {
        let plan = self.physical(&query.stop, self.session(query), plan).await?;
        Ok(explain::lines(&plan, None))
    }

    /// Runs `plan`, whose rows nobody sees: how it ran, in lines of text.
    ///
    /// # Errors
    /// As [`Engine::execute`], and what goes wrong while it runs.
    pub async fn analyze(
        &self,
        query: &Query,
        permit: Permit,
        plan: LogicalPlan,
        announced: SchemaRef,
    ) -> Result<Vec<String>> {
        let begun = clock::monotonic();
        let (mut answer, plan) = self.start(query, permit, plan, announced).await?;
        let mut rows = 0;
        while let Some(batch) = answer.try_next().await? {
            rows += batch.num_rows();
        }
        let took = clock::monotonic().saturating_duration_since(begun);
        Ok(explain::lines(&plan, Some(explain::Ran { rows, took })))
    }

    /// Runs `work`, which may think long without ever waiting, on a thread of its own: neither other queries nor the
    /// network wait for it. Its caller is told at `stop`; the thread goes on until `work` next waits, and keeps its
    /// place until then.
    ///
    /// # Errors
    /// Those of `work`. Unavailable: too many statements wait to be planned. Cancelled or Deadline, as `stop` says.
    pub async fn plan<T: Send + 'static>(
        &self,
        stop: &Stop,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        let place = self.planning.admit(stop).await?;
        let threads = self.threads()?.handle().clone();
        let waited = Waited(stop.child());
        let until = waited.0.clone();
        let task = self.threads()?.spawn_blocking(move || {
            let _place = place;
            threads.block_on(async move {
                tokio::select! {
                    biased;
                    error = until.wait() => Err(error),
                    done = work => done,
                }
            })
        });
        tokio::select! {
            biased;
            error = stop.wait() => Err(error),
            done = task => {
                done.map_err(|error| Error::internal("planning stopped unexpectedly").with_source(error))?
            }
        }
    }

    /// How many bytes running queries have reserved.
    pub fn reserved(&self) -> usize {
        self.shared.reserved()
    }

    /// Makes the physical plan; constants are computed on the way.
    async fn physical(&self, stop: &Stop, state: SessionState, plan: LogicalPlan) -> Result<Arc<dyn ExecutionPlan>> {
        let planning = async move { state.create_physical_plan(&plan).await.map_err(fault::error) };
        self.plan(stop, planning).await
    }

    /// The session state of one query, with its own memory quota.
    fn session(&self, query: &Query) -> SessionState {
        let pool = QuotaPool::new(self.query_bytes, Arc::clone(&self.shared), self.shared_bytes);
        session::of(&self.template, query, Arc::new(pool))
    }

    /// The query threads.
    fn threads(&self) -> Result<&Runtime> {
        self.threads.as_ref().ok_or_else(|| Error::unavailable("the engine is shutting down"))
    }
}
