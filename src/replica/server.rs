//! The server: one fallback for every path.

use axum::Router;
use tokio::net::TcpListener;

use super::world::World;

/// Serves until its task is aborted.
pub(super) async fn serve(listener: TcpListener, world: World) {
    let router = Router::new().with_state(world);
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!(%error, "the replica stopped serving");
    }
}
