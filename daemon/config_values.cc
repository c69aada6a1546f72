#include "daemon/config_values.h"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "state/base/text.h"
#include "state/policy/bounded_file.h"

namespace escalation {
namespace {

bool IsVariableName(std::string_view name) {
  if (name.empty() || (name.front() >= '0' && name.front() <= '9')) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

// What stands between "${" and "}".
std::optional<std::string> Expand(std::string_view inside, const Environment& environment,
                                  Place place, Problems* problems) {
  const size_t colon = inside.find(':');
  const std::string name(inside.substr(0, colon));
  if (!IsVariableName(name)) {
    problems->Add(place, Cat("not the name of an environment variable: ", Quoted(name)),
                  "write ${NAME} or ${NAME:default}; $${ stands for ${");
    return std::nullopt;
  }
  if (std::optional<std::string> value = environment(name)) return value;
  if (colon != std::string_view::npos) return std::string(inside.substr(colon + 1));
  problems->Add(place, Cat("the environment variable ", name, " is not set"),
                Cat("set it, or give a default: ${", name, ":default}"));
  return std::nullopt;
}

void ExpandText(const Environment& environment, Problems* problems, YamlNode* node) {
  const std::string text = node->text;
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const std::string_view rest = std::string_view(text).substr(at);
    if (rest.substr(0, 3) == "$${") {
      out += "${";
      at += 3;
    } else if (rest.substr(0, 2) == "${") {
      const size_t end = rest.find('}');
      if (end == std::string_view::npos) {
        problems->Add(node->place, Cat("\"${\" without \"}\" in ", Quoted(text)));
        node->kind = YamlNode::Kind::kBroken;
        return;
      }
      const std::optional<std::string> value =
          Expand(rest.substr(2, end - 2), environment, node->place, problems);
      if (!value) {
        node->kind = YamlNode::Kind::kBroken;
        return;
      }
      out += *value;
      at += end + 1;
    } else {
      out += text[at++];
    }
  }
  node->text = std::move(out);
}

}  // namespace

std::optional<std::string> ReadEnvironment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

void ExpandEnvironment(const Environment& environment, Problems* problems, YamlNode* node) {
  if (node->kind == YamlNode::Kind::kText) ExpandText(environment, problems, node);
  for (YamlNode& item : node->items) ExpandEnvironment(environment, problems, &item);
  for (YamlEntry& entry : node->entries) ExpandEnvironment(environment, problems, &entry.value);
}

absl::Status CheckSecretFileMode(const std::string& path) {
  struct stat file {};
  // What is not there or no file is told by whoever reads it.
  if (stat(path.c_str(), &file) != 0 || !S_ISREG(file.st_mode)) return absl::OkStatus();
  const bool read = (file.st_mode & S_IROTH) != 0;
  if (!read && (file.st_mode & (S_IWOTH | S_IWGRP)) == 0) return absl::OkStatus();
  char mode[8];
  std::snprintf(mode, sizeof(mode), "%04o", static_cast<unsigned>(file.st_mode & 07777));
  return absl::PermissionDeniedError(Cat(path, ": others may ", read ? "read" : "write",
                                         " it, its mode is ", mode,
                                         ", expected 0600, 0400 or 0640"));
}

absl::StatusOr<Secret> ReadSecretFile(const std::string& path) {
  if (absl::Status status = CheckSecretFileMode(path); !status.ok()) return status;
  absl::StatusOr<std::string> content = ReadBoundedFile(path, kSecretBytesMax);
  if (!content.ok()) {
    return absl::FailedPreconditionError(Cat(path, ": ", std::string(content.status().message())));
  }
  for (const char last : {'\n', '\r'}) {
    if (!content->empty() && content->back() == last) content->pop_back();
  }
  const bool printable = std::all_of(content->begin(), content->end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F;
  });
  if (content->empty() || !printable) {
    return absl::InvalidArgumentError(Cat(
        path, content->empty() ? ": the file is empty" : ": holds more than one line or no text"));
  }
  return Secret(*std::move(content));
}

std::string SecretFileHint(const absl::Status& status) {
  if (absl::IsInvalidArgument(status)) return "the file holds the secret alone, in one line";
  return absl::IsPermissionDenied(status) ? "chmod 600 makes it its owner's alone" : "";
}

Secret WalkSecret(YamlMap& map, const std::string& key, const std::string& folder) {
  const std::string file_key = Cat(key, "_file");
  const YamlNode* value = map.Find(key);
  const YamlNode* file = map.Find(file_key);
  if (value != nullptr && file != nullptr) {
    map.Problem(file->place, Cat(Quoted(key), " and ", Quoted(file_key), " are both given"),
                "keep one");
    return Secret();
  }
  if (value != nullptr) return Secret(map.Text(key));
  const std::string name = map.Text(file_key);
  if (name.empty()) return Secret();
  absl::StatusOr<Secret> secret = ReadSecretFile(ResolvePath(folder, name));
  if (secret.ok()) return *std::move(secret);
  map.Problem(file->place, Cat(Quoted(file_key), ": ", std::string(secret.status().message())),
              SecretFileHint(secret.status()));
  return Secret();
}

std::vector<Secret> WalkSecrets(YamlMap& map, const std::string& folder) {
  std::vector<Secret> secrets;
  Secret secret = WalkSecret(map, "secret", folder);
  if (!secret.empty()) secrets.push_back(std::move(secret));
  for (const std::string& file : map.Texts("secret_files")) {
    absl::StatusOr<Secret> read = ReadSecretFile(ResolvePath(folder, file));
    if (read.ok()) {
      secrets.push_back(*std::move(read));
    } else {
      map.Problem(map.Find("secret_files")->place,
                  Cat("\"secret_files\": ", std::string(read.status().message())),
                  SecretFileHint(read.status()));
    }
  }
  return secrets;
}

void WalkLength(YamlMap& map, std::string_view key, Duration min, Duration max, Duration* out) {
  const std::optional<Duration> length = map.Length(key);
  if (!length) return;
  if (*length < min || *length > max) {
    map.Problem(map.Find(key)->place,
                Cat(Quoted(key), " must be from ", min, " to ", max, ", got ", *length));
    return;
  }
  *out = *length;
}

std::optional<ListenAddress> ParseListenAddress(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  if (host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return std::nullopt;
  }
  const bool plain = std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == ':' || c == '_';
  });
  if (host.empty() || host.size() > 255 || !plain) return std::nullopt;
  const std::string_view digits = text.substr(colon + 1);
  ListenAddress address;
  address.host = std::string(host);
  const auto [rest, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), address.port);
  if (error != std::errc() || rest != digits.data() + digits.size()) return std::nullopt;
  return address;
}

bool IsDestination(std::string_view url) {
  const size_t scheme = url.substr(0, 8) == "https://" ? 8 : url.substr(0, 7) == "http://" ? 7 : 0;
  if (scheme == 0 || url.size() == scheme || url.size() > kSecretBytesMax) return false;
  if (url[scheme] == '/' || url[scheme] == ':') return false;
  return std::all_of(url.begin(), url.end(),
                     [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7F; });
}

}  // namespace escalation
