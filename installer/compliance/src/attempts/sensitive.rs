//! Where a database holds payment and personal data, as its server finds out: what is counted and what columns are named leaves it, and
//! no value.
//!
//! Card numbers are looked for in the first thousand rows of each table, by the numbers that issuers have (ISO/IEC 7812-1) and their check
//! digit (its annex B, the formula of Luhn), with spaces or hyphens between digits, and no longer word or number around them.

/// One value: `COLUMNS RELATIONS UNREAD`, and a line each of `card PLACE COUNT`, `payment PLACE`, and `person PLACE`.
///
/// That one statement looks into all tables is by `query_to_xml`, which a server without libxml refuses (PostgreSQL, 9.15). What a
/// foreign table shows is kept elsewhere, and is not fetched.
pub(super) const QUESTION: &str = r"SET statement_timeout = '60s';
WITH relations AS (
  SELECT c.oid, n.nspname AS schema, c.relname AS relation FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'm') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'),
columns AS (
  SELECT schema || '.' || relation || '.' || attname AS place, lower(attname) AS name FROM relations JOIN pg_attribute ON attrelid = oid
  WHERE attnum > 0 AND NOT attisdropped),
sampled AS (
  SELECT schema || '.' || relation AS place, CASE WHEN has_table_privilege(oid, 'SELECT') THEN query_to_xml(format($look$
    SELECT key AS place, count(*) AS count FROM (SELECT to_jsonb(line) AS line FROM %I.%I AS line LIMIT 1000) AS sample, jsonb_each_text(line) AS cell(key, value)
    WHERE EXISTS (SELECT FROM regexp_matches(left(value, 65536), '(?<![[:alnum:]_+/=]|[[:alnum:]][.-])(?:\d[ -]?){12,18}?\d(?![[:alnum:]_+/=]|[.-][[:alnum:]])', 'g') AS run,
      regexp_replace(run[1], '\D', '', 'g') AS digits
      WHERE digits ~ '^(4\d{12}(\d{3}){0,2}|5[1-5]\d{14}|2(22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}|3(0[0-5]|[68]\d)\d{11}|6(011|5\d\d|4[4-9]\d)\d{12}|35(2[89]|[3-8]\d)\d{12})$'
      AND (SELECT sum(CASE WHEN i %% 2 = 1 THEN d ELSE d * 2 - CASE WHEN d > 4 THEN 9 ELSE 0 END END) %% 10 = 0
        FROM generate_series(1, length(digits)) AS i, CAST(substr(reverse(digits), i, 1) AS integer) AS d))
    GROUP BY key$look$, schema, relation), false, false, '') END AS found
  FROM relations)
SELECT (SELECT count(*) FROM columns) || ' ' || (SELECT count(*) FROM relations) || ' ' || (SELECT count(*) FROM sampled WHERE found IS NULL)
 || coalesce(E'\n' || (SELECT string_agg(line, E'\n' ORDER BY line) FROM (
  SELECT 'card ' || place || '.' || (xpath('/row/place/text()', row))[1] || ' ' || (xpath('/row/count/text()', row))[1] FROM sampled, unnest(xpath('//row', found)) AS row
  UNION ALL SELECT 'payment ' || place FROM columns WHERE name ~ 'card_?(no|num)|credit_?card|^(pan|cv[vc]2?|iban)$|_(pan|cv[vc]2?|iban)$'
  UNION ALL SELECT 'person ' || place FROM columns WHERE name ~ 'e_?mail|(first|last|full|sur|given|family|maiden)_?name|birth|^dob$|^ssn$|_ssn$|social_?security|passport|phone|(street|postal|home|mail)_?address|^address$|nationality|gender'
 ) AS lines(line)), '')";

/// What the server told.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Inventory {
    /// How many columns there are.
    pub(crate) columns: u64,
    /// Of how many tables and materialised views.
    pub(crate) relations: u64,
    /// Those of them that the role cannot read.
    pub(crate) unread: u64,
    /// Columns with card numbers, and in how many of the rows that were looked at.
    pub(crate) cards: Vec<(String, u64)>,
    /// Columns that are named as data of payments are.
    pub(crate) payment: Vec<String>,
    /// Columns that are named as data of persons are.
    pub(crate) person: Vec<String>,
}

impl Inventory {
    /// None: it is something else.
    pub(crate) fn read(told: &str) -> Option<Self> {
        let mut lines = told.lines();
        let counts: Vec<u64> = lines.next()?.split(' ').map(str::parse).collect::<Result<_, _>>().ok()?;
        let [columns, relations, unread] = counts[..] else { return None };
        let mut inventory = Self { columns, relations, unread, ..Self::default() };
        for line in lines {
            match line.split_once(' ')? {
                ("card", rest) => {
                    let (place, count) = rest.rsplit_once(' ')?;
                    inventory.cards.push((place.to_owned(), count.parse().ok()?));
                }
                ("payment", place) => inventory.payment.push(place.to_owned()),
                ("person", place) => inventory.person.push(place.to_owned()),
                _ => return None,
            }
        }
        Some(inventory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_tells_is_read_whole_or_not_at_all() {
        let told = "531 71 1\ncard public.odd name.note 3\npayment public.t.iban\nperson public.ab_user.email";
        let read =
            Inventory { columns: 531, relations: 71, unread: 1, cards: vec![("public.odd name.note".into(), 3)], payment: vec!["public.t.iban".into()], person: vec!["public.ab_user.email".into()] };
        assert_eq!(Inventory::read(told), Some(read));
        for odd in ["", "531 71", "531 71 0\nother x", "531 71 0\ncard x", "531 71 0\n"] {
            assert_eq!(Inventory::read(odd).is_some(), odd == "531 71 0\n", "{odd}");
        }
    }
}
