//! Where alerts go, as one answer of a guided run: monitoring, its receiver, and the way out to it.

use airlock_model::answers::{Alerts, Component, Egress, Mode, Receiver, Storage, Webhook};
use airlock_model::{Answers, Facts};

use super::question::{Choice, Further};
use super::{mail, word};

/// Monitoring, and nobody is told.
pub(super) const NOBODY: &str = "nobody";
/// No monitoring.
const OFF: &str = "off";
/// Before the namespace and name of a Prometheus of the company.
const EXISTING: &str = "existing ";
/// The component that sends alerts.
pub(super) const COMPONENT: &str = "monitoring";
const WEBHOOK: [Further; 2] = [
    Further {
        asks: "Which webhook?",
        hint: "file:PATH of its address, then the network and port it is reached at, as in file:/etc/hook 10.1.2.0/24:443",
        take: |text| address_and_way(text).map(|_| text.to_owned()),
    },
    Further { asks: "Who signed the webhook's certificate?", hint: AUTHORITY_HINT, take: authority },
];
/// Before the authority that signed a receiver's certificate.
const AUTHORITY: &str = "ca=";
pub(super) const AUTHORITY_HINT: &str = "file:PATH of the authority; none: every system knows it";

/// A Prometheus of the company is offered where one was found.
pub(super) fn choices(facts: &Facts) -> Vec<Choice> {
    let mut choices = vec![
        Choice::new(NOBODY, "the platform is watched, and nobody is told yet"),
        Choice::told("", "to a webhook", |words| WEBHOOK.get(words.len())),
        Choice::told(mail::MAIL, "by mail", mail::further),
        Choice::new(OFF, "nowhere: the platform is not watched"),
    ];
    let found = facts.prometheuses.known().into_iter().flatten();
    choices.extend(found.map(|prometheus| Choice::new(format!("{EXISTING}{}", prometheus.id()), format!("where those of your Prometheus {} go, which then watches the platform", prometheus.id()))));
    choices
}

pub(super) fn get(answers: &Answers) -> String {
    match (&answers.components.monitoring, answers.alerts.receiver, &answers.alerts.webhook) {
        (Some(monitoring), ..) if monitoring.mode == Mode::Off => OFF.into(),
        (None, ..) => OFF.into(),
        (Some(monitoring), ..) if monitoring.mode == Mode::Existing => format!("{EXISTING}{}", answers.network.peers.prometheus.as_deref().unwrap_or_default()),
        (Some(_), Some(Receiver::Webhook), Some(webhook)) => {
            let way = way_out(answers).map(|egress| format!("{}:{}", egress.to, egress.port));
            [Some(webhook.url.clone()), way, told_authority(answers)].into_iter().flatten().collect::<Vec<_>>().join(" ")
        }
        (Some(_), Some(Receiver::Email), _) => answers.alerts.email.as_ref().map_or_else(String::new, |email| mail::get(answers, email)),
        (Some(_), ..) => NOBODY.into(),
    }
}

pub(super) fn put(answers: &mut Answers, text: &str) -> Result<(), String> {
    // What a file said that this question has no words for stays as it is.
    if text == get(answers) {
        return Ok(());
    }
    let receiver = match text.split_once(' ') {
        _ if text == OFF || text == NOBODY || text.starts_with(EXISTING) => None,
        Some((mail::MAIL, words)) => Some(mail::receiver(words)?),
        _ => Some(webhook(text)?),
    };
    answers.network.peers.prometheus = text.strip_prefix(EXISTING).map(str::to_owned).filter(|name| !name.is_empty());
    answers.network.egress.retain(|egress| egress.component != COMPONENT);
    if text.starts_with(EXISTING) {
        answers.components.monitoring = Some(Component { mode: Mode::Existing, ..Component::default() });
        answers.alerts = Alerts::default();
        return Ok(());
    }
    let class = answers.components.registry.storage.class.clone();
    let new = || Component { storage: Storage { class, ..Storage::default() }, ..Component::default() };
    answers.components.monitoring = (text != OFF).then(|| answers.components.monitoring.take().filter(|monitoring| monitoring.mode == Mode::Bundled).unwrap_or_else(new));
    answers.alerts = match receiver {
        Some((alerts, egress)) => {
            answers.network.egress.push(egress);
            alerts
        }
        None => Alerts { receiver: (text == NOBODY).then_some(Receiver::None), ..Alerts::default() },
    };
    Ok(())
}

/// Where alerts leave the cluster.
pub(super) fn way_out(answers: &Answers) -> Option<&Egress> {
    answers.network.egress.iter().find(|egress| egress.component == COMPONENT)
}

/// What is typed about the authority that signed a receiver's certificate.
pub(super) fn authority(text: &str) -> Result<String, String> {
    word::or_nothing(text, |text| Ok(format!("{AUTHORITY}{}", word::reference(text)?)))
}

/// The word for the authority that answers name.
pub(super) fn told_authority(answers: &Answers) -> Option<String> {
    answers.alerts.authority.as_ref().map(|file| format!("{AUTHORITY}{file}"))
}

/// Tells the authority from the other words.
pub(super) fn and_authority(text: &str) -> Result<(Vec<&str>, Option<String>), String> {
    let (authorities, words): (Vec<&str>, Vec<&str>) = text.split_whitespace().partition(|word| word.starts_with(AUTHORITY));
    match authorities.as_slice() {
        [] => Ok((words, None)),
        [one] => Ok((words, Some(word::reference(&one[AUTHORITY.len()..])?))),
        _ => Err("one authority is enough".into()),
    }
}

fn webhook(text: &str) -> Result<(Alerts, Egress), String> {
    let (words, authority) = and_authority(text)?;
    let (url, (to, port)) = address_and_way(&words.join(" "))?;
    let egress = Egress { component: COMPONENT.into(), to, port, reason: "alerts go to their receiver".into() };
    Ok((Alerts { receiver: Some(Receiver::Webhook), webhook: Some(Webhook { url }), email: None, authority }, egress))
}

fn address_and_way(text: &str) -> Result<(String, (String, u16)), String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [url, way] = words.as_slice() else { return Err("two words are due, the file of the address and where it is reached, as in file:/etc/hook 10.1.2.0/24:443".into()) };
    Ok((word::reference(url)?, word::way(way)?))
}

#[cfg(test)]
mod tests {
    use airlock_model::Fact;
    use airlock_model::prometheus::{Prometheus, Selection};

    use super::*;

    const MAILS: &str = "mail mail.test:587 10.1.2.0/24 airlock@corp.test ops@corp.test airlock env:PASSWORD ca=file:/ca.pem";

    fn answers() -> Answers {
        Answers::from_yaml("apiVersion: airlock/v1\nkind: Answers\nbaseDomain: platform.test\n").unwrap()
    }

    #[test]
    fn what_is_put_is_what_is_got() {
        for text in [
            NOBODY,
            "file:/etc/hook 10.1.2.0/24:443",
            OFF,
            "existing monitoring/k8s",
            "secret:a/b#c 192.0.2.7/32:8443 ca=file:/ca.pem",
            MAILS,
            "mail mail.test:25 10.1.2.0/24 airlock@corp.test ops@corp.test",
            NOBODY,
        ] {
            let mut given = answers();
            put(&mut given, text).unwrap();
            assert_eq!((get(&given).as_str(), given.validate()), (text, Vec::new()));
            let mut again = given.clone();
            put(&mut again, text).unwrap();
            assert_eq!(again, given);
        }
    }

    #[test]
    fn another_receiver_takes_the_way_out_of_the_former_with_it() {
        let mut given = answers();
        put(&mut given, "file:/etc/hook 10.1.2.0/24:443").unwrap();
        put(&mut given, NOBODY).unwrap();
        assert!(given.network.egress.is_empty());
        assert_eq!((given.alerts.receiver, &given.components.monitoring), (Some(Receiver::None), &Some(Component::default())));
        put(&mut given, "existing monitoring/k8s").unwrap();
        assert!(given.alerts == Alerts::default() && given.validate().is_empty(), "{given:?}");
        put(&mut given, MAILS).unwrap();
        put(&mut given, "file:/etc/hook 10.1.2.0/24:443").unwrap();
        assert!(given.alerts.email.is_none() && given.alerts.authority.is_none() && given.network.egress.len() == 1, "{given:?}");
        put(&mut given, OFF).unwrap();
        assert_eq!(given, answers());
    }

    #[test]
    fn a_webhook_that_is_half_told_is_refused() {
        for text in ["", "file:/etc/hook", "file:/etc/hook 10.1.2.0/24", "file:/etc/hook 10.1.2.0/24:https", "file:/etc/hook 10.1.2.0/24:443 ca=file:/a ca=file:/b", "mail", "mail mail.test:587"] {
            assert!(put(&mut answers(), text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_prometheus_of_the_company_is_offered_where_one_was_found() {
        let values = |facts: &Facts| choices(facts).into_iter().map(|choice| choice.value).collect::<Vec<_>>();
        let mut facts = crate::guide::tests::facts();
        let without = values(&facts);
        let found = Prometheus { namespace: "monitoring".into(), name: "k8s".into(), service_monitors: Selection::default(), pod_monitors: Selection::default(), rules: Selection::default() };
        facts.prometheuses = Fact::Known(vec![found]);
        assert_eq!(values(&facts), [without, vec!["existing monitoring/k8s".into()]].concat());
        facts.prometheuses = Fact::Unverified("missing right".into());
        assert_eq!(values(&facts).len(), 4);
    }
}
