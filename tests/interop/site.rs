//! The website that nginx and Apache serve: one host with a page and a
//! security.txt, on one documented address that is led to loopback.

use std::{fs, path::Path};

use tempfile::TempDir;

use crate::hosted::Hosted;
use crate::support::{
    Authority, Files, Names, Outcome, Terms, assert_exactly, folder, free_port, scan,
};

pub const HOST: &str = "site.example";
const ZONE: &str = "
$TTL 300
@    IN SOA ns1.site.example. hostmaster.site.example. 1 7200 3600 1209600 300
@    IN NS  ns1.site.example.
@    IN NS  ns2.site.example.
@    IN A   192.0.2.80
www  IN A   192.0.2.80
ns1  IN A   192.0.2.53
ns2  IN A   198.51.100.53
";
/// Where the authority publishes what it has revoked.
const AUTHORITY: &str = "
$TTL 300
@    IN SOA ns1 hostmaster 1 7200 3600 1209600 300
@    IN NS  ns1
crl  IN A   192.0.2.81
";
/// The rest of the world, in which there is nothing.
const ROOT: &str = "
$TTL 300
@ IN SOA ns. hostmaster. 1 7200 3600 1209600 300
@ IN NS ns.
";
const PAGE: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
     <title>Site</title></head><body><p>Polls close at 8 p.m.</p></body></html>";

/// What does not depend on the product. The default keeps all rules.
pub struct Site {
    /// Names in the certificate.
    pub names: &'static [&'static str],
    /// Days since the certificate began.
    pub age_days: u32,
    /// Whether the scan is told of the root.
    pub trusted: bool,
    /// The page at `/`.
    pub page: &'static str,
}

impl Default for Site {
    fn default() -> Self {
        Self {
            names: &[HOST, "www.site.example"],
            age_days: 5,
            trusted: true,
            page: PAGE,
        }
    }
}

/// A site laid out on disk, with ports that are free.
pub struct Stand {
    pub folder: TempDir,
    pub files: Files,
    pub http: u16,
    pub https: u16,
    pub authority: Authority,
    trusted: bool,
}

impl Stand {
    pub fn new(site: &Site) -> Self {
        let folder = folder();
        let authority = Authority::new();
        let files = authority.issue(
            &Terms {
                names: site.names,
                age_days: site.age_days,
                lifetime_days: 90,
            },
            folder.path(),
        );
        let root = folder.path().join("www");
        fs::create_dir_all(root.join(".well-known")).unwrap();
        fs::write(root.join("index.html"), site.page).unwrap();
        let expires = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * 90);
        let contact = format!(
            "Contact: mailto:security@{HOST}\nExpires: {}\n",
            expires.strftime("%Y-%m-%dT%H:%M:%SZ")
        );
        fs::write(root.join(".well-known/security.txt"), contact).unwrap();
        Self {
            folder,
            files,
            http: free_port(),
            https: free_port(),
            authority,
            trusted: site.trusted,
        }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The root of its certificate, as a PEM file.
    pub fn root(&self) -> std::path::PathBuf {
        self.authority.write(self.path())
    }

    /// Scans the running site, and asserts that exactly the planted faults are found.
    #[track_caller]
    pub fn finds(&self, case: &str, planted: &[&str]) {
        assert_exactly(&self.scan(), case, planted);
    }

    fn scan(&self) -> Outcome {
        let names = Names::serve(&[
            (".", ROOT),
            ("site.example.", ZONE),
            ("interop.example.", AUTHORITY),
        ]);
        let lists = Hosted::one(self.authority.revocation_list());
        let mut arguments = vec![
            HOST.to_owned(),
            "--only=tls,web".to_owned(),
            format!("--resolver={}", names.address),
            format!("--connect-to=192.0.2.80:80:127.0.0.1:{}", self.http),
            format!("--connect-to=192.0.2.81:80:127.0.0.1:{}", lists.port),
            format!("--connect-to=192.0.2.80:443:127.0.0.1:{}", self.https),
        ];
        if self.trusted {
            let root = self.root();
            arguments.push(format!("--ca-file={}", root.display()));
        }
        scan(&arguments)
    }
}
