//! A second host that must never see a key: it answers everything and notes what came. Apart from the service,
//! because a redirect must lead away from it.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

type Caught = Arc<Mutex<Vec<(String, bool)>>>;

/// Listens until it is dropped.
#[derive(Debug)]
pub struct Trap {
    address: SocketAddr,
    caught: Caught,
    task: JoinHandle<()>,
}

impl Trap {
    /// Opens one on a free port of the loopback address.
    pub async fn open() -> io::Result<Trap> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let caught = Caught::default();
        let router = Router::new().fallback(note).with_state(Arc::clone(&caught));
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::warn!(%error, "the trap closed");
            }
        });
        Ok(Trap { address, caught, task })
    }

    /// An absolute URL of it, without a last slash.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many requests came.
    pub fn requests(&self) -> usize {
        self.caught.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether any of them carried a key.
    pub fn saw_authorization(&self) -> bool {
        self.caught
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .any(|(_, has_key)| *has_key)
    }
}

impl Drop for Trap {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn note(State(caught): State<Caught>, request: Request) -> &'static str {
    let has_key = request.headers().contains_key(AUTHORIZATION);
    caught
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push((request.uri().to_string(), has_key));
    "{\"results\":[],\"total_pages\":1,\"count\":0,\"meta\":{\"page\":1,\"next_page\":null,\"count\":0,\"total_pages\":1}}"
}
