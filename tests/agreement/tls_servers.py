"""TLS servers of several makers, each at a port of 127.0.0.1, for the comparison with other scanners."""

import os
import subprocess
from pathlib import Path

from internet import Missing, program, wait_for
from mail_server import postfix

HOST = "vote.example"

# Mozilla's intermediate configuration, version 5.
INTERMEDIATE = ("ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
                "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
                "DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384")

PORTS = {"intermediate": 8443, "tls13": 8444, "gnutls": 8445, "legacy": 8446, "mail": 25, "rate": 8447, "open": 8448,
         "post-quantum": 8449, "java": 8450}

JAVA = """
import java.io.*; import java.security.*; import javax.net.ssl.*;
public class Server { public static void main(String[] a) throws Exception {
  KeyStore store = KeyStore.getInstance("PKCS12");
  store.load(new FileInputStream(a[0]), "lab".toCharArray());
  KeyManagerFactory keys = KeyManagerFactory.getInstance("SunX509");
  keys.init(store, "lab".toCharArray());
  SSLContext context = SSLContext.getInstance("TLS");
  context.init(keys.getKeyManagers(), null, null);
  SSLServerSocket server = (SSLServerSocket) context.getServerSocketFactory().createServerSocket(Integer.parseInt(a[1]), 50,
      java.net.InetAddress.getByName("127.0.0.1"));
  while (true) { SSLSocket one = (SSLSocket) server.accept(); one.setSoTimeout(10000);
    new Thread(() -> { try (one) { one.startHandshake(); while (one.getInputStream().read() >= 0) {} } catch (IOException e) {} }).start(); } } }
"""


def certificate(folder, name, *kind):
    subprocess.run([program("openssl"), "req", "-x509", "-newkey", *kind, "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.pem",
                    "-days", "30", "-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}"],
                   cwd=folder, check=True, capture_output=True)


class Servers:
    """All servers, while they run."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.running = []
        certificate(self.folder, "rsa", "rsa:2048")
        certificate(self.folder, "ec", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.running:
            process.terminate()
        for process in self.running:
            process.wait(10)

    def spawn(self, name, *arguments):
        log = self.folder / f"{name}.log"
        with log.open("w") as out:
            process = subprocess.Popen([str(part) for part in arguments], stdout=out, stderr=out, stdin=subprocess.DEVNULL,
                                       cwd=self.folder)
        self.running.append(process)
        wait_for(PORTS[name], "127.0.0.1", process, log)

    def start(self, name):
        """Starts the server of that name; `Missing` where it cannot be had."""
        getattr(self, name.replace("-", "_"))()

    def intermediate(self):
        (self.folder / "nginx.conf").write_text(f"""daemon off; master_process off; pid {self.folder}/nginx.pid; error_log stderr;
events {{ }}
http {{ access_log off; server {{ listen 127.0.0.1:{PORTS["intermediate"]} ssl backlog=511; listen unix:{self.folder}/nginx.sock ssl; server_name {HOST};
ssl_certificate rsa.pem; ssl_certificate_key rsa.key; ssl_certificate ec.pem; ssl_certificate_key ec.key;
ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers {INTERMEDIATE}; ssl_prefer_server_ciphers off; ssl_dhparam dh.pem;
ssl_session_cache shared:lab:1m; return 204; }} }}
""")
        # The group of RFC 7919 that Mozilla's page gives.
        dh = subprocess.run([program("openssl"), "genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", "group:ffdhe2048"],
                            check=True, capture_output=True).stdout
        (self.folder / "dh.pem").write_bytes(dh)
        self.spawn("intermediate", program("nginx"), "-e", "stderr", "-p", self.folder, "-c", "nginx.conf")

    def s_server(self, name, *options, openssl=None):
        openssl = openssl or program("openssl")
        self.spawn(name, openssl, "s_server", "-accept", f"127.0.0.1:{PORTS[name]}", "-cert", "rsa.pem", "-key", "rsa.key",
                   "-www", "-quiet", *options)

    def tls13(self):
        self.s_server("tls13", "-tls1_3")

    def legacy(self):
        self.s_server("legacy", "-dcert", "ec.pem", "-dkey", "ec.key", "-cipher", "ALL:COMPLEMENTOFALL:@SECLEVEL=0")

    def post_quantum(self):
        # Debian 12 has no OpenSSL with ML-KEM: the path of one is told.
        openssl = os.environ.get("OPENSSL_WITH_ML_KEM")
        if not openssl:
            raise Missing("an OpenSSL from 3.5 on, in OPENSSL_WITH_ML_KEM,")
        self.s_server("post-quantum", "-tls1_3", "-groups", "X25519MLKEM768", openssl=openssl)

    def gnutls(self):
        self.spawn("gnutls", program("gnutls-serv"), "--http", "--quiet", "--port", PORTS["gnutls"], "--x509certfile", "rsa.pem",
                   "--x509keyfile", "rsa.key", "--x509certfile", "ec.pem", "--x509keyfile", "ec.key", "--priority",
                   "NORMAL:+VERS-TLS1.1:+VERS-TLS1.0")

    def java(self):
        (self.folder / "Server.java").write_text(JAVA)
        subprocess.run([program("openssl"), "pkcs12", "-export", "-in", "rsa.pem", "-inkey", "rsa.key", "-out", "store.p12",
                        "-passout", "pass:lab"], cwd=self.folder, check=True, capture_output=True)
        subprocess.run([program("javac"), "Server.java"], cwd=self.folder, check=True, capture_output=True)
        self.spawn("java", program("java"), "-cp", ".", "Server", "store.p12", PORTS["java"])

    def mail(self):
        self.running.append(postfix(self.folder, {"127.0.0.1": ""}, [self.folder / "rsa.key", self.folder / "rsa.pem"]))

    def haproxy(self, name, rule):
        config = self.folder / f"{name}.cfg"
        config.write_text(f"""global
  maxconn 500
defaults
  mode tcp
  timeout connect 5s
  timeout client 20s
  timeout server 20s
frontend front
  bind 127.0.0.1:{PORTS[name]}
  stick-table type ip size 10 expire 60s store conn_cur,conn_rate(5s)
  tcp-request connection track-sc0 src
  tcp-request connection reject if {{ {rule} }}
  default_backend back
backend back
  server one unix@{self.folder}/nginx.sock
""")
        self.spawn(name, program("haproxy"), "-db", "-f", config)

    def rate(self):
        self.haproxy("rate", "sc0_conn_rate gt 20")

    def open(self):
        self.haproxy("open", "sc0_conn_cur gt 1")


def connections_taken():
    """Connections that servers of this network have taken since it was made (RFC 4022, tcpPassiveOpens)."""
    names, values = [line.split() for line in Path("/proc/net/snmp").read_text().splitlines() if line.startswith("Tcp:")]
    return int(values[names.index("PassiveOpens")])
