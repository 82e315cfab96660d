//! Which of the chains that an authority offers for a certificate is taken (RFC 8555 §7.4.2).

use airlock_model::Untrusted;

use super::account::AcmeAccount;
use super::error::AcmeError;
use crate::{CertificateError, certificates_from_pem, pem};

/// The chain that is taken.
pub(super) struct Chosen {
    pub(super) pem: String,
    pub(super) top_issuer: Untrusted<String>,
    pub(super) preferred_missing: Option<Vec<Untrusted<String>>>,
}

/// Takes the chain whose top has this issuer, else the first: a certificate that was issued is not thrown away for its chain.
pub(super) async fn chosen(account: &AcmeAccount, first: String, preferred: Option<&str>) -> Result<Chosen, AcmeError> {
    // What the answer with the certificate said; every further request says something else.
    let alternates = account.http.heard().alternates;
    let top_issuer = top_issuer(&first)?;
    let Some(preferred) = preferred.filter(|preferred| top_issuer.raw() != *preferred) else {
        return Ok(Chosen { pem: first, top_issuer, preferred_missing: None });
    };
    let mut offered = vec![top_issuer.clone()];
    for url in alternates {
        let body = match account.signer.fetch(&account.http, &account.directory.new_nonce, &url).await {
            Ok(body) => body,
            Err(error) => {
                offered.push(error.to_string().into());
                continue;
            }
        };
        let pem = String::from_utf8_lossy(&body).into_owned();
        let top_issuer = self::top_issuer(&pem)?;
        if top_issuer.raw() == preferred {
            return Ok(Chosen { pem, top_issuer, preferred_missing: None });
        }
        offered.push(top_issuer);
    }
    Ok(Chosen { pem: first, top_issuer, preferred_missing: Some(offered) })
}

/// Common name of who issued the last certificate; the whole name where it has none.
fn top_issuer(chain: &str) -> Result<Untrusted<String>, CertificateError> {
    let certificates = certificates_from_pem(chain.as_bytes())?;
    let last = certificates.last().ok_or(CertificateError::NoCertificate)?;
    let last = pem::parse(last, certificates.len())?;
    let common_name = last.issuer().iter_common_name().next().and_then(|name| name.as_str().ok()).map(str::to_owned);
    Ok(common_name.unwrap_or_else(|| last.issuer().to_string()).into())
}
