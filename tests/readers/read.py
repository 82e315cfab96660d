"""Reports read by programs of others; `read` beside this file says how it is called and brings them. Each is loaded where it is used."""
import collections
import csv
import functools
import json
import pathlib
import subprocess
import sys


def sarif(path, schema):
    """The schema of OASIS; then what GitHub's documentation of its support asks for beside it, a line of every place in a file."""
    import fastjsonschema

    document = json.loads(path.read_text())
    fastjsonschema.compile(json.loads(pathlib.Path(schema).read_text()), use_default=False)(document)
    run = document["runs"][0]
    places = [location["physicalLocation"] for result in run["results"] for location in result["locations"] if "physicalLocation" in location]
    if lost := [place for place in places if place.get("region", {}).get("startLine", 0) < 1]:
        raise ValueError(f"these have no line: {lost}")
    return {"rules": len(run["tool"]["driver"]["rules"]), "kinds": collections.Counter(result["kind"] for result in run["results"])}


def report(path):
    """The schema that scripts are promised, by the validator that reads that of OASIS."""
    import fastjsonschema

    document = json.loads(path.read_text())
    schema = pathlib.Path(__file__).resolve().parents[2] / "docs/report.schema.json"
    fastjsonschema.compile(json.loads(schema.read_text()), use_default=False)(document)
    return {"findings": len(document["findings"])}


def junit(path):
    """The suites as a build server adds them up from their cases, beside what they say of themselves."""
    import junitparser

    document = junitparser.JUnitXml.fromfile(str(path))
    said = {"tests": document.tests, "failures": document.failures, "errors": document.errors}
    document.update_statistics()
    if said != {"tests": document.tests, "failures": document.failures, "errors": document.errors}:
        raise ValueError(f"the sums {said} are not those of the cases")
    return {**said, "skipped": document.skipped, "suites": len(list(document))}


# With what a formula begins, and with what a cell that is cleaned on the way to one (OWASP, CSV Injection).
FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
CLEANED = ("\t", "\r", "\n")


def table(path):
    """As a spreadsheet reads it, then as one of a country whose decimals have commas does: that parts cells at semicolons."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file, strict=True))
    if any(None in row or None in row.values() for row in rows):
        raise ValueError("rows have more or fewer cells than there are headings")
    with path.open(newline="") as file:
        parted = [cell for row in csv.reader(file, delimiter=";") for cell in row]
    cells = [cell for row in rows for cell in row.values()]
    if formulas := [cell for cell in cells if cell.startswith(FORMULA + CLEANED)] + [cell for cell in parted if cell.startswith(FORMULA)]:
        raise ValueError(f"a spreadsheet takes these for formulas: {formulas}")
    return {"verdicts": collections.Counter(row["verdict"] for row in rows), "names": sorted({row["name"] for row in rows})}


def page(path):
    """Every error that the HTML standard defines for its parser ends the reading."""
    import html5lib

    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    document = parser.parse(path.read_bytes())
    names = collections.Counter(element.tag for element in document.iter() if isinstance(element.tag, str))
    findings = [section.findtext("h4") for section in document.iter("section") if "finding" in section.get("class", "")]
    return {"checks": names["article"], "scripts": names["script"], "findings": collections.Counter(heading.partition(": ")[0] for heading in findings)}


def paper(path):
    """What stands on each page, without spaces: a reader of PDF knows where letters stand, and guesses what a word is."""
    import pypdf

    return {"pages": ["".join(page.extract_text().split()) for page in pypdf.PdfReader(path, strict=True).pages]}


def oscal(path):
    """The models of compliance-trestle, which refuse what OSCAL does not know; then each reference must lead somewhere."""
    from trestle.oscal.assessment_results import AssessmentResults

    (name, content), = json.loads(path.read_text()).items()
    if name != "assessment-results":
        raise ValueError(f"it holds {name}")
    (result,) = AssessmentResults.model_validate(content).results
    of = lambda things: {thing.uuid for thing in things or []}
    observations, risks = of(result.observations), of(result.risks)
    for thing in [*(result.findings or []), *(result.risks or [])]:
        if lost := {seen.observation_uuid for seen in thing.related_observations or []} - observations:
            raise ValueError(f"{thing.uuid} names observations that are not there: {lost}")
    if {risk.risk_uuid for finding in result.findings or [] for risk in finding.related_risks or []} != risks:
        raise ValueError("risks and what findings name of them differ")
    if {subject.subject_uuid for seen in result.observations for subject in seen.subjects} != of(result.local_definitions.inventory_items):
        raise ValueError("subjects and what observations name of them differ")
    if len(observations) != len(result.observations):
        raise ValueError("two observations have one identifier")
    states = collections.Counter(finding.target.status.state.value for finding in result.findings)
    read = result.model_dump(mode="json")
    verdicts = collections.Counter(prop["value"] for seen in read["observations"] for prop in seen["props"] if prop["name"] == "verdict")
    return {"observations": verdicts, "risks": collections.Counter(risk["status"] for risk in read["risks"] or []), "states": states}


def policy_report(path, group):
    """The schemas of the kinds as their makers release them. A field that they do not know is refused, as an API server refuses it where it is asked to be strict."""
    import fastjsonschema
    from ruamel.yaml import YAML

    kinds = pathlib.Path(__file__).resolve().parents[1] / "cluster/images/kinds"
    folder = subprocess.run([kinds, group], check=True, capture_output=True, text=True).stdout.strip()
    definitions = [YAML(typ="safe").load(file)["spec"] for file in sorted(pathlib.Path(folder).glob(f"{group}_*.yaml"))]
    compiled = lambda version: fastjsonschema.compile(closed(version["schema"]["openAPIV3Schema"]), use_default=False)
    known = {(f"{group}/{version['name']}", kind["names"]["kind"]): (kind["scope"], compiled(version)) for kind in definitions for version in kind["versions"] if version["served"]}
    items = json.loads(path.read_text())["items"]
    for item in items:
        scope, validate = known[item["apiVersion"], item["kind"]]
        validate(item)
        if ("namespace" in item["metadata"]) != (scope == "Namespaced"):
            raise ValueError(f"{item['kind']} is {scope}: {item['metadata']}")
    names = collections.Counter((item["kind"], item["metadata"].get("namespace"), item["metadata"]["name"]) for item in items)
    if twice := [name for name, count in names.items() if count > 1]:
        raise ValueError(f"two objects bear one name: {twice}")
    return {"kinds": sorted({item["kind"] for item in items}), "results": collections.Counter(result["result"] for item in items for result in item["results"])}


def closed(schema):
    """The schema without room for fields that it does not name; metadata is left open, which no kind describes."""
    schema = {key: {name: closed(field) for name, field in value.items()} if key == "properties" else closed(value) if key == "items" else value for key, value in schema.items()}
    return {**schema, "additionalProperties": False} if "properties" in schema else schema


# Of GitHub's Markdown, what our reports are made of.
MARK_UP = {"h1", "h2", "p", "strong", "ul", "li", "table", "thead", "tbody", "tr", "th", "td"}


def markdown(path):
    """GitHub's own parser with the extensions that make mark-up; what it takes for tags comes through. What is no mark-up of ours is somebody else's."""
    import cmarkgfm
    import html5lib
    from cmarkgfm.cmark import Options

    shown = cmarkgfm.markdown_to_html_with_extensions(path.read_text(), Options.CMARK_OPT_UNSAFE, ["table", "autolink", "strikethrough", "tasklist"])
    page = html5lib.parseFragment(shown, namespaceHTMLElements=False)
    if surplus := {element.tag for element in page.iter() if isinstance(element.tag, str)} - MARK_UP - {"DOCUMENT_FRAGMENT"}:
        raise ValueError(f"mark-up of others takes effect: {surplus}")
    for comment in [element for element in page.iter() if not isinstance(element.tag, str)]:
        comment.text = ""
    tables = [[["".join(cell.itertext()) for cell in row] for row in table.iter("tr")] for table in page.iter("table")]
    return {"tables": [{"heading": rows[0], "rows": rows[1:]} for rows in tables]}


READERS = {
    "json": report, "sarif": sarif, "junit": junit, "csv": table, "html": page, "pdf": paper, "oscal": oscal, "markdown": markdown,
    "policyreport": functools.partial(policy_report, group="wgpolicyk8s.io"), "openreports": functools.partial(policy_report, group="openreports.io"),
}


def main(folder, schema):
    found = {}
    for name, reader in READERS.items():
        path = pathlib.Path(folder, f"report.{name}")
        if not path.exists():
            continue
        try:
            found[name] = reader(path, schema) if name == "sarif" else reader(path)
        except Exception as error:  # whatever a reader of others refuses by
            sys.exit(f"{path}: {type(error).__name__}: {error}")
    json.dump(found, sys.stdout)


main(*sys.argv[1:])
