//! Somebody who takes part: a process under test, what it is asked, and what came of it.

use std::{rc::Rc, time::Duration};

use sqlx::PgPool;

use crate::{
    Result,
    books::until_at_rest,
    machine::{Bench, Process},
    wrk::{Load, Requests, Shot, shoot},
};

/// For a process that was stopped to catch up with what its timers missed.
const AWAKENING: Duration = Duration::from_millis(300);

/// Somebody who takes part.
pub struct Contender {
    pub name: &'static str,
    pub port: u16,
    pub process: Rc<Process>,
    pub requests: Requests,
    /// Where its deliveries are written, if they are.
    pub pool: Option<PgPool>,
    pub shots: Vec<Shot>,
    /// Good answers a second, counted until the last of them was in the books.
    pub booked: Vec<f64>,
}

impl Contender {
    pub fn new(
        name: &'static str,
        port: u16,
        process: Rc<Process>,
        requests: Requests,
    ) -> Result<Self> {
        process.pause()?;
        let (shots, booked) = (Vec::new(), Vec::new());
        Ok(Self { name, port, process, requests, pool: None, shots, booked })
    }

    /// One whose deliveries are written into these books.
    pub fn booking(self, pool: &PgPool) -> Self {
        Self { pool: Some(pool.clone()), ..self }
    }

    pub fn rates(&self) -> Vec<f64> {
        self.shots.iter().map(Shot::rate).collect()
    }

    pub fn medians(&self) -> Vec<f64> {
        self.shots.iter().map(|shot| shot.p50_micros).collect()
    }

    pub fn tails(&self) -> Vec<f64> {
        self.shots.iter().map(|shot| shot.p99_micros).collect()
    }

    pub async fn turn(&mut self, bench: &Bench, load: Load) -> Result<Shot> {
        self.process.resume()?;
        tokio::time::sleep(AWAKENING).await;
        let shot = shoot(bench, self.port, &self.requests, load).await?;
        if let Some(pool) = &self.pool {
            let late = until_at_rest(pool).await?;
            self.booked.push(shot.good() as f64 / (shot.seconds + late.as_secs_f64()));
        }
        self.process.pause()?;
        if shot.refused + shot.lost > 0 {
            println!("        {}: {} refused, {} lost", self.name, shot.refused, shot.lost);
        }
        self.shots.push(shot);
        Ok(shot)
    }
}

/// Ends them well, so that nobody is connected to their books any more.
pub fn end(field: Vec<Contender>) -> Result<()> {
    for contender in field {
        // The last one that has it.
        if let Ok(process) = Rc::try_unwrap(contender.process) {
            process.end()?;
        }
    }
    Ok(())
}
