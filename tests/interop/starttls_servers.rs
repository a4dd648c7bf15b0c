//! Servers of other protocols from Debian packages, each with TLS behind
//! STARTTLS: mail, directories, chat, files and databases.

use std::{
    fs,
    os::unix::{
        fs::{PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use crate::support::{Running, folder, is_root, left_out, program};
use crate::tls_servers::files;

/// A server and what it keeps on disk.
pub struct Server {
    _running: Running,
    _folder: TempDir,
}

/// Starts a server with its configuration in a folder of its own.
fn start(folder: TempDir, command: &mut Command, ports: &[u16]) -> Server {
    let log = folder.path().join("output");
    Server {
        _running: Running::start(command, ports, &log),
        _folder: folder,
    }
}

fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path
}

/// Certificate and key as paths in text.
fn identity() -> (String, String) {
    let (certificate, key) = files("rsa");
    (certificate.display().to_string(), key.display().to_string())
}

/// These servers give up root's rights themselves, and so must begin with them.
fn as_root(name: &str) -> bool {
    if !is_root() {
        left_out(name, "it needs root");
    }
    is_root()
}

/// User and group of an account.
fn account(name: &str) -> (u32, u32) {
    let accounts = fs::read_to_string("/etc/passwd").unwrap();
    let line = accounts
        .lines()
        .find(|line| line.split(':').next() == Some(name));
    let fields: Vec<&str> = line.unwrap().split(':').collect();
    (fields[2].parse().unwrap(), fields[3].parse().unwrap())
}

fn give(path: &Path, (user, group): (u32, u32)) {
    chown(path, Some(user), Some(group)).unwrap();
}

/// Postfix, with a service for each port and its options.
pub fn postfix(services: &[(u16, &[&str])]) -> Option<Server> {
    let postfix = program("postfix", "postfix", "Postfix")?;
    if !as_root("Postfix") {
        return None;
    }
    let folder = folder();
    let at = folder.path();
    let (certificate, key) = identity();
    for name in ["conf", "queue", "data"] {
        fs::create_dir(at.join(name)).unwrap();
    }
    give(&at.join("data"), account("postfix"));
    write(
        &at.join("conf"),
        "main.cf",
        &format!(
            "compatibility_level = 3.6\nqueue_directory = {at}/queue\ndata_directory = {at}/data\n\
             maillog_file_prefixes = {at}\nmaillog_file = {at}/log\nmyhostname = mx.site.example\n\
             mydestination = site.example\nmynetworks =\nlocal_recipient_maps =\nalias_maps =\n\
             alias_database =\nsmtpd_peername_lookup = no\nsmtpd_tls_security_level = may\n\
             smtpd_tls_cert_file = {certificate}\nsmtpd_tls_key_file = {key}\n",
            at = at.display()
        ),
    );
    let services: String = services
        .iter()
        .map(|(port, options)| {
            let options: String = options.iter().map(|o| format!(" -o {{ {o} }}")).collect();
            format!("127.0.0.1:{port} inet n - n - - smtpd{options}\n")
        })
        .collect();
    write(
        &at.join("conf"),
        "master.cf",
        &format!(
            "{services}postlog unix-dgram n - n - 1 postlogd\nanvil unix - - n - 1 anvil\n\
             tlsmgr unix - - n - 1 tlsmgr\nrewrite unix - - n - - trivial-rewrite\n\
             proxymap unix - - n - - proxymap\ncleanup unix n - n - 0 cleanup\n"
        ),
    );
    let conf = at.join("conf");
    // Makes the folders of the queue.
    let check = Command::new(postfix)
        .arg("-c")
        .arg(&conf)
        .arg("check")
        .output();
    let check = check.unwrap();
    assert!(check.status.success(), "{check:?}");
    let mut master = Command::new("/usr/lib/postfix/sbin/master");
    master.arg("-d").arg("-c").arg(&conf);
    let ports: Vec<u16> = ports_of(&services);
    Some(start(folder, &mut master, &ports))
}

fn ports_of(services: &str) -> Vec<u16> {
    let ports = services.lines().filter_map(|line| {
        let address = line.split(' ').next()?;
        address.rsplit(':').next()?.parse().ok()
    });
    ports.collect()
}

/// Ports of Dovecot's services.
pub struct Mailboxes {
    pub imap: u16,
    /// With TLS from the start; 0 for none, as Dovecot without TLS has none.
    pub imaps: u16,
    pub pop3: u16,
    pub lmtp: u16,
    pub sieve: u16,
}

/// Dovecot, with settings for each protocol, or without TLS.
pub fn dovecot(ports: &Mailboxes, settings: &str) -> Option<Server> {
    let dovecot = program("dovecot", "dovecot-core", "Dovecot")?;
    for (file, package) in [
        ("imap-login", "dovecot-imapd"),
        ("pop3-login", "dovecot-pop3d"),
        ("lmtp", "dovecot-lmtpd"),
        ("managesieve-login", "dovecot-managesieved"),
    ] {
        if !Path::new("/usr/lib/dovecot").join(file).is_file() {
            left_out(
                "Dovecot",
                &format!("`{file}` is missing (Debian package {package})"),
            );
            return None;
        }
    }
    if !as_root("Dovecot") {
        return None;
    }
    let folder = folder();
    let at = folder.path();
    let (certificate, key) = identity();
    fs::create_dir(at.join("run")).unwrap();
    let Mailboxes {
        imap,
        imaps,
        pop3,
        lmtp,
        sieve,
    } = ports;
    let text = format!(
        "base_dir = {at}/run\nstate_dir = {at}/run\nlog_path = {at}/log\nlisten = 127.0.0.1\n\
         protocols = imap pop3 lmtp sieve\nssl = yes\nssl_cert = <{certificate}\n\
         ssl_key = <{key}\nmail_location = maildir:{at}/mail\nlogin_trusted_networks =\n\
         service imap-login {{\n inet_listener imap {{\n port = {imap}\n }}\n \
         inet_listener imaps {{\n port = {imaps}\n ssl = yes\n }}\n}}\n\
         service pop3-login {{\n inet_listener pop3 {{\n port = {pop3}\n }}\n \
         inet_listener pop3s {{\n port = 0\n }}\n}}\n\
         service managesieve-login {{\n inet_listener sieve {{\n port = {sieve}\n }}\n}}\n\
         service lmtp {{\n inet_listener lmtp {{\n port = {lmtp}\n }}\n}}\n\
         passdb {{\n driver = static\n args = nopassword=y\n}}\n\
         userdb {{\n driver = static\n args = uid=nobody gid=nogroup home={at}/home\n}}\n\
         {settings}",
        at = at.display()
    );
    let file = write(at, "dovecot.conf", &text);
    let mut command = Command::new(dovecot);
    command.arg("-F").arg("-c").arg(file);
    let mut ports = vec![*imap, *imaps, *pop3, *lmtp, *sieve];
    ports.retain(|port| *port != 0);
    Some(start(folder, &mut command, &ports))
}

/// OpenLDAP, with priorities of GnuTLS, or without TLS. The second port begins with TLS.
pub fn slapd(port: u16, tls_port: Option<u16>, priorities: Option<&str>) -> Option<Server> {
    let slapd = program("slapd", "slapd", "OpenLDAP")?;
    let folder = folder();
    let at = folder.path();
    let (certificate, key) = identity();
    let mut text = format!("pidfile {at}/pid\nargsfile {at}/args\n", at = at.display());
    if let Some(priorities) = priorities {
        text += &format!(
            "TLSCertificateFile {certificate}\nTLSCertificateKeyFile {key}\n\
             TLSCipherSuite {priorities}\n"
        );
    }
    let file = write(at, "slapd.conf", &text);
    let mut places = format!("ldap://127.0.0.1:{port}/");
    let mut ports = vec![port];
    if let Some(port) = tls_port {
        places += &format!(" ldaps://127.0.0.1:{port}/");
        ports.push(port);
    }
    let mut command = Command::new(slapd);
    command.args(["-d", "0", "-h", &places]).arg("-f").arg(file);
    Some(start(folder, &mut command, &ports))
}

/// Prosody: ports for clients, for servers, and for clients with TLS from the start.
/// Of its hosts, `plain.example` has no TLS.
pub fn prosody(clients: u16, servers: u16, direct: u16, settings: &str) -> Option<Server> {
    let prosody = program("prosody", "prosody", "Prosody")?;
    let folder = folder();
    let at = folder.path();
    let (certificate, key) = identity();
    fs::create_dir(at.join("data")).unwrap();
    fs::create_dir(at.join("none")).unwrap();
    let text = format!(
        "pidfile = \"{at}/pid\"\nrun_as_root = true\ndata_path = \"{at}/data\"\n\
         certificates = \"{at}/none\"\nmodules_enabled = {{ \"tls\", \"saslauth\", \"dialback\" }}\n\
         modules_disabled = {{ \"http\", \"admin_shell\" }}\ninterfaces = {{ \"127.0.0.1\" }}\n\
         c2s_ports = {{ {clients} }}\ns2s_ports = {{ {servers} }}\n\
         c2s_direct_tls_ports = {{ {direct} }}\nlog = {{ info = \"*console\" }}\n\
         ssl = {{ key = \"{key}\", certificate = \"{certificate}\", {settings} }}\n\
         VirtualHost \"site.example\"\nVirtualHost \"plain.example\"\n \
         modules_disabled = {{ \"tls\" }}\n",
        at = at.display()
    );
    let file = write(at, "prosody.cfg.lua", &text);
    let mut command = Command::new(prosody);
    command.arg("--config").arg(file).arg("-F");
    Some(start(folder, &mut command, &[clients, servers, direct]))
}

/// vsftpd, with settings for TLS.
pub fn vsftpd(port: u16, settings: &str) -> Option<Server> {
    let vsftpd = program("vsftpd", "vsftpd", "vsftpd")?;
    if !as_root("vsftpd") {
        return None;
    }
    let folder = folder();
    let at = folder.path();
    let (certificate, key) = identity();
    fs::create_dir(at.join("empty")).unwrap();
    let text = format!(
        "listen=YES\nlisten_port={port}\nlisten_address=127.0.0.1\nrun_as_launching_user=YES\n\
         secure_chroot_dir={at}/empty\nanon_root={at}/empty\nanonymous_enable=YES\n\
         rsa_cert_file={certificate}\nrsa_private_key_file={key}\n{settings}",
        at = at.display()
    );
    let file = write(at, "vsftpd.conf", &text);
    Some(start(folder, Command::new(vsftpd).arg(file), &[port]))
}

/// PostgreSQL, with settings of its own, where it is installed already.
pub fn postgresql(port: u16, settings: &[&str]) -> Option<Server> {
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut places: Vec<PathBuf> = versions.map(|entry| entry.path().join("bin")).collect();
    places.retain(|place| place.join("postgres").is_file());
    places.sort();
    let Some(place) = places.pop() else {
        left_out(
            "PostgreSQL",
            "it is not installed (Debian package postgresql)",
        );
        return None;
    };
    if !as_root("PostgreSQL") {
        return None;
    }
    let folder = folder();
    let at = folder.path();
    let owner = account("postgres");
    let (certificate, key) = own_identity(at, owner);
    give(at, owner);
    let data = at.join("data");
    let made = Command::new(place.join("initdb"))
        .args(["--no-sync", "--auth=trust", "-D"])
        .arg(&data)
        .uid(owner.0)
        .gid(owner.1)
        .current_dir(at)
        .output();
    let made = made.unwrap();
    assert!(made.status.success(), "{made:?}");
    let mut command = Command::new(place.join("postgres"));
    command
        .args(["-h", "127.0.0.1", "-p", &port.to_string(), "-D"])
        .arg(&data);
    command.arg("-k").arg(at).args(["-c", "fsync=off"]);
    command.args(["-c", &format!("ssl_cert_file={certificate}")]);
    command.args(["-c", &format!("ssl_key_file={key}")]);
    for setting in settings {
        command.args(["-c", setting]);
    }
    command.uid(owner.0).gid(owner.1).current_dir(at);
    Some(start(folder, &mut command, &[port]))
}

/// MariaDB, with options of its own, where it is installed already.
pub fn mariadb(port: u16, options: &[&str]) -> Option<Server> {
    let server = program("mariadbd", "mariadb-server", "MariaDB")?;
    let install = program("mariadb-install-db", "mariadb-server", "MariaDB")?;
    if !as_root("MariaDB") {
        return None;
    }
    let folder = folder();
    let at = folder.path();
    let owner = account("mysql");
    let (certificate, key) = own_identity(at, owner);
    give(at, owner);
    let data = format!("--datadir={}/data", at.display());
    let made = Command::new(install)
        .args(["--no-defaults", "--user=mysql", "--skip-test-db", &data])
        .arg("--auth-root-authentication-method=normal")
        .output();
    let made = made.unwrap();
    assert!(made.status.success(), "{made:?}");
    let mut command = Command::new(server);
    command.args(["--no-defaults", "--user=mysql", "--skip-log-bin", &data]);
    command.args(["--bind-address=127.0.0.1", &format!("--port={port}")]);
    command.arg(format!("--socket={}/socket", at.display()));
    command.arg(format!("--pid-file={}/pid", at.display()));
    command.arg(format!("--ssl-cert={certificate}"));
    command.arg(format!("--ssl-key={key}"));
    command.args(options);
    Some(start(folder, &mut command, &[port]))
}

/// A copy of certificate and key for a server that never was root.
fn own_identity(folder: &Path, owner: (u32, u32)) -> (String, String) {
    let (certificate, key) = files("rsa");
    let copies = [(certificate, "leaf.pem"), (key, "leaf.key")].map(|(from, name)| {
        let to = folder.join(name);
        fs::copy(from, &to).unwrap();
        fs::set_permissions(&to, fs::Permissions::from_mode(0o600)).unwrap();
        give(&to, owner);
        to.display().to_string()
    });
    let [certificate, key] = copies;
    (certificate, key)
}
