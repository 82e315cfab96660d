//! Certificates are renewed by hand, and the renewer can do nothing else. By schedule, under load, they are renewed by `make soak`.

use std::path::Path;

use airlock_e2e::{Clients, Site};
use serde_json::Value;

const CLIENTS: usize = 50;
/// What the registry says to who does not log in: it is there.
const WITHOUT_LOGIN: &str = "401";

#[test]
fn a_certificate_is_renewed_by_hand_and_the_renewer_can_do_nothing_else() {
    let site = Site::shared("by-hand");
    let answers = site.answers("");
    site.installed(&answers);
    let before = fingerprint(&site);

    let unknown = site.run(&["tls", "renew", "--namespace", &site.name, "nobody-tls"]).expect(2);
    assert!(unknown.said().contains("base-domain-tls, registry-tls"), "{}", unknown.said());
    let idle = site.run(&["tls", "renew", "--namespace", &site.name, "-o", "json"]).expect(0).json();
    assert!(idle.as_array().expect("lines").iter().all(|line| line["outcome"] == "not-due"), "{idle}");
    assert_eq!(fingerprint(&site), before, "nothing was due");

    let renewed = site.run(&["tls", "renew", "--namespace", &site.name, "--force", "-o", "json"]).expect(0).json();
    for line in renewed.as_array().expect("lines").iter().filter(|line| !line["secret"].as_str().unwrap_or_default().ends_with("-ca")) {
        assert_eq!(line["outcome"], "renewed", "{renewed}");
        println!("Secret change to served, {}: {:.1} s", line["secret"].as_str().unwrap_or_default(), line["servedAfterMillis"].as_f64().unwrap_or_default() / 1000.0);
    }
    assert_ne!(fingerprint(&site), before);
    let status = site.run(&["tls", "status", "--namespace", &site.name]).expect(0).stdout;
    assert!(status.contains("✓ valid base-domain-tls") && status.contains("what is stored"), "{status}");
    // What reads its certificate once has read the new one, and the next plan has nothing to do.
    let planned = site.run(&["plan", "--answers", &answers.display().to_string(), "--exit-code"]);
    planned.expect(0);
    site.run(&["compliance-check", "--namespace", &site.name, "--yes"]).expect(0);

    let account = format!("system:serviceaccount:{}:renewer", site.name);
    let patch = |pod: &str, patch: &str| site.bed.try_kubectl(["--as", &account, "-n", &site.name, "patch", "pod", pod, "--type", "merge", "--patch", patch]).expect("kubectl");
    let annotated = r#"{"metadata":{"annotations":{"airlock-platform.io/tried":"yes"}}}"#;
    let edge = pods(&site, "edge").remove(0);
    // kubectl looks at what it patches.
    site.kubectl(&["create", "role", "looks", "--verb=get", "--resource=pods"]);
    site.kubectl(&["create", "rolebinding", "looks", "--role=looks", &format!("--serviceaccount={}:renewer", site.name)]);
    let allowed = patch(&edge, annotated);
    assert_eq!(allowed.code, Some(0), "{}", allowed.stderr);
    let refused = [
        ("registry-0", annotated, "changes pods of the edge alone"),
        (&edge, r#"{"metadata":{"labels":{"a":"b"}}}"#, "changes pods of the edge alone"),
        (&edge, r#"{"spec":{"activeDeadlineSeconds":1}}"#, "changes annotations alone"),
    ];
    for (pod, change, words) in refused {
        let answer = patch(pod, change);
        assert!(answer.code != Some(0) && answer.stderr.contains(words), "{pod} {change}: {}", answer.stderr);
    }
    the_authority_of_the_base_domain_gives_its_place_to_another_and_nobody_is_refused(&site, &answers);
    what_the_edge_does_not_serve_is_put_back(&site);
}

/// The edge's reload stands still: the new pair is not served in time, and the one before is stored again.
fn what_the_edge_does_not_serve_is_put_back(site: &Site) {
    let before = fingerprint(site);
    let renew = || site.run(&["tls", "renew", "--force", "--namespace", &site.name, "base-domain-tls", "-o", "json"]);
    site.freeze_reload(true);
    let failed = renew();
    site.freeze_reload(false);
    let failed = failed.expect(5).json();
    assert_eq!((&failed[0]["outcome"], &failed[0]["code"]), (&"failed".into(), &"engine.not-served".into()), "{failed}");
    let put_back = state(site, "base-domain-tls");
    assert_eq!((fingerprint(site), &put_back["last"]["outcome"], &put_back["served"]), (before.clone(), &"put-back".into(), &true.into()), "{put_back}");
    let renewed = renew().expect(0).json();
    assert!(renewed[0]["outcome"] == "renewed" && fingerprint(site) != before, "it was the reload alone: {renewed}");
}

/// Who asks all the time believes both, as nodes and people do meanwhile.
#[expect(clippy::print_stdout, reason = "it is part of a test's output")]
fn the_authority_of_the_base_domain_gives_its_place_to_another_and_nobody_is_refused(site: &Site, answers: &Path) {
    let former = site.file("former.crt", &handed_out(site));
    let rotate = |more: &[&str]| site.run(&[&["tls", "rotate", "base-domain-ca", "--namespace", &site.name, "--yes", "-o", "json"], more].concat());
    for _ in 0..2 {
        let announced = rotate(&[]).expect(11).json();
        assert_eq!((&announced["phase"], &announced["waits"]), (&"announced".into(), &"trust".into()), "{announced}");
    }
    let both = handed_out(site);
    let certificates: Vec<&str> = both.split_inclusive("-----END CERTIFICATE-----\n").collect();
    assert_eq!(certificates.len(), 2, "{both}");
    assert!(served_by(site, &former) && !served_by(site, &site.file("next.crt", certificates[1])), "the next one signs nothing yet");
    assert_eq!(state(site, "base-domain-ca")["rotation"], "announced");

    let both = site.file("both.crt", &both);
    site.bed.trust(&both, &site.registry()).unwrap_or_else(|error| panic!("{error}"));
    let clients = Clients::start(site, &both, &registry(site), CLIENTS);
    let rotated = rotate(&["--trusted"]).expect(0).json();
    assert_eq!((&rotated["phase"], &rotated["certificates"][0]["outcome"]), (&"alone".into(), &"renewed".into()), "{rotated}");
    let asked = clients.stop(WITHOUT_LOGIN);
    println!("failed requests while the authority of the base domain was rotated: {} of {}", asked.all() - asked.well, asked.all());
    assert!(asked.well > CLIENTS && asked.failed.is_empty(), "{asked:?}");

    let new = site.file("new.crt", &handed_out(site));
    assert!(served_by(site, &new) && !served_by(site, &former), "what is served is by the new one alone");
    site.trust_on_nodes();
    let audit = site.audit();
    site.install(answers).expect(0);
    assert_eq!(audit.writes(), [], "the rotation leaves nothing to a plan");
    site.run(&["compliance-check", "--namespace", &site.name, "--yes"]).expect(0);
}

fn registry(site: &Site) -> String {
    format!("https://{}/v2/", site.registry())
}

/// What nodes and people are told to believe.
fn handed_out(site: &Site) -> String {
    site.run(&["tls", "trust", "--pem", "--namespace", &site.name]).expect(0).stdout
}

/// Whether who believes this alone accepts what the edge presents.
fn served_by(site: &Site, authority: &Path) -> bool {
    let checked = site.run(&["tls", "check", "--connect", &format!("{}:443", site.base()), "--host", &site.base(), "--ca", &authority.display().to_string()]);
    assert!([0, 3].contains(&checked.exit), "{}", checked.said());
    checked.exit == 0
}

/// Names of the pods of a component.
fn pods(site: &Site, component: &str) -> Vec<String> {
    site.kubectl(&["get", "pods", "-l", &format!("app.kubernetes.io/name={component}"), "-o", "name"]).lines().filter_map(|line| line.strip_prefix("pod/")).map(str::to_owned).collect()
}

/// The certificate that is stored for the base domain; the renewer writes its fingerprint beside it.
fn fingerprint(site: &Site) -> String {
    site.kubectl(&["get", "secret", "base-domain-tls", "-o", r"jsonpath={.data.tls\.crt}"])
}

/// The line of `tls status` about a certificate.
fn state(site: &Site, secret: &str) -> Value {
    let states = site.run(&["tls", "status", "--namespace", &site.name, "-o", "json"]).expect(0).json();
    states.as_array().into_iter().flatten().find(|state| state["secret"]["name"] == secret).cloned().unwrap_or_default()
}
