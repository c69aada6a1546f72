// daemon/config_values.h
//
// Values of the config file that need more than their text: environment variables, secrets from
// files, addresses. Used by config*.cc only.
//
//   Input       nodes and maps of the walker
//   Output      values; what is wrong goes to the walk's Problems
//   Invariants  1. the text of a secret never enters a message
//   Time        none
//   Errors      in Problems
//   Threads     ReadEnvironment reads the process's environment; nothing else is shared
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/config.h"
#include "daemon/secret.h"
#include "state/policy/yaml_reader.h"

namespace escalation {

// The value of an environment variable; empty optional: not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
std::optional<std::string> ReadEnvironment(const std::string& name);

// Replaces ${NAME} and ${NAME:default} in every value (not in keys); $${ stands for ${.
void ExpandEnvironment(const Environment& environment, Problems* problems, YamlNode* node);

// `key`, or the content of the file that `key`_file names, without its last newline. Both is a
// problem.
Secret WalkSecret(YamlMap& map, const std::string& key, const std::string& folder);

// `secret`, `secret_file`, or each of `secret_files`: one while it is not changed, several then.
std::vector<Secret> WalkSecrets(YamlMap& map, const std::string& folder);

// The one line that a file holds. kInvalidArgument: it holds no such thing; kFailedPrecondition: it
// cannot be read; kPermissionDenied: as CheckSecretFileMode.
absl::StatusOr<Secret> ReadSecretFile(const std::string& path);
// kPermissionDenied: others than its owner and its group can read it, or others than its owner can
// write it.
absl::Status CheckSecretFileMode(const std::string& path);
// What helps, if one of the two failed; may be empty.
std::string SecretFileHint(const absl::Status& status);

// Keeps *out if the key is absent.
void WalkLength(YamlMap& map, std::string_view key, Duration min, Duration max, Duration* out);

// "127.0.0.1:8320", "[::1]:0", "localhost:80".
std::optional<ListenAddress> ParseListenAddress(std::string_view text);

// http or https, a host, no blanks or control characters.
bool IsDestination(std::string_view url);

}  // namespace escalation
