//! What a hub counts, for Prometheus: one page of text over HTTP, with numbers alone and no name of a node.

use std::{convert::Infallible, sync::Arc, time::Duration};

use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::CONTENT_TYPE,
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::{Registry, Unit},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};

use super::{desk::Ask, rows::Counts, service::Shared};

/// Readers at once; more wait to be accepted.
const READERS_MAX: usize = 8;

/// A reader has asked by then, or is let go.
const ASKED_WITHIN: Duration = Duration::from_secs(5);

/// The format of the page.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Numbers {
    /// Nodes that are awaited, live, late, silent.
    pub(super) n_nodes: [usize; 4],
    /// Of what agents sent.
    pub(super) counts: Counts,
    /// Samples that agents lost on their way here.
    pub(super) n_lost: u64,
    /// Who hears batches.
    pub(super) n_viewers: usize,
    /// Batches, their bytes, and those that viewers lost.
    pub(super) n_batches: u64,
    pub(super) batch_bytes: u64,
    pub(super) n_batches_lost: u64,
    /// Rows that are hot.
    pub(super) n_hot: usize,
    /// Bytes that were recorded, and entries that the disk was too slow for.
    pub(super) recorded_bytes: u64,
    pub(super) n_unrecorded: u64,
    /// Watches that are passed on now.
    pub(super) n_passed: usize,
    /// CPU time of this process, microseconds, and its resident memory, bytes.
    pub(super) cpu_us: u64,
    pub(super) rss_bytes: u64,
}

/// Answers until it is dropped; where nobody is to read, it only waits.
pub(super) async fn serve(listener: Option<TcpListener>, shared: Arc<Shared>) {
    let Some(listener) = listener else { return std::future::pending().await };
    let places = Arc::new(Semaphore::new(READERS_MAX));
    loop {
        // The semaphore is never closed.
        let Ok(place) = places.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let shared = shared.clone();
                tokio::spawn(async move {
                    answer(stream, &shared).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a reader of metrics");
                tokio::time::sleep(ASKED_WITHIN).await;
            }
        }
    }
}

async fn answer(stream: TcpStream, shared: &Shared) {
    let page = service_fn(|request| page(request, shared));
    let mut http = http1::Builder::new();
    let http = http.timer(TokioTimer::new()).header_read_timeout(ASKED_WITHIN).keep_alive(false);
    let served = tokio::time::timeout(2 * ASKED_WITHIN, http.serve_connection(TokioIo::new(stream), page)).await;
    if let Ok(Err(error)) = served {
        tracing::debug!(%error, "a reader of metrics has gone");
    }
}

async fn page(request: Request<Incoming>, shared: &Shared) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::default());
    if request.method() != Method::GET || request.uri().path() != "/metrics" {
        *response.status_mut() = StatusCode::NOT_FOUND;
        return Ok(response);
    }
    match shared.ask(|reply| Ask::Numbers { reply }).await {
        Ok(numbers) => {
            let numbers = Numbers {
                n_passed: shared.n_passed(),
                cpu_us: shared.host.process_cpu_us(),
                rss_bytes: rss_bytes(),
                ..numbers
            };
            response.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(OPEN_METRICS));
            *response.body_mut() = Full::from(text(&numbers));
        }
        Err(_) => *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE,
    }
    Ok(response)
}

/// Resident memory (proc(5), statm); 0 where the system does not tell.
fn rss_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: Option<u64> = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    pages.unwrap_or(0) * rustix::param::page_size() as u64
}

fn text(numbers: &Numbers) -> String {
    let mut registry = Registry::default();
    let hub = registry.sub_registry_with_prefix("midair_hub");
    let nodes = Family::<[(&str, &str); 1], Gauge>::default();
    for (state, n) in ["awaited", "live", "late", "silent"].into_iter().zip(numbers.n_nodes) {
        nodes.get_or_create(&[("state", state)]).set(i64::try_from(n).unwrap_or(i64::MAX));
    }
    hub.register("nodes", "Nodes by how they are heard", nodes);
    for (name, help, n) in [
        ("viewers", "Watches that hear batches of all nodes", numbers.n_viewers),
        ("passed_watches", "Watches that are passed on to agents now", numbers.n_passed),
        ("hot_nodes", "Nodes that are worth hearing themselves", numbers.n_hot),
    ] {
        let gauge = Gauge::<i64>::default();
        gauge.set(i64::try_from(n).unwrap_or(i64::MAX));
        hub.register(name, help, gauge);
    }
    let counts = numbers.counts;
    for (name, help, n) in [
        ("samples", "Samples that arrived", counts.n_samples),
        ("samples_unusable", "Samples that arrived without those before them", counts.n_unusable),
        ("samples_lost", "Samples that agents lost on their way here", numbers.n_lost),
        ("received_bytes", "Bytes of all that agents said", counts.n_bytes),
        ("connects", "Connections to agents that were made", counts.n_connects),
        ("batches", "Batches that were made", numbers.n_batches),
        ("batch_bytes", "Bytes of these, before they go to each viewer", numbers.batch_bytes),
        ("recorded_bytes", "Bytes that were recorded", numbers.recorded_bytes),
        ("unrecorded", "Entries that the disk was too slow for", numbers.n_unrecorded),
        ("batches_lost", "Batches that viewers lost because they did not read", numbers.n_batches_lost),
    ] {
        hub.register(name, help, counter(n));
    }
    let process = registry.sub_registry_with_prefix("process");
    let seconds = Counter::<f64, std::sync::atomic::AtomicU64>::default();
    seconds.inc_by(numbers.cpu_us as f64 / 1e6);
    process.register_with_unit("cpu", "CPU time of this process", Unit::Seconds, seconds);
    let resident = Gauge::<i64>::default();
    resident.set(i64::try_from(numbers.rss_bytes).unwrap_or(i64::MAX));
    process.register_with_unit("resident_memory", "Resident memory of this process", Unit::Bytes, resident);
    let mut text = String::new();
    encode(&mut text, &registry).expect("to write into memory does not fail");
    text
}

fn counter(n: u64) -> Counter {
    let counter = Counter::default();
    counter.inc_by(n);
    counter
}

#[cfg(test)]
mod tests;
