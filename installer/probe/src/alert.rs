//! One message to the receiver of alerts: it is handed to Alertmanager, whose own count says what became of it.
//!
//! Alertmanager alone may reach the receiver, so nobody else could try for it. A message that arrived beside ours in the
//! meantime is as good a proof; a failed one is waited for until Alertmanager has given up, since only then it says why.

use std::time::Duration;

use airlock_model::{AttemptResult, Code, Coded, Secret, TlsVersion, Trust, with_causes};
use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use tokio::time::{Instant, sleep, timeout};

use crate::dial::{Ends, dial};
use crate::handshake::{Believed, handshake};
use crate::request::authorization;

/// Until Alertmanager answers a pod that policies have just got to know.
const REACHED_WITHIN: Duration = Duration::from_mins(1);
/// Until a message is delivered, or Alertmanager has given up: it tries again for a minute.
const DELIVERED_WITHIN: Duration = Duration::from_mins(2);
/// The user whose password Alertmanager knows.
const USER: &str = "airlock";
const PAUSE: Duration = Duration::from_secs(1);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// Alertmanager's measurements are some tens of kilobytes.
const LARGEST_ANSWER: usize = 4 * 1024 * 1024;

/// Where Alertmanager is and what is asked of it.
pub struct AlertTrial {
    /// Its name, as its certificate bears it.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The authorities that its certificate is verified against, PEM.
    pub authorities: String,
    /// Password of the user `airlock`, the only one.
    pub password: Secret<String>,
    /// How it tells the receiver, as its measurements name it: `webhook`, `email`.
    pub integration: String,
}

/// Why a message did not arrive.
#[derive(Debug, thiserror::Error)]
pub enum AlertError {
    /// No answer from Alertmanager, or not the one that is due.
    #[error("Alertmanager does not take a message: {0}")]
    Alertmanager(String),
    /// It gave up, for one of the reasons that it counts.
    #[error("the receiver did not take the message ({integration}: {reason})")]
    Refused {
        /// How the receiver is told.
        integration: String,
        /// The reason, as Alertmanager counts it.
        reason: String,
    },
    /// Neither delivered nor given up.
    #[error("nothing became of the message within {} s ({integration})", DELIVERED_WITHIN.as_secs())]
    Silence {
        /// How the receiver is told.
        integration: String,
    },
}

impl Coded for AlertError {
    fn code(&self) -> Code {
        Code(match self {
            Self::Alertmanager(_) => "probe.alertmanager",
            Self::Refused { .. } => "probe.receiver-refused",
            Self::Silence { .. } => "probe.receiver-silent",
        })
    }
}

/// Hands a message over and sees it delivered.
pub async fn try_receiver(trial: &AlertTrial) -> Result<(), AlertError> {
    let before = reached(trial).await?;
    trial.ask(Method::POST, "/api/v2/alerts", message().into_bytes()).await.map_err(AlertError::Alertmanager)?;
    let began = Instant::now();
    while began.elapsed() < DELIVERED_WITHIN {
        let now = trial.counts().await.map_err(AlertError::Alertmanager)?;
        // Tried and failed are two counters, read one after the other: what looks delivered is so when it still does.
        if now.delivered() > before.delivered() && trial.counts().await.map_err(AlertError::Alertmanager)?.delivered() > before.delivered() {
            return Ok(());
        }
        if let Some((reason, _)) = now.given_up.iter().find(|(reason, count)| *count > before.given_up_for(reason)) {
            return Err(AlertError::Refused { integration: trial.integration.clone(), reason: reason.clone() });
        }
        sleep(PAUSE).await;
    }
    Err(AlertError::Silence { integration: trial.integration.clone() })
}

async fn reached(trial: &AlertTrial) -> Result<Counts, AlertError> {
    let began = Instant::now();
    loop {
        match trial.counts().await {
            Ok(counts) => return Ok(counts),
            Err(reason) if began.elapsed() > REACHED_WITHIN => return Err(AlertError::Alertmanager(reason)),
            Err(_) => sleep(PAUSE).await,
        }
    }
}

/// An alert that ends by itself; nothing in it but that it is a trial, and when.
fn message() -> String {
    let (now, soon) = (Timestamp::now(), Timestamp::now() + Duration::from_mins(1));
    format!(
        r#"[{{"labels": {{"alertname": "AirlockReceiverTest", "severity": "none", "made": "{now}"}}, "annotations": {{"summary": "Airlock tries whether alerts arrive. There is nothing to do."}}, "endsAt": "{soon}"}}]"#
    )
}

impl AlertTrial {
    async fn counts(&self) -> Result<Counts, String> {
        let answer = self.ask(Method::GET, "/metrics", Vec::new()).await?;
        Ok(Counts::read(&answer, &self.integration))
    }

    /// One request over a connection of its own; anything but 200 is no answer.
    async fn ask(&self, method: Method, path: &str, body: Vec<u8>) -> Result<String, String> {
        timeout(ANSWER_TIMEOUT, self.exchange(method, path, body)).await.map_err(|_| "it did not answer in time".to_owned())?
    }

    async fn exchange(&self, method: Method, path: &str, body: Vec<u8>) -> Result<String, String> {
        let words = |result: AttemptResult| format!("no connection to {}:{}: {result:?}", self.host, self.port);
        let believed = Believed::load(&Trust::Authorities(self.authorities.clone())).await.map_err(words)?;
        let stream = dial(&self.host, self.port, &mut Ends::default()).await.map_err(words)?;
        let secured = handshake(stream, &self.host, TlsVersion::Tls13, believed).await.map_err(words)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(secured.stream)).await.map_err(|error| with_causes(&error))?;
        let request = self.request(method, path, body)?;
        let answer = async {
            let response = sender.send_request(request).await.map_err(|error| with_causes(&error))?;
            let status = response.status();
            let body = Limited::new(response.into_body(), LARGEST_ANSWER).collect().await.map_err(|error| error.to_string())?.to_bytes();
            if status == StatusCode::OK { Ok(String::from_utf8_lossy(&body).into_owned()) } else { Err(format!("it answered {status}")) }
        };
        // The connection moves the bytes; it lives as long as this function and no longer.
        tokio::pin!(connection, answer);
        tokio::select! {
            answer = &mut answer => answer,
            ended = &mut connection => match ended {
                Ok(()) => answer.await,
                Err(error) => Err(with_causes(&error)),
            },
        }
    }

    fn request(&self, method: Method, path: &str, body: Vec<u8>) -> Result<Request<Full<Bytes>>, String> {
        let request = Request::builder().method(method).uri(path).header(header::HOST, &self.host).header(header::AUTHORIZATION, authorization(USER, &self.password)?);
        request.header(header::CONTENT_TYPE, "application/json").body(Full::new(Bytes::from(body))).map_err(|error| error.to_string())
    }
}

/// What Alertmanager has counted of one way to tell a receiver.
#[derive(Debug, Default, PartialEq)]
struct Counts {
    tried: f64,
    failed: f64,
    /// Messages that it no longer tries to deliver, by reason.
    given_up: Vec<(String, f64)>,
}

impl Counts {
    /// Reads them from measurements in Prometheus' text format.
    fn read(measurements: &str, integration: &str) -> Self {
        let mut counts = Self::default();
        for line in measurements.lines() {
            let Some((series, value)) = line.rsplit_once(' ') else { continue };
            let Some((name, labels)) = series.split_once('{') else { continue };
            let label = |key: &str| labels.split([',', '}']).find_map(|label| label.strip_prefix(key)?.strip_prefix("=\"")?.strip_suffix('"'));
            let Some(value) = value.parse::<f64>().ok().filter(|_| label("integration") == Some(integration)) else { continue };
            match name {
                "alertmanager_notification_requests_total" => counts.tried += value,
                "alertmanager_notification_requests_failed_total" => counts.failed += value,
                "alertmanager_notifications_failed_total" => counts.given_up.push((label("reason").unwrap_or("other").to_owned(), value)),
                _ => {}
            }
        }
        counts
    }

    fn delivered(&self) -> f64 {
        self.tried - self.failed
    }

    fn given_up_for(&self, reason: &str) -> f64 {
        self.given_up.iter().filter(|(of, _)| of == reason).map(|(_, count)| count).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEASUREMENTS: &str = r#"# TYPE alertmanager_notification_requests_total counter
alertmanager_notification_requests_total{integration="email"} 7
alertmanager_notification_requests_total{integration="webhook"} 5
alertmanager_notification_requests_failed_total{integration="webhook"} 3
alertmanager_notifications_failed_total{integration="webhook",reason="clientError"} 0
alertmanager_notifications_failed_total{integration="webhook",reason="serverError"} 1
alertmanager_alerts 4
"#;

    #[test]
    fn only_the_way_to_this_receiver_is_counted() {
        let counts = Counts::read(MEASUREMENTS, "webhook");
        assert!((counts.delivered() - 2.0).abs() < f64::EPSILON, "{counts:?}");
        assert!((counts.given_up_for("serverError") - 1.0).abs() < f64::EPSILON && counts.given_up_for("clientError").abs() < f64::EPSILON, "{counts:?}");
        assert_eq!(Counts::read("", "webhook"), Counts::default());
    }
}
