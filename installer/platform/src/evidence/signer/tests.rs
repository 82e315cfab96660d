//! Keys and programs that cannot sign, and those that can.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use airlock_model::Coded;
use tempfile::TempDir;

use super::*;

/// A key that everybody knows: RFC 8032 §7.1, test 1, in PKCS#8.
pub(in crate::evidence) const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n";
/// Its public half, likewise.
pub(in crate::evidence) const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";
/// The signature of nothing by it, likewise.
const OF_NOTHING: &str = "5VZDAMNgrHKQhuLMgG6CioSHfx645dl02HPgZSJJAVVfuIIVkKM7rMYeOXAc+bRr0lv18FlbviRlUUFDjnoQCw==";

fn key(text: &str, mode: u32) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.pem");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    (folder, path)
}

/// Puts a script there. Another program writes it: a descriptor of this one could be inherited by what another test starts, and
/// a file that is open for writing is not run.
pub(in crate::evidence) fn installed(path: &Path, script: &str) {
    let text = path.with_extension("sh");
    fs::write(&text, format!("#!/bin/sh\n{script}\n")).unwrap();
    assert!(std::process::Command::new("install").args(["-m", "700"]).args([&text, path]).status().unwrap().success());
}

fn program(script: &str) -> (TempDir, Program) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sign");
    installed(&path, script);
    (folder, Program { path, limit: Duration::from_secs(20) })
}

/// A program that names the key, and signs as the script says.
fn signing(script: &str) -> String {
    format!("if [ \"$1\" = public-key ]; then echo '{PUBLIC}'; exit 0; fi\n{script}")
}

#[tokio::test]
async fn a_key_signs_as_rfc_8032_says() {
    for mode in [0o600, 0o400] {
        let (_folder, path) = key(KEY, mode);
        let signer = Signer::open(&SignerReference::File(path)).await.unwrap();
        assert_eq!(signer.public().to_pem(), PUBLIC);
        assert_eq!(STANDARD.encode(signer.sign(b"").await.unwrap()), OF_NOTHING);
    }
}

#[tokio::test]
async fn a_key_that_others_may_read_is_refused() {
    for mode in [0o640, 0o604, 0o644, 0o620, 0o666] {
        let (_folder, path) = key(KEY, mode);
        let error = Signer::open(&SignerReference::File(path)).await.err().unwrap();
        assert_eq!(error.code().0, "evidence.key-open", "{mode:o}");
        assert!(error.to_string().contains(&format!("(mode {mode:03o})")), "{error}");
    }
}

#[tokio::test]
async fn what_a_pod_mounts_may_be_read_by_its_group_and_by_nobody_else() {
    for mode in [0o440, 0o400, 0o600] {
        let (_folder, path) = key(KEY, mode);
        assert!(Signer::open(&SignerReference::Mounted(path)).await.is_ok(), "{mode:o}");
    }
    for mode in [0o444, 0o460, 0o640 | 0o020, 0o641] {
        let (_folder, path) = key(KEY, mode);
        assert_eq!(Signer::open(&SignerReference::Mounted(path)).await.err().unwrap().code().0, "evidence.key-open", "{mode:o}");
    }
}

#[tokio::test]
async fn what_is_no_key_of_ed25519_is_refused_and_not_repeated() {
    let p256 = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgsyl+zNKUMXTVQZq3OQY9XeuRl3QIqu2M0RZA+ADrwnahRANCAAQbmFmU8jbvtu9/pT0MqKGZHZCuPnKUMYUQdQdP3dmmCuJUcw2kLsN9/kEMa9vHbz2LZLTROh7hJZVx6d6cQ2M5\n-----END PRIVATE KEY-----\n";
    for (text, words) in [
        ("", "it is not one private key in PKCS#8, as PEM"),
        ("hunter2", "it is not one private key in PKCS#8, as PEM"),
        (PUBLIC, "it is not one private key in PKCS#8, as PEM"),
        (&format!("{KEY}{KEY}"), "it is not base64 between its lines"),
        (&KEY.replace("PRIVATE", "ENCRYPTED PRIVATE"), "it is encrypted; Airlock asks for no password"),
        (&KEY.replace("K2Vw", "K2Vu"), "it is no key of Ed25519"),
        (p256, "it is no key of Ed25519"),
    ] {
        let (_folder, path) = key(text, 0o600);
        let error = Signer::open(&SignerReference::File(path)).await.err().unwrap();
        assert_eq!(error.code().0, "evidence.key-unusable", "{text}");
        assert!(error.to_string().ends_with(words), "{text}: {error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    let error = Signer::open(&SignerReference::File("/nowhere/key.pem".into())).await.err().unwrap();
    assert_eq!(error.code().0, "evidence.key-unusable", "{error}");
}

#[tokio::test]
async fn a_program_signs_raw_or_as_base64() {
    for how in [format!("cat >/dev/null; echo {OF_NOTHING}"), format!("cat >/dev/null; echo {OF_NOTHING} | base64 -d")] {
        let (_folder, program) = program(&signing(&how));
        let signer = Signer::of_program(program).await.unwrap();
        assert_eq!(STANDARD.encode(signer.sign(b"").await.unwrap()), OF_NOTHING, "{how}");
    }
}

#[tokio::test]
async fn a_program_that_does_not_sign_is_told_with_its_words() {
    for (script, words) in [
        ("echo 'the token is locked' >&2; exit 3", "sign ended with 3: the token is locked; no run was written"),
        ("kill -9 $$", "sign was killed; no run was written"),
        ("true", "sign printed what is not a signature by its public key; no run was written"),
        ("echo rubbish", "sign printed what is not a signature by its public key; no run was written"),
        ("head -c 64 /dev/zero", "sign printed what is not a signature by its public key; no run was written"),
        ("cat /dev/zero", "sign printed more than 4096 bytes; no run was written"),
    ] {
        let (_folder, program) = program(&signing(script));
        let signer = Signer::of_program(program).await.unwrap();
        let error = signer.sign(b"").await.unwrap_err();
        assert_eq!(error.code().0, "evidence.signer", "{script}");
        assert!(error.to_string().ends_with(words), "{script}: {error}");
    }
    // The signature of other bytes is none of these.
    let (_folder, program) = program(&signing(&format!("echo {OF_NOTHING}")));
    let signer = Signer::of_program(program).await.unwrap();
    assert!(signer.sign(b"something").await.is_err());
    assert!(signer.sign(b"").await.is_ok());
}

#[tokio::test]
async fn a_program_that_hangs_is_ended_and_one_that_names_no_key_is_refused() {
    let (_folder, hanging) = program(&signing("exec sleep 600"));
    let mut signer = Signer::of_program(hanging).await.unwrap();
    let Held::Program(held) = &mut signer.held else { panic!("no program") };
    held.limit = Duration::from_millis(200);
    let error = signer.sign(b"").await.unwrap_err();
    assert!(error.to_string().ends_with("sign was ended after 0.2 s; no run was written"), "{error}");
    for script in ["true", "echo rubbish", &format!("echo '{KEY}'")] {
        let (_folder, program) = program(script);
        let error = Signer::of_program(program).await.err().unwrap();
        assert!(error.to_string().ends_with("public-key printed no public key of Ed25519 in PEM; no run was written"), "{error}");
    }
    let error = Signer::open(&SignerReference::Program("/nowhere/sign".into())).await.err().unwrap();
    assert_eq!(error.code().0, "evidence.signer", "{error}");
}
