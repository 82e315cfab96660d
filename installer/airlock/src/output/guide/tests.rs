use airlock_platform::guide::{Guide, Source, Topic, question, questions};

use super::super::prompt::by_lines;
use super::super::tests::samples;
use super::*;

#[test]
fn nothing_is_lost_where_a_word_is_wider_than_the_line() {
    let sheet = Sheet { width: 40, style: Style::default() };
    assert_eq!(sheet.row("address", "https://10.93.60.11:6443 and on"), "  address: https://10.93.60.11:6443 and\n    on\n");
    let long = format!("https://{}.test:6443", "a".repeat(60));
    let row = sheet.row("address", &long);
    assert!(row.lines().all(|line| line.len() < 40), "{row}");
    assert_eq!(row.split_whitespace().skip(1).collect::<String>(), long);
    assert_eq!(Sheet { width: 80, ..sheet }.row("uid", "u"), "  uid                u\n");
}

#[test]
fn every_question_is_recorded_as_it_is_asked_explained_and_told_further() {
    let mut facts = samples::facts();
    facts.operators = Fact::Known(vec!["cert-manager.io".into()]);
    let guide = Guide::new(facts, None).unwrap();
    let sheet = Sheet { width: 100, style: Style::default() };
    for question in questions() {
        let (form, suggestion) = (guide.form(question), guide.suggestion(question));
        // What has one possible answer is told in the summary.
        if !matches!(form, Form::Only(_)) {
            let above = question.number.map(|place| above(place.into(), 9, &suggestion, sheet)).unwrap_or_default();
            insta::assert_snapshot!(format!("{:?}_asked", question.topic), above + &by_lines(&asked(question, &form, suggestion.value)));
        }
        insta::assert_snapshot!(format!("{:?}_explained", question.topic), explanation(question, sheet));
        let Form::Choice(choices) = form else { continue };
        for choice in choices {
            let Some(further) = choice.further else { continue };
            let (mut words, mut screens) = (Vec::new(), String::new());
            while let Some(step) = further(&words) {
                screens += &by_lines(&asked_further(step, None));
                screens.push('\n');
                // Of the ways of an ACME authority it is the one that is asked about most.
                words.push("http-01".to_owned());
            }
            let which = if choice.value.is_empty() { "named" } else { &choice.value };
            insta::assert_snapshot!(format!("{:?}_{which}_told_further", question.topic), screens);
        }
    }
}

#[test]
fn nonsense_is_refused_in_words_at_every_prompt_that_a_choice_leads_to() {
    let mut facts = samples::facts();
    facts.operators = Fact::Known(vec!["cert-manager.io".into()]);
    let mut guide = Guide::new(facts, None).unwrap();
    guide.answer(question(Topic::Domain).unwrap(), "platform.test", Source::Asked).unwrap();
    let before = guide.answers().clone();
    let mut prompts = 0;
    for question in questions() {
        let Form::Choice(choices) = guide.form(question) else { continue };
        for (choice, further) in choices.into_iter().filter_map(|choice| choice.further.map(|further| (choice.value, further))) {
            let mut words = Vec::new();
            while let Some(step) = further(&words) {
                prompts += 1;
                let refused = match (step.take)("nonsense") {
                    Ok(word) => guide.answer(question, format!("{choice} {word}").trim_start(), Source::Asked).unwrap_err(),
                    Err(refused) => refused,
                };
                assert!(refused.contains(' '), "{}: {refused}", step.asks);
                words.push("http-01".to_owned());
            }
        }
    }
    assert!(prompts >= 18 && guide.answers() == &before, "{prompts} prompts");
}

#[test]
fn hosts_are_told_with_what_dns_says_of_them() {
    let state = |host: &str, addresses: &[&str]| HostState { host: host.into(), addresses: addresses.iter().map(|address| address.parse().unwrap()).collect() };
    let states = [state("registry.platform.test", &["10.88.60.7", "fd00::7"]), state("*-airflow.platform.test", &[])];
    insta::assert_snapshot!(hosts(&states, Sheet { width: 80, style: Style::default() }));
}

#[test]
fn a_plan_that_is_written_says_what_carries_it_out() {
    let plan = Path::new("airlock-plan.json");
    insta::assert_snapshot!(written_plan(&Digest::of(b"plan"), plan, Path::new("airlock-answers.yaml"), "airlock install --plan airlock-plan.json"));
}
