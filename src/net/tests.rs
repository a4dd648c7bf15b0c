//! Look-ups and connections against servers that misbehave.

use hickory_proto::op::ResponseCode;
use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::{
    ConnectRule, Limits, Net, NetConfig, NetError, RecordType, Scope, Session, StopSignal, Stopper,
    test_resolver::{Fault, TestResolver, session, target_named},
};
use crate::model::{gap::GapReason, level::Level};

const ZONE: &str = "
example. IN SOA ns.example. host.example. 1 2 3 4 5
vote.example. IN A 192.0.2.1
vote.example. IN A 93.184.215.14
vote.example. IN AAAA 2001:db8::1
www.vote.example. IN CNAME web.example.
web.example. IN CNAME vote.example.
dangling.example. IN CNAME gone.example.
loop.example. IN CNAME pool.example.
pool.example. IN CNAME loop.example.
inside.example. IN A 10.0.0.1
inside.example. IN AAAA ::ffff:10.0.0.1
vote.example. IN MX 10 mx.other.test.
mx.other.test. IN A 127.0.0.1
vote.example. IN TXT \"one\" \"two\"
";

fn localhost() -> IpAddr {
    IpAddr::V4(Ipv4Addr::LOCALHOST)
}

fn reason(result: Result<impl Sized, NetError>) -> GapReason {
    result.err().expect("an error").reason
}

#[tokio::test]
async fn answers_are_read() {
    let resolver = TestResolver::start(ZONE, &[]).await;
    let session = resolver.session("vote.example");
    let answer = session
        .lookup("VOTE.example.", RecordType::A)
        .await
        .expect("an answer");
    assert_eq!(answer.ips().len(), 2);
    assert!(answer.exists() && answer.aliases.is_empty());

    let answer = session
        .lookup("www.vote.example", RecordType::TXT)
        .await
        .expect("an answer");
    let aliases: Vec<_> = answer.aliases.iter().map(|a| a.target.as_str()).collect();
    assert_eq!(aliases, ["web.example", "vote.example"]);
    assert_eq!(answer.texts(), [b"onetwo".to_vec()]);

    let answer = session
        .lookup("none.example", RecordType::A)
        .await
        .expect("an answer");
    assert!(!answer.exists());
    assert_eq!(answer.authority_zone().as_deref(), Some("example"));

    let answer = session
        .lookup("vote.example", RecordType::CAA)
        .await
        .expect("an answer");
    assert!(answer.exists() && answer.records.is_empty());

    let answer = session
        .lookup("dangling.example", RecordType::A)
        .await
        .expect("an answer");
    assert!(answer.exists() && !answer.end_exists());
    assert_eq!(answer.end(), "gone.example");
}

#[tokio::test]
async fn the_same_question_is_asked_once() {
    let resolver = TestResolver::start(ZONE, &[]).await;
    let session = resolver.session("vote.example");
    let ask = |name| session.lookup(name, RecordType::A);
    let (a, b, c) = tokio::join!(
        ask("vote.example"),
        ask("Vote.Example"),
        ask("vote.example.")
    );
    assert!(a.is_ok() && a == b && b == c);
    assert_eq!((resolver.asked(), session.cost().queries), (1, 1));
    assert!(session.cost().bytes_sent > 20 && session.cost().bytes_received > 20);
}

#[tokio::test]
async fn faults_of_the_resolver_are_told_apart() {
    let a = RecordType::A;
    let cases: Vec<(&str, Fault, Result<usize, GapReason>, u64)> = vec![
        ("lost.example", Fault::Loses(1), Ok(0), 2),
        ("stray.example", Fault::StrayFirst, Ok(0), 1),
        ("tc.example", Fault::Truncated, Ok(0), 2),
        ("edns.example", Fault::NoEdns, Ok(0), 2),
        ("silent.example", Fault::Silent, Err(GapReason::Timeout), 3),
        (
            "fail.example",
            Fault::Code(ResponseCode::ServFail),
            Err(GapReason::Refused),
            1,
        ),
        (
            "no.example",
            Fault::Code(ResponseCode::Refused),
            Err(GapReason::Refused),
            1,
        ),
        (
            "garbage.example",
            Fault::Garbage,
            Err(GapReason::Malformed),
            3,
        ),
        (
            "circle.example",
            Fault::CompressionLoop,
            Err(GapReason::Malformed),
            3,
        ),
        ("flood.example", Fault::Flood, Err(GapReason::Malformed), 3),
    ];
    for (name, fault, expected, queries) in cases {
        let resolver = TestResolver::start(ZONE, &[(name, a, fault.clone())]).await;
        let session = resolver.session("vote.example");
        let answer = session.lookup(name, a).await;
        let seen = answer
            .map(|answer| answer.records.len())
            .map_err(|error| error.reason);
        assert_eq!(seen, expected, "{fault:?}");
        assert_eq!(session.cost().queries, queries, "{fault:?}");
    }
}

#[tokio::test]
async fn servfail_is_never_no_record() {
    let faults = [(
        "vote.example",
        RecordType::AAAA,
        Fault::Code(ResponseCode::ServFail),
    )];
    let resolver = TestResolver::start(ZONE, &faults).await;
    let session = resolver.session("vote.example");
    let set = session.addresses("vote.example").await.expect("one half");
    assert_eq!(set.addresses.len(), 2);
    let [(_, error)] = set.failures.as_slice() else {
        panic!("{set:?}");
    };
    assert_eq!(error.reason, GapReason::Refused);
    assert!(error.detail.contains("SERVFAIL"), "{error}");
}

#[tokio::test]
async fn the_word_of_a_filter_is_not_that_of_the_zone() {
    let faults = [("none.example", RecordType::A, Fault::Filtered)];
    let resolver = TestResolver::start(ZONE, &faults).await;
    let session = resolver.session("none.example");
    let error = session
        .lookup("none.example", RecordType::A)
        .await
        .expect_err("filtered");
    assert_eq!(error.reason, GapReason::Blocked);
    assert!(
        error.detail.contains("(filtered: by \u{FFFD}policy)"),
        "{error}"
    );
}

#[tokio::test]
async fn circles_and_bad_names_are_errors() {
    let resolver = TestResolver::start(ZONE, &[]).await;
    let session = resolver.session("vote.example");
    assert_eq!(
        reason(session.lookup("loop.example", RecordType::A).await),
        GapReason::Malformed
    );
    for name in ["", "a..b", &"a".repeat(64)] {
        assert_eq!(
            reason(session.lookup(name, RecordType::A).await),
            GapReason::Malformed
        );
    }
}

#[tokio::test]
async fn a_closed_resolver_is_unreachable_and_not_waited_for() {
    let port = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let config = NetConfig {
        resolver: Some(port.local_addr().expect("an address")),
        ..NetConfig::default()
    };
    let answer = session(config, "vote.example")
        .lookup("vote.example", RecordType::A)
        .await;
    // Waiting for an answer would end as a timeout.
    assert_eq!(reason(answer), GapReason::Unreachable);
}

#[tokio::test]
async fn private_addresses_are_seen_and_not_contacted() {
    let resolver = TestResolver::start(ZONE, &[]).await;
    let strict = resolver.session("inside.example");
    let set = strict.addresses("inside.example").await.expect("addresses");
    assert_eq!(set.addresses.len(), 2);
    for address in &set.addresses {
        assert!(!address.public);
        assert_eq!(
            reason(address.may_connect.clone()),
            GapReason::PrivateAddress
        );
        let connection = strict.connect("inside.example", address.ip, 443).await;
        assert_eq!(reason(connection), GapReason::PrivateAddress);
    }
    assert_eq!(strict.cost().connections, 0);
    let own = resolver.session("localhost");
    let set = own.addresses("localhost").await.expect("addresses");
    assert!(set.addresses.len() == 2 && set.addresses.iter().all(|a| a.may_connect.is_err()));
    assert_eq!(own.cost().queries, 0);
    let literal = resolver.session("127.0.0.1");
    assert_eq!(
        reason(literal.connect("127.0.0.1", localhost(), 80).await),
        GapReason::PrivateAddress
    );
}

#[tokio::test]
async fn rules_lead_elsewhere_and_facts_do_not_show_it() {
    let resolver = TestResolver::start(ZONE, &[]).await;
    let server = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = server.local_addr().expect("an address").port();
    for rule in [
        format!("vote.example:443:127.0.0.1:{port}"),
        format!("192.0.2.1:443:127.0.0.1:{port}"),
        format!(":443:127.0.0.1:{port}"),
    ] {
        let config = NetConfig {
            connect_to: vec![rule.parse::<ConnectRule>().expect("a rule")],
            ..resolver.config()
        };
        let session = session(config, "vote.example");
        let set = session.addresses("vote.example").await.expect("addresses");
        let first = set
            .addresses
            .iter()
            .find(|a| a.ip.to_string() == "192.0.2.1");
        let first = first.expect("the address");
        assert!(!first.public && first.may_connect.is_ok(), "{rule}");
        let connection = session.connect("vote.example", first.ip, 443).await;
        let connection = connection.unwrap_or_else(|error| panic!("{rule}: {error}"));
        assert_eq!(connection.address().to_string(), "192.0.2.1:443");
        // Another port has no leave.
        let other = session.connect("vote.example", first.ip, 80).await;
        assert_eq!(reason(other), GapReason::PrivateAddress, "{rule}");
    }
    // A staged name without any address lives where the rule says.
    let config = NetConfig {
        connect_to: vec![
            format!("new.example:443:127.0.0.1:{port}")
                .parse()
                .expect("a rule"),
        ],
        ..resolver.config()
    };
    let session = session(config, "new.example");
    let set = session.addresses("new.example").await.expect("addresses");
    assert_eq!(set.addresses.len(), 1);
    assert!(
        session
            .connect("new.example", localhost(), 443)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn documentation_addresses_that_are_led_elsewhere_stand_for_public_ones() {
    let resolver = TestResolver::start(ZONE, &[]).await;
    // Rule, address of vote.example, whether it stands for another.
    let cases = [
        ("192.0.2.1:443:127.0.0.1:1", "192.0.2.1", true),
        ("[2001:db8::1]:443:127.0.0.1:1", "2001:db8::1", true),
        ("vote.example:443:127.0.0.1:1", "192.0.2.1", true),
        ("192.0.2.1:443:127.0.0.1:1", "192.0.2.2", false),
        ("192.0.2.1:443::1", "192.0.2.1", false),
        ("10.0.0.1:443:127.0.0.1:1", "10.0.0.1", false),
        ("vote.example:443:127.0.0.1:1", "10.0.0.1", false),
    ];
    for (rule, ip, expected) in cases {
        let config = NetConfig {
            connect_to: vec![rule.parse::<ConnectRule>().expect("a rule")],
            ..resolver.config()
        };
        let session = session(config, "vote.example");
        let ip = ip.parse().expect("an address");
        assert_eq!(
            session.stands_in("vote.example", ip),
            expected,
            "{rule} {ip}"
        );
    }
}

#[tokio::test]
async fn only_what_belongs_to_the_scan_is_contacted() {
    let resolver = TestResolver::start(ZONE, &[]).await;
    let config = || NetConfig {
        allow_private: true,
        ..resolver.config()
    };
    let server = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = server.local_addr().expect("an address").port();
    let standard = session(config(), "vote.example");
    assert!(
        standard
            .connect("vote.example", localhost(), port)
            .await
            .is_ok()
    );
    assert!(
        standard
            .connect("www.vote.example", localhost(), port)
            .await
            .is_ok()
    );
    let other = standard.connect("other.example", localhost(), port).await;
    assert_eq!(reason(other), GapReason::OutOfScope);
    // The exchanger may be asked for mail on port 25 alone, and not at level passive.
    let mail = standard.connect("mx.other.test", localhost(), 25).await;
    assert_ne!(
        mail.err().map(|error| error.reason),
        Some(GapReason::OutOfScope)
    );
    let web = standard.connect("mx.other.test", localhost(), port).await;
    assert_eq!(reason(web), GapReason::OutOfScope);
    let passive = Net::new(config()).expect("a network").session(
        &target_named("vote.example"),
        Scope::new(Level::Passive, [""; 0], [""; 0]),
        Duration::from_secs(5),
        StopSignal::never(),
    );
    let mail = passive.connect("mx.other.test", localhost(), 25).await;
    assert_eq!(reason(mail), GapReason::OutOfScope);
}

/// A server that does as it is told with each connection.
async fn server<F, R>(serve: F) -> SocketAddr
where
    F: Fn(tokio::net::TcpStream) -> R + Send + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    address
}

fn open_session(limits: Limits, deadline: Duration, stop: StopSignal) -> Session {
    let config = NetConfig {
        resolver: Some(SocketAddr::from(([127, 0, 0, 1], 9))),
        allow_private: true,
        limits,
        ..NetConfig::default()
    };
    let scope = Scope::new(Level::Standard, [""; 0], [""; 0]);
    let target = target_named("127.0.0.1");
    Net::new(config)
        .expect("a network")
        .session(&target, scope, deadline, stop)
}

async fn read_all(session: &Session, address: SocketAddr) -> Result<usize, NetError> {
    let mut connection = session
        .connect("127.0.0.1", address.ip(), address.port())
        .await?;
    let mut bytes = Vec::new();
    match connection.read_to_end(&mut bytes).await {
        Ok(count) => Ok(count),
        Err(error) => Err(NetError::from_io(&error, "reading")),
    }
}

#[tokio::test]
async fn hostile_servers_end_within_their_limits() {
    let limits = Limits {
        bytes_per_connection: 100_000,
        ..Limits::default()
    };
    let long = Duration::from_secs(60);
    let session = open_session(limits, long, StopSignal::never());

    let endless =
        server(|mut stream| async move { while stream.write_all(&[b'x'; 4096]).await.is_ok() {} })
            .await;
    assert_eq!(
        reason(read_all(&session, endless).await),
        GapReason::TooLarge
    );

    let silent = server(|stream| async move {
        tokio::time::sleep(Duration::from_secs(60)).await;
        drop(stream);
    })
    .await;
    let impatient = Limits {
        idle_timeout: Duration::from_millis(200),
        ..limits
    };
    let hurried = open_session(impatient, long, StopSignal::never());
    assert_eq!(reason(read_all(&hurried, silent).await), GapReason::Timeout);

    let resets = server(|stream| async move {
        let _ = stream.set_zero_linger();
        drop(stream);
    })
    .await;
    assert_eq!(reason(read_all(&session, resets).await), GapReason::Reset);

    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        listener.local_addr().expect("an address")
    };
    let error = read_all(&session, closed).await.expect_err("closed");
    assert!(
        error.is_refused() && error.reason == GapReason::Unreachable,
        "{error}"
    );

    let drips = server(|mut stream| async move {
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    let short = open_session(limits, Duration::from_millis(400), StopSignal::never());
    // The drips neither end nor stay away: only the deadline ends the reading.
    assert_eq!(
        reason(read_all(&short, drips).await),
        GapReason::BudgetSpent
    );
    // From now on everything fails at once.
    assert_eq!(
        reason(read_all(&short, drips).await),
        GapReason::BudgetSpent
    );
    assert_eq!(
        reason(short.lookup("vote.example", RecordType::A).await),
        GapReason::BudgetSpent
    );
}

#[tokio::test]
async fn a_stop_ends_everything_at_once() {
    let silent = server(|stream| async move {
        tokio::time::sleep(Duration::from_secs(60)).await;
        drop(stream);
    })
    .await;
    let stopper = Stopper::new();
    let long = Duration::from_secs(60);
    let session = open_session(Limits::default(), long, stopper.signal());
    // Two connections are open and silent, a third waits for its turn.
    let (a, b, c, ()) = tokio::join!(
        read_all(&session, silent),
        read_all(&session, silent),
        read_all(&session, silent),
        async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            stopper.stop();
        }
    );
    // Silence would end them as timeouts, and later the deadline.
    for result in [a, b, c] {
        assert_eq!(reason(result), GapReason::Interrupted);
    }
}

#[tokio::test]
async fn budgets_of_a_target_are_kept() {
    let limits = Limits {
        connections_per_target: 2,
        ..Limits::default()
    };
    let quick = server(|mut stream| async move {
        let _ = stream.write_all(b"hello").await;
    })
    .await;
    let session = open_session(limits, Duration::from_secs(5), StopSignal::never());
    assert_eq!(read_all(&session, quick).await, Ok(5));
    assert_eq!(read_all(&session, quick).await, Ok(5));
    assert_eq!(
        reason(read_all(&session, quick).await),
        GapReason::BudgetSpent
    );
    let cost = session.cost();
    assert_eq!((cost.connections, cost.bytes_received), (2, 10));

    let resolver = TestResolver::start(ZONE, &[]).await;
    let mut config = resolver.config();
    config.limits.queries_per_target = 1;
    let session = super::test_resolver::session(config, "vote.example");
    assert!(session.lookup("vote.example", RecordType::A).await.is_ok());
    let more = session.lookup("vote.example", RecordType::AAAA).await;
    assert_eq!(reason(more), GapReason::BudgetSpent);
}

#[test]
fn errors_of_the_system_keep_their_meaning() {
    let refused = io::Error::from_raw_os_error(111);
    assert!(NetError::from_io(&refused, "connecting").is_refused());
    let no_route = NetError::from_io(&io::Error::from_raw_os_error(113), "connecting");
    assert_eq!(no_route.reason, GapReason::Unreachable);
    assert!(!no_route.is_refused() && !no_route.detail.contains("os error"));
}
