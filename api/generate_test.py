#!/usr/bin/env python3
"""The generator: the same output for the same input, and no mistake in a model file passes silently."""
import copy
import json
import pathlib
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE))
import generate  # noqa: E402

MODEL, SUPPLEMENT, EXTENSIONS = (HERE / name for name in
                                 ("gse-2019-11-12.json", "gse-2019-11-12.supplement.json", "extensions.json"))


class Generate(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.supplement = json.loads(SUPPLEMENT.read_text(encoding="utf-8"))
        self.extensions = json.loads(EXTENSIONS.read_text(encoding="utf-8"))

    def model(self):
        supplement, extensions = self.folder / "s.json", self.folder / "e.json"
        supplement.write_text(json.dumps(self.supplement), encoding="utf-8")
        extensions.write_text(json.dumps(self.extensions), encoding="utf-8")
        return generate.Model([MODEL, extensions], supplement)

    def refused(self, words):
        with self.assertRaisesRegex(generate.ModelError, words):
            self.model()

    def test_same_input_same_output(self):
        self.assertEqual(generate.outputs(self.model()), generate.outputs(self.model()))

    def test_unchanged_files_keep_their_time(self):
        arguments = ["--out", str(self.folder), "--supplement", str(SUPPLEMENT), str(MODEL), str(EXTENSIONS)]
        generate.main(arguments)
        header = self.folder / "api/model.h"
        before = header.stat().st_mtime_ns
        generate.main(arguments)
        self.assertEqual(header.stat().st_mtime_ns, before)

    def test_unknown_names_are_refused(self):
        whole = copy.deepcopy(self.supplement)
        self.supplement["actions"]["CreateAlia"] = {"source": "x", "input": {}}
        self.refused("CreateAlia, which is not among")
        self.supplement = copy.deepcopy(whole)
        self.supplement["objects"]["Tag"]["fields"]["Keys"] = {"source": "x"}
        self.refused("Tag.Keys, which does not exist")
        self.supplement = copy.deepcopy(whole)
        self.supplement["objects"]["Tag"]["fields"]["Key"] = {"constraints": {"maxlen": 3}, "source": "x"}
        self.refused("does not know.*maxlen")
        self.supplement = copy.deepcopy(whole)
        self.supplement["actions"]["CreateGameServerSession"]["require_one_of"] = [["Fleet"]]
        self.refused("require_one_of names Fleet")
        self.supplement = copy.deepcopy(whole)
        self.supplement["objects"]["RoutingStrategy"]["fields"]["Message"]["constraints"]["required_if"] = "Kind == X"
        self.refused("required_if names Kind")

    def test_every_entry_needs_a_source(self):
        del self.supplement["objects"]["Tag"]["fields"]["Key"]["source"]
        self.refused("Tag.Key has no source")

    def test_extensions_are_added_and_marked(self):
        self.extensions["objects"]["Ping"] = {"direction": "out", "fields": [
            {"name": "Text", "type": "String", "list": False, "required": True, "nullable": False, "desc": "x"}]}
        self.extensions["actions"]["DescribePing"] = {
            "area": "Ours", "name_zh": "x", "summary": "x", "access": "read", "input": [], "errors": [],
            "output": [{"name": "Ping", "type": "Object", "object": "Ping", "list": False, "required": True, "nullable": True,
                        "desc": "x"}]}
        files = generate.outputs(self.model())
        self.assertIn("struct DescribePingResponse", files["api/model.h"])
        self.assertIn("std::optional<Ping> ping;", files["api/model.h"])
        row = next(line for line in files["model_actions.cpp"].splitlines() if '"DescribePing"' in line)
        self.assertIn(".extension = true", row)
        for file, name in (("model_objects.cpp", "Ping"), ("model_requests_0.cpp", "DescribePingRequest"),
                           ("model_responses.cpp", "DescribePingResponse")):
            table = next(line for line in files[file].splitlines() if line.startswith(f"constexpr Type kType{name}{{"))
            self.assertIn(".extension = true", table)
        tag = next(line for line in files["model_objects.cpp"].splitlines() if line.startswith("constexpr Type kTypeTag{"))
        self.assertNotIn(".extension", tag)
        self.assertEqual(sum(".extension = true" in line for line in files["model_objects.cpp"].splitlines()
                             if line.startswith("constexpr Type ")),
                         len(self.extensions["objects"]))

    def test_extensions_state_their_limits_themselves(self):
        field = {"name": "Text", "type": "String", "list": False, "required": True, "desc": "x",
                 "constraints": {"min_len": 2, "max_len": 3}}
        action = {"area": "Ours", "name_zh": "x", "summary": "x", "access": "write", "input": [field], "errors": [],
                  "output": []}
        self.extensions["actions"]["Ping"] = action
        files = generate.outputs(self.model())
        self.assertTrue(any(".min_length = 2, .max_length = 3" in text for text in files.values()))
        field["constraints"] = {"maxlen": 3}
        self.refused("Ping.*does not know.*maxlen")

    def test_extensions_may_extend_the_original_and_are_marked(self):
        field = {"name": "Mood", "type": "String", "list": False, "required": False, "constraints": {"max_len": 9}, "desc": "x"}
        self.extensions["extends"]["actions"] = {"CreateAlias": {"input": [field]}}
        files = generate.outputs(self.model())
        self.assertIn("std::optional<std::string> mood;", files["api/model.h"])
        rows = [line for text in files.values() for line in text.splitlines() if '.name = "Mood"' in line]
        self.assertEqual([".extension = true" in row for row in rows], [True])
        field["name"] = "Name"
        self.refused("CreateAlias.Name, which is there already")
        self.extensions["extends"] = {"objects": {"Nothing": {"fields": [field]}}}
        self.refused("Nothing, which is not among")

    def test_extensions_cannot_replace_the_original(self):
        self.extensions["actions"]["CreateAlias"] = {}
        self.refused("CreateAlias is defined twice")

    def test_every_action_says_what_it_does(self):
        self.extensions["actions"]["Ping"] = {"area": "Ours", "name_zh": "x", "summary": "x", "input": [], "errors": [],
                                              "output": []}
        self.refused("Ping has no access")
        self.extensions["actions"]["Ping"]["access"] = "read"
        row = next(line for line in generate.outputs(self.model())["model_actions.cpp"].splitlines() if '"Ping"' in line)
        self.assertIn(".access = Access::Read, .rate = 20}", row)
        self.supplement["access"]["read"].remove("DescribeAlias")
        self.refused("DescribeAlias has no access")
        self.supplement["access"]["read"] += ["DescribeAlias", "CreateAlias"]
        self.refused("twice")
        self.supplement["access"]["read"].remove("CreateAlias")
        self.supplement["rates"]["actions"]["CreateAlia"] = 5
        self.refused("CreateAlia, which is not among")

    def test_members_are_snake_case(self):
        for name, member in (("FleetId", "fleet_id"), ("InstanceIP", "instance_ip"), ("DnsName", "dns_name"),
                             ("PreSignedLogUrl", "pre_signed_log_url")):
            self.assertEqual(generate.snake(name), member)


if __name__ == "__main__":
    unittest.main()
