//! The list of revoked certificates of the estate's authority, over plain HTTP.

use http_body_util::Full;
use hyper::{
    Response,
    body::Bytes,
    header::{CONTENT_TYPE, HeaderValue},
};
use tokio::net::TcpStream;

use super::http;

/// A list, in DER.
pub(super) struct List(pub Vec<u8>);

impl List {
    /// Serves one connection: the list, whatever is asked for.
    pub(super) async fn serve(&self, stream: TcpStream) {
        http::serve(stream, |_| {
            let mut response = Response::new(Full::new(Bytes::from(self.0.clone())));
            let kind = HeaderValue::from_static("application/pkix-crl");
            response.headers_mut().insert(CONTENT_TYPE, kind);
            response
        })
        .await;
    }
}
