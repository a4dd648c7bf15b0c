//! The list of revoked certificates of the estate's authority, over plain HTTP.

use std::{convert::Infallible, time::Duration};

use http_body_util::Full;
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    header::{CONTENT_TYPE, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;

/// Time for the header of a request.
const HEADER_TIME: Duration = Duration::from_secs(10);

/// A list, in DER.
pub(super) struct List(pub Vec<u8>);

impl List {
    /// Serves one connection: the list, whatever is asked for.
    pub(super) async fn serve(&self, stream: TcpStream) {
        let service = service_fn(|_: Request<Incoming>| async move {
            let mut response = Response::new(Full::new(Bytes::from(self.0.clone())));
            let kind = HeaderValue::from_static("application/pkix-crl");
            response.headers_mut().insert(CONTENT_TYPE, kind);
            Ok::<_, Infallible>(response)
        });
        // An error here is the peer's: it broke off, or sent no HTTP.
        let _ = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIME)
            .serve_connection(TokioIo::new(stream), service)
            .await;
    }
}
