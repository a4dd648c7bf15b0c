//! The registry of the offices' domains: what it tells over RDAP (RFC 9083).

use http_body_util::Full;
use hyper::{
    Response, StatusCode,
    body::Bytes,
    header::{CONTENT_TYPE, HeaderValue},
};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    dns::Signed,
    http,
    offices::{hex, in_days},
};

/// What an office keeps at its registrar.
struct Held {
    domain: &'static str,
    registrar: &'static str,
    states: &'static [&'static str],
    days_left: i64,
}

const HELD: [Held; 3] = [
    Held {
        domain: "exemplary.example",
        registrar: "Careful Registrar",
        states: &[
            "client transfer prohibited",
            "server delete prohibited",
            "server transfer prohibited",
            "server update prohibited",
        ],
        days_left: 700,
    },
    Held {
        domain: "average.example",
        registrar: "Cheap Registrar",
        states: &["client transfer prohibited"],
        days_left: 90,
    },
    // Anybody with the password can move it away, and in 12 days anybody can register it.
    Held {
        domain: "neglected.example",
        registrar: "Cheap Registrar",
        states: &["active"],
        days_left: 12,
    },
];

/// The registry's server.
pub(super) struct Registry {
    /// Zones that are signed, with their DS records.
    pub signed: Signed,
}

impl Registry {
    /// Serves one connection.
    pub(super) async fn serve(&self, stream: impl AsyncRead + AsyncWrite + Unpin) {
        http::serve(stream, |request| {
            let found = self.answer(request.uri().path());
            let status = match found {
                Some(_) => StatusCode::OK,
                None => StatusCode::NOT_FOUND,
            };
            let body = found.unwrap_or_else(|| json!({ "errorCode": 404 }));
            let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
            *response.status_mut() = status;
            let kind = HeaderValue::from_static("application/rdap+json");
            response.headers_mut().insert(CONTENT_TYPE, kind);
            response
        })
        .await;
    }

    /// What it tells of the domain in a path; `None` when it does not know it.
    fn answer(&self, path: &str) -> Option<Value> {
        let domain = path.strip_prefix("/domain/")?;
        let held = HELD.iter().find(|held| held.domain == domain)?;
        let own = self.signed.iter();
        let ds: Vec<Value> = own
            .filter(|(zone, _)| zone.to_ascii().trim_end_matches('.') == domain)
            .map(|(_, ds)| {
                json!({
                    "keyTag": ds.key_tag(),
                    "algorithm": u8::from(ds.algorithm()),
                    "digestType": u8::from(ds.digest_type()),
                    "digest": hex(ds.digest()),
                })
            })
            .collect();
        let mut dnssec = json!({ "delegationSigned": !ds.is_empty() });
        if !ds.is_empty() {
            dnssec["dsData"] = Value::Array(ds);
        }
        Some(json!({
            "objectClassName": "domain",
            "ldhName": domain,
            "status": held.states,
            "events": [{ "eventAction": "expiration", "eventDate": in_days(held.days_left) }],
            "entities": [{
                "objectClassName": "entity",
                "roles": ["registrar"],
                "vcardArray": ["vcard", [["fn", {}, "text", held.registrar]]],
            }],
            "secureDNS": dnssec,
        }))
    }
}
