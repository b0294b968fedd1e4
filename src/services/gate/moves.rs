//! Licenses that move up by themselves, written down outside the way of requests.
//!
//! A move is sent with the first unit that was used under the larger tier, and again with each one
//! after it until the snapshot knows; so a move that could not be written is not lost.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use super::Shared;
use crate::{
    domain::actor::{Actor, Who},
    services::{licenses, licenses::MoveUp, mint},
};

/// The most moves that wait.
pub(super) const WAITING_MAX: usize = 256;

/// Writes moves until told to stop.
pub(super) async fn write(
    shared: Arc<Shared>,
    mut moves: mpsc::Receiver<MoveUp>,
    mut stop: watch::Receiver<bool>,
) {
    loop {
        let up = tokio::select! {
            up = moves.recv() => up,
            _ = stop.changed() => {
                moves.close();
                while let Ok(up) = moves.try_recv() {
                    move_up(&shared, up).await;
                }
                return;
            }
        };
        let Some(up) = up else { return };
        move_up(&shared, up).await;
    }
}

async fn move_up(shared: &Shared, up: MoveUp) {
    let system = Actor { who: Who::System, request_id: mint() };
    match licenses::upgrade(&shared.services, &system, up).await {
        Ok(true) => {
            tracing::info!(license.id = %up.license_id, tier.id = %up.to, "A license moved up");
        }
        Ok(false) => {}
        Err(error) => {
            tracing::error!(license.id = %up.license_id, %error, "A license could not be moved up; its next use tries again");
        }
    }
}
