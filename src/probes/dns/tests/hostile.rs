//! What a hostile server sends: each kind leaves an honest gap about that server, hides
//! nobody else, and costs a bounded number of questions.

use hickory_proto::{
    op::Message,
    rr::{
        Name, RData, RecordType,
        rdata::{CNAME, NS},
    },
};

use super::scripted::{Script, bytes, gaps, name, observe_counted, record, reply, silent, sound};

/// Most questions that a server is asked which answers none of them: what a sound server
/// is asked, once more for each that was lost.
const ASKED_MAX: usize = 24;

/// Questions to a silent server: SOA twice over UDP, NS once over TCP and once over UDP,
/// and SOA from whatever address.
const SILENT_MAX: usize = 6;

/// Answers under another id.
fn wrong_id(question: &Message, transport: u16) -> Option<Vec<u8>> {
    let mut bytes = sound(question, transport)?;
    *bytes.first_mut()? ^= 0x55;
    Some(bytes)
}

/// Answers another question than the one that was asked.
fn wrong_question(question: &Message, transport: u16) -> Option<Vec<u8>> {
    let mut bytes = sound(question, transport)?;
    // A letter of the name that was asked for.
    *bytes.get_mut(14)? ^= 1;
    Some(bytes)
}

/// Is cut off over UDP, and over TCP says nothing any more.
fn stalls(question: &Message, transport: u16) -> Option<Vec<u8>> {
    if transport == 6 {
        return None;
    }
    let mut message = reply(question);
    message.metadata.truncation = true;
    bytes(message)
}

/// Is cut off over both.
fn cut(question: &Message, _: u16) -> Option<Vec<u8>> {
    let mut message = reply(question);
    message.metadata.truncation = true;
    bytes(message)
}

/// A message whose names point forward, at themselves and beyond the end.
fn pointers(question: &Message, _: u16) -> Option<Vec<u8>> {
    let mut answer = reply(question).to_vec().expect("a message");
    answer.truncate(12);
    answer[4..12].copy_from_slice(&[0, 1, 0, 3, 0, 0, 0, 0]);
    for target in [12u8, 14, 255] {
        answer.extend_from_slice(&[1, b'a', 0xc0, target, 0, 1, 0, 1]);
    }
    Some(answer)
}

/// A chain of aliases in place of an answer, that ends where it begins.
fn aliases(question: &Message, _: u16) -> Option<Vec<u8>> {
    let asked = question.queries.first()?.name().clone();
    let mut message = reply(question);
    let mut from = asked.clone();
    for number in 0..60 {
        let to = name(&format!("a{number}.county.example"));
        let alias = RData::CNAME(CNAME(to.clone()));
        message.add_answer(hickory_proto::rr::Record::from_rdata(from, 300, alias));
        from = to;
    }
    let back = RData::CNAME(CNAME(asked));
    message.add_answer(hickory_proto::rr::Record::from_rdata(from, 300, back));
    bytes(message)
}

/// Names two hundred name servers.
fn crowd(question: &Message, transport: u16) -> Option<Vec<u8>> {
    if question.queries.first()?.query_type() != RecordType::NS {
        return sound(question, transport);
    }
    let mut message = reply(question);
    for number in 0..200 {
        let server = name(&format!("n{number}.county.example"));
        message.add_answer(record("county.example", RData::NS(NS(server))));
    }
    bytes(message)
}

#[tokio::test]
async fn what_is_no_answer_is_a_gap() {
    for (script, what) in [
        (wrong_id as Script, "another id"),
        (wrong_question, "another question"),
        (stalls, "TCP that stalls"),
        (cut, "cut off over both"),
        (pointers, "pointers in circles"),
        (silent, "nothing"),
    ] {
        let (report, asked) = observe_counted([sound, script], None).await;
        let servers = &report.facts.as_ref().expect("facts")["servers"];
        assert_eq!(servers[0]["authoritative"], true, "{what}");
        assert!(
            servers[1].get("authoritative").is_none(),
            "{what}: {}",
            servers[1]
        );
        assert!(
            gaps(&report, "/dns/servers/1").contains(&"/dns/servers/1"),
            "{what}: {:?}",
            report.gaps
        );
        assert!(gaps(&report, "/dns/servers/0").is_empty(), "{what}");
        assert!(asked[1] <= ASKED_MAX, "{what}: {} questions", asked[1]);
    }
}

#[tokio::test]
async fn a_chain_of_aliases_is_no_authority() {
    let (report, asked) = observe_counted([sound, aliases], None).await;
    let servers = &report.facts.as_ref().expect("facts")["servers"];
    assert_eq!(servers[0]["authoritative"], true);
    assert_eq!(servers[1]["authoritative"], false, "{}", servers[1]);
    assert!(asked[1] <= ASKED_MAX, "{} questions", asked[1]);
}

#[tokio::test]
async fn a_crowd_of_servers_is_told_and_not_asked() {
    let (report, asked) = observe_counted([sound, crowd], None).await;
    let agreement = &report.facts.as_ref().expect("facts")["agreement"];
    assert_eq!(agreement["ns"], false);
    assert!(asked[1] <= ASKED_MAX, "{} questions", asked[1]);
}

/// The zone above refers to itself, or one label deeper without an end.
#[tokio::test]
async fn referrals_that_lead_nowhere_end_early() {
    fn itself(question: &Message, _: u16) -> Option<Vec<u8>> {
        let mut message = reply(question);
        message.metadata.authoritative = false;
        message.add_authority(hickory_proto::rr::Record::from_rdata(
            Name::root(),
            300,
            RData::NS(NS(name("a.root.example"))),
        ));
        bytes(message)
    }
    let (report, asked) = observe_counted([sound, sound], Some(itself)).await;
    let gap = report
        .gaps
        .iter()
        .find(|gap| gap.at == "/dns/delegation/path");
    assert!(gap.is_some(), "{:?}", report.gaps);
    assert!(asked[2] <= ASKED_MAX, "{} questions", asked[2]);
}

/// How long a silent server is waited for follows from how often it is asked: nothing else
/// is asked of it once UDP and TCP both said nothing.
#[tokio::test]
async fn a_silent_server_is_not_asked_for_everything() {
    let (report, asked) = observe_counted([sound, silent], None).await;
    assert_eq!(gaps(&report, "/dns/servers"), ["/dns/servers/1"]);
    assert!(asked[1] <= SILENT_MAX, "{} questions", asked[1]);
}
