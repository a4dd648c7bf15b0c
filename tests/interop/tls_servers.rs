//! Servers of other TLS libraries, started on a port with what a test puts into their
//! configuration: GnuTLS, NSS, OpenSSL behind HAProxy, stunnel, nginx and Apache, Go and Java.

use std::{fs, path::PathBuf, process::Command};

use crate::support::{Running, program};
use crate::tls::Pki;

/// Certificate and key in files of their own.
pub fn files(name: &str) -> (PathBuf, PathBuf) {
    let pki = Pki::get();
    (
        pki.path(&format!("{name}.pem")),
        pki.path(&format!("{name}.key")),
    )
}

/// Certificate and key in one file.
fn both(name: &str, port: u16) -> PathBuf {
    let (certificate, key) = files(name);
    let text = fs::read_to_string(certificate).unwrap() + &fs::read_to_string(key).unwrap();
    written(&format!("both-{port}.pem"), &text)
}

fn written(name: &str, text: &str) -> PathBuf {
    let path = Pki::get().path(name);
    fs::write(&path, text).unwrap();
    path
}

fn run(command: &mut Command, port: u16) -> Running {
    let log = Pki::get().path(&format!("log-{port}"));
    Running::start(command.env("OPENSSL_CONF", "/dev/null"), &[port], &log)
}

pub fn gnutls_serv(port: u16, settings: &[&str]) -> Option<Running> {
    let serv = program("gnutls-serv", "gnutls-bin", "GnuTLS")?;
    let (certificate, key) = files(settings[0]);
    let mut command = Command::new(serv);
    command.args(["--quiet", "--nodb", "--port", &port.to_string()]);
    command.arg("--x509certfile").arg(certificate);
    command.arg("--x509keyfile").arg(key);
    command.args(["--priority", settings[1]]);
    Some(run(&mut command, port))
}

pub fn selfserv(port: u16, settings: &[&str]) -> Option<Running> {
    let serv = program("selfserv", "libnss3-tools", "NSS")?;
    let certutil = program("certutil", "libnss3-tools", "NSS")?;
    let pk12util = program("pk12util", "libnss3-tools", "NSS")?;
    program("openssl", "openssl", "NSS")?;
    let folder = Pki::get().path(&format!("nss-{port}"));
    fs::create_dir(&folder).unwrap();
    let store = format!("sql:{}", folder.display());
    let bundle = pkcs12(port);
    let steps = [
        Command::new(certutil)
            .args(["-N", "-d", &store, "--empty-password"])
            .output(),
        Command::new(pk12util)
            .args(["-d", &store, "-W", "x", "-K", "", "-i"])
            .arg(&bundle)
            .output(),
    ];
    for step in steps {
        let step = step.unwrap();
        assert!(step.status.success(), "{step:?}");
    }
    let mut command = Command::new(serv);
    command.args(["-d", &store, "-n", "server", "-p", &port.to_string()]);
    command.args(["-V", settings[0], "-c", settings[1]]);
    Some(run(&mut command, port))
}

/// The RSA certificate with its key, password `x`, name `server`.
fn pkcs12(port: u16) -> PathBuf {
    let (certificate, key) = files("rsa");
    let bundle = Pki::get().path(&format!("bundle-{port}.p12"));
    let output = Command::new("openssl")
        .args([
            "pkcs12", "-export", "-name", "server", "-passout", "pass:x", "-in",
        ])
        .arg(certificate)
        .arg("-inkey")
        .arg(key)
        .arg("-out")
        .arg(&bundle)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    bundle
}

pub fn haproxy(port: u16, settings: &[&str]) -> Option<Running> {
    let haproxy = program("haproxy", "haproxy", "HAProxy")?;
    let pem = both(settings[0], port);
    let text = format!(
        "defaults\n mode http\n timeout client 5s\n timeout server 5s\n timeout connect 5s\n\
         frontend a\n bind 127.0.0.1:{port} ssl crt {} {}\n http-request return status 200\n",
        pem.display(),
        settings[1]
    );
    let file = written(&format!("haproxy-{port}.cfg"), &text);
    Some(run(
        Command::new(haproxy).arg("-db").arg("-f").arg(file),
        port,
    ))
}

pub fn stunnel(port: u16, settings: &[&str]) -> Option<Running> {
    let stunnel = program("stunnel4", "stunnel4", "stunnel")?;
    let pem = both(settings[0], port);
    let text = format!(
        "foreground = yes\npid =\n[a]\naccept = 127.0.0.1:{port}\nconnect = 127.0.0.1:1\n\
         cert = {}\n{}\n",
        pem.display(),
        settings[1]
    );
    let file = written(&format!("stunnel-{port}.conf"), &text);
    Some(run(Command::new(stunnel).arg(file), port))
}

pub fn nginx(port: u16, settings: &[&str]) -> Option<Running> {
    let nginx = program("nginx", "nginx-light", "nginx with TLS")?;
    let (rsa, rsa_key) = files("rsa");
    let (ec, ec_key) = files("ec");
    let folder = Pki::get().path(&format!("nginx-{port}"));
    fs::create_dir(&folder).unwrap();
    let text = format!(
        "daemon off; pid {folder}/pid; error_log {folder}/log; events {{}}\n\
         http {{ access_log off; client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; \
         fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;\n\
         server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {}; ssl_certificate_key {}; \
         ssl_certificate {}; ssl_certificate_key {}; {} }} }}\n",
        rsa.display(),
        rsa_key.display(),
        ec.display(),
        ec_key.display(),
        settings[0],
        folder = folder.display(),
    );
    let file = written(&format!("nginx-{port}.conf"), &text);
    let mut command = Command::new(nginx);
    command
        .arg("-c")
        .arg(file)
        .arg("-e")
        .arg(folder.join("early"));
    Some(run(&mut command, port))
}

pub fn apache(port: u16, settings: &[&str]) -> Option<Running> {
    let apache = program("apache2", "apache2", "Apache with TLS")?;
    let (certificate, key) = files("rsa");
    let folder = Pki::get().path(&format!("apache-{port}"));
    fs::create_dir(&folder).unwrap();
    let text = format!(
        "ServerRoot /usr/lib/apache2\nServerName site.example\nListen 127.0.0.1:{port}\n\
         DefaultRuntimeDir {folder}\nPidFile {folder}/pid\nErrorLog {folder}/log\n\
         LoadModule mpm_event_module modules/mod_mpm_event.so\n\
         LoadModule authz_core_module modules/mod_authz_core.so\n\
         LoadModule ssl_module modules/mod_ssl.so\nSSLSessionCache none\nSSLEngine on\n\
         SSLCertificateFile {}\nSSLCertificateKeyFile {}\n{}\n",
        certificate.display(),
        key.display(),
        settings[0],
        folder = folder.display(),
    );
    let file = written(&format!("apache-{port}.conf"), &text);
    Some(run(
        Command::new(apache).arg("-X").arg("-f").arg(file),
        port,
    ))
}

pub fn go_server(port: u16, settings: &[&str]) -> Option<Running> {
    let go = program("go", "golang-go", "Go")?;
    let (certificate, key) = files("rsa");
    let source = format!(
        "package main\nimport (\"crypto/tls\"; \"io\"; \"log\"; \"net/http\")\n\
         func main() {{ s := &http.Server{{Addr: \"127.0.0.1:{port}\", \
         ErrorLog: log.New(io.Discard, \"\", 0), TLSConfig: &tls.Config{{{}}}}}; \
         log.Fatal(s.ListenAndServeTLS({:?}, {:?})) }}\n",
        settings[0],
        certificate.display().to_string(),
        key.display().to_string(),
    );
    let source = written(&format!("server-{port}.go"), &source);
    let program = Pki::get().path(&format!("server-{port}"));
    let output = Command::new(go)
        .args(["build", "-o"])
        .arg(&program)
        .arg(source)
        .env("GO111MODULE", "off")
        .env("GOCACHE", std::env::temp_dir().join("scrutineer-go-cache"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    Some(run(&mut Command::new(program), port))
}

const JAVA: &str = r#"
import javax.net.ssl.*; import java.security.*; import java.io.*; import java.net.*;
public class Server {
  public static void main(String[] a) throws Exception {
    KeyStore k = KeyStore.getInstance("PKCS12");
    k.load(new FileInputStream(a[1]), "x".toCharArray());
    KeyManagerFactory f = KeyManagerFactory.getInstance("SunX509");
    f.init(k, "x".toCharArray());
    SSLContext c = SSLContext.getInstance("TLS");
    c.init(f.getKeyManagers(), null, null);
    SSLServerSocket s = (SSLServerSocket) c.getServerSocketFactory()
        .createServerSocket(Integer.parseInt(a[0]), 50, InetAddress.getByName("127.0.0.1"));
    s.setEnabledProtocols(a[2].split(","));
    s.setEnabledCipherSuites(a[3].split(","));
    while (true) {
      SSLSocket t = (SSLSocket) s.accept();
      new Thread(() -> {
        try { t.setSoTimeout(3000); t.startHandshake(); t.getInputStream().read(); } catch (Exception e) { }
        try { t.close(); } catch (Exception e) { }
      }).start();
    }
  }
}
"#;

pub fn java(port: u16, settings: &[&str]) -> Option<Running> {
    let javac = program("javac", "default-jdk-headless", "JSSE")?;
    let java = program("java", "default-jre-headless", "JSSE")?;
    let folder = Pki::get().path(&format!("java-{port}"));
    fs::create_dir(&folder).unwrap();
    let source = folder.join("Server.java");
    fs::write(&source, JAVA).unwrap();
    let compiled = Command::new(javac).arg(&source).output().unwrap();
    assert!(compiled.status.success(), "{compiled:?}");
    let mut command = Command::new(java);
    command.arg(format!("-Djdk.tls.namedGroups={}", settings[0]));
    command.arg("-cp").arg(folder).arg("Server");
    command.arg(port.to_string()).arg(pkcs12(port));
    command.args([settings[1], settings[2]]);
    Some(run(&mut command, port))
}
