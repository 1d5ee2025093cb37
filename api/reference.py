#!/usr/bin/env python3
"""Writes the reference pages docs/api/*.md from the model files and the examples.

usage: reference.py [--check]

A page an area of the API, with each action's parameters, answer, errors and an example; objects.md has the objects that
answers are made of. With --check nothing is written: the exit code is 1 when a page is not what it would be. The
examples (examples.json) are the steps of one long session with a real server, which tests/node/reference.test.mjs runs
as they stand on the pages.
"""
import json
import pathlib
import re
import sys

import generate

HERE = pathlib.Path(__file__).resolve().parent
PAGES = HERE.parent / "docs" / "api"
MODELS = [HERE / "gse-2019-11-12.json", HERE / "extensions.json"]
TYPES = {"String": "text", "int64": "integer", "uint64": "integer", "Float": "number", "Boolean": "true, false"}
DEPTH = 4


def area_of(action):
    return re.sub(r"\s*\(.*\)$", "", action["area"])


def page_of(area):
    return re.sub(r"[^a-z0-9]+", "-", area.lower()).strip("-") + ".md"


def cell(value):
    return str(value).replace("|", "\\|").replace("\n", " ")


def text_of(field):
    return field.raw["desc"] + (" (extension)" if field.raw.get("extension") else "")


def type_of(field):
    one = TYPES.get(field.type) or f"[{field.object}](objects.md#{field.object.lower()})"
    return f"list of {one}" if field.list else one


def range_of(field):
    limits, parts = field.limits, []
    for key in ("values", "numbers"):
        if key in limits:
            parts.append(", ".join(f"`{v}`" for v in limits[key]))
    low, high = limits.get("min"), limits.get("max")
    if low is not None and high is not None:
        parts.append(f"{low} to {high}")
    elif low is not None:
        parts.append(f"at least {low}")
    elif high is not None:
        parts.append(f"at most {high}")
    if "max_length" in limits and "values" not in limits:
        unit = "bytes" if "length_in_bytes" in limits else "characters"
        parts.append(f"{limits.get('min_length', 0)} to {limits['max_length']} {unit}")
    if field.list and "max_items" in limits:
        parts.append(f"{limits.get('min_items', 0)} to {limits['max_items']} items")
    if "format" in limits:
        parts.append({"DateTime": "a time, RFC 3339", "Cidr": "an address range", "SizeText": "a number and KB, MB or GB"}
                     [limits["format"].split("::")[1]])
    if "required_if_field" in limits:
        word = "is not" if "required_if_not" in limits else "is"
        parts.append(f"required if {limits['required_if_field']} {word} `{limits['required_if_value']}`")
    return "; ".join(parts)


def parameters(objects, fields, prefix="", depth=0):
    """Rows of a request, nested ones with their dotted names."""
    for field in fields:
        name = prefix + field.name + (".0" if field.list else "")
        shown = TYPES.get(field.type) or field.object
        default = "" if field.default is None else f"`{json.dumps(field.default, ensure_ascii=False)}`"
        text = text_of(field) + (" (obsolete: accepted, without effect)" if field.raw.get("obsolete") else "")
        yield [f"`{name}`", f"list of {shown}" if field.list else shown, "yes" if field.required else "", range_of(field), default, text]
        if field.object and depth < DEPTH:
            yield from parameters(objects, objects[field.object].fields, name + ".", depth + 1)


def table(head, rows):
    rows = list(rows)
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(cell(c) for c in row) + " |" for row in rows]) + "\n"


def fields_table(fields):
    return table(["Field", "Type", "Null", ""], ([f"`{f.name}`", type_of(f), "may be" if f.nullable else "", text_of(f)] for f in fields))


def read_examples(names):
    steps = json.loads((HERE / "examples.json").read_text(encoding="utf-8"))["steps"]
    by_action = {}
    for step in steps:
        action = step.get("action")
        if action is None:
            continue
        if action not in names:
            raise generate.ModelError(f"examples.json has a step for {action}, which is no action")
        by_action.setdefault(action, []).append(step)
    missing = sorted(names - set(by_action))
    if missing:
        raise generate.ModelError(f"examples.json has no example for {', '.join(missing)}")
    return by_action


def action_text(objects, name, action, extension, steps):
    out = [f"## {name}\n", action["summary"] + "."]
    if extension:
        out.append("\nAn extension of OpenGSE: the original service never had it.")
    out.append("\n```sh\n" + "\n".join(step["run"] for step in steps) + "\n```\n")
    for step in steps:
        if "note" in step:
            out.append(step["note"] + "\n")
    request, response = action["request"], action["response"]
    if request.fields:
        out.append(table(["Parameter", "Type", "Required", "Range", "Default", ""], parameters(objects, request.fields)))
        if request.one_of:
            groups = " or ".join(" together with ".join(f"`{m}`" for m in group) for group in request.one_of)
            out.append(f"One of these must be given: {groups}.\n")
    else:
        out.append("It takes no parameters.\n")
    if response.fields:
        out.append("Answer, besides `RequestId`:\n")
        out.append(fields_table(response.fields))
    else:
        out.append("The answer is `RequestId` alone.\n")
    out.append("Errors: " + ", ".join(f"`{code}`" for code in action["errors"]) + ".\n")
    return "\n".join(out)


BANNER = "<!-- Written by api/reference.py from the API model (./dev docs). Do not edit. -->\n"


def pages():
    model = generate.Model(MODELS, HERE / "gse-2019-11-12.supplement.json")
    objects = {o.name: o for o in model.objects}
    examples = read_examples({name for name, _, _ in model.actions})
    areas = {}
    for name, action, extension in model.actions:
        areas.setdefault(area_of(action), []).append((name, action, extension))
    out = {}
    index = [BANNER, "# API reference\n", "Every action of version 2019-11-12, and the extensions. Each has an example for the command line; the "
             "examples are one\nsession with a real server, run by a test, so that `$FLEET`, `$ALIAS` … are ids that earlier examples got. "
             "`gse call ACTION\n--help` says the same as these pages.\n",
             "Any action may also answer the [codes that are common to all](../compatibility.md): `AuthFailure.…`, `InvalidParameter`,\n"
             "`InvalidParameterValue`, `MissingParameter`, `UnknownParameter`, `RequestLimitExceeded`, `InternalError`.\n"]
    for area in sorted(areas):
        body = [BANNER, f"# {area}\n"]
        index.append(f"**[{area}]({page_of(area)})**\n")
        rows = []
        for name, action, extension in areas[area]:
            body.append(action_text(objects, name, action, extension, examples[name]))
            rows.append([f"[{name}]({page_of(area)}#{name.lower()})", action["summary"] + (" (extension)" if extension else "")])
        index.append(table(["Action", ""], rows))
        out[page_of(area)] = "\n".join(body)
    body = [BANNER, "# Objects\n", "What answers are made of, and requests where they take the same.\n"]
    for name in sorted(objects):
        body.append(f"## {name}\n")
        body.append(fields_table(objects[name].fields))
    out["objects.md"] = "\n".join(body)
    out["README.md"] = "\n".join(index)
    return out


def main(arguments):
    try:
        wanted = pages()
    except generate.ModelError as error:
        sys.exit(f"reference.py: {error}")
    if arguments == ["--check"]:
        there = {p.name: p.read_text(encoding="utf-8") for p in PAGES.glob("*.md")}
        stale = sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))
        if stale:
            sys.exit(f"docs/api/ is not what the model says: ./dev docs writes it anew ({', '.join(stale)})")
        return
    if arguments:
        sys.exit(__doc__)
    PAGES.mkdir(parents=True, exist_ok=True)
    for old in PAGES.glob("*.md"):
        if old.name not in wanted:
            old.unlink()
    for name, content in wanted.items():
        (PAGES / name).write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
