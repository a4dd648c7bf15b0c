//! Handshake messages in the clear, as one side of a connection sent them
//! (RFC 5246 sections 6.2.1 and 7.4).

use super::Reader;

/// Most messages that are read.
const MAX_MESSAGES: usize = 32;

/// `new_session_ticket`.
const NEW_SESSION_TICKET: u8 = 4;

/// A handshake message with its header of four bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its type.
    pub kind: u8,
    /// All of it.
    pub bytes: Vec<u8>,
}

/// The messages that one side sent before its ChangeCipherSpec, behind which all
/// is encrypted. What is cut off or broken ends the list.
pub fn messages(records: &[u8]) -> Vec<Message> {
    let mut reader = Reader::new(records);
    let mut plain = Vec::new();
    while let Some(payload) = handshake_record(&mut reader) {
        plain.extend_from_slice(payload);
    }
    let mut reader = Reader::new(&plain);
    let mut list = Vec::new();
    while list.len() < MAX_MESSAGES {
        let Some(message) = message(&mut reader) else {
            break;
        };
        list.push(message);
    }
    list
}

fn handshake_record<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let kind = reader.u8()?;
    reader.u16()?;
    let payload = reader.vec16()?;
    (kind == 22).then_some(payload)
}

fn message(reader: &mut Reader<'_>) -> Option<Message> {
    let kind = reader.u8()?;
    let body = reader.vec24()?;
    let length = u32::try_from(body.len()).ok()?.to_be_bytes();
    let mut bytes = vec![kind];
    bytes.extend(length.iter().skip(1));
    bytes.extend_from_slice(body);
    Some(Message { kind, bytes })
}

/// The ticket among a server's messages (RFC 5077 section 3.3).
pub fn ticket(messages: &[Message]) -> Option<Vec<u8>> {
    let message = messages.iter().find(|m| m.kind == NEW_SESSION_TICKET)?;
    let mut reader = Reader::new(message.bytes.get(4..)?);
    reader.u16()?;
    reader.u16()?;
    let ticket = reader.vec16()?;
    (!ticket.is_empty()).then(|| ticket.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn messages_end_where_encryption_begins() {
        let mut bytes = vec![22, 3, 3, 0, 6, 1, 0, 0, 2, 7, 7];
        // A message in two records.
        bytes.extend([
            22, 3, 3, 0, 3, 4, 0, 0, 22, 3, 3, 0, 9, 8, 0, 0, 0, 60, 0, 2, 9, 9,
        ]);
        bytes.extend([20, 3, 3, 0, 1, 1, 22, 3, 3, 0, 4, 20, 0, 0, 0]);
        let list = messages(&bytes);
        let kinds: Vec<u8> = list.iter().map(|message| message.kind).collect();
        assert_eq!(kinds, [1, 4]);
        assert_eq!(list[0].bytes, [1, 0, 0, 2, 7, 7]);
        assert_eq!(ticket(&list), Some(vec![9, 9]));
        assert_eq!(ticket(&list[..1]), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let list = messages(&bytes);
            let total: usize = list.iter().map(|message| message.bytes.len()).sum();
            prop_assert!(total <= bytes.len());
            let _ = ticket(&list);
        }
    }
}
