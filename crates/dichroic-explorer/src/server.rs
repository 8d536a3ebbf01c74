//! The server: where it listens, and how it ends.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};

use crate::security::{Hosts, guard};
use crate::workspace::Workspace;
use crate::{api, page};

/// How long open connections may take to end: events end with their jobs, everything else is short.
const FAREWELL: Duration = Duration::from_secs(2);

/// A server that listens and does not answer yet.
#[derive(Debug)]
pub struct Server {
    runtime: Runtime,
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Listens; port 0 lets the system choose a free one.
    ///
    /// # Errors
    /// When the system refuses the address or the port.
    pub fn bind(host: IpAddr, port: u16) -> io::Result<Self> {
        // Requests wait for arithmetic in threads of their own; two are enough to answer them.
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind((host, port)))?;
        let address = listener.local_addr()?;
        Ok(Self { runtime, listener, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address to open in a browser; that of this machine if it listens everywhere.
    pub fn url(&self) -> String {
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(IpAddr::from([127, 0, 0, 1]));
        }
        format!("http://{address}/")
    }

    /// Answers until `stop` comes, then asks all jobs to stop and ends.
    ///
    /// # Errors
    /// When the listener fails.
    pub fn serve(
        self,
        workspace: Arc<Workspace>,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let Self { runtime, listener, address } = self;
        let router = router(workspace.clone(), Hosts::of(address));
        let early = workspace.clone();
        runtime.spawn_blocking(move || early.prepare());
        let (stopped, wait) = tokio::sync::oneshot::channel::<()>();
        let stop = async move {
            stop.await;
            workspace.jobs.stop_all();
            // Whoever waits has gone only if the server failed.
            let _ = stopped.send(());
        };
        let served = runtime.block_on(async move {
            let mut serving = tokio::spawn(
                axum::serve(listener, router).with_graceful_shutdown(stop).into_future(),
            );
            tokio::select! {
                ended = &mut serving => ended.unwrap_or_else(|error| Err(io::Error::other(error))),
                _ = wait => match timeout(FAREWELL, serving).await {
                    Ok(ended) => ended.unwrap_or_else(|error| Err(io::Error::other(error))),
                    Err(_) => Ok(()),
                },
            }
        });
        // Arithmetic that nobody waits for any more ends with the program.
        runtime.shutdown_background();
        served
    }
}

/// Everything that the server answers, guarded against other pages.
pub fn router(workspace: Arc<Workspace>, hosts: Hosts) -> Router {
    // Tensors are noise to a compressor, and the page is on the same machine.
    let compressible = DefaultPredicate::new()
        .and(NotForContentType::const_new("application/octet-stream"))
        .and(NotForContentType::const_new("image/"));
    Router::new()
        .merge(api::router())
        .fallback(page::file)
        .layer(CompressionLayer::new().compress_when(compressible))
        .layer(from_fn_with_state(hosts, guard))
        .with_state(workspace)
}
