//! cert-manager issues the certificate of the base domain. Its kinds are here as released (every apply asks for strict validation); its
//! controller cannot be had here, so that the test plays it: it signs by a company's authority, writes the Secret, and says so in the status.

use std::path::{Path, PathBuf};
use std::time::Duration;

use airlock_bed::{Bed, eventually};
use airlock_e2e::Site;
use serde_json::{Value, json};

use super::kinds::Kinds;
use crate::bad_input::{Expected, assert_refused};
use crate::company::Company;
use crate::sources::{nothing_is_to_be_done, served, through_the_gates};

const CERTIFICATE: &str = "base-domain-issued";
/// As cert-manager would say it of a certificate of 180 days.
const RENEWAL: &str = "2099-01-01T00:00:00Z";

/// The cluster's side: cert-manager's kinds and what its controller does.
struct Controller<'a> {
    site: &'a Site,
    company: &'a Company,
    _kinds: Kinds<'a>,
}

impl<'a> Controller<'a> {
    fn new(site: &'a Site, company: &'a Company) -> Self {
        let kinds = Kinds::make(&site.bed, "cert-manager.io", &["certificates", "clusterissuers", "issuers"]);
        Self { site, company, _kinds: kinds }
    }

    fn makes_an_issuer(&self, name: &str) {
        let manifest = format!("{{apiVersion: cert-manager.io/v1, kind: ClusterIssuer, metadata: {{name: {name}}}, spec: {{ca: {{secretName: company-ca}}}}}}");
        self.site.bed.apply(&manifest).expect("an issuer");
        let status = json!({ "status": { "conditions": [{ "type": "Ready", "status": "True", "reason": "KeyPairVerified" }] } }).to_string();
        self.site.bed.kubectl(["patch", "clusterissuer", name, "--subresource=status", "--type=merge", "-p", &status]).expect("an issuer that is ready");
    }

    /// The Certificate, once Airlock has written it.
    fn asked(&self) -> Value {
        let read = || self.site.bed.kubectl(["-n", &self.site.name, "get", "certificates.cert-manager.io", CERTIFICATE, "-o", "json"]);
        let text = eventually("the Certificate is there", Duration::from_mins(5), read).expect("a Certificate");
        serde_json::from_str(&text).expect("JSON")
    }

    fn says(&self, certificate: &Value, mut conditions: Value, further: Value) {
        for condition in conditions.as_array_mut().expect("conditions") {
            condition["observedGeneration"] = certificate["metadata"]["generation"].clone();
        }
        let mut status = further;
        status["conditions"] = conditions;
        self.site.kubectl(&["patch", "certificates.cert-manager.io", CERTIFICATE, "--subresource=status", "--type=merge", "-p", &json!({ "status": status }).to_string()]);
    }

    fn refuses(&self) {
        let certificate = self.asked();
        let failed = json!({ "type": "Issuing", "status": "False", "reason": "Failed", "message": "the company's authority is closed" });
        self.says(&certificate, json!([{ "type": "Ready", "status": "False", "reason": "DoesNotExist" }, failed]), json!({ "failedIssuanceAttempts": 1 }));
    }

    /// It tries again.
    fn begins_anew(&self) {
        let waiting = json!({ "type": "Ready", "status": "False", "reason": "DoesNotExist", "message": "Issuing certificate as Secret does not exist" });
        self.says(&self.asked(), json!([waiting]), json!({}));
    }

    /// Issues for the names that are asked for, or for fewer.
    fn issues(&self, name: &str, how_many: usize) {
        let certificate = self.asked();
        let names: Vec<&str> = certificate["spec"]["dnsNames"].as_array().expect("names").iter().filter_map(Value::as_str).take(how_many).collect();
        self.company.issue(name, &names);
        self.company.concatenate(&[&format!("{name}.crt"), "issuing.crt"], "issued.pem");
        let (chain, key) = (self.company.path("issued.pem").display().to_string(), self.company.path(&format!("{name}.key")).display().to_string());
        let made = self.site.kubectl(&["create", "secret", "tls", CERTIFICATE, "--cert", &chain, "--key", &key, "--dry-run=client", "-o", "json"]);
        let mut secret: Value = serde_json::from_str(&made).expect("JSON");
        secret["metadata"]["namespace"] = json!(self.site.name);
        secret["metadata"]["labels"] = certificate["spec"]["secretTemplate"]["labels"].clone();
        secret["metadata"]["annotations"] = certificate["spec"]["secretTemplate"]["annotations"].clone();
        self.site.bed.apply(&secret.to_string()).expect("the Secret");
        self.says(&certificate, json!([{ "type": "Ready", "status": "True", "reason": "Ready" }]), json!({ "renewalTime": RENEWAL, "failedIssuanceAttempts": null }));
    }
}

fn answers(site: &Site, company: &Company) -> PathBuf {
    let issuer = "issuerRef: { name: company-ca, kind: ClusterIssuer }";
    site.answers(&format!("tls: {{ source: cert-manager, {issuer} }}\ntrust: {{ ca: ['{}'] }}\n", company.reference("root.crt")))
}

pub(crate) fn the_certificate_is_issued_and_renewed_by_it(bed: &Bed) {
    let site = Site::on(bed.clone(), "certified");
    let company = Company::new();
    let answers = answers(&site, &company);
    refused(&site, &answers, "no cert-manager", "cert-manager is not installed");
    let controller = Controller::new(&site, &company);
    refused(&site, &answers, "no issuer", "there is no ClusterIssuer company-ca");
    controller.makes_an_issuer("company-ca");

    let ended = beside(|| controller.refuses(), || site.install(&answers)).expect(6);
    assert!(ended.stderr.contains("the issuer has refused it: the company's authority is closed"), "{}", ended.stderr);
    controller.begins_anew();
    beside(|| controller.issues("first", usize::MAX), || through_the_gates(&site, &answers, &company));
    assert_eq!(served(&site, &company), company.serial("first"));
    nothing_is_to_be_done(&site, &answers);
    let status = site.run(&["tls", "status", "--namespace", &site.name]).expect(0).stdout;
    assert!(status.contains("source   cert-manager, ClusterIssuer company-ca") && status.contains(&format!("{RENEWAL}, by cert-manager")), "{status}");

    a_renewal_is_taken_over_and_a_wrong_one_is_not(&site, &controller);
    site.run(&["plan", "--answers", &answers.display().to_string(), "--exit-code"]).expect(0);
    site.run(&["uninstall", "--namespace", &site.name, "--yes", "--delete-data"]).expect(0);
    assert_eq!(bed.kubectl(["get", "certificates.cert-manager.io", "-A", "-o", "name"]).expect("kubectl"), "", "nothing stays");
}

fn a_renewal_is_taken_over_and_a_wrong_one_is_not(site: &Site, controller: &Controller<'_>) {
    let company = controller.company;
    let renew = || site.run(&["tls", "renew", "--namespace", &site.name, "base-domain-tls", "-o", "json"]);
    assert_eq!(renew().expect(0).json()[0]["outcome"], "not-due", "nothing was issued since");
    // The wildcard is missing.
    controller.issues("wrong", 1);
    let line = renew().json()[0].clone();
    assert_eq!((&line["outcome"], &line["code"]), (&json!("failed"), &json!("tls.name-not-covered")), "{line}");
    assert_eq!(served(site, company), company.serial("first"), "the one before stays");
    controller.issues("second", usize::MAX);
    let line = renew().expect(0).json()[0].clone();
    assert_eq!((&line["outcome"], &line["cause"]), (&json!("renewed"), &json!("cert-manager has issued another one")), "{line}");
    assert_eq!(served(site, company), company.serial("second"));
}

fn refused(site: &Site, answers: &Path, case: &str, told: &str) {
    let audit = site.audit();
    let run = site.install(answers);
    assert_refused(site, case, &run, &Expected { exit: 3, first_line: "error[platform.blocked]: ISS-001 (issuer of the certificate) blocks the run; nothing was written" });
    assert!(run.said().contains(told), "{case}: {}", run.said());
    assert_eq!(audit.writes(), [], "{case}");
}

/// Does one thing while another waits for it.
fn beside<T>(controller: impl FnOnce() + Send, run: impl FnOnce() -> T) -> T {
    std::thread::scope(|threads| {
        let controller = threads.spawn(controller);
        let run = run();
        controller.join().expect("the controller's part");
        run
    })
}
