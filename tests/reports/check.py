"""Judges one of our formats by tools of others, and by what a reader must find in it.

    python check.py FORMAT FILE DOCUMENT.json

Exits with 1 and a line on standard output for each fault. DOCUMENT.json is what FILE was made of.
"""

import csv
import json
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
VALIDATORS = HERE.parent.parent / "target" / "validators"
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b\ufeff]")


def sarif(path, findings):
    import jsonschema

    package = VALIDATORS / "node_modules/@microsoft/sarif-multitool-linux"
    schema = json.loads((package / "sarif-2.1.0.json").read_text())
    log = json.loads(path.read_text())
    validator = jsonschema.validators.validator_for(schema)(schema)
    for error in list(validator.iter_errors(log))[:10]:
        yield f"schema: {error.json_path}: {error.message[:200]}"
    report = path.with_suffix(".validation.sarif")
    command = [package / "Sarif.Multitool", "validate", path, "--rule-kind", "Sarif;Ghas", "--output", report, "--log", "ForceOverwrite"]
    done = subprocess.run(command, capture_output=True, text=True)
    if not report.exists():
        yield f"multitool did not run: {done.stdout[-500:]} {done.stderr[-500:]}"
        return
    for result in json.loads(report.read_text())["runs"][0].get("results", []):
        # There is no page about this tool to point at.
        if result["ruleId"] != "SARIF2005":
            yield f"multitool: {result['ruleId']}: {json.dumps(result['message'])[:300]}"
    results = log["runs"][0]["results"]
    expected = sum(max(1, len(finding["instances"])) for finding in findings["findings"])
    if len(results) != expected:
        yield f"{len(results)} results of {expected}"
    for result in results:
        verdict = result["properties"]["verdict"]
        if (result["kind"], verdict) not in {("fail", "fail"), ("open", "inconclusive")}:
            yield f"{verdict} has kind {result['kind']}"
    waived = sum(max(1, len(f["instances"])) for f in findings["findings"] if f["waived"])
    if sum("suppressions" in result for result in results) != waived:
        yield f"not {waived} results are suppressed"


def junit(path, findings):
    import junitparser
    import xmlschema

    schema = xmlschema.XMLSchema(HERE / "junit.xsd")
    for error in list(schema.iter_errors(path))[:10]:
        yield f"schema: {error.reason}"
    cases = {}
    for suite in junitparser.JUnitXml.fromfile(str(path)):
        seen = [case for case in suite]
        if suite.tests != len(seen):
            yield f"{suite.name} counts {suite.tests} of {len(seen)} cases"
        for kind, count in (("failure", suite.failures), ("error", suite.errors), ("skipped", suite.skipped)):
            if count != sum(kind in {type(r).__name__.lower() for r in case.result} for case in seen):
                yield f"{suite.name} counts {count} of kind {kind}"
        for case in seen:
            cases[(suite.name, case.name)] = {type(result).__name__.lower() for result in case.result}
    for finding in findings["findings"]:
        name = finding["check"] + (f"/{finding['as']}" if finding["as"] else "")
        outcome = cases.get((finding["target"], name))
        if not outcome:
            yield f"{finding['target']} {name} is rendered as passed, or is not there"
    gate = {0: set(), 1: {"failure"}, 3: {"error"}}[findings["gate"]["exit"]]
    if cases[("gate", "gate")] != gate:
        yield f"the gate is {cases[('gate', 'gate')]}"
    failed = any("failure" in outcome for (suite, _), outcome in cases.items() if suite != "gate")
    if failed != (findings["gate"]["exit"] == 1):
        yield "failures and gate disagree"


def oscal(path, findings):
    import argparse

    from trestle.core.validator_factory import validator_factory
    from trestle.oscal.assessment_results import Model

    document = json.loads(path.read_text())
    model = Model.model_validate(document).assessment_results
    validator = validator_factory.get(argparse.Namespace(mode="all", quiet=True))
    if not validator.model_is_valid(model, True, None):
        yield "trestle refuses the model"
    result = document["assessment-results"]["results"][0]
    if len(result.get("observations", [])) != len(findings["findings"]):
        yield f"{len(result.get('observations', []))} observations of {len(findings['findings'])}"
    for finding, control in zip(
        result["findings"],
        [control for control in findings["controls"] if control["verdict"] != "not_applicable"],
        strict=True,
    ):
        state = finding["target"]["status"]["state"]
        if (state == "satisfied") != (control["verdict"] == "pass"):
            yield f"{control['id']} is {control['verdict']} and {state}"
    risks = len(result.get("risks", []))
    if risks != sum(finding["waived"] is not None for finding in findings["findings"]):
        yield f"{risks} waived findings"


def openmetrics(path, findings):
    from prometheus_client.openmetrics.parser import text_string_to_metric_families

    families = {family.name: family for family in text_string_to_metric_families(path.read_text())}
    for name, verdict in (("scrutineer_finding_failed", "fail"), ("scrutineer_finding_open", "inconclusive")):
        expected = sum(finding["verdict"] == verdict for finding in findings["findings"])
        if len(families[name].samples) != expected:
            yield f"{name} has {len(families[name].samples)} samples of {expected}"
    if families["scrutineer_gate_exit_code"].samples[0].value != findings["gate"]["exit"]:
        yield "the gate is another"


def markdown(path, findings):
    import cmarkgfm
    from cmarkgfm.cmark import Options

    text = path.read_text()
    if len(text.encode()) > 1024 * 1024:
        yield f"{len(text.encode())} bytes"
    # Without the filter of tags: the page must not need it.
    html = cmarkgfm.markdown_to_html_with_extensions(
        text, options=Options.CMARK_OPT_UNSAFE, extensions=["table", "autolink", "strikethrough"]
    )
    tags = set(re.findall(r"<\s*/?\s*([a-zA-Z][\w-]*)", html))
    ours = {"h1", "h2", "h3", "p", "strong", "em", "table", "thead", "tbody", "tr", "th", "td", "code", "pre", "br"}
    if tags - ours:
        yield f"tags that are not ours: {sorted(tags - ours)}"
    # Rows of the four lists of findings: they have five columns.
    rows = [row for row in re.findall(r"<tr>(.*?)</tr>", html, re.DOTALL) if len(re.findall("<td", row)) == 5]
    if len(rows) != len(findings["findings"]):
        yield f"{len(rows)} rows of {len(findings['findings'])}"
    if html.count(findings["tlp"]) < 2:
        yield "the label does not stand at top and bottom"


def csv_(path, findings):
    with path.open(newline="", encoding="utf-8") as file:
        raw = file.read()
    if raw.replace("\r\n", "").count("\r"):
        yield "a carriage return stands alone"
    rows = list(csv.reader(raw.splitlines(keepends=True), strict=True))
    width = len(rows[0])
    for number, row in enumerate(rows, 1):
        if len(row) != width:
            yield f"row {number} has {len(row)} cells"
        for cell in row:
            if cell.lstrip()[:1] in set("=+-@\t\r＝＋－＠"):
                yield f"row {number} has the formula {cell[:40]!r}"
    records = [dict(zip(rows[0], row)) for row in rows[1:]]
    numbers = {int(record["finding"]) for record in records}
    if numbers != set(range(1, len(findings["findings"]) + 1)):
        yield f"{len(numbers)} findings of {len(findings['findings'])}"
    for record in records:
        finding = findings["findings"][int(record["finding"]) - 1]
        if record["waived_until"] != (finding["waived"] or {}).get("expires", ""):
            yield f"finding {record['finding']} is waived until {record['waived_until']!r}"


def jsonl(path, findings):
    lines = path.read_text(encoding="utf-8").split("\n")
    if lines.pop() != "":
        yield "the last line has no end"
    header = json.loads(lines[0])
    if header["findings"] != len(lines) - 1:
        yield f"the header promises {header['findings']} lines, and {len(lines) - 1} follow"
    if [json.loads(line) for line in lines[1:]] != findings["findings"]:
        yield "the lines are not the findings of the document"
    if header["gate"] != findings["gate"] or header["gaps"] != findings["gaps"]:
        yield "the header says something else"


def vnu(path):
    jar = VALIDATORS / "node_modules/vnu-jar/build/dist/vnu.jar"
    done = subprocess.run(["java", "-jar", jar, "--stdout", "--errors-only", "--format", "gnu", path], capture_output=True, text=True)
    for line in done.stdout.splitlines()[:10]:
        yield f"vnu: {line}"
    if done.returncode and not done.stdout:
        yield f"vnu did not run: {done.stderr[-500:]}"


def html(path, findings):
    yield from vnu(path)
    text = path.read_text(encoding="utf-8")
    if text.count('<li class="place"') != len(findings["findings"]):
        yield f"{text.count('<li class=place')} places of {len(findings['findings'])}"
    if len(re.findall('class="tlp [a-z]+">' + re.escape(findings["tlp"]), text)) != 2:
        yield "the label does not stand at top and bottom"


def stix(path, shareable):
    from stix2validator import ValidationOptions, validate_file

    # Everything that is advised, but for 103, which wants ids of UUID version 4: ours follow from what they
    # identify (version 5, which section 2.9 allows), so that a control has the same id everywhere.
    options = ValidationOptions(version="2.1", strict_types=True, strict_properties=True, enforce_refs=True, disabled="103")
    results = validate_file(str(path), options)
    if results.fatal:
        yield f"stix2-validator: {results.fatal}"
    for one in results.object_results:
        for problem in list(one.errors) + list(one.warnings):
            yield f"stix2-validator: {problem}"
    if not results.is_valid:
        yield "stix2-validator: not valid"
    bundle = json.loads(path.read_text())
    # As OASIS publishes them for STIX 2.1, cti-stix-common-objects, extension-definition-specifications/tlp-2.0.
    published = {
        "TLP:CLEAR": "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
        "TLP:GREEN": "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
        "TLP:AMBER": "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
        "TLP:AMBER+STRICT": "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
        "TLP:RED": "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
    }
    used = set()
    known = {one["id"] for one in bundle["objects"]}
    for one in bundle["objects"]:
        if one["type"] == "marking-definition":
            if published[one["name"]] != one["id"]:
                yield f"{one['name']} has the id {one['id']}"
            continue
        marks = one.get("object_marking_refs", [])
        if len(marks) != 1 or not set(marks) <= known:
            yield f"{one['id']} has the markings {marks}"
        used |= set(marks)
    defined = {one["id"] for one in bundle["objects"] if one["type"] == "marking-definition"}
    if used != defined:
        yield f"defined are {sorted(defined)}, used {sorted(used)}"
    kinds = sorted({one["type"] for one in bundle["objects"]})
    for expected in shareable["types"]:
        if expected not in kinds:
            yield f"there is no {expected}"


def period_markdown(path, report):
    import cmarkgfm
    from cmarkgfm.cmark import Options

    html = cmarkgfm.markdown_to_html_with_extensions(
        path.read_text(), options=Options.CMARK_OPT_UNSAFE, extensions=["table", "autolink", "strikethrough"]
    )
    tags = set(re.findall(r"<\s*/?\s*([a-zA-Z][\w-]*)", html))
    ours = {"h1", "h2", "h3", "p", "strong", "table", "thead", "tbody", "tr", "th", "td", "code", "pre", "br", "ul", "li"}
    if tags - ours:
        yield f"tags that are not ours: {sorted(tags - ours)}"
    width = 2 + len(report["periods"]) + (len(report["periods"]) > 1)
    rows = [row for row in re.findall(r"<tr>(.*?)</tr>", html, re.DOTALL) if len(re.findall("<td", row)) == width]
    expected = sum(len(control["entries"]) for control in report["controls"])
    if len(rows) != expected and width != 4:
        yield f"{len(rows)} rows of {expected}"
    if html.count(report["tlp"]) < 2:
        yield "the label does not stand at top and bottom"


def period_html(path, report):
    yield from vnu(path)
    text = path.read_text(encoding="utf-8")
    if len(re.findall('class="tlp [a-z]+">' + re.escape(report["tlp"]), text)) != 2:
        yield "the label does not stand at top and bottom"
    if "<script" in text.lower():
        yield "the page holds a script"
    rows = len(re.findall('<th scope="row">', text)) - len(report["periods"])
    expected = sum(len(control["entries"]) for control in report["controls"])
    if rows != expected:
        yield f"{rows} rows of {expected}"


def period_pdf(path, report):
    """PATH is the page; beside it lies what Chromium printed of it."""
    pdf = path.with_suffix(".pdf")
    info = subprocess.run(["pdfinfo", pdf], capture_output=True, text=True, check=True).stdout
    pages = int(re.search(r"Pages:\s+(\d+)", info).group(1))
    texts = subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True, check=True).stdout.split("\f")[:-1]
    if len(texts) != pages or pages < 3:
        yield f"{len(texts)} texts of {pages} pages"
    for number, text in enumerate(texts, 1):
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        if lines[0] != report["tlp"]:
            yield f"page {number} begins with {lines[0][:80]!r}"
        if lines[-1].split() != ["Self-declared", report["tlp"], str(number), "of", str(pages)]:
            yield f"page {number} ends with {lines[-1][:80]!r}"
    whole = "\f".join(texts)
    standing = whole[whole.index("Where things stand, control by control"):]
    ends = [standing.find(title) for title in ("Controls without figures", "Most often missing", "\nMethod")]
    standing = standing[:min(end for end in ends if end > 0)]
    chapter = standing.split("\f")
    if len(chapter) < 2:
        yield "the figures stand on one page: repeated heads are not tested"
    # No browser repeats a head that fills a page; real periods have short names.
    short = all(len(period["id"]) <= 20 for period in report["periods"])
    # A page that only ends what came before may hold no row.
    for number, text in enumerate(chapter if short else [], 1):
        if re.search(r"\d+ of \d+", text) and "What is counted and demanded" not in text:
            yield f"page {number} of the figures has no head"
    squeezed = re.sub(r"\s", "", whole)
    for control in report["controls"]:
        name = control["id"] + control["title"]
        # What is hostile is cleaned before it is shown.
        if re.fullmatch(r"[A-Za-z0-9 .,;:()/+-]+", name) and name.replace(" ", "") not in squeezed:
            yield f"{control['id']} is not on paper"
    boxes = subprocess.run(["pdftotext", "-bbox", pdf, "-"], capture_output=True, text=True, check=True).stdout
    width, height = (float(number) for number in re.search(r'<page width="([\d.]+)" height="([\d.]+)"', boxes).groups())
    for box in re.finditer(r'<word xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.-]+)" yMax="([\d.-]+)">(.*?)</word>', boxes):
        left, top, right, bottom = (float(number) for number in box.groups()[:4])
        if left < 20 or right > width - 20 or top < 10 or bottom > height - 10:
            yield f"clipped: {box.group(5)[:60]!r} at {left} {top} {right} {bottom}"


def main():
    name, path, findings = sys.argv[1], pathlib.Path(sys.argv[2]), json.loads(pathlib.Path(sys.argv[3]).read_text())
    check = {"csv": csv_}.get(name) or globals()[name]
    faults = list(check(path, findings))
    text = path.read_text(encoding="utf-8")
    bad = UNSAFE.search(text.replace("\r\n", "\n") if name == "csv" else text)
    if bad:
        faults.append(f"holds {bad.group()!r} at {bad.start()}: {text[max(0, bad.start() - 60):bad.start()]!r}")
    for fault in faults[:40]:
        print(fault)
    sys.exit(1 if faults else 0)


main()
