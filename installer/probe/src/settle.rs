//! Attempts between pods that have just started: the enforcer of policies and the pods' network need a moment, so that a
//! first answer says little. An attempt is repeated until its server says something, be it no; a connection with a control, to one port
//! or to many, is there to be blocked: it is repeated until it has stayed blocked for a while, and the address that others see until it
//! has stayed the same, since before its policies are enforced a pod gets out where it will not. At [`LIMITS`] the last answer stands.
//!
//! Until the enforcers know a new pod, it is blocked where it would be let in. So where the control is made beside it, from the same
//! pod, the while begins when the control has got through, and is no shorter than that took: each node has an enforcer of its own.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use airlock_model::bounds::ROUNDS;
use airlock_model::{Attempt, AttemptAction, AttemptId, AttemptResult, Outcome};
use futures::future::join_all;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};

use crate::{Passwords, carry_out};

/// What attempts of a run keep to.
const LIMITS: Limits = Limits { patience: Duration::from_secs(30), steady: Duration::from_secs(3), rounds: ROUNDS };
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(500);

/// Carries out attempts, all at once, each until its answer is steady; the outcomes stand in their order.
pub async fn carry_out_settled(attempts: &[Attempt], passwords: &dyn Passwords) -> Vec<Outcome> {
    settled_together(attempts, passwords, LIMITS).await
}

/// How long something is done.
#[derive(Clone, Copy)]
struct Limits {
    /// For how long an attempt is repeated.
    patience: Duration,
    /// For how long a connection must have been blocked at least.
    steady: Duration,
    /// How often an attempt is repeated.
    rounds: u32,
}

async fn settled_together(attempts: &[Attempt], passwords: &dyn Passwords, limits: Limits) -> Vec<Outcome> {
    let began = Instant::now();
    let through: BTreeMap<&AttemptId, watch::Sender<Option<Instant>>> = attempts.iter().map(|attempt| (&attempt.id, watch::Sender::new(None))).collect();
    let through = &through;
    let each = attempts.iter().map(|attempt| async move {
        let control = attempt.control.as_ref().and_then(|control| through.get(control)).map(watch::Sender::subscribe);
        let outcome = settled(attempt, passwords, Span { began, limits, control }).await;
        if gets_through(&outcome.result)
            && let Some(through) = through.get(&attempt.id)
        {
            through.send_replace(Some(Instant::now()));
        }
        outcome
    });
    join_all(each).await
}

/// The time that an attempt has.
struct Span {
    began: Instant,
    limits: Limits,
    /// When the control got through that is made beside it; none where it is made elsewhere.
    control: Option<watch::Receiver<Option<Instant>>>,
}

impl Span {
    /// Waits for the control that is made beside it, within the patience: one scan of many ports takes as long as many tries of one.
    async fn control_through(&mut self) {
        if let Some(control) = &mut self.control {
            // Without it the scan is made all the same, and proves nothing.
            let _late = timeout_at(self.began + self.limits.patience, control.wait_for(Option::is_some)).await;
        }
    }

    /// For how long a connection must have been blocked from now on; none while its control is not through.
    fn least(&self) -> Option<Duration> {
        match &self.control {
            None => Some(self.limits.steady),
            Some(control) => control.borrow().map(|through| self.limits.steady.max(through.duration_since(self.began))),
        }
    }
}

async fn settled(attempt: &Attempt, passwords: &dyn Passwords, mut span: Span) -> Outcome {
    if matches!(attempt.action, AttemptAction::Reach { .. }) {
        span.control_through().await;
    }
    let mut lasting: Option<(Lasting, Instant)> = None;
    let mut round = 1;
    loop {
        let (least, begun) = (span.least(), Instant::now());
        let outcome = carry_out(attempt, passwords).await;
        let steady = match Lasting::of(attempt, &outcome.result) {
            Lasting::Nothing => gets_through(&outcome.result),
            now => {
                let same = lasting.filter(|(before, _)| *before == now && least.is_some());
                // One scan asks as often as several tries of a connection.
                let since = if matches!(attempt.action, AttemptAction::Reach { .. }) { begun } else { Instant::now() };
                lasting = (now != Lasting::NotYet).then(|| same.unwrap_or((now, since)));
                least.zip(lasting).is_some_and(|(least, (_, since))| since.elapsed() >= least)
            }
        };
        if steady || round == span.limits.rounds || span.began.elapsed() >= span.limits.patience {
            return outcome;
        }
        round += 1;
        sleep(PAUSE).await;
    }
}

/// Whether a server said something, be it no. What could not be carried out, such as a name that nobody was there to look up, may be a
/// moment later.
const fn gets_through(result: &AttemptResult) -> bool {
    !matches!(result, AttemptResult::Refused | AttemptResult::TimedOut | AttemptResult::Unreachable(_) | AttemptResult::NoSuchName | AttemptResult::NotCarriedOut(_))
}

/// What of an answer has to last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lasting {
    /// Nothing: the first word of a server will do. A question with a control is there to be answered with no, and the network has to
    /// carry it first.
    Nothing,
    /// What is to be blocked is not, or could not be tried.
    NotYet,
    Blocked,
    SeenFrom(Option<IpAddr>),
}

impl Lasting {
    fn of(attempt: &Attempt, result: &AttemptResult) -> Self {
        match (&attempt.action, &attempt.control, result) {
            (AttemptAction::AskOwnAddress { .. }, _, AttemptResult::SeenFrom(address)) => Self::SeenFrom(Some(*address)),
            (AttemptAction::AskOwnAddress { .. }, ..) => Self::SeenFrom(None),
            (AttemptAction::Connect | AttemptAction::Reach { .. }, Some(_), AttemptResult::Connected | AttemptResult::NotCarriedOut(_)) => Self::NotYet,
            (AttemptAction::Reach { .. }, Some(_), AttemptResult::Scanned(pods)) if pods.iter().any(|pod| !pod.open.is_empty()) => Self::NotYet,
            (AttemptAction::Connect | AttemptAction::Reach { .. }, Some(_), _) => Self::Blocked,
            _ => Self::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use airlock_model::bounds::TRIES;
    use airlock_model::{PodPorts, ScannedPod, Target, Vantage};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;
    use crate::NoPasswords;
    use crate::dial::CONNECT_TIMEOUT;

    fn attempt(port: u16, control: Option<&str>) -> Attempt {
        Attempt {
            id: "a".into(),
            from: Vantage::Workstation,
            target: Target::Address { host: "127.0.0.1".into(), port },
            action: AttemptAction::Connect,
            control: control.map(Into::into),
            purpose: "a test".into(),
        }
    }

    async fn free_port() -> u16 {
        TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap().port()
    }

    async fn alone(attempt: &Attempt, patience: Duration) -> Outcome {
        settled_together(std::slice::from_ref(attempt), &NoPasswords, Limits { patience, ..LIMITS }).await.remove(0)
    }

    /// As a second node's enforcer hears of a new pod later than that of the control's node.
    #[tokio::test]
    async fn a_connection_that_opens_later_than_its_control_is_not_blocked() {
        let (own, other) = (free_port().await, free_port().await);
        let attempts = [attempt(own, None), Attempt { id: "b".into(), ..attempt(other, Some("a")) }];
        let opened = async {
            sleep(PAUSE * 3).await;
            let own = TcpListener::bind(("127.0.0.1", own)).await.unwrap();
            sleep(PAUSE * 2).await;
            (own, TcpListener::bind(("127.0.0.1", other)).await.unwrap())
        };
        let (outcomes, _kept) = tokio::join!(settled_together(&attempts, &NoPasswords, Limits { patience: PAUSE * 8, steady: PAUSE, ..LIMITS }), opened);
        let results: Vec<_> = outcomes.into_iter().map(|outcome| outcome.result).collect();
        assert_eq!(results, [AttemptResult::Connected, AttemptResult::Connected]);
    }

    /// As the policies of a new pod come later than it: later than one scan takes.
    #[tokio::test]
    async fn a_port_that_opens_later_than_the_control_of_its_scan_is_open() {
        const ONE_SCAN: Duration = CONNECT_TIMEOUT.saturating_mul(TRIES - 1);
        let (own, other) = (free_port().await, free_port().await);
        let found = BTreeMap::from([("server".to_owned(), PodPorts { address: [127, 0, 0, 1].into(), declared: vec![other] })]);
        let scan = Attempt { id: "b".into(), target: Target::Pods { namespace: "n".to_owned(), found }, action: AttemptAction::Reach { ports: Vec::new() }, ..attempt(other, Some("a")) };
        let opened = async {
            sleep(ONE_SCAN + PAUSE).await;
            let own = TcpListener::bind(("127.0.0.1", own)).await.unwrap();
            sleep(PAUSE * 2).await;
            (own, TcpListener::bind(("127.0.0.1", other)).await.unwrap())
        };
        let attempts = [attempt(own, None), scan];
        let (outcomes, _kept) = tokio::join!(settled_together(&attempts, &NoPasswords, Limits { patience: ONE_SCAN + PAUSE * 4, steady: PAUSE, ..LIMITS }), opened);
        assert_eq!(outcomes[0].result, AttemptResult::Connected);
        assert!(matches!(&outcomes[1].result, AttemptResult::Scanned(pods) if pods[0].open == [other]), "{:?}", outcomes[1].result);
    }

    #[tokio::test]
    async fn a_connection_that_stays_blocked_beside_its_control_counts_as_blocked_before_patience_ends() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let attempts = [attempt(listener.local_addr().unwrap().port(), None), Attempt { id: "b".into(), ..attempt(free_port().await, Some("a")) }];
        let began = Instant::now();
        let outcomes = settled_together(&attempts, &NoPasswords, Limits { steady: PAUSE, ..LIMITS }).await;
        assert_eq!(outcomes[1].result, AttemptResult::Refused);
        assert!(began.elapsed() < LIMITS.patience / 2, "{:?}", began.elapsed());
    }

    #[test]
    fn a_connection_beside_another_stays_blocked_and_an_address_the_same() {
        let (account, own) = (AttemptAction::AsAccount { path: "/api/v1/secrets".into() }, AttemptAction::AskOwnAddress { path: "/".into(), host: "h".into(), trust: None });
        let address = IpAddr::from([192, 0, 2, 7]);
        let reach = || AttemptAction::Reach { ports: vec![5432] };
        let scanned = |open: &[u16]| AttemptResult::Scanned(vec![ScannedPod { pod: "p".to_owned(), declared: vec![8080], open: open.into(), silent: 1 }]);
        for (action, control, result, lasting) in [
            (AttemptAction::Connect, Some("b"), AttemptResult::TimedOut, Lasting::Blocked),
            (AttemptAction::Connect, Some("b"), AttemptResult::Connected, Lasting::NotYet),
            (AttemptAction::Connect, Some("b"), AttemptResult::NotCarriedOut("the name could not be looked up".to_owned().into()), Lasting::NotYet),
            (AttemptAction::Connect, None, AttemptResult::TimedOut, Lasting::Nothing),
            (reach(), Some("b"), scanned(&[]), Lasting::Blocked),
            (reach(), Some("b"), scanned(&[8080]), Lasting::NotYet),
            (reach(), Some("b"), AttemptResult::NotCarriedOut("no more sockets".to_owned().into()), Lasting::NotYet),
            (reach(), None, scanned(&[]), Lasting::Nothing),
            (account.clone(), Some("b"), AttemptResult::TimedOut, Lasting::Nothing),
            (account, None, AttemptResult::TimedOut, Lasting::Nothing),
            (own.clone(), Some("b"), AttemptResult::SeenFrom(address), Lasting::SeenFrom(Some(address))),
            (own, None, AttemptResult::TimedOut, Lasting::SeenFrom(None)),
        ] {
            assert_eq!(Lasting::of(&Attempt { action: action.clone(), ..attempt(443, control) }, &result), lasting, "{action:?} beside {control:?}");
        }
    }

    #[test]
    fn what_could_not_be_carried_out_is_no_word_of_a_server() {
        for (result, through) in [
            (AttemptResult::NotCarriedOut("temporary failure in name resolution".to_owned().into()), false),
            (AttemptResult::NoSuchName, false),
            (AttemptResult::TlsRefused { alert: None }, true),
            (AttemptResult::Connected, true),
        ] {
            assert_eq!(gets_through(&result), through, "{result:?}");
        }
    }

    /// As a pod gets out before its policies are enforced.
    #[tokio::test]
    async fn the_address_that_is_seen_last_counts() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Attempt { action: AttemptAction::AskOwnAddress { path: "/".into(), host: "h".into(), trust: None }, ..attempt(port, None) };
        let serve = async |listener: &TcpListener, answers: usize| {
            for _ in 0..answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                assert!(stream.read(&mut [0; 1024]).await.unwrap() > 0);
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\n192.0.2.7\n").await.unwrap();
            }
        };
        let settled = async || settled_together(std::slice::from_ref(&asked), &NoPasswords, Limits { steady: PAUSE, ..LIMITS }).await.remove(0).result;
        let seen = AttemptResult::SeenFrom([192, 0, 2, 7].into());
        let (result, ()) = tokio::join!(settled(), serve(&listener, 2));
        assert_eq!(result, seen, "twice the same");
        let (result, ()) = tokio::join!(settled(), async {
            serve(&listener, 1).await;
            drop(listener);
        });
        assert_eq!(result, AttemptResult::Refused);
    }

    #[tokio::test]
    async fn an_allowed_connection_is_awaited() {
        let port = free_port().await;
        let allowed = attempt(port, None);
        let (outcome, _kept) = tokio::join!(alone(&allowed, LIMITS.patience), async {
            sleep(PAUSE).await;
            TcpListener::bind(("127.0.0.1", port)).await.unwrap()
        });
        assert_eq!(outcome.result, AttemptResult::Connected);
    }

    #[tokio::test]
    async fn a_connection_that_is_blocked_later_counts_as_blocked() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let forbidden = attempt(port, Some("b"));
        let (outcome, ()) = tokio::join!(alone(&forbidden, LIMITS.patience), async {
            sleep(PAUSE).await;
            drop(listener);
        });
        assert_eq!(outcome.result, AttemptResult::Refused);
    }

    #[tokio::test]
    async fn it_is_repeated_no_more_often_than_was_said() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let open = attempt(listener.local_addr().unwrap().port(), Some("b"));
        let outcome = settled_together(std::slice::from_ref(&open), &NoPasswords, Limits { rounds: 3, ..LIMITS }).await.remove(0);
        assert_eq!(outcome.result, AttemptResult::Connected);
        let mut connections = 0;
        while tokio::time::timeout(PAUSE, listener.accept()).await.is_ok() {
            connections += 1;
        }
        assert_eq!(connections, 3);
    }

    #[tokio::test]
    async fn a_connection_that_stays_open_is_not_blocked() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let outcome = alone(&attempt(port, Some("b")), PAUSE).await;
        assert_eq!(outcome.result, AttemptResult::Connected);
    }
}
