//! A pair beside the server that is to serve it: judged by the same rules, where nobody knows whom the server's clients believe.

use jiff::Timestamp;

use crate::pem::certificates_from_pem;
use crate::{Authorities, CertificateError, Expected, Form, Host, Judgement, PrivateKey, Purpose, validate};

/// Judges a chain (leaf first, PEM) and its key for a server of these hosts. The topmost certificate stands for whom clients believe;
/// where there is but the leaf, its issuer is left to those who know it. What comes to its end within days is only warned of.
///
/// # Errors
/// When either cannot be read.
pub fn judge_mounted(chain_pem: &[u8], key_pem: &[u8], hosts: &[Host], at: Timestamp) -> Result<Judgement, CertificateError> {
    let chain = certificates_from_pem(chain_pem)?;
    let key = PrivateKey::from_pem(key_pem)?;
    let authorities = Authorities::of(chain.iter().skip(1).last().cloned().into_iter().collect());
    let expected = Expected { hosts, authorities: &authorities, at, purpose: Purpose::Private, form: Form::AsClients, ending: true, longest: None };
    let judgement = validate(&chain, Some(&key), &expected);
    let is_left_open = |code: &str| chain.len() == 1 && code == "tls.issuer-missing";
    let findings = judgement.findings.into_iter().filter(|finding| !is_left_open(finding.code.0)).collect();
    Ok(Judgement::new(findings, judgement.chain))
}
