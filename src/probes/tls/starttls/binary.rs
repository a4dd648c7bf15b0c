//! Protocols of bytes: LDAP, PostgreSQL and MySQL.

use super::{Dialogue, OpenError};
use crate::wire::tls::starttls as wire;

pub(super) async fn ldap(dialogue: &mut Dialogue<'_>) -> Result<(), OpenError> {
    dialogue.send(wire::LDAP_REQUEST).await?;
    dialogue.word(wire::ldap).await
}

pub(super) async fn postgresql(dialogue: &mut Dialogue<'_>) -> Result<(), OpenError> {
    dialogue.send(wire::POSTGRESQL_REQUEST).await?;
    dialogue.word(wire::postgresql).await
}

pub(super) async fn mysql(dialogue: &mut Dialogue<'_>) -> Result<(), OpenError> {
    dialogue.word(wire::mysql).await?;
    dialogue.send(&wire::mysql_request()).await
}
