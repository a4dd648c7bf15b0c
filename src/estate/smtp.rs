//! Mail exchangers that greet, offer STARTTLS or not, and take no mail
//! (RFC 5321, RFC 3207).

use std::time::Duration;

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpStream,
    time::timeout,
};

use super::tls;

/// Longest command line that is read, in bytes (RFC 5321 section 4.5.3.1.4).
const MAX_LINE: u64 = 512;
/// Most commands of a session.
const MAX_COMMANDS: usize = 40;
/// Time to wait for a command.
const COMMAND_TIME: Duration = Duration::from_secs(10);

/// A mail exchanger.
pub(super) struct Greeter {
    /// Its host name.
    pub host: &'static str,
    /// What follows the name in the greeting.
    pub banner: &'static str,
    /// What STARTTLS leads to, where it is offered.
    pub starttls: Option<tls::Front>,
}

/// How a session without or within TLS ended.
enum End {
    Quit,
    StartTls,
}

impl Greeter {
    /// Serves one connection.
    pub(super) async fn serve(&self, mut stream: TcpStream) {
        let greeting = format!("220 {} {}\r\n", self.host, self.banner);
        if stream.write_all(greeting.as_bytes()).await.is_err() {
            return;
        }
        let offered = self.starttls.is_some();
        if let Some(End::StartTls) = self.talk(&mut stream, offered).await
            && let Some(front) = &self.starttls
            && let Some(mut secured) = front.accept(stream).await
        {
            self.talk(&mut secured, false).await;
            // Send close_notify, so that the peer can tell the end from a cut.
            let _ = secured.shutdown().await;
        }
    }

    /// Answers commands. `None` when the peer left or took too long.
    async fn talk(
        &self,
        stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
        offer_tls: bool,
    ) -> Option<End> {
        // Commands that were sent ahead of the handshake are dropped with this
        // buffer: they must not count as sent under TLS.
        let mut stream = BufReader::new(stream);
        for _ in 0..MAX_COMMANDS {
            let mut line = Vec::new();
            let mut limited = (&mut stream).take(MAX_LINE);
            let read = limited.read_until(b'\n', &mut line);
            if timeout(COMMAND_TIME, read).await.ok()?.ok()? == 0 {
                return None;
            }
            let line = String::from_utf8_lossy(&line);
            let verb = line.split_whitespace().next().unwrap_or_default();
            let (reply, end) = match verb.to_ascii_uppercase().as_str() {
                "EHLO" => {
                    let starttls = if offer_tls { "250-STARTTLS\r\n" } else { "" };
                    let host = self.host;
                    let reply =
                        format!("250-{host}\r\n250-SIZE 26214400\r\n{starttls}250 8BITMIME\r\n");
                    (reply, None)
                }
                "HELO" => (format!("250 {}\r\n", self.host), None),
                "STARTTLS" if offer_tls => (
                    "220 2.0.0 Ready to start TLS\r\n".to_owned(),
                    Some(End::StartTls),
                ),
                "NOOP" | "RSET" => ("250 2.0.0 OK\r\n".to_owned(), None),
                "MAIL" => ("550 5.7.1 This server takes no mail\r\n".to_owned(), None),
                "QUIT" => ("221 2.0.0 Bye\r\n".to_owned(), Some(End::Quit)),
                _ => ("502 5.5.1 Not known\r\n".to_owned(), None),
            };
            stream.write_all(reply.as_bytes()).await.ok()?;
            stream.flush().await.ok()?;
            if end.is_some() {
                return end;
            }
        }
        None
    }
}
