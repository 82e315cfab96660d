use serde_json::json;

use super::*;

const STEPS: u64 = 300_000;

fn scope() -> Scope {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Scope { names: names(&["object", "others"]), prefixed: [("variables", names(&["team"])), ("params", names(&["registries"]))].into() }
}

fn seen() -> Value {
    json!({
        "metadata": { "name": "shop", "labels": { "b/team": "blue", "a": "1" } },
        "spec": { "replicas": 3, "share": 0.5, "hosts": ["b.example", "a.example"], "limits": { "memory": "1Gi" }, "nothing": null, "on": true },
    })
}

fn bindings(steps: u64) -> Bindings {
    let mut bindings = Bindings::new(steps);
    let object = Seen::of(&seen());
    bindings.bind("object", &object);
    bindings.bind("others", &Seen::list((0..100).map(|number| Seen::of(&json!({ "number": number, "text": "a".repeat(1000) })))));
    bindings.bind("params.registries", &Seen::of(&json!(["registry.example"])));
    bindings.define("variables.team", &Expression::compile("object.metadata.labels['b/team']", &scope()).unwrap());
    bindings
}

fn holds(text: &str) -> Result<bool, String> {
    with_room(|| {
        let expression = Expression::compile(text, &scope()).map_err(|fault| format!("{}:{} {}", fault.line, fault.column, fault.message))?;
        bindings(STEPS).holds(&expression)
    })
    .unwrap()
}

#[test]
fn the_language_is_the_one_of_kubernetes() {
    for text in [
        // Whole numbers are signed, with a point they are none.
        "object.spec.replicas + 1 == 4 && type(object.spec.replicas) == int && object.spec.replicas - 5 < 0",
        "object.spec.share * 2.0 == 1.0 && int('7') % 4 == 3",
        // What may be missing.
        "object.metadata.?labels[?'b/team'].orValue('') == 'blue' && object.?status.?phase.orValue('none') == 'none'",
        "has(object.spec.hosts) && !has(object.spec.image) && !has(object.metadata.annotations)",
        "!object.?status.hasValue() && optional.of(1).value() == 1 && optional.none().orValue(2) == 2",
        "object.metadata.?name.optMap(name, name + '!').orValue('') == 'shop!' && [?object.?status, 1].size() == 1",
        "object.spec.nothing == null && object.spec.on",
        // Lists and maps, from both sides.
        "object.spec.hosts == ['b.example', 'a.example'] && ['b.example', 'a.example'] == object.spec.hosts",
        "{'memory': '1Gi'} == object.spec.limits && object.spec.limits == {'memory': '1Gi'} && 'memory' in object.spec.limits",
        "object.spec.hosts.all(host, host.endsWith('.example')) && object.spec.hosts.exists_one(host, host.startsWith('a'))",
        "object.spec.hosts.map(host, host.size()) == [9, 9] && object.spec.hosts.filter(host, host < 'b') == ['a.example']",
        "object.spec.hosts.sort() == ['a.example', 'b.example'] && [1, 1, 2].distinct() == [1, 2] && [[1], [2]].flatten() == [1, 2]",
        "object.spec.hosts.sortBy(host, host)[0] == 'a.example' && [1, 2, 3].slice(0, 2).reverse() == [2, 1]",
        "object.spec.hosts + ['c'] == ['b.example', 'a.example', 'c'] && size(object.metadata) == 2",
        // Keys of a map always come in one order.
        "object.metadata.labels.map(key, key).join(',') == 'a,b/team'",
        // Strings.
        "'a-b-c'.split('-') == ['a', 'b', 'c'] && ['a', 'b'].join('/') == 'a/b' && 'a.b'.replace('.', '-') == 'a-b' && 'aaa'.replace('a', 'b', 2) == 'bba'",
        "'Team'.lowerAscii() == 'team' && ' a '.trim() == 'a' && 'abc'.substring(1) == 'bc' && 'abc'.indexOf('c') == 2 && 'ab'.charAt(1) == 'b'",
        "'%s has %d'.format(['shop', 3]) == 'shop has 3' && 'blue'.matches('^[a-z]{3,30}$') && !matches('Blue', '^[a-z]+$') && 'ab'.contains('b')",
        // Names of the profile.
        "variables.team == 'blue' && params.registries.exists(registry, 'registry.example/a'.startsWith(registry + '/')) && others.size() == 100",
        // Quantities.
        "quantity('1Gi').isGreaterThan(quantity('1000Mi')) && quantity('0.5').isLessThan(quantity('501m')) && quantity('1Gi') == quantity('1024Mi')",
        "isQuantity('100m') && isQuantity('1e3') && isQuantity('-.5') && !isQuantity('1 Gi') && !isQuantity('Mi') && !isQuantity('1.2.3') && !isQuantity('1e')",
        "quantity('2k').asInteger() == 2000 && quantity('1500m').isInteger() == false && quantity('50k').add(quantity('20k')).compareTo(quantity('70k')) == 0",
        "quantity('1').sub(2).sign() == -1 && quantity('1500m').asApproximateFloat() == 1.5 && quantity('100E') == quantity('9223372036854775807')",
        "quantity(object.spec.limits.memory).compareTo(quantity('2Gi')) == -1 && quantity('0.1n').compareTo(quantity('1n')) == 0",
        // Addresses and networks.
        "isIP('10.0.0.1') && isIP('::1') && !isIP('10.0.0.256') && !isIP('::ffff:1.2.3.4') && !isIP('fe80::1%eth0') && !isIP('010.0.0.1')",
        "ip('10.0.0.1').family() == 4 && ip('::1').isLoopback() && ip('169.254.169.254').isLinkLocalUnicast() && ip('224.0.0.1').isLinkLocalMulticast()",
        "ip('0.0.0.0').isUnspecified() && ip('10.0.0.1').isGlobalUnicast() && !ip('255.255.255.255').isGlobalUnicast() && ip('::1') == ip('0:0::1')",
        "ip.isCanonical('2001:db8::1') && !ip.isCanonical('2001:DB8::0:1') && string(ip('2001:DB8::0:1')) == '2001:db8::1' && type(ip('::1')) != string",
        "cidr('10.0.0.0/8').containsIP('10.9.9.9') && !cidr('10.0.0.0/8').containsIP(ip('11.0.0.1')) && cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16')",
        "!cidr('10.1.0.0/16').containsCIDR(cidr('10.0.0.0/8')) && !cidr('10.0.0.0/8').containsIP('::1') && isCIDR('::/0') && !isCIDR('10.0.0.0') && !isCIDR('10.0.0.0/08')",
        "cidr('10.1.2.3/8').masked() == cidr('10.0.0.0/8') && cidr('10.1.2.3/8').ip() == ip('10.1.2.3') && cidr('::/64').prefixLength() == 64 && string(cidr('::/64')) == '::/64'",
        // URLs.
        "isURL('https://user:pass@example.com:80/') && isURL('/a') && !isURL('../a') && !isURL('') && !isURL('https://a:b:c/') && !isURL('https://a/%zz')",
        "url('https://example.com:443/a b').getHost() == 'example.com:443' && url('https://[::1]:80/').getHostname() == '::1' && url('https://[::1]').getPort() == ''",
        "url('HTTPS://example.com:443').getScheme() == 'https' && url('https://example.com:443').getPort() == '443' && url('/a').getHost() == ''",
        "url('https://a/x y').getEscapedPath() == '/x%20y' && url('https://a').getEscapedPath() == '' && url('https://a/?k=1&k=2+3').getQuery() == {'k': ['1', '2 3']}",
    ] {
        assert_eq!(holds(text), Ok(true), "{text}");
    }
}

#[test]
fn what_cannot_be_evaluated_is_an_error_that_repeats_no_value() {
    for (text, why) in [
        ("object.spec.image == 'a'", "there is no `image`; where it may be missing write has() or `.?image`"),
        ("object.metadata.labels['c'] == ''", "there is no `c`"),
        ("object.spec.hosts[2] == 'a'", "a list has no element at an index"),
        ("object.spec.replicas == 3 / 0", "a number is divided by zero"),
        ("object.spec.replicas + 9223372036854775807 > 0", "a number gets too large"),
        ("object.metadata.name + 1 == 2", "an operator or function does not go with the types of its values"),
        ("object.metadata.name.isLoopback()", "found no matching overload for 'isLoopback'"),
        ("object.metadata.name", "it is of type string, not true or false"),
        ("quantity(object.metadata.name).isInteger()", "quantity(): the text is no quantity"),
        ("ip(object.metadata.name).isLoopback()", "ip(): the text is no address"),
        ("cidr('10.0.0.0/8').containsIP(object.metadata.name)", "containsIP(): the text is no address"),
        ("url(object.metadata.name).getHost() == ''", "url(): the text is no URL"),
        ("object.metadata.name.matches('(')", "matches(): the pattern cannot be used"),
        ("object.metadata.name.matches('(a{1000}){1000}')", "matches(): the pattern cannot be used"),
        ("object.spec.hosts.all(host, host.spec == 1)", "found no matching overload"),
    ] {
        let said = holds(text).unwrap_err();
        assert!(said.contains(why) && !said.contains("shop"), "{text}: {said}");
    }
}

#[test]
fn what_cannot_be_meant_is_named_with_its_place() {
    let long = format!("'{}' == ''", "a".repeat(LONGEST));
    let parentheses = format!("{}1{} == 1", "(".repeat(2000), ")".repeat(2000));
    let lists = format!("{}{} == 1", "[".repeat(1900), "]".repeat(1900));
    let fields = format!("object{} == 1", ".a".repeat(1000));
    let sum = format!("1{} == 1", "+1".repeat(1500));
    let choices = format!("{}1 == 1", "true ? 1 : ".repeat(300));
    let raw = format!("r'\\' == '' || {}1", "(".repeat(3000));
    for (text, words) in [
        ("", "1:1 the expression is empty"),
        (&long, "1:1 the expression has 4104 characters; at most 4096 are read"),
        (&parentheses, "nested too deep; at most 32 levels"),
        (&lists, "nested too deep"),
        (&fields, "nested too deep"),
        (&sum, "nested too deep"),
        (&choices, "nested too deep"),
        (&raw, "nested too deep"),
        ("object.a ==", "1:12 it is no CEL: Syntax error"),
        ("true &&\n  object.a = 1", "2:12 it is no CEL"),
        ("'open", "it is no CEL"),
        ("objct.spec == 1", "1:1 `objct` is not known here; did you mean `object`?"),
        ("true &&\n  other.size() == 1", "2:3 `other` is not known here; did you mean `others`?"),
        ("variables.tem == ''", "`variables.tem` is not known here; did you mean `variables.team`?"),
        ("'team' in variables", "`variables` is no value: name one below it, as in `variables.NAME`"),
        ("has(variables.team)", "`variables.team` always has a value"),
        ("variables.?team.hasValue()", "`variables` is no value"),
        ("params.registry == []", "`params.registry` is not known here; did you mean `params.registries`?"),
        ("object.spec.hosts.exist(h, h == '')", "there is no function `exist`; did you mean `exists`?"),
        ("[3].exists(lists, lists.range(3) == [0])", "there is no function `range`"),
        ("object.metadata.name.lowerASCII() == ''", "there is no function `lowerASCII`; did you mean `lowerAscii`?"),
        ("timestamp('2026-01-01T00:00:00Z') == null", "there is no function `timestamp`"),
        ("object.spec.hosts.all(object, true)", "`object` has a meaning already"),
        ("Foo{a: 1} == 1", "there is no type `Foo` to be made"),
        ("[1].all(a.b, true)", "it is no CEL"),
        ("__each__([1]) == [1]", "there is no function `__each__`"),
        ("@each([1], 1) == [1]", "it is no CEL"),
    ] {
        let said = holds(text).unwrap_err();
        assert!(said.contains(words), "{text}: {said}");
    }
}

/// Each of these would take hours, or more memory than there is.
#[test]
fn what_would_never_end_is_stopped_and_is_never_true() {
    let nested = "others.exists(a, others.exists(b, others.exists(c, others.exists(d, a.number + b.number + c.number + d.number > 9999))))";
    let grown = "others.map(a, others.map(b, others.map(c, others))).size() > 0";
    let replaced = "others.all(a, a.text.replace('', a.text).replace('', a.text).replace('', a.text).size() > 0)";
    let joined = "others.map(a, a.text).join(others.map(a, a.text).join(others.map(a, a.text).join(''))).size() > 0";
    let searched = "others.all(a, others.all(b, !a.text.matches(b.text + '(a|b|c)*d')))";
    let squared = "others.map(a, others.map(b, string(a.number) + string(b.number))).flatten().distinct().size() > 0";
    let compared = "others.all(a, others.all(b, others.all(c, [a, b, c] == [a, b, c])))";
    for text in [nested, grown, replaced, joined, searched, squared, compared, &format!("{nested} || true"), &format!("true || {nested} || true")[8..]] {
        assert_eq!(holds(text), Err("it takes too many steps".to_owned()), "{text}");
    }
    assert_eq!(holds("others.exists(a, others.exists(b, a.number + b.number == 198))"), Ok(true), "and what is within the bounds is not");
}

/// Values that are each made of two of the one before would fill every memory.
#[test]
fn values_that_grow_from_one_to_the_next_are_stopped() {
    for (first, next) in [
        ("'aaaaaaaa'", "variables.V + variables.V"),
        ("[1]", "[variables.V, variables.V]"),
        ("[1]", "[optional.of(variables.V), optional.of(variables.V)]"),
        ("{'a': 1}", "{'a': variables.V, 'b': variables.V}"),
    ] {
        let mut scope = scope();
        let mut bindings = bindings(STEPS);
        let mut names = (0..64).map(|number| format!("v{number}"));
        let mut last = names.next().unwrap();
        bindings.define(&format!("variables.{last}"), &Expression::compile(first, &scope).unwrap());
        for name in names {
            scope.prefixed.get_mut("variables").unwrap().insert(last.clone());
            let expression = Expression::compile(&next.replace('V', &last), &scope).unwrap();
            bindings.define(&format!("variables.{name}"), &expression);
            last = name;
        }
        scope.prefixed.get_mut("variables").unwrap().insert(last.clone());
        let said = bindings.holds(&Expression::compile(&format!("size(variables.{last}) > 0"), &scope).unwrap()).unwrap_err();
        assert!(said.contains("it takes too many steps"), "{next}: {said}");
    }
}

#[test]
fn a_variable_without_a_value_is_an_error_only_where_it_is_used() {
    let mut scope = scope();
    scope.prefixed.get_mut("variables").unwrap().insert("missing".into());
    let mut bindings = bindings(STEPS);
    bindings.define("variables.missing", &Expression::compile("object.spec.image", &scope).unwrap());
    let used = Expression::compile("variables.missing == ''", &scope).unwrap();
    assert_eq!(bindings.holds(&used).unwrap_err(), "variables.missing: there is no `image`; where it may be missing write has() or `.?image`");
    assert_eq!(bindings.holds(&Expression::compile("variables.team == 'blue'", &scope).unwrap()), Ok(true));
}

#[test]
fn the_deepest_expression_has_room() {
    let lists = |depth: usize| format!("{}{}.size() == 1", "[".repeat(depth), "]".repeat(depth));
    let sum = |terms: usize| format!("{} == {terms}", vec!["1"; terms].join(" + "));
    let loops = |depth: usize| (0..depth).fold("true".to_owned(), |inner, level| format!("[{level}].all(x{level}, {inner})"));
    for (depths, text) in [(1..40, &lists as &dyn Fn(usize) -> String), (1..60, &sum), (1..40, &loops)] {
        let read: Vec<usize> = depths.filter(|depth| holds(&text(*depth)) == Ok(true)).collect();
        assert!(read.len() >= 10 && read.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{read:?}");
        let refused = holds(&text(read.last().unwrap() + 1)).unwrap_err();
        assert!(refused.contains("nested too deep"), "{refused}");
    }
}
