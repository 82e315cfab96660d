"""Reports read by programs of others; `read` beside this file says how it is called and brings them."""
import collections
import csv
import json
import pathlib
import sys

import fastjsonschema
import html5lib
import junitparser


def sarif(path, schema):
    """The schema of OASIS."""
    document = json.loads(path.read_text())
    fastjsonschema.compile(json.loads(pathlib.Path(schema).read_text()), use_default=False)(document)
    run = document["runs"][0]
    return {"rules": len(run["tool"]["driver"]["rules"]), "kinds": collections.Counter(result["kind"] for result in run["results"])}


def junit(path):
    """The suites as a build server adds them up from their cases, beside what they say of themselves."""
    document = junitparser.JUnitXml.fromfile(str(path))
    said = {"tests": document.tests, "failures": document.failures, "errors": document.errors}
    document.update_statistics()
    if said != {"tests": document.tests, "failures": document.failures, "errors": document.errors}:
        raise ValueError(f"the sums {said} are not those of the cases")
    return {**said, "skipped": document.skipped, "suites": len(list(document))}


def table(path):
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file, strict=True))
    if any(None in row or None in row.values() for row in rows):
        raise ValueError("rows have more or fewer cells than there are headings")
    if formulas := [cell for row in rows for cell in row.values() if cell[:1] in "=+-@" and cell]:
        raise ValueError(f"a spreadsheet takes these for formulas: {formulas}")
    return {"verdicts": collections.Counter(row["verdict"] for row in rows), "names": sorted({row["name"] for row in rows})}


def page(path):
    """Every error that the HTML standard defines for its parser ends the reading."""
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    document = parser.parse(path.read_bytes())
    names = collections.Counter(element.tag for element in document.iter() if isinstance(element.tag, str))
    return {"checks": names["article"], "scripts": names["script"], "findings": sum("finding" in element.get("class", "") for element in document.iter("section"))}


READERS = {"sarif": sarif, "junit": junit, "csv": table, "html": page}


def main(folder, schema):
    found = {}
    for name, reader in READERS.items():
        path = pathlib.Path(folder, f"report.{name}")
        try:
            found[name] = reader(path, schema) if name == "sarif" else reader(path)
        except Exception as error:  # whatever a reader of others refuses by
            sys.exit(f"{path}: {type(error).__name__}: {error}")
    json.dump(found, sys.stdout)


main(*sys.argv[1:])
