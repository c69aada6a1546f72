// The schema is kept by hand, so it is held against the loader: key by key, and file by file.
#include "ops/policy_schema.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "ops/app.h"
#include "state/policy/policy_loader.h"
#include "state/policy/yaml_tree.h"

namespace escalation {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

// Where each object of the language stands in a file; @ is where its keys go.
struct Object {
  const char* name;
  const char* file;
};
constexpr Object kObjects[] = {
    {"policy", "@"},
    {"time", "time: {@}"},
    {"source", "time: {sources: {a: {@}}}"},
    {"permissions", "permissions: {@}"},
    {"calendar", "calendars: {a: {@}}"},
    {"holiday", "calendars: {a: {holidays: [{@}]}}"},
    {"exception", "calendars: {a: {exceptions: {2026-01-01: {@}}}}"},
    {"plan", "plans: {a: {@}}"},
    {"channel", "plans: {a: {channels: [{@}]}}"},
    {"entitlement", "plans: {a: {entitlements: {b: {@}}}}"},
    {"credit", "plans: {a: {credits: [{@}]}}"},
    {"target", "plans: {a: {targets: [{@}]}}"},
    {"when", "plans: {a: {targets: [{when: {@}}]}}"},
    {"metric", "metrics: {a: {@}}"},
    {"escalation", "escalations: {a: {@}}"},
    {"step", "escalations: {a: {steps: [{@}]}}"},
    {"hold", "escalations: {a: {hold: {@}}}"},
    {"repeat", "escalations: {a: {repeat: {@}}}"},
    {"trigger", "triggers: [{@}]"},
    {"level", "levels: [{@}]"},
    {"route", "routes: {a: {@}}"},
    {"intake", "intake: {@}"},
    {"announcement", "announce: [{@}]"},
    {"update", "updates: [{@}]"},
    {"rule", "rules: [{@}]"},
    {"plan_setup", "plan_setup: {@}"},
    {"redact", "redact: {@}"},
};

std::string Read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// Every key that the loader's sources ask for, anywhere, and every key of the schema.
std::set<std::string> AllKeys(const Json& definitions) {
  std::set<std::string> keys;
  const std::regex ask(
      R"re((?:Find|Has|Text|Texts|Flag|Integer|Length|Words?|Map|List|Named|Pairs|WalkSpan|WalkShare)\((?:\*?\w+, )?\s*"([a-z_]+)")re");
  for (const auto& entry : fs::directory_iterator(ESCALATION_SOURCE_DIR "/state/policy")) {
    if (entry.path().extension() != ".cc") continue;
    const std::string text = Read(entry.path());
    for (std::sregex_iterator i(text.begin(), text.end(), ask), end; i != end; ++i) {
      keys.insert((*i)[1]);
    }
  }
  for (const auto& [name, definition] : definitions.items()) {
    const Json properties = definition.value("properties", Json::object());
    for (const auto& [key, property] : properties.items()) keys.insert(key);
  }
  return keys;
}

bool LoaderKnows(const Object& object, const std::string& key) {
  std::string text = object.file;
  text.replace(text.find('@'), 1, key + ": x");
  const auto loaded = LoadPolicyText("p.yaml", text + "\n");
  const std::string message(loaded.status().message());
  return message.find("unknown key \"" + key + "\"") == std::string::npos;
}

TEST(PolicySchema, an_object_has_exactly_the_keys_that_the_loader_asks_for) {
  const Json definitions = PolicySchema()["$defs"];
  const std::set<std::string> keys = AllKeys(definitions);
  EXPECT_GT(keys.size(), 80u) << "the sources were not found";
  std::set<std::string> covered;
  for (const Object& object : kObjects) {
    covered.insert(object.name);
    ASSERT_TRUE(definitions.contains(object.name)) << object.name;
    EXPECT_FALSE(LoaderKnows(object, "no_such_key")) << object.name;
    const Json& properties = definitions[object.name]["properties"];
    for (const std::string& key : keys) {
      EXPECT_EQ(properties.contains(key), LoaderKnows(object, key)) << object.name << "." << key;
    }
  }
  for (const auto& [name, definition] : definitions.items()) {
    if (definition.contains("properties")) {
      EXPECT_TRUE(covered.contains(name)) << name;
    }
  }
}

// The part of JSON Schema that PolicySchema uses, over YAML: a text may be meant as a number.
class Validator {
 public:
  explicit Validator(const Json& schema) : schema_(schema) {}

  // Empty: valid. Else the path of what is not.
  std::string Check(const YamlNode& node, const Json& schema, const std::string& path) const {
    if (schema.contains("$ref")) {
      const std::string ref = schema["$ref"];
      const Json& target = schema_["$defs"].at(ref.substr(ref.rfind('/') + 1));
      const std::string wrong = Check(node, target, path);
      if (!wrong.empty()) return wrong;
    }
    if (schema.contains("anyOf")) {
      const bool any =
          std::any_of(schema["anyOf"].begin(), schema["anyOf"].end(),
                      [&](const Json& option) { return Check(node, option, path).empty(); });
      if (!any) return path + ": none of anyOf";
    }
    if (schema.contains("enum")) {
      const bool is = node.kind == YamlNode::Kind::kText &&
                      std::find(schema["enum"].begin(), schema["enum"].end(), node.text) !=
                          schema["enum"].end();
      if (!is) return path + ": not of enum";
    }
    if (schema.contains("type") && !IsOfType(node, schema["type"])) return path + ": type";
    if (schema.contains("pattern") &&
        !std::regex_search(node.text, std::regex(schema["pattern"].get<std::string>()))) {
      return path + ": pattern";
    }
    return CheckChildren(node, schema, path);
  }

 private:
  static bool IsOfType(const YamlNode& node, const Json& type) {
    if (type.is_array()) {
      return std::any_of(type.begin(), type.end(),
                         [&](const Json& one) { return IsOfType(node, one); });
    }
    const bool text = node.kind == YamlNode::Kind::kText;
    if (type == "object") return node.kind == YamlNode::Kind::kMap;
    if (type == "array") return node.kind == YamlNode::Kind::kList;
    if (type == "null") return node.kind == YamlNode::Kind::kNothing;
    if (type == "boolean") return text && (node.text == "true" || node.text == "false");
    if (type == "integer") return text && std::regex_match(node.text, std::regex("-?[0-9]+"));
    return text;
  }

  std::string CheckChildren(const YamlNode& node, const Json& schema,
                            const std::string& path) const {
    for (size_t i = 0; i < node.items.size() && schema.contains("items"); ++i) {
      const std::string wrong =
          Check(node.items[i], schema["items"], path + "[" + std::to_string(i) + "]");
      if (!wrong.empty()) return wrong;
    }
    const Json properties = schema.value("properties", Json::object());
    for (const YamlEntry& entry : node.entries) {
      const std::string below = path + "." + entry.key;
      if (properties.contains(entry.key)) {
        const std::string wrong = Check(entry.value, properties[entry.key], below);
        if (!wrong.empty()) return wrong;
      } else if (schema.contains("additionalProperties")) {
        const Json& others = schema["additionalProperties"];
        if (others == false) return below + ": unknown";
        const std::string wrong = Check(entry.value, others, below);
        if (!wrong.empty()) return wrong;
      }
    }
    for (const Json& key : schema.value("required", Json::array())) {
      const bool has = std::any_of(node.entries.begin(), node.entries.end(),
                                   [&](const YamlEntry& entry) { return entry.key == key; });
      if (!has) return path + "." + key.get<std::string>() + ": required";
    }
    return "";
  }

  const Json& schema_;
};

std::string Validate(const std::string& text) {
  static const Json& schema = *new Json(PolicySchema());
  Problems problems("p.yaml");
  const std::optional<YamlNode> root = ReadYamlText(text, &problems);
  return root ? Validator(schema).Check(*root, schema, "") : "not YAML";
}

TEST(PolicySchema, every_file_that_the_loader_takes_is_valid) {
  int files = 0;
  for (const char* folder : {"/deploy/policies", "/tests/state/policy/valid", "/tests/ops"}) {
    for (const auto& entry : fs::directory_iterator(ESCALATION_SOURCE_DIR + std::string(folder))) {
      if (entry.path().extension() != ".yaml") continue;
      if (!LoadPolicyFile(entry.path()).ok()) continue;  // Judged by the tests of the loader.
      EXPECT_EQ(Validate(Read(entry.path())), "") << entry.path();
      ++files;
    }
  }
  EXPECT_GT(files, 5);
}

TEST(PolicySchema, slips_are_not_valid) {
  const std::string good =
      "policy: p\nrevision: 1\nseverities: [low]\nplans: {gold: {}}\nroutes: {pager: }\n";
  EXPECT_EQ(Validate(good), "");
  EXPECT_EQ(Validate(good + "announced: []\n"), ".announced: unknown");
  EXPECT_EQ(Validate("policy: p\nseverities: [low]\nplans: {}\n"), ".revision: required");
  EXPECT_EQ(Validate(good + "redact: {emails: maybe}\n"), ".redact.emails: type");
  EXPECT_EQ(Validate(good + "time: {hold: soon}\n"), ".time.hold: pattern");
  EXPECT_EQ(Validate(good + "triggers: [{on: close, escalation: a}]\n"),
            ".triggers[0].on: not of enum");
}

TEST(PolicySchema, is_printed_by_the_command) {
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(RunEscalationctl({"policy", "schema"}, in, out, err), 0) << err.str();
  EXPECT_EQ(Json::parse(out.str()), PolicySchema());
  const Json definitions = PolicySchema()["$defs"];
  for (const auto& [name, definition] : definitions.items()) {
    const Json properties = definition.value("properties", Json::object());
    for (const auto& [key, property] : properties.items()) {
      EXPECT_TRUE(property.contains("description")) << name << "." << key;
    }
  }
}

}  // namespace
}  // namespace escalation
