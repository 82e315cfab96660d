use airlock_model::{Attempt, AttemptAction, AttemptResult, Credentials, CredentialsForm, Secret, SecretKeyRef, Target, Trust, Vantage};
use airlock_tls::Authority;
use jiff::Timestamp;

use super::*;
use crate::{Passwords, carry_out};

const PASSWORD: &str = "it is:long & odd";

struct Known;

impl Passwords for Known {
    fn password(&self, _: &SecretKeyRef) -> Option<Secret<String>> {
        Some(Secret::new(PASSWORD.to_owned()))
    }
}

/// The files that an exporter is given; the authority that signed its certificate comes with them.
fn web_config(folder: &Path) -> (PathBuf, String) {
    let day = Duration::from_hours(24);
    let authority = Authority::generate("test", &["example.com".to_owned()], day, Timestamp::now()).unwrap();
    let issued = authority.issue(&["a.example.com".to_owned()], day, Timestamp::now()).unwrap();
    let path = |name: &str| folder.join(name);
    std::fs::write(path("tls.crt"), &issued.chain_pem).unwrap();
    std::fs::write(path("tls.key"), issued.key_pem.expose()).unwrap();
    let hash = bcrypt::hash(PASSWORD, 4).unwrap();
    let (certificate, key) = (path("tls.crt").display().to_string(), path("tls.key").display().to_string());
    std::fs::write(path("web.yml"), format!("tls_server_config:\n  cert_file: {certificate}\n  key_file: {key}\n  min_version: TLS12\nbasic_auth_users:\n  airlock: \"{hash}\"\n")).unwrap();
    (path("web.yml"), authority.certificate_pem().to_owned())
}

async fn status(port: u16, trust: Trust, credentials: Option<Credentials>) -> Option<u16> {
    let action = AttemptAction::Request { method: "GET".to_owned(), path: "/metrics".to_owned(), server_name: "a.example.com".to_owned(), trust, credentials };
    let target = Target::Address { host: "127.0.0.1".to_owned(), port };
    let attempt = Attempt { id: "one".into(), from: Vantage::Workstation, target, action, control: None, purpose: "a test".to_owned() };
    match carry_out(&attempt, &Known).await.result {
        AttemptResult::Answered { status, .. } => Some(status),
        _ => None,
    }
}

fn user(name: &str, is_known: bool) -> Credentials {
    let password = is_known.then(|| SecretKeyRef { namespace: "n".to_owned(), name: "measurements-password".to_owned(), key: "value".to_owned() });
    Credentials { username: name.to_owned(), password, form: CredentialsForm::Basic }
}

#[tokio::test]
async fn over_tls_the_password_of_a_user_opens_and_nothing_else_does() {
    let folder = tempfile::tempdir().unwrap();
    let (path, authority) = web_config(folder.path());
    let door = Door::new("127.0.0.1:0".parse().unwrap(), Some(&path)).unwrap();
    let listener = TcpListener::bind(door.listen).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let measure = || async { Ok("measured 1\n".to_owned()) };
    // Who connects and says nothing keeps nobody else waiting.
    let _silent = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let asking = async {
        let trust = || Trust::Authorities(authority.clone());
        assert_eq!(status(port, trust(), Some(user("airlock", true))).await, Some(200));
        assert_eq!(status(port, trust(), Some(user("somebody", true))).await, Some(401), "another user");
        assert_eq!(status(port, trust(), Some(user("airlock", false))).await, Some(401), "another password");
        assert_eq!(status(port, trust(), None).await, Some(401));
        let mut plain = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        plain.write_all(b"GET /metrics HTTP/1.1\r\n\r\n").await.unwrap();
        let mut answer = Vec::new();
        let _ = plain.read_to_end(&mut answer).await;
        assert!(!String::from_utf8_lossy(&answer).contains("measured"), "nothing is told without TLS");
    };
    tokio::select! {
        never = door.answer_all(&listener, &measure) => panic!("{never:?}"),
        () = asking => {}
    }
}

#[tokio::test]
async fn what_cannot_be_measured_is_a_failed_question() {
    let door = Door::new("127.0.0.1:0".parse().unwrap(), None).unwrap();
    let listener = TcpListener::bind(door.listen).await.unwrap();
    let address = listener.local_addr().unwrap();
    let measure = || async { Err("the file system does not answer".to_owned()) };
    let asking = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 503 ") && answer.ends_with("the file system does not answer\n"), "{answer}");
    };
    tokio::select! {
        never = door.answer_all(&listener, &measure) => panic!("{never:?}"),
        () = asking => {}
    }
}

#[test]
fn a_file_that_lets_everybody_in_or_names_no_certificate_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = web_config(folder.path());
    let good = std::fs::read_to_string(&path).unwrap();
    let (tls, _) = good.split_once("basic_auth_users").unwrap();
    let listen = "127.0.0.1:0".parse().unwrap();
    for bad in [format!("{tls}basic_auth_users: {{}}\n"), tls.to_owned(), good.replace("tls.key", "absent.key"), "[".to_owned()] {
        std::fs::write(&path, &bad).unwrap();
        assert!(matches!(Door::new(listen, Some(&path)), Err(MeasureError::WebConfig { .. })), "{bad}");
    }
}
