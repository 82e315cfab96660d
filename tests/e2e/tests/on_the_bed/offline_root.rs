//! The certificate of the base domain below a root that stays with the administrator: the cluster holds an authority that it vouches
//! for, and nothing of the root but its certificate.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use airlock_e2e::Site;

#[test]
fn a_root_that_stays_with_the_administrator_vouches_for_the_authority_in_the_cluster() {
    let site = Site::shared("rooted");
    let folder = site.folder().join("root");
    let password = site.file("password", "a long pass phrase\n").display().to_string();
    let make_root = || site.run(&["tls", "root", &site.base(), "--out", &folder.display().to_string(), "--key-password", &format!("file:{password}"), "-o", "json"]);
    let made = make_root().expect(0).json();
    let (certificate, key) = (folder.join("root.crt"), folder.join("root.key"));
    assert_eq!(fs::metadata(&key).expect("the key").permissions().mode() & 0o777, 0o600);
    assert!(fs::read_to_string(&key).expect("the key").starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"), "{made}");
    let root = fs::read_to_string(&certificate).expect("the certificate");
    assert_ne!(make_root().exit, 0, "what others were told to believe is not written over");
    assert_eq!(fs::read_to_string(&certificate).expect("the certificate"), root);

    let reference = |password: &str| format!("tls: {{ offlineRoot: {{ certificate: 'file:{}', key: 'file:{}', password: 'file:{password}' }} }}\n", certificate.display(), key.display());
    let wrong = site.file("wrong", "another pass phrase").display().to_string();
    let refused = site.install(&site.answers(&reference(&wrong))).expect(3);
    assert!(refused.first_error().starts_with("error[tls.password-wrong]"), "{}", refused.stderr);

    let answers = site.answers(&reference(&password));
    site.install(&answers).expect(11);
    site.set_dns();
    let waiting = site.install(&answers).expect(11);
    let line = root.lines().nth(1).expect("PEM");
    assert!(waiting.stdout.contains(line), "the ticket for the nodes holds the root:\n{}", waiting.stdout);
    site.bed.trust(&certificate, &site.registry()).unwrap_or_else(|error| panic!("{error}"));
    site.install(&answers).expect(0);

    let stored = |key: &str| site.kubectl(&["get", "secret", "base-domain-ca", "-o", &format!(r#"go-template={{{{index .data "{key}" | base64decode}}}}"#)]);
    assert_eq!(stored("ca.crt").trim(), root.trim());
    assert_ne!(stored("tls.crt").trim(), root.trim(), "what signs in the cluster is another than the root");
    let handed = site.run(&["tls", "trust", "--pem", "--namespace", &site.name]).expect(0).stdout;
    assert_eq!(handed.trim(), root.trim());
    let server = format!("{}:443", site.base());
    let looked = site.run(&["tls", "check", "--connect", &server, "--host", &site.base(), "--ca", &certificate.display().to_string(), "-o", "json"]).expect(0).json();
    assert_eq!(looked["chain"].as_array().map(Vec::len), Some(2), "a leaf and the authority, not the root: {looked}");
    site.run(&["compliance-check", "--profile", "baseline", "--namespace", &site.name, "--yes"]).expect(0);

    // The root goes back to where the cluster cannot reach it; nothing asks for it before the authority is due.
    fs::rename(&folder, site.folder().join("safe")).expect("the root goes");
    let audit = site.audit();
    site.install(&answers).expect(0);
    assert_eq!(audit.writes(), []);
    site.run(&["tls", "renew", "--force", "--namespace", &site.name, "base-domain-tls"]).expect(0);
    site.run(&["tls", "check", "--connect", &server, "--host", &site.base(), "--ca", &site.folder().join("safe/root.crt").display().to_string()]).expect(0);
    another_root_in_the_same_files_is_noticed_and_believed_beside_the_first(&site, &answers, &password);
}

/// The files come back with another root in them; the answers are what they were.
fn another_root_in_the_same_files_is_noticed_and_believed_beside_the_first(site: &Site, answers: &Path, password: &str) {
    let (folder, former) = (site.folder().join("root"), site.folder().join("safe/root.crt"));
    site.run(&["tls", "root", &site.base(), "--out", &folder.display().to_string(), "--key-password", &format!("file:{password}")]).expect(0);
    let root = folder.join("root.crt");
    let planned = site.run(&["plan", "--answers", &answers.display().to_string(), "--exit-code"]).expect(10);
    assert!(planned.stdout.contains("base-domain-ca") && !planned.stdout.contains("base-domain-tls"), "the authority is joined by another one, and what it signed stays:\n{}", planned.stdout);
    site.install(answers).expect(0);
    let handed = site.run(&["tls", "trust", "--pem", "--namespace", &site.name]).expect(0).stdout;
    let read = |path: &Path| fs::read_to_string(path).expect("a root");
    assert_eq!(handed, format!("{}{}", read(&former), read(&root)), "both roots are handed out");
    site.run(&["plan", "--answers", &answers.display().to_string(), "--exit-code"]).expect(0);

    let both = site.file("both.crt", &handed);
    site.bed.trust(&both, &site.registry()).unwrap_or_else(|error| panic!("{error}"));
    // Whoever rotates needs no key of a root: the authority below it is there.
    fs::remove_file(folder.join("root.key")).expect("the key goes");
    site.run(&["tls", "rotate", "base-domain-ca", "--trusted", "--namespace", &site.name, "--yes"]).expect(0);
    let by = |authority: &Path| site.run(&["tls", "check", "--connect", &format!("{}:443", site.base()), "--host", &site.base(), "--ca", &authority.display().to_string()]).exit;
    assert_eq!((by(&root), by(&former)), (0, 3));
    site.install(answers).expect(0);
}
