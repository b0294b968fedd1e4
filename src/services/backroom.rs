//! A thread for what may wait: work behind an answer that has been given.
//!
//! It has a runtime and connections of its own, so that adding up thousands of rows never keeps a
//! request waiting, and a lower priority, so that on a busy machine answers go first. It still gets
//! its share of a core, and so keeps up.

use std::thread;

use sqlx::postgres::PgPoolOptions;
use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
    task::JoinHandle,
};

use super::{Error, Result, Services};

/// About a quarter of a core where others want all of it (`sched(7)`, the nice value).
const NICE: i32 = 5;
const OPENING: &str = "opening the back room";

/// The thread. What runs there ends with this value.
pub struct Backroom {
    runtime: Handle,
    services: Services,
    stop: Option<oneshot::Sender<()>>,
}

impl Backroom {
    /// Starts it, with at most so many connections to the same database.
    pub fn open(services: &Services, connections_max: u32) -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Error::fault(OPENING, error))?;
        let handle = runtime.handle().clone();
        let pool = {
            let _entered = handle.enter();
            let options = services.pool.connect_options().as_ref().clone();
            let patience = services.pool.options().get_acquire_timeout();
            PgPoolOptions::new()
                .max_connections(connections_max)
                .acquire_timeout(patience)
                .connect_lazy_with(options)
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let (own, closing) = (pool.clone(), services.pool.close_event());
        let run = move || {
            let nice = rustix::process::setpriority_process(None, NICE);
            if let Err(error) = nice {
                tracing::warn!(%error, "Work behind the answers has the priority of answers");
            }
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    () = closing => {}
                }
                own.close().await;
            });
            // What reads the disk at this moment is not waited for.
            runtime.shutdown_background();
        };
        let thread = thread::Builder::new().name("back room".into());
        thread.spawn(run).map_err(|error| Error::fault(OPENING, error))?;
        let services = Services { pool, ..services.clone() };
        Ok(Self { runtime: handle, services, stop: Some(stop) })
    }

    /// What deeds done here work with.
    pub const fn services(&self) -> &Services {
        &self.services
    }

    /// Does it here.
    pub fn spawn<F>(&self, work: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        self.runtime.spawn(work)
    }
}

impl Drop for Backroom {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // Where nobody listens, it has ended.
            let _ = stop.send(());
        }
    }
}
