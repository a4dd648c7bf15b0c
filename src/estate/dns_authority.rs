//! A name server of the estate that speaks for its own zones alone, and refers to
//! the servers of those below (RFC 1034 section 4.3.2).

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use hickory_proto::{
    op::{Message, MessageType, OpCode, Query},
    rr::{LowerName, Name, RData, Record, RecordType},
};
use hickory_server::{
    net::{runtime::Time, xfer::Protocol},
    server::{Request, RequestHandler, ResponseHandler, ResponseInfo},
    zone_handler::Catalog,
};

use super::dns::{Loaded, captured, refusal, send};

/// Answers for some of the zones.
pub(super) struct Authority {
    own: Catalog,
    /// Zones below the own ones, each with what its own servers would say.
    below: Vec<(Name, Catalog)>,
    queries: Arc<AtomicU64>,
}

impl Authority {
    /// A server of the zones with these names.
    pub(super) fn new(loaded: &Loaded, own: &[&str], queries: Arc<AtomicU64>) -> Self {
        let mut catalog = Catalog::new();
        let mut below = Vec::new();
        for (origin, zone) in loaded {
            let name = LowerName::new(origin);
            if own.contains(&origin.to_string().as_str()) {
                catalog.upsert(name, vec![Arc::clone(zone)]);
            } else {
                let mut child = Catalog::new();
                child.upsert(name, vec![Arc::clone(zone)]);
                below.push((origin.clone(), child));
            }
        }
        Self {
            own: catalog,
            below,
            queries,
        }
    }

    async fn answer<T: Time>(&self, request: &Request) -> Option<Message> {
        let info = request.request_info().ok()?;
        let (asked, rtype) = (Name::from(info.query.name()), info.query.query_type());
        // The zone below in which the name lies, as far as this server hands it out.
        let mut cuts: Vec<&(Name, Catalog)> = self
            .below
            .iter()
            .filter(|(origin, _)| origin.zone_of(&asked))
            .collect();
        cuts.sort_by_key(|(origin, _)| origin.num_labels());
        for (origin, child) in cuts {
            if rtype == RecordType::DS && *origin == asked {
                break;
            }
            if let Some(message) = self.referral::<T>(request, origin, child).await {
                return Some(message);
            }
        }
        captured::<T>(&self.own, request).await
    }

    /// A referral to a zone below; `None` when this server does not hand it out.
    async fn referral<T: Time>(
        &self,
        request: &Request,
        origin: &Name,
        child: &Catalog,
    ) -> Option<Message> {
        let servers = ask::<T>(&self.own, request, origin, RecordType::NS).await?;
        let ns: Vec<Record> = servers
            .answers
            .into_iter()
            .filter(|record| record.record_type() == RecordType::NS && record.name == *origin)
            .collect();
        if ns.is_empty() {
            return None;
        }
        let ds = ask::<T>(&self.own, request, origin, RecordType::DS).await?;
        let mut message = Message::new(request.metadata.id, MessageType::Response, OpCode::Query);
        message.metadata.recursion_desired = request.metadata.recursion_desired;
        message.edns.clone_from(&ds.edns);
        for record in &ns {
            let RData::NS(server) = &record.data else {
                continue;
            };
            if origin.zone_of(&server.0) {
                for rtype in [RecordType::A, RecordType::AAAA] {
                    let glue = ask::<T>(child, request, &server.0, rtype).await?;
                    let addresses = glue.answers.into_iter();
                    message
                        .additionals
                        .extend(addresses.filter(|record| record.record_type() == rtype));
                }
            }
        }
        message.authorities = ns;
        // The DS records, or the proof that there are none, without the SOA record.
        message.authorities.extend(ds.answers);
        let proof = ds
            .authorities
            .into_iter()
            .filter(|record| match &record.data {
                RData::SOA(_) => false,
                RData::DNSSEC(hickory_proto::dnssec::rdata::DNSSECRData::RRSIG(signature)) => {
                    signature.input().type_covered != RecordType::SOA
                }
                _ => true,
            });
        message.authorities.extend(proof);
        Some(message)
    }
}

/// What a catalogue answers to a question of our own, asked as the request asks.
async fn ask<T: Time>(
    catalog: &Catalog,
    request: &Request,
    name: &Name,
    rtype: RecordType,
) -> Option<Message> {
    let mut question = Message::new(request.metadata.id, MessageType::Query, OpCode::Query);
    question.add_query(Query::query(name.clone(), rtype));
    question.edns.clone_from(&request.edns);
    let question =
        Request::from_bytes(question.to_vec().ok()?, request.src(), Protocol::Tcp).ok()?;
    captured::<T>(catalog, &question).await
}

#[async_trait::async_trait]
impl RequestHandler for Authority {
    async fn handle_request<R: ResponseHandler, T: Time>(
        &self,
        request: &Request,
        mut response_handle: R,
    ) -> ResponseInfo {
        self.queries.fetch_add(1, Ordering::Relaxed);
        let message = match refusal(request) {
            Some(_) => None,
            None => self.answer::<T>(request).await,
        };
        send(request, message, &mut response_handle).await
    }
}
