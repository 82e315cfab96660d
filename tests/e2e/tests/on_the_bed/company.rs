//! A company's certificate authority, as its people run it: by openssl, a root and an authority below it that issues.

use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

/// A folder with `root.crt`, `issuing.crt`, and what was issued.
pub(crate) struct Company {
    folder: TempDir,
}

const AUTHORITY: &str = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n";

impl Company {
    pub(crate) fn new() -> Self {
        let company = Self { folder: tempfile::tempdir().expect("a folder") };
        company.write("authority.ext", AUTHORITY);
        company.write("password", "geheim\n");
        company.request("root", "/CN=Example Corp Root");
        company.openssl("x509 -req -in root.csr -signkey root.key -days 3650 -sha256 -extfile authority.ext -out root.crt");
        company.request("issuing", "/CN=Example Corp Issuing");
        company.openssl("x509 -req -in issuing.csr -CA root.crt -CAkey root.key -CAcreateserial -days 1825 -sha256 -extfile authority.ext -out issuing.crt");
        company
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// As answers refer to a file.
    pub(crate) fn reference(&self, name: &str) -> String {
        format!("file:{}", self.path(name).display())
    }

    /// A key and a certificate for a server.
    pub(crate) fn issue(&self, name: &str, hosts: &[&str]) {
        self.request(name, "/CN=server");
        self.issue_again(name, hosts);
    }

    /// The same key, certified once more.
    pub(crate) fn issue_again(&self, name: &str, hosts: &[&str]) {
        self.certify(name, hosts);
    }

    /// A key and a certificate for a server that has lived for five of its six days.
    pub(crate) fn issue_aged(&self, name: &str, hosts: &[&str]) {
        self.issue(name, hosts);
        self.age(name);
    }

    /// The answer to somebody else's request, as old as that.
    pub(crate) fn sign_aged(&self, name: &str, request: &str, hosts: &[&str]) {
        self.sign(name, request, hosts);
        self.age(name);
    }

    fn age(&self, name: &str) {
        let at = |days: &str| {
            let output = Command::new("date").args(["-u", "-d", days, "+%Y%m%d%H%M%SZ"]).output().expect("date");
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        };
        self.write("index.txt", "");
        self.write("ca.cnf", "[ca]\ndefault_ca=here\n[here]\ndatabase=index.txt\nrand_serial=yes\ndefault_md=sha256\npolicy=any\nnew_certs_dir=.\n[any]\ncommonName=supplied\n");
        let (from, to) = (at("5 days ago"), at("1 day"));
        self.openssl(&format!("ca -batch -notext -config ca.cnf -cert issuing.crt -keyfile issuing.key -extfile server.ext -startdate {from} -enddate {to} -in {name}.csr -out {name}.crt"));
    }

    /// The answer to somebody else's request.
    pub(crate) fn sign(&self, name: &str, request: &str, hosts: &[&str]) {
        self.write(&format!("{name}.csr"), request);
        self.certify(name, hosts);
    }

    fn certify(&self, name: &str, hosts: &[&str]) {
        let names = hosts.iter().map(|host| format!("DNS:{host}")).collect::<Vec<_>>().join(",");
        let extensions = "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\nauthorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n";
        self.write("server.ext", &format!("{extensions}subjectAltName={names}\n"));
        self.openssl(&format!("x509 -req -in {name}.csr -CA issuing.crt -CAkey issuing.key -CAcreateserial -days 180 -sha256 -extfile server.ext -out {name}.crt"));
    }

    /// Encrypts the key of a server as `NAME.enc`.
    pub(crate) fn encrypt(&self, name: &str) {
        self.openssl(&format!("pkcs8 -topk8 -v2 aes-256-cbc -in {name}.key -out {name}.enc -passout file:password"));
    }

    pub(crate) fn concatenate(&self, names: &[&str], to: &str) {
        let text: String = names.iter().map(|name| std::fs::read_to_string(self.path(name)).expect("a file")).collect();
        self.write(to, &text);
    }

    pub(crate) fn pkcs7(&self, names: &[&str], to: &str) {
        let files = names.iter().map(|name| format!("-certfile {name}")).collect::<Vec<_>>().join(" ");
        self.openssl(&format!("crl2pkcs7 -nocrl {files} -out {to}"));
    }

    pub(crate) fn hide(&self, name: &str) {
        std::fs::remove_file(self.path(name)).expect("a file");
    }

    /// The serial number of a certificate, hexadecimal.
    pub(crate) fn serial(&self, name: &str) -> String {
        let told = self.openssl(&format!("x509 -in {name}.crt -noout -serial"));
        told.trim().trim_start_matches("serial=").to_uppercase()
    }

    fn request(&self, name: &str, subject: &str) {
        self.openssl(&format!("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out {name}.key"));
        self.openssl_with(&["req", "-new", "-key", &format!("{name}.key"), "-subj", subject, "-out", &format!("{name}.csr")]);
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("a file");
    }

    fn openssl(&self, line: &str) -> String {
        self.openssl_with(&line.split_whitespace().collect::<Vec<_>>())
    }

    fn openssl_with(&self, words: &[&str]) -> String {
        let output = Command::new("openssl").args(words).current_dir(self.folder.path()).output().expect("openssl");
        assert!(output.status.success(), "openssl {}: {}", words.join(" "), String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}
