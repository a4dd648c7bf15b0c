//! Asking plain HTTP to go on as TLS on the same connection (RFC 2817): the question of its
//! section 3.2, which names no resource, and what an answer says.

use super::text::clean_bytes;

/// Most bytes of an answer that are looked at.
pub const MAX_BYTES: usize = 16_384;
/// Most protocols that are kept.
const MAX_TOKENS: usize = 8;
/// Most characters of a protocol's name.
const TOKEN_CHARS: usize = 40;

/// What a server answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Protocols of its Upgrade headers, cleaned, in its order.
    pub tokens: Vec<String>,
    /// How many bytes the answer's head has.
    pub length: usize,
}

/// What came is no HTTP/1 answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotHttp;

impl Answer {
    /// Whether the server goes on with TLS (section 3.3).
    pub fn switches(&self) -> bool {
        self.status == 101 && self.offers()
    }

    /// Whether the server says that it would (sections 4.1 and 4.2).
    pub fn offers(&self) -> bool {
        let is_tls = |token: &String| {
            let name = token.split('/').next().unwrap_or_default();
            name.eq_ignore_ascii_case("tls")
        };
        self.tokens.iter().any(is_tls)
    }
}

/// The question. A host or an agent with a line break in it would be another question, so that
/// control characters are left out.
pub fn question(host: &str, agent: &str) -> Vec<u8> {
    let clean = |text: &str| text.replace(|c: char| c.is_control(), "");
    let (host, agent) = (clean(host), clean(agent));
    format!(
        "OPTIONS * HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {agent}\r\n\
         Upgrade: TLS/1.0\r\nConnection: Upgrade\r\n\r\n"
    )
    .into_bytes()
}

/// Reads the head of an answer; `Ok(None)` until it is whole. Other interim answers than 101
/// are passed over.
///
/// # Errors
/// When it is no HTTP/1 answer.
pub fn answer(bytes: &[u8]) -> Result<Option<Answer>, NotHttp> {
    let mut start = 0;
    loop {
        let rest = bytes.get(start..).unwrap_or_default();
        let expected = b"HTTP/1.";
        let seen = rest.get(..expected.len()).unwrap_or(rest);
        if !expected.starts_with(seen) {
            return Err(NotHttp);
        }
        let Some(end) = end_of_head(rest) else {
            return Ok(None);
        };
        let head = rest.get(..end).unwrap_or_default();
        let mut lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        let status = status(lines.next().unwrap_or_default()).ok_or(NotHttp)?;
        start += end;
        if (100..200).contains(&status) && status != 101 {
            continue;
        }
        let values = lines.filter_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let (name, value) = line.split_at_checked(colon)?;
            name.eq_ignore_ascii_case(b"upgrade")
                .then(|| value.get(1..).unwrap_or_default())
        });
        let tokens = values
            .flat_map(|value| value.split(|byte| *byte == b','))
            .map(<[u8]>::trim_ascii)
            .filter(|token| !token.is_empty());
        return Ok(Some(Answer {
            status,
            tokens: tokens
                .take(MAX_TOKENS)
                .map(|token| clean_bytes(token, TOKEN_CHARS))
                .collect(),
            length: start,
        }));
    }
}

/// Where the empty line ends that closes a head.
fn end_of_head(bytes: &[u8]) -> Option<usize> {
    let mut line_was_empty = false;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'\n' if line_was_empty => return Some(at + 1),
            b'\n' => line_was_empty = true,
            b'\r' => {}
            _ => line_was_empty = false,
        }
    }
    None
}

/// The status of a first line.
fn status(line: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(line.get(..12)?).ok()?;
    let (_, digits) = text.split_once(' ')?;
    let all = digits.len() == 3 && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Answer {
        answer(text.as_bytes())
            .expect("it is HTTP")
            .expect("it is whole")
    }

    #[test]
    fn the_question_is_one_request_whatever_the_host() {
        let question = question("a.example\r\nX: y", "me\n");
        let text = String::from_utf8(question).expect("text");
        assert!(
            text.starts_with("OPTIONS * HTTP/1.1\r\nHost: a.exampleX: y\r\nUser-Agent: me\r\n")
        );
        assert_eq!(text.matches("\r\n").count(), 6);
        assert!(text.ends_with("Connection: Upgrade\r\n\r\n"));
    }

    #[test]
    fn a_switch_an_offer_and_neither_are_told_apart() {
        let switch = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.0, HTTP/1.1\r\n\r\n\x16";
        assert!(read(switch).switches() && read(switch).offers());
        assert_eq!(read(switch).length, switch.len() - 1);
        let required = "HTTP/1.1 426 Upgrade Required\r\nupgrade:tls/1.2\nConnection: Upgrade\n\n";
        assert!(!read(required).switches() && read(required).offers());
        for neither in [
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
            "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket, TLSX/1\r\n\r\n",
            "HTTP/1.0 400 Bad Request\r\n\r\n",
            "HTTP/1.1 405\r\nX-Upgrade: TLS/1.0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nServer: x\r\n\r\nUpgrade: TLS/1.0\r\n\r\n",
        ] {
            assert!(
                !read(neither).switches() && !read(neither).offers(),
                "{neither}"
            );
        }
        let later = "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 101 S\r\nUpgrade: TLS/1.0\r\n\r\n";
        assert!(read(later).switches());
    }

    #[test]
    fn parts_wait_and_other_protocols_are_none() {
        for part in [
            "",
            "HTT",
            "HTTP/1.1 200 OK\r\n",
            "HTTP/1.1 100 C\r\n\r\nHTTP",
        ] {
            assert_eq!(answer(part.as_bytes()), Ok(None), "{part}");
        }
        for other in [
            "SSH-2.0-x",
            "HTTP/2 200\r\n\r\n",
            "HTTP/1.1 abc\r\n\r\n",
            "\x15\x03",
        ] {
            assert_eq!(answer(other.as_bytes()), Err(NotHttp), "{other:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_within_bounds(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let mut http = b"HTTP/1.1 101 x\r\nUpgrade: ".to_vec();
            http.extend(&bytes);
            for input in [&bytes, &http] {
                if let Ok(Some(answer)) = answer(input) {
                    prop_assert!(answer.length <= input.len());
                    prop_assert!(answer.tokens.len() <= MAX_TOKENS);
                }
            }
        }
    }
}
