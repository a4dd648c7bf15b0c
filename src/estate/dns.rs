//! Name service of the estate: three zones and their parents, from master
//! files (RFC 1035 section 5), signed at start where the office signs.
//!
//! One server plays the resolver. It follows aliases from zone to zone as a
//! resolver does, and asks nobody else: names outside of its zones do not exist.
//! Others play the name servers of the zones themselves, and refer to those below.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use hickory_proto::{
    dnssec::{
        Algorithm, DigestType, DnssecSigner, SigningKey,
        crypto::EcdsaSigningKey,
        rdata::{DNSKEY, DNSSECRData, DS},
    },
    op::{Message, MessageType, OpCode, Query, ResponseCode},
    rr::{DNSClass, LowerName, Name, RData, Record, RecordType},
    serialize::{
        binary::{BinDecodable, BinEncoder},
        txt::Parser,
    },
};
use hickory_server::{
    dnssec::NxProofKind,
    net::{
        NetError,
        runtime::{Time, TokioRuntimeProvider},
        xfer::Protocol,
    },
    server::{Request, RequestHandler, ResponseHandler, ResponseInfo, Server},
    store::in_memory::InMemoryZoneHandler,
    zone_handler::{
        AxfrPolicy, Catalog, MessageResponse, MessageResponseBuilder, ZoneHandler, ZoneType,
    },
};
use tokio::net::{TcpListener, UdpSocket};

use super::{EstateError, dns_authority::Authority};

/// Aliases that are followed for one question.
const MAX_ALIASES: usize = 8;
/// A TCP connection without a question is closed after this time.
const TCP_IDLE: Duration = Duration::from_secs(10);
/// Answers that may wait to be sent on one TCP connection.
const TCP_QUEUE: usize = 16;
/// How long signatures hold.
const SIGNATURE_LIFETIME: Duration = Duration::from_secs(30 * 24 * 3600);

/// A zone as it is written, before it is loaded and signed.
pub(super) struct ZonePlan {
    /// Name of the zone.
    pub origin: &'static str,
    /// Its master file.
    pub text: String,
    /// Whether it is signed, with its DS in the parent.
    pub signed: bool,
}

/// The sockets of one server.
pub(super) type Sockets = (TcpListener, UdpSocket);

/// The running name service.
pub(super) struct Service {
    _resolver: Server<NameService>,
    _authorities: Vec<Server<Authority>>,
    /// The DS record of the root, if it is signed.
    pub anchor: Option<DS>,
    /// The zones that are signed, with their DS records.
    pub signed: Signed,
}

/// Starts the resolver on its sockets, and on the others a server each for the zones
/// named with them. `zones` are ordered from the root down.
pub(super) fn serve(
    resolver: Sockets,
    authorities: Vec<(Sockets, &[&str])>,
    zones: Vec<ZonePlan>,
    queries: Arc<AtomicU64>,
) -> Result<Service, EstateError> {
    let (names, loaded, signed) = NameService::load(zones, Arc::clone(&queries))?;
    let authorities = authorities
        .into_iter()
        .map(|(sockets, own)| listen(Authority::new(&loaded, own, Arc::clone(&queries)), sockets))
        .collect();
    Ok(Service {
        _resolver: listen(names, resolver),
        _authorities: authorities,
        anchor: signed
            .iter()
            .find_map(|(zone, ds)| zone.is_root().then(|| ds.clone())),
        signed,
    })
}

fn listen<H: RequestHandler>(handler: H, (tcp, udp): Sockets) -> Server<H> {
    let mut server = Server::new(handler);
    server.register_socket(udp);
    server.register_listener(tcp, TCP_IDLE, TCP_QUEUE);
    server
}

/// Zones that are signed, with their DS records.
pub(super) type Signed = Vec<(Name, DS)>;

/// The zones as they were loaded.
pub(super) type Loaded = Vec<(Name, Arc<dyn ZoneHandler>)>;

/// Answers from the zones of the estate.
pub(super) struct NameService {
    zones: Catalog,
    /// For the top of each zone, the zone above, which alone has its DS.
    parents: HashMap<LowerName, Catalog>,
    queries: Arc<AtomicU64>,
}

impl NameService {
    fn load(
        plans: Vec<ZonePlan>,
        queries: Arc<AtomicU64>,
    ) -> Result<(Self, Loaded, Signed), EstateError> {
        let failed = |detail: String| EstateError::new("load the zones", detail);
        let mut zones = Catalog::new();
        let mut loaded: Loaded = Vec::new();
        let mut signed = Signed::new();
        // Children first: their DS records belong into what is signed above them.
        for plan in plans.into_iter().rev() {
            let origin = Name::from_ascii(plan.origin).map_err(|e| failed(e.to_string()))?;
            let (_, records) = Parser::new(plan.text, None, Some(origin.clone()))
                .parse()
                .map_err(|e| failed(format!("{origin}: {e}")))?;
            let proof = plan.signed.then(|| NxProofKind::Nsec3 {
                algorithm: Default::default(),
                salt: Arc::new([]),
                iterations: 0,
                opt_out: false,
            });
            let mut zone = InMemoryZoneHandler::<TokioRuntimeProvider>::new(
                origin.clone(),
                records,
                ZoneType::Primary,
                AxfrPolicy::Deny,
                proof,
            )
            .map_err(failed)?;
            for (child, ds) in &signed {
                if !child.is_root() && child.base_name() == origin {
                    let ds = RData::DNSSEC(DNSSECRData::DS(ds.clone()));
                    zone.upsert_mut(Record::from_rdata(child.clone(), 3600, ds), 0);
                }
            }
            if plan.signed {
                let ds = sign(&mut zone, &origin)
                    .map_err(|e| EstateError::new("sign a zone", format!("{origin}: {e}")))?;
                signed.push((origin.clone(), ds));
            }
            let zone: Arc<dyn ZoneHandler> = Arc::new(zone);
            zones.upsert(LowerName::new(&origin), vec![Arc::clone(&zone)]);
            loaded.push((origin, zone));
        }
        let mut parents = HashMap::new();
        for (origin, _) in loaded.iter().filter(|(origin, _)| !origin.is_root()) {
            let above = loaded
                .iter()
                .filter(|(other, _)| other != origin && other.zone_of(origin))
                .max_by_key(|(other, _)| other.num_labels());
            if let Some((parent, zone)) = above {
                let mut catalog = Catalog::new();
                catalog.upsert(LowerName::new(parent), vec![Arc::clone(zone)]);
                parents.insert(LowerName::new(origin), catalog);
            }
        }
        let names = Self {
            zones,
            parents,
            queries,
        };
        Ok((names, loaded, signed))
    }

    /// Answers one request, aliases followed; `None` when nothing readable came out.
    async fn resolve<T: Time>(&self, request: &Request) -> Option<Message> {
        let mut message = self.look_up::<T>(request).await?;
        let asked = request.request_info().ok()?.query.query_type();
        for _ in 0..MAX_ALIASES {
            let Some(next) = open_alias(&message, asked) else {
                break;
            };
            let mut question = Message::new(request.metadata.id, MessageType::Query, OpCode::Query);
            question.add_query(Query::query(next, asked));
            question.edns.clone_from(&request.edns);
            let question =
                Request::from_bytes(question.to_vec().ok()?, request.src(), Protocol::Tcp).ok()?;
            let more = self.look_up::<T>(&question).await?;
            message.answers.extend(more.answers);
            message.authorities = more.authorities;
            message.metadata.response_code = more.metadata.response_code;
        }
        message.metadata.authoritative = false;
        message.metadata.recursion_available = true;
        Some(message)
    }

    /// Answers from one zone.
    async fn look_up<T: Time>(&self, request: &Request) -> Option<Message> {
        let query = request.request_info().ok()?.query;
        let catalog = match query.query_type() {
            RecordType::DS => self.parents.get(query.name()).unwrap_or(&self.zones),
            _ => &self.zones,
        };
        captured::<T>(catalog, request).await
    }
}

#[async_trait::async_trait]
impl RequestHandler for NameService {
    async fn handle_request<R: ResponseHandler, T: Time>(
        &self,
        request: &Request,
        mut response_handle: R,
    ) -> ResponseInfo {
        self.queries.fetch_add(1, Ordering::Relaxed);
        let message = match refusal(request) {
            Some(_) => None,
            None => self.resolve::<T>(request).await,
        };
        send(request, message, &mut response_handle).await
    }
}

/// What a request that is none of ours is answered with.
pub(super) fn refusal(request: &Request) -> Option<ResponseCode> {
    match request.request_info() {
        Err(_) => Some(ResponseCode::FormErr),
        Ok(info) if info.metadata.op_code != OpCode::Query => Some(ResponseCode::NotImp),
        Ok(info) if info.query.query_class() != DNSClass::IN => Some(ResponseCode::Refused),
        Ok(_) => None,
    }
}

/// Sends a message, or the refusal that takes its place.
pub(super) async fn send<R: ResponseHandler>(
    request: &Request,
    message: Option<Message>,
    response_handle: &mut R,
) -> ResponseInfo {
    let mut builder = MessageResponseBuilder::from_message_request(request);
    let sent = match &message {
        Some(message) => {
            if let Some(edns) = &message.edns {
                builder.edns(edns);
            }
            let response = builder.build(
                message.metadata,
                &message.answers,
                &message.authorities,
                [],
                &message.additionals,
            );
            response_handle.send_response(response).await
        }
        None => {
            let code = refusal(request).unwrap_or(ResponseCode::ServFail);
            let response = builder.error_msg(&request.metadata, code);
            response_handle.send_response(response).await
        }
    };
    sent.unwrap_or_else(|_| {
        hickory_proto::op::Header {
            metadata: request.metadata,
            counts: Default::default(),
        }
        .into()
    })
}

/// Asks a catalogue and takes its answer instead of sending it.
pub(super) async fn captured<T: Time>(catalog: &Catalog, request: &Request) -> Option<Message> {
    let answer = Capture::default();
    catalog
        .handle_request::<_, T>(request, answer.clone())
        .await;
    let bytes = answer.0.lock().unwrap_or_else(PoisonError::into_inner);
    Message::from_bytes(&bytes).ok()
}

/// The name that an answer's last alias leads to, when nothing is said of it yet.
fn open_alias(message: &Message, asked: RecordType) -> Option<Name> {
    if matches!(asked, RecordType::CNAME | RecordType::ANY) {
        return None;
    }
    let records = || {
        message
            .answers
            .iter()
            .filter(|record| record.record_type() != RecordType::RRSIG)
    };
    match &records().next_back()?.data {
        RData::CNAME(alias) if records().all(|record| record.name != alias.0) => {
            Some(alias.0.clone())
        }
        _ => None,
    }
}

/// Signs a zone with a fresh key, and returns its DS.
fn sign(
    zone: &mut InMemoryZoneHandler<TokioRuntimeProvider>,
    origin: &Name,
) -> Result<DS, Box<dyn std::error::Error>> {
    let algorithm = Algorithm::ECDSAP256SHA256;
    let pkcs8 = EcdsaSigningKey::generate_pkcs8(algorithm)?;
    let key = EcdsaSigningKey::from_pkcs8(&pkcs8, algorithm)?;
    let public = key.to_public_key()?;
    let ds = DS::from_key(&public, origin, DigestType::SHA256)?;
    zone.add_zone_signing_key_mut(DnssecSigner::new(
        DNSKEY::from_key(&public),
        Box::new(key),
        origin.clone(),
        SIGNATURE_LIFETIME,
    ))?;
    zone.secure_zone_mut()?;
    Ok(ds)
}

/// Takes an answer instead of sending it.
#[derive(Clone, Default)]
struct Capture(Arc<Mutex<Vec<u8>>>);

#[async_trait::async_trait]
impl ResponseHandler for Capture {
    async fn send_response<'a>(
        &mut self,
        response: MessageResponse<
            '_,
            'a,
            impl Iterator<Item = &'a Record> + Send + 'a,
            impl Iterator<Item = &'a Record> + Send + 'a,
            impl Iterator<Item = &'a Record> + Send + 'a,
            impl Iterator<Item = &'a Record> + Send + 'a,
        >,
    ) -> Result<ResponseInfo, NetError> {
        let mut bytes = Vec::with_capacity(512);
        let info = response.destructive_emit(&mut BinEncoder::new(&mut bytes))?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = bytes;
        Ok(info)
    }
}
