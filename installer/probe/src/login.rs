//! A login by the form of a page, as a browser does it: the page, its form with what it hides, the redirects after it, and
//! the cookies that are set on the way. Of a cookie's value nothing is told but how long it is good for.

mod form;
mod jar;

use airlock_model::bounds::{REDIRECTS, TRIES};
use airlock_model::{AttemptResult, Credentials, Secret, Target, TlsVersion, Trust};
use http::header;
use url::{Position, Url};

use self::form::Form;
use self::jar::Jar;
use crate::Passwords;
use crate::carry_out::open;
use crate::dial::Ends;
use crate::handshake::{Believed, handshake};
use crate::request::{Question, answered, beginning, password};

/// A page with a form is not longer.
const PAGE_LIMIT: usize = 512 * 1024;

/// Who logs in, at which page.
pub(crate) struct Login<'a> {
    pub(crate) target: &'a Target,
    pub(crate) path: &'a str,
    pub(crate) server_name: &'a str,
    pub(crate) trust: &'a Trust,
    pub(crate) credentials: &'a Credentials,
}

/// An answer, and the page that came with it.
struct Answer {
    result: AttemptResult,
    location: Option<String>,
    page: Vec<u8>,
}

impl Login<'_> {
    /// [`AttemptResult::LoggedIn`] when the form led away from its page; the answer when it did not.
    pub(crate) async fn carry_out(&self, passwords: &dyn Passwords, ends: &mut Ends) -> AttemptResult {
        self.log_in(passwords, ends).await.unwrap_or_else(|failure| failure)
    }

    async fn log_in(&self, passwords: &dyn Passwords, ends: &mut Ends) -> Result<AttemptResult, AttemptResult> {
        let password = password(self.credentials, self.trust, passwords).map_err(not_tried)?;
        let page = Url::parse(&format!("https://{}{}", self.server_name, self.path)).map_err(|error| not_tried(format!("the page has no address: {error}")))?;
        let mut jar = Jar::default();
        let mut shown = Err(AttemptResult::TimedOut);
        for _ in 0..TRIES {
            shown = self.visit(&page, &mut jar, None, ends).await;
            if !matches!(shown, Err(AttemptResult::TimedOut)) {
                break;
            }
        }
        let shown = shown?;
        let Some(form) = Form::with_a_password(&shown.page) else { return Ok(shown.result) };
        let leads_to = self.own(&page, &form.action).ok_or_else(|| not_tried("the form sends the password to another host".to_owned()))?;
        let answer = self.visit(&leads_to, &mut jar, Some((form.filled_in(&self.credentials.username, &password), &page)), ends).await?;
        let mut at = match answer.location.as_ref().and_then(|location| self.own(&leads_to, location)) {
            Some(next) if next.path() != page.path() => next,
            _ => return Ok(answer.result),
        };
        for _ in 0..REDIRECTS {
            let answer = self.visit(&at, &mut jar, None, ends).await?;
            match answer.location.as_ref().and_then(|location| self.own(&at, location)) {
                Some(next) if next.path() == page.path() => return Ok(answer.result),
                Some(next) => at = next,
                None => return Ok(AttemptResult::LoggedIn(jar.told())),
            }
        }
        Err(not_tried(format!("more than {REDIRECTS} redirects follow the login")))
    }

    /// An address of this host; cookies and passwords of ours go nowhere else.
    fn own(&self, from: &Url, location: &str) -> Option<Url> {
        from.join(location).ok().filter(|there| there.scheme() == "https" && there.host_str() == Some(self.server_name))
    }

    async fn visit(&self, at: &Url, jar: &mut Jar, form: Option<(Secret<String>, &Url)>, ends: &mut Ends) -> Result<Answer, AttemptResult> {
        let path = &at[Position::BeforePath..Position::AfterQuery];
        let mut question = Question::new(if form.is_some() { "POST" } else { "GET" }, path, self.server_name, self.trust, None, &crate::NoPasswords).map_err(not_tried)?;
        if let Some(written) = jar.written() {
            question = question.with_cookies(&written).map_err(not_tried)?;
        }
        if let Some((form, page)) = form {
            question = question.submitting(form, page.as_str()).map_err(not_tried)?;
        }
        let believed = Believed::load(self.trust).await?;
        let secured = handshake(open(self.target, ends).await?, self.server_name, TlsVersion::Tls13, believed).await?;
        question
            .exchange(secured.stream, async |response| {
                jar.keep(response.headers());
                let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
                let result = answered(&response);
                // What is shown on the way is nobody's matter.
                let page = if location.is_some() { Vec::new() } else { beginning(response.into_body(), PAGE_LIMIT).await? };
                Ok(Answer { result, location, page })
            })
            .await
    }
}

fn not_tried(reason: String) -> AttemptResult {
    AttemptResult::NotCarriedOut(reason.into())
}
