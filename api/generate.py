#!/usr/bin/env python3
"""Writes the C++ types and tables of the API from the model files.

usage: generate.py --out DIR [--supplement FILE] MODEL.json [EXTENSION.json ...]

The first model is the original's; those after it are ours and are marked as extensions: they state their limits
themselves, their objects may be made of the original's, and `extends` gives the original's further fields. The supplement is merged over the first. Output (the same for the same input, byte for byte):
  DIR/api/model.h       structs for every object, request and response, and GSE_FOR_EACH_ACTION(X)
  DIR/api/rules.h       the hand-written checks that src/codec/rules.cpp must define
  DIR/model_objects.cpp, DIR/model_requests_N.cpp, DIR/model_responses.cpp, DIR/model_actions.cpp   the tables
"""
import argparse
import json
import pathlib
import re
import sys

REQUEST_PARTS = 2
CPP = {"String": "std::string", "int64": "std::int64_t", "uint64": "std::uint64_t", "Float": "double", "Boolean": "bool"}
KIND = {"String": "String", "int64": "Int64", "uint64": "UInt64", "Float": "Double", "Boolean": "Bool", "Object": "Object"}
# Keys that only documentation reads; anything unknown is an error, so that a typing mistake cannot lift a limit.
DOC_ONLY = {"attested", "note", "enum_doc_zh", "also_seen", "enum_meaning", "max_rule", "console_max", "fields", "inferred",
            "pattern_hint", "rule", "enum_rule_based", "enum_target_based", "string_ops", "number_ops", "logic", "system",
            "data", "open_enum", "enum_ids", "unit", "default"}
LIMITS = {"min", "max", "min_len", "max_len", "len_unit", "charset", "enum", "min_items", "max_items", "item_min_len",
          "item_max_len", "item_enum", "sum_min", "sum_max", "required_if", "pattern", "format", "names"}
# What a call does to others: nothing, hands out something with which more can be done, or changes something.
ACCESS = {"read": "Read", "grant": "Grant", "write": "Write"}
FORMATS = {"datetime": "DateTime", "datetime_iso": "DateTime", "cidr": "Cidr", "size_text": "SizeText"}


class ModelError(Exception):
    pass


def snake(name):
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()


def text(value):
    """A C++ string literal."""
    out = []
    for ch in value:
        if ch in '"\\':
            out.append("\\" + ch)
        elif ch == "\n":
            out.append("\\n")
        elif ord(ch) < 32:
            raise ModelError(f"control character in {value!r}")
        else:
            out.append(ch)
    return '"' + "".join(out) + '"'


def merge(target, patch):
    """JSON merge patch (RFC 7396)."""
    for key, value in patch.items():
        if value is None:
            target.pop(key, None)
        elif isinstance(value, dict) and isinstance(target.get(key), dict):
            merge(target[key], value)
        else:
            target[key] = value


def apply_supplement(model, supplement):
    for section, member in (("actions", "input"), ("objects", "fields")):
        for name, entry in supplement.get(section, {}).items():
            if name not in model[section]:
                raise ModelError(f"the supplement names {name}, which is not among the {section}")
            target = model[section][name]
            if not entry.get("source"):
                raise ModelError(f"the supplement's entry {name} has no source")
            for key in ("require_one_of", "rule"):
                if key in entry:
                    target[key] = entry[key]
            fields = {f["name"]: f for f in target[member]}
            for field, patch in entry.get(member, {}).items():
                if field not in fields:
                    raise ModelError(f"the supplement names {name}.{field}, which does not exist")
                if not patch.get("source"):
                    raise ModelError(f"the supplement's entry {name}.{field} has no source")
                # A default or a condition of ours replaces the published one even where that is of another type.
                merge(fields[field], patch)


def apply_behaviour(model, supplement):
    """From lists of names to a word for each action: `access`, `permanent_key` and `rate`."""
    access, rates = supplement["access"], supplement["rates"]
    for section in (access, rates):
        if not section.get("source"):
            raise ModelError("the supplement's access and rates need a source")
    words = {name: word for word in ACCESS for name in access[word]}
    if sum(len(access[word]) for word in ACCESS) != len(words):
        raise ModelError("the supplement's access names an action twice")
    for name in [*words, *access["permanent_key"], *rates["actions"]]:
        if name not in model["actions"]:
            raise ModelError(f"the supplement's access or rates name {name}, which is not among the actions")
    for name, action in model["actions"].items():
        action["access"] = words.get(name)
        action["permanent_key"] = name in access["permanent_key"]
        action["rate"] = rates["actions"].get(name, rates["default"])


def apply_extends(model, extends):
    """Adds fields of ours, marked, behind those of the original."""
    for section in ("actions", "objects"):
        for name, entry in extends.get(section, {}).items():
            if name not in model[section]:
                raise ModelError(f"extends names {name}, which is not among the original's {section}")
            for member, fields in entry.items():
                target = model[section][name][member]
                for field in fields:
                    if any(field["name"] == known["name"] for known in target):
                        raise ModelError(f"extends names {name}.{field['name']}, which is there already")
                    target.append(field | {"extension": True})


class Field:
    def __init__(self, raw, owner, incoming, defaults):
        self.raw, self.owner, self.name, self.list = raw, owner, raw["name"], raw["list"]
        self.member = snake(self.name)
        self.constraints = raw.get("constraints", {})
        self.type = raw["type"] if raw["type"] != "Integer" else raw["format"]
        self.object = raw.get("object")
        self.nullable = bool(raw.get("nullable"))
        self.required = incoming and raw["required"]
        self.default = self.constraints.get("default") if incoming and not self.required else None
        if incoming:
            self.optional = not self.required and self.default is None
        else:
            self.optional = self.nullable and not self.list
        unknown = set(self.constraints) - DOC_ONLY - LIMITS
        if unknown:
            raise ModelError(f"{owner}.{self.name}: constraints the generator does not know: {sorted(unknown)}")
        self.limits = self.make_limits(incoming, defaults)

    def cpp(self):
        one = self.object if self.type == "Object" else CPP[self.type]
        if self.list:
            one = f"std::vector<{one}>"
        return f"std::optional<{one}>" if self.optional else one

    def initializer(self):
        if self.optional:
            return ""
        if self.default is not None:
            return " = " + self.literal(self.default)
        if self.list or self.type in ("String", "Object"):
            return ""
        return {"Boolean": " = false", "Float": " = 0.0"}.get(self.type, " = 0")

    def literal(self, value):
        if isinstance(value, list):
            return "{" + ", ".join(self.literal(v) for v in value) + "}"
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, str):
            return text(value)
        return str(value)

    def make_limits(self, incoming, defaults):
        c = self.constraints
        if self.list and ("min_len" in c or "max_len" in c or "enum" in c):
            raise ModelError(f"{self.owner}.{self.name}: a list takes item_min_len, item_max_len and item_enum")
        prefix = "item_" if self.list else ""
        out = {}
        for bound in ("min", "max"):
            if bound in c:
                out["has_" + bound] = "true"
                out[bound] = str(c[bound])
        if prefix + "min_len" in c:
            out["min_length"] = c[prefix + "min_len"]
        if prefix + "max_len" in c:
            out["max_length"] = c[prefix + "max_len"]
        elif incoming and self.type == "String":
            out["max_length"] = defaults.get("max_len")
        if c.get("len_unit") == "bytes":
            out["length_in_bytes"] = "true"
        if c.get("charset") == "ascii":
            out["ascii"] = "true"
        elif "charset" in c:
            raise ModelError(f"{self.owner}.{self.name}: charset {c['charset']}")
        if "min_items" in c:
            out["min_items"] = c["min_items"]
        if "max_items" in c:
            out["max_items"] = c["max_items"]
        elif incoming and self.list:
            out["max_items"] = defaults.get("max_items")
        values = c.get(prefix + "enum")
        if values:
            out["values" if self.type == "String" else "numbers"] = values
        if "names" in c:
            out["number_names"] = c["names"]
        if "pattern" in c:
            out["characters"] = expand_pattern(c["pattern"])
        kind = c.get("format") or (self.raw.get("format") if self.type == "String" else None)
        if kind and incoming:
            out["format"] = "Format::" + FORMATS[kind]
        if "sum_max" in c:
            out["has_sum"] = "true"
            out["sum_min"], out["sum_max"] = c.get("sum_min", 0), c["sum_max"]
        if "required_if" in c:
            match = re.fullmatch(r"(\w+) (==|!=) (\S+)", c["required_if"])
            if not match:
                raise ModelError(f"{self.owner}.{self.name}: required_if {c['required_if']!r}")
            out["required_if_field"], out["required_if_value"] = match[1], match[3]
            if match[2] == "!=":
                out["required_if_not"] = "true"
        return {k: v for k, v in out.items() if v is not None}


def expand_pattern(pattern):
    """Patterns are one class of characters, `[a-zA-Z0-9-]+`: kept as the list of what is allowed."""
    match = re.fullmatch(r"\[([^\]]+)\][+*]", pattern)
    if not match:
        raise ModelError(f"pattern {pattern!r}: only one repeated class of characters is supported")
    return "".join(chr(c) for c in range(33, 127) if re.fullmatch("[" + match[1] + "]", chr(c)))


class Type:
    def __init__(self, name, role, fields, raw, incoming, defaults, extension):
        self.name, self.role, self.extension = name, role, extension
        # An answer's RequestId is the wire's business.
        self.fields = [Field(f, name, incoming, defaults) for f in fields if role != "Response" or f["name"] != "RequestId"]
        self.one_of = raw.get("require_one_of", []) if role != "Response" else []
        self.rule = raw.get("rule") if role != "Response" else None
        names = {f.name for f in self.fields}
        for group in self.one_of:
            for member in group:
                if member not in names:
                    raise ModelError(f"{name}: require_one_of names {member}")
        for f in self.fields:
            condition = f.limits.get("required_if_field")
            if condition is not None and condition not in names:
                raise ModelError(f"{name}.{f.name}: required_if names {condition}")
        if len(self.fields) > 64:
            raise ModelError(f"{name}: more than 64 fields, the codec's mask of seen fields is too small")


class Model:
    def __init__(self, paths, supplement):
        self.actions, self.objects = [], []
        seen = set()
        raws = [json.loads(pathlib.Path(path).read_text(encoding="utf-8")) for path in paths]
        for number, raw in enumerate(raws):
            extra = {}
            if number == 0 and supplement:
                extra = json.loads(pathlib.Path(supplement).read_text(encoding="utf-8"))
                apply_supplement(raw, extra)
                apply_behaviour(raw, extra)
            if number == 0:
                for ours in raws[1:]:
                    apply_extends(raw, ours.get("extends", {}))
                defaults, rate = extra.get("defaults", {}), extra.get("rates", {}).get("default", 0)
            extension = number > 0
            for name, obj in raw["objects"].items():
                self.once(seen, name)
                self.objects.append(Type(name, "Object", obj["fields"], obj, obj["direction"] != "out", defaults, extension))
            for name, action in raw["actions"].items():
                self.once(seen, name)
                if action.get("access") not in ACCESS:
                    raise ModelError(f"{name} has no access: read, grant or write")
                action.setdefault("rate", rate)
                action["request"] = Type(name + "Request", "Request", action["input"], action, True, defaults, extension)
                action["response"] = Type(name + "Response", "Response", action["output"], action, False, defaults,
                                          extension)
                self.actions.append((name, action, extension))
        self.actions.sort(key=lambda a: a[0])
        self.objects.sort(key=lambda o: o.name)

    @staticmethod
    def once(seen, name):
        if name in seen:
            raise ModelError(f"{name} is defined twice")
        seen.add(name)

    def requests(self):
        return [a["request"] for _, a, _ in self.actions]

    def responses(self):
        return [a["response"] for _, a, _ in self.actions]

    def in_order(self):
        """Objects, each after those it contains."""
        by_name, done, out = {o.name: o for o in self.objects}, set(), []

        def visit(obj, trail):
            if obj.name in trail:
                raise ModelError(f"{obj.name} contains itself")
            if obj.name in done:
                return
            for f in obj.fields:
                if f.object:
                    if f.object not in by_name:
                        raise ModelError(f"{obj.name}.{f.name}: no object {f.object}")
                    visit(by_name[f.object], trail | {obj.name})
            done.add(obj.name)
            out.append(obj)

        for obj in self.objects:
            visit(obj, frozenset())
        return out


BANNER = "// Written by api/generate.py from the API model. Do not edit.\n"


def struct(t):
    lines = [f"struct {t.name} {{"]
    lines += [f"    {f.cpp()} {f.member}{f.initializer()};" for f in t.fields]
    lines += [f"    friend bool operator==(const {t.name}&, const {t.name}&) = default;", "};"]
    return "\n".join(lines) + "\n"


def model_header(model):
    out = [BANNER, "#pragma once\n\n#include <cstdint>\n#include <optional>\n#include <string>\n#include <string_view>\n"
           "#include <vector>\n\n#include \"codec/describe.h\"\n\nnamespace gse::api {\n\n"]
    everything = model.in_order() + [t for pair in zip(model.requests(), model.responses()) for t in pair]
    out += [struct(t) + "\n" for t in everything]
    out += [f"template <>\nconst Type& type_of<{t.name}>();\n" for t in everything]
    out.append("\n")
    for name, action, _ in model.actions:
        out.append(f"template <>\nstruct ActionTraits<{name}Request> {{\n    using Request = {name}Request;\n"
                   f"    using Response = {name}Response;\n    static constexpr std::string_view name = \"{name}\";\n"
                   f"    static constexpr Access access = Access::{ACCESS[action['access']]};\n}};\n")
    out.append("\n/// X(CreateAlias) and so on for every action, sorted by name.\n#define GSE_FOR_EACH_ACTION(X) \\\n")
    out.append(" \\\n".join(f"    X({name})" for name, _, _ in model.actions) + "\n")
    out.append("\n/// X(Alias) and so on for every data object, sorted by name.\n#define GSE_FOR_EACH_OBJECT(X) \\\n")
    out.append(" \\\n".join(f"    X({o.name})" for o in model.objects) + "\n")
    out.append("\n}  // namespace gse::api\n")
    return "".join(out)


def rules_header(model):
    out = [BANNER, "#pragma once\n\n#include \"api/model.h\"\n\nnamespace gse::api::rules {\n\n"]
    for t in model.objects + model.requests():
        if t.rule:
            out.append(f"Result<void> {t.rule}(const {t.name}& value, const Path& path);\n")
    out.append("\n}  // namespace gse::api::rules\n")
    return "".join(out)


class Tables:
    """One .cpp of tables."""

    def __init__(self):
        self.body, self.limits, self.arrays = [], {}, {}

    def array(self, element, items):
        key = (element, tuple(items))
        if key not in self.arrays:
            name = f"kArray{len(self.arrays)}"
            self.arrays[key] = name
            self.body.append(f"constexpr {element} {name}[] = {{{', '.join(items)}}};\n")
        return self.arrays[key]

    def limits_of(self, field):
        if not field.limits:
            return None
        parts = []
        for key, value in field.limits.items():
            if key == "values":
                value = self.array("std::string_view", [text(v) for v in value])
            elif key == "numbers":
                value = self.array("std::int64_t", [str(v) for v in value])
            elif key == "number_names":
                value = self.array("NamedNumber", [f"{{{text(k)}, {v}}}" for k, v in value.items()])
            elif key in ("characters", "required_if_field", "required_if_value"):
                value = text(value)
            parts.append((key, value))
        order = ["has_min", "has_max", "min", "max", "min_length", "max_length", "length_in_bytes", "ascii", "min_items",
                 "max_items", "values", "numbers", "number_names", "characters", "format", "has_sum", "sum_min", "sum_max",
                 "required_if_field", "required_if_value", "required_if_not"]
        parts.sort(key=lambda p: order.index(p[0]))
        literal = "{" + ", ".join(f".{k} = {v}" for k, v in parts) + "}"
        if literal not in self.limits:
            name = f"kLimits{len(self.limits)}"
            self.limits[literal] = name
            self.body.append(f"constexpr Limits {name}{literal};\n")
        return self.limits[literal]

    def field(self, t, f):
        parts = [f".name = {text(f.name)}", f'.key = "\\"{f.name}\\":"', f".kind = Kind::{KIND[f.type]}"]
        for flag in ("list", "optional", "required", "nullable"):
            if getattr(f, flag):
                parts.append(f".{flag} = true")
        if f.raw.get("obsolete"):
            parts.append(".obsolete = true")
        if f.raw.get("extension"):
            parts.append(".extension = true")
        parts.append(f".offset = offsetof({t.name}, {f.member})")
        if f.object:
            parts.append(f".object = &kType{f.object}")
        limits = self.limits_of(f)
        if limits:
            parts.append(f".limits = &{limits}")
        if f.default is not None:
            parts.append(f".default_text = {text(json.dumps(f.default, ensure_ascii=False))}")
        example = f.raw.get("example")
        if example is not None:
            parts.append(f".example = {text(str(example))}")
        if "unit" in f.constraints:
            parts.append(f".unit = {text(f.constraints['unit'])}")
        parts.append(f".text = {text(f.raw['desc'])}")
        if "source" in f.raw:
            parts.append(f".source = {text(f.raw['source'])}")
        return "    {" + ", ".join(parts) + "},\n"

    def type(self, t):
        fields = "".join(self.field(t, f) for f in t.fields)  # first: it emits the limits it needs
        if fields:
            self.body.append(f"constexpr Field kFields{t.name}[] = {{\n{fields}}};\n")
        parts = [f".name = {text(t.name)}", f".role = Role::{t.role}"]
        if fields:
            parts.append(f".fields = kFields{t.name}")
        if t.one_of:
            groups = [self.array("std::string_view", [text(m) for m in g]) for g in t.one_of]
            name = f"kOneOf{t.name}"
            self.body.append(f"constexpr std::span<const std::string_view> {name}[] = {{{', '.join(groups)}}};\n")
            parts.append(f".one_of = {name}")
        if t.rule:
            parts.append(f".rule = [](const void* value, const Path& path) {{ return rules::{t.rule}("
                         f"*static_cast<const {t.name}*>(value), path); }}")
        parts.append(f".ops = &{'kObjectOps' if t.role == 'Object' else 'kMessageOps'}<{t.name}>")
        if t.extension:
            parts.append(".extension = true")
        return f"constexpr Type kType{t.name}{{{', '.join(parts)}}};\n"


def source(model, types, tail=""):
    tables = Tables()
    definitions = [tables.type(t) for t in types]
    names = sorted({f.object for t in types for f in t.fields if f.object} | {t.name for t in types if t.role == "Object"})
    out = [BANNER, "#include <cstddef>\n\n#include \"api/rules.h\"\n#include \"codec/type_ops.h\"\n\nnamespace gse::api {\n\n"]
    out += [f"extern const Type kType{n};\n" for n in names]
    out += [f"extern const Type kType{t.name};\n" for t in types if t.role != "Object"]
    out += ["\nnamespace {\n", *tables.body, "}  // namespace\n\n"]
    out += definitions
    out += [f"template <>\nconst Type& type_of<{t.name}>() {{\n    return kType{t.name};\n}}\n" for t in types]
    out += [tail, "\n}  // namespace gse::api\n"]
    return "".join(out)


def actions_source(model):
    out = [BANNER, "#include \"codec/describe.h\"\n\nnamespace gse::api {\n\n"]
    for t in model.objects + model.requests() + model.responses():
        out.append(f"extern const Type kType{t.name};\n")
    out.append("\nnamespace {\n")
    rows, errors = [], {}
    for name, action, extension in model.actions:
        codes = tuple(action["errors"])
        if codes and codes not in errors:
            errors[codes] = f"kErrors{len(errors)}"
            out.append(f"constexpr std::string_view {errors[codes]}[] = {{{', '.join(text(c) for c in codes)}}};\n")
        rows.append(f"    {{.name = {text(name)}, .area = {text(action['area'])}, .name_zh = {text(action['name_zh'])}, "
                    f".summary = {text(action['summary'])}, .request = &kType{name}Request, .response = &kType{name}Response"
                    + (f", .errors = {errors[codes]}" if codes else "") + (", .extension = true" if extension else "")
                    + f", .access = Access::{ACCESS[action['access']]}"
                    + (", .permanent_key = true" if action.get("permanent_key") else "")
                    + f", .rate = {action['rate']}" + "},\n")
    out += ["constexpr Action kActions[] = {\n", *rows, "};\n"]
    out += ["constexpr const Type* kObjects[] = {\n", *[f"    &kType{o.name},\n" for o in model.objects], "};\n"]
    out.append("}  // namespace\n\nstd::span<const Action> actions() {\n    return kActions;\n}\n\n"
               "std::span<const Type* const> objects() {\n    return kObjects;\n}\n\n}  // namespace gse::api\n")
    return "".join(out)


def outputs(model):
    requests = model.requests()
    size = -(-len(requests) // REQUEST_PARTS)
    files = {"api/model.h": model_header(model), "api/rules.h": rules_header(model),
             "model_objects.cpp": source(model, model.objects), "model_responses.cpp": source(model, model.responses()),
             "model_actions.cpp": actions_source(model)}
    for part in range(REQUEST_PARTS):
        files[f"model_requests_{part}.cpp"] = source(model, requests[part * size:(part + 1) * size])
    return files


def main(arguments):
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", required=True)
    parser.add_argument("--supplement")
    parser.add_argument("models", nargs="+")
    args = parser.parse_args(arguments)
    try:
        files = outputs(Model(args.models, args.supplement))
    except ModelError as error:
        sys.exit(f"generate.py: {error}")
    for name, content in files.items():
        path = pathlib.Path(args.out) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # An unchanged header keeps its time, so that nothing is compiled again for it.
        if not path.exists() or path.read_text(encoding="utf-8") != content:
            path.write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
