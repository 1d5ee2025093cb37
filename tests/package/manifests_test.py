"""Dockerfiles, the chart and the plain manifests, as far as they can be checked without an engine, helm or a cluster."""
import hashlib
import json
import os
import re
import subprocess
import unittest

import yaml

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CHART = os.path.join(ROOT, "deploy/helm/opengse")
GSE = os.environ.get("GSE_BINARY")


def text(*parts):
    with open(os.path.join(ROOT, *parts), encoding="utf-8") as file:
        return file.read()


def templates():
    folder = os.path.join(CHART, "templates")
    return {name: text(folder, name) for name in sorted(os.listdir(folder))}


def chart_digest():
    """Of everything that a rendering with the defaults depends on: neither alerts nor the dashboard."""
    digest = hashlib.sha256()
    for name in ["Chart.yaml", "values.yaml"] + [f"templates/{one}" for one in templates() if one != "NOTES.txt"]:
        digest.update(name.encode() + b"\0" + text(CHART, name).encode() + b"\0")
    return digest.hexdigest()


class Dockerfiles(unittest.TestCase):
    KNOWN = {"FROM", "COPY", "RUN", "USER", "VOLUME", "EXPOSE", "ENTRYPOINT", "CMD", "ENV", "WORKDIR", "LABEL"}

    def instructions(self, name):
        joined = re.sub(r"\\\n", " ", re.sub(r"(?m)^\s*#.*\n", "", text("deploy/docker", name)))
        return [line.split(None, 1) for line in joined.splitlines() if line.strip()]

    def test_are_instructions_whose_sources_exist(self):
        files = sorted(os.listdir(os.path.join(ROOT, "deploy/docker")))
        names = [one for one in files if one.endswith(".Dockerfile")]
        self.assertEqual(names, ["agent.Dockerfile", "server.Dockerfile"])
        # The context is the folder that ./dev package fills, and of it nothing but the package.
        self.assertEqual(files, sorted(names + [one + ".dockerignore" for one in names]))
        for name in names:
            steps = self.instructions(name)
            self.assertEqual(steps[0], ["FROM", "debian:bookworm-slim"], name)
            for word, rest in steps:
                self.assertIn(word, self.KNOWN, name)
                if word == "RUN":
                    subprocess.run(["sh", "-n", "-c", rest], check=True)
                if word in ("ENTRYPOINT", "CMD"):
                    self.assertTrue(all(isinstance(part, str) for part in json.loads(rest)), name)
                if word == "COPY":
                    # Not a RUN with a mount: podman would take an old layer for a new package.
                    self.assertEqual(rest.split(), ["opengse_*.deb", "/tmp/"], name)

    def test_start_what_the_program_knows(self):
        for name, verb in (("server.Dockerfile", "server"), ("agent.Dockerfile", "agent")):
            steps = dict(self.instructions(name))
            self.assertEqual(json.loads(steps["ENTRYPOINT"])[-1], "/usr/bin/gse")
            words = json.loads(steps["CMD"])
            self.assertEqual(words[0], verb)
            # Every flag is one that `gse VERB --help` lists.
            known = subprocess.run([GSE, verb, "--help"], check=True, capture_output=True, text=True).stdout
            for word in words:
                if word.startswith("--"):
                    self.assertIn(word, known)


class Chart(unittest.TestCase):
    def test_values_fit_their_schema(self):
        values = yaml.safe_load(text(CHART, "values.yaml"))
        schema = json.loads(text(CHART, "values.schema.json"))
        self.check(values, schema, schema, "values")
        for path, wrong in (("http.port", 0), ("image.pullPolicy", "Sometimes"), ("storage.size", "big"),
                            ("agents.enabled", "yes"), ("http.tlsSecert", "x")):
            changed = yaml.safe_load(text(CHART, "values.yaml"))
            at = changed
            for key in path.split(".")[:-1]:
                at = at[key]
            at[path.split(".")[-1]] = wrong
            with self.assertRaises(AssertionError, msg=path):
                self.check(changed, schema, schema, "values")

    def check(self, value, schema, root, path):
        """The part of JSON schema that the chart uses; an unknown word fails."""
        if "$ref" in schema:
            schema = root["definitions"][schema["$ref"].rsplit("/", 1)[1]]
        known = {"$schema", "definitions", "type", "additionalProperties", "required", "properties", "enum", "pattern",
                 "minimum", "maximum", "minLength", "items"}
        self.assertLessEqual(set(schema), known, path)
        kinds = {"object": dict, "string": str, "boolean": bool, "integer": int, "array": list}
        if "type" in schema:
            self.assertIsInstance(value, kinds[schema["type"]], path)
            self.assertFalse(schema["type"] == "integer" and isinstance(value, bool), path)
        if "enum" in schema:
            self.assertIn(value, schema["enum"], path)
        if "pattern" in schema:
            self.assertRegex(value, schema["pattern"], path)
        if "minimum" in schema:
            self.assertGreaterEqual(value, schema["minimum"], path)
        if "maximum" in schema:
            self.assertLessEqual(value, schema["maximum"], path)
        if "minLength" in schema:
            self.assertGreaterEqual(len(value), schema["minLength"], path)
        for key in schema.get("required", []):
            self.assertIn(key, value, path)
        if isinstance(value, dict):
            for key, inner in value.items():
                further = schema.get("additionalProperties", True)
                if key in schema.get("properties", {}):
                    self.check(inner, schema["properties"][key], root, f"{path}.{key}")
                elif isinstance(further, dict):
                    self.check(inner, further, root, f"{path}.{key}")
                else:
                    self.assertTrue(further, f"{path}.{key} is not known")
        for number, inner in enumerate(value if isinstance(value, list) else []):
            self.check(inner, schema.get("items", {}), root, f"{path}[{number}]")

    def test_templates_use_values_that_exist_and_values_are_used(self):
        values = yaml.safe_load(text(CHART, "values.yaml"))
        used = set()
        for name, body in templates().items():
            for path in re.findall(r"\.Values((?:\.[A-Za-z]+)+)", body):
                at = values
                for key in path[1:].split("."):
                    self.assertIn(key, at, f"{name}: .Values{path}")
                    at = at[key]
                used.add(path[1:])
        def leaves(value, path):
            if isinstance(value, dict) and value and path not in used:
                for key, inner in value.items():
                    yield from leaves(inner, f"{path}.{key}" if path else key)
            else:
                yield path
        for path in leaves(values, ""):
            self.assertIn(path, used, "nothing uses it")

    def test_templates_are_balanced_and_define_what_they_include(self):
        everything = templates()
        defined = set(re.findall(r'define "([^"]+)"', "".join(everything.values())))
        for name, body in everything.items():
            self.assertEqual(body.count("{{"), body.count("}}"), name)
            opened = len(re.findall(r"\{\{-?\s*(?:if|with|range|define)\b", body))
            self.assertEqual(opened, len(re.findall(r"\{\{-?\s*end\b", body)), name)
            for helper in re.findall(r'include "([^"]+)"', body):
                self.assertIn(helper, defined, name)
            for file in re.findall(r'\.Files\.Get "([^"]+)"', body):
                self.assertTrue(os.path.isfile(os.path.join(CHART, file)), file)

    def test_has_the_programs_version(self):
        version = re.search(r"project\(opengse VERSION ([0-9.]+)", text("CMakeLists.txt"))[1]
        chart = yaml.safe_load(text(CHART, "Chart.yaml"))
        self.assertEqual((chart["version"], chart["appVersion"]), (version, version))
        values = yaml.safe_load(text(CHART, "values.yaml"))
        for image in ("server", "agent"):
            self.assertTrue(values["image"][image].endswith(":" + version))
            self.assertIn(values["image"][image], text("deploy/docker", image + ".Dockerfile"))

    def test_passes_settings_that_the_program_knows(self):
        known = subprocess.run([GSE, "config"], check=True, capture_output=True, text=True).stdout
        keys, table = set(), ""
        for line in known.splitlines():
            if heading := re.match(r"\[(.+)\]$", line):
                table = heading[1] + "."
            elif key := re.match(r"(\w+) = ", line):
                keys.add(table + key[1])
        body = templates()["configmap.yaml"] + templates()["statefulset.yaml"]
        for key in ("http.known_hosts", "http.tls_cert", "http.tls_key", "log.format", "insecure_http", "metrics.token",
                    "cluster.listen", "cluster.advertise", "hosts.provider", "agent.objects_url",
                    "kubernetes.agent_settings", "kubernetes.namespace", "kubernetes.server", "kubernetes.image",
                    "kubernetes.templates"):
            self.assertIn(key.rsplit(".", 1)[-1], body)
            self.assertIn(key, keys)


class Manifests(unittest.TestCase):
    FILE = os.path.join(ROOT, "deploy/kubernetes/opengse.yaml")

    def documents(self):
        with open(self.FILE, encoding="utf-8") as file:
            return [one for one in yaml.safe_load_all(file) if one]

    def test_are_what_the_chart_gives(self):
        first = text(self.FILE).split("\n", 1)[0]
        self.assertIn(chart_digest(), first,
                      "the chart has changed: write deploy/kubernetes/opengse.yaml anew as its head says")

    def test_hang_together(self):
        documents = self.documents()
        names = {(one["kind"], one["metadata"]["name"]) for one in documents}
        self.assertEqual(len(names), len(documents), "twice the same")
        by_kind = {}
        for one in documents:
            self.assertIn("apiVersion", one)
            by_kind.setdefault(one["kind"], []).append(one)
        server = by_kind["StatefulSet"][0]["spec"]["template"]
        spec = server["spec"]
        self.assertIn(("ServiceAccount", spec["serviceAccountName"]), names)
        for volume in spec["volumes"]:
            if "configMap" in volume:
                self.assertIn(("ConfigMap", volume["configMap"]["name"]), names)
        container = spec["containers"][0]
        mounted = {mount["name"] for mount in container["volumeMounts"]}
        claimed = {claim["metadata"]["name"] for claim in by_kind["StatefulSet"][0]["spec"]["volumeClaimTemplates"]}
        self.assertEqual(mounted, claimed | {volume["name"] for volume in spec["volumes"]})
        ports = {port["name"] for port in container["ports"]}
        for service in by_kind["Service"]:
            self.assertLessEqual(service["spec"]["selector"].items(), server["metadata"]["labels"].items())
            for port in service["spec"]["ports"]:
                self.assertIn(port["targetPort"], ports)
        for variable in container["env"]:
            if "fieldRef" in variable["valueFrom"]:
                continue
            # The operator makes it, as the file's head says.
            reference = variable["valueFrom"]["secretKeyRef"]
            self.assertIn(f"create secret generic {reference['name']} --from-literal={reference['key']}=", text(self.FILE))
        for binding in by_kind["RoleBinding"] + by_kind["ClusterRoleBinding"]:
            self.assertIn((binding["roleRef"]["kind"], binding["roleRef"]["name"]), names)
            for subject in binding["subjects"]:
                self.assertIn((subject["kind"], subject["name"]), names)

    def test_ask_for_no_more_rights_than_the_provider_needs(self):
        def rules(documents):
            return {(one["kind"], json.dumps(one["rules"])) for one in documents if one and "rules" in one}
        self.assertEqual(rules(self.documents()), rules(yaml.safe_load_all(text("deploy/kubernetes/rbac.yaml"))))

    def test_settings_are_read_by_the_program(self):
        settings = next(one for one in self.documents() if one["kind"] == "ConfigMap" and "server.toml" in one["data"])
        file = os.path.join(os.environ["TMPDIR"] if "TMPDIR" in os.environ else "/tmp", f"gse-manifest-{os.getpid()}.toml")
        with open(file, "w", encoding="utf-8") as out:
            out.write(settings["data"]["server.toml"])
        try:
            done = subprocess.run([GSE, "config", "--config", file], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn('provider = "kubernetes"', done.stdout)
        finally:
            os.remove(file)


if __name__ == "__main__":
    unittest.main()
