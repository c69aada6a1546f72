#include "daemon/log/kafka_settings.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "state/base/text.h"

namespace escalation {
namespace {

// What a user may say about connections and security. Everything else is part of the guarantees.
constexpr std::string_view kPrefixes[] = {"sasl.", "ssl.", "socket.", "reconnect.",
                                          "broker.address."};
constexpr std::string_view kNames[] = {"security.protocol",
                                       "enable.ssl.certificate.verification",
                                       "client.rack",
                                       "compression.type",
                                       "connections.max.idle.ms",
                                       "metadata.max.age.ms",
                                       "message.max.bytes",
                                       "enable.sasl.oauthbearer.unsecure.jwt"};

// Short ones would make every message unreadable, and protect nothing.
constexpr size_t kSecretBytesMin = 4;

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

bool HoldsSecret(std::string_view name) {
  for (const std::string_view word : {"password", "secret", ".pem", "oauthbearer.config"}) {
    if (name.find(word) != std::string_view::npos) return true;
  }
  return false;
}

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r";
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

bool IsBroker(std::string_view broker) {
  const size_t colon = broker.rfind(':');
  const bool bare_address = broker.substr(0, 1) == "[" && broker.substr(broker.size() - 1) == "]";
  std::string_view host = broker;
  if (colon != std::string_view::npos && !bare_address) {
    const std::string_view port = broker.substr(colon + 1);
    if (port.empty() || port.size() > 5 ||
        port.find_first_not_of("0123456789") != std::string_view::npos ||
        std::stoi(std::string(port)) < 1 || std::stoi(std::string(port)) > 65'535) {
      return false;
    }
    host = broker.substr(0, colon);
  }
  return !host.empty() && host.find_first_of(" /\t\r\n@") == std::string_view::npos;
}

absl::Status CheckBrokers(std::string_view where, std::string_view brokers) {
  std::string_view rest = brokers;
  while (true) {
    const size_t comma = rest.find(',');
    if (!IsBroker(Trim(rest.substr(0, comma)))) {
      return absl::InvalidArgumentError(
          Cat(where, ": \"", brokers, "\" names no brokers, expected host:port,host:port"));
    }
    if (comma == std::string_view::npos) return absl::OkStatus();
    rest.remove_prefix(comma + 1);
  }
}

absl::Status TakeLine(std::string_view where, std::string_view line, KafkaSettings* settings) {
  const size_t equals = line.find('=');
  if (equals == std::string_view::npos) {
    return absl::InvalidArgumentError(Cat(where, ": no \"=\" in the line, expected name=value"));
  }
  const std::string name(Trim(line.substr(0, equals)));
  const std::string value(Trim(line.substr(equals + 1)));
  if (name == "brokers" || name == "bootstrap.servers") {
    settings->brokers = value;
  } else if (name == "allow_plaintext") {
    if (value != "true" && value != "false") {
      return absl::InvalidArgumentError(
          Cat(where, ": allow_plaintext is \"", value, "\", expected true or false"));
    }
    settings->plaintext = value == "true" ? Plaintext::kAllowed : Plaintext::kRefused;
  } else if (!IsKafkaProperty(name)) {
    return absl::InvalidArgumentError(
        Cat(where, ": \"", name,
            "\" cannot be set, expected security.protocol, sasl.*, ssl.* or "
            "another setting of the connection"));
  } else if (!settings->properties.emplace(name, Secret(value)).second) {
    return absl::InvalidArgumentError(Cat(where, ": \"", name, "\" is set twice"));
  }
  return absl::OkStatus();
}

}  // namespace

bool IsKafkaProperty(std::string_view name) {
  // Loads code.
  if (name == "plugin.library.paths" || name == "ssl.engine.location") return false;
  for (const std::string_view prefix : kPrefixes) {
    if (name.substr(0, prefix.size()) == prefix && name.size() > prefix.size()) return true;
  }
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

absl::Status CheckKafkaSettings(std::string_view where, const KafkaSettings& settings) {
  if (absl::Status status = CheckBrokers(where, settings.brokers); !status.ok()) return status;
  for (const auto& [name, value] : settings.properties) {
    if (IsKafkaProperty(name)) continue;
    return absl::InvalidArgumentError(Cat(
        where, ": \"", name,
        "\" cannot be set, expected security.protocol, sasl.*, ssl.* or "
        "another setting of the connection\n  hint: escalationd sets itself what its guarantees "
        "rest on"));
  }
  const auto protocol = settings.properties.find("security.protocol");
  const std::string name =
      protocol == settings.properties.end() ? "plaintext" : Lower(protocol->second.Reveal());
  const bool known =
      name == "plaintext" || name == "sasl_plaintext" || name == "ssl" || name == "sasl_ssl";
  if (!known) {
    return absl::InvalidArgumentError(Cat(where, ": security.protocol is \"", name,
                                          "\", expected ssl, sasl_ssl, sasl_plaintext or "
                                          "plaintext"));
  }
  if (name.substr(name.size() - 3) == "ssl" || settings.plaintext == Plaintext::kAllowed) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      Cat(where, ": security.protocol is ", name, ", so ", settings.brokers,
          " would be spoken to in plain text, expected ssl or sasl_ssl\n  hint: on a network that "
          "nobody else reads, allow_plaintext allows it"));
}

absl::StatusOr<KafkaSettings> ReadKafkaSettings(const std::string& file) {
  std::ifstream in(file);
  if (!in) return absl::NotFoundError(Cat(file, ": cannot be read: ", std::strerror(errno)));
  KafkaSettings settings;
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    const std::string_view text = Trim(line);
    if (text.empty() || text.front() == '#') continue;
    if (absl::Status status = TakeLine(Cat(file, ":", number), text, &settings); !status.ok()) {
      return status;
    }
  }
  return settings;
}

bool SameConnection(const KafkaSettings& a, const KafkaSettings& b) {
  return a.brokers == b.brokers && a.plaintext == b.plaintext && a.properties == b.properties;
}

std::vector<Secret> SecretsOf(const KafkaSettings& settings) {
  std::vector<Secret> secrets;
  for (const auto& [name, value] : settings.properties) {
    if (HoldsSecret(name) && value.Reveal().size() >= kSecretBytesMin) secrets.push_back(value);
  }
  return secrets;
}

std::string WithoutSecrets(const KafkaSettings& settings, std::string text) {
  constexpr std::string_view kInstead = "[redacted]";
  for (const Secret& value : SecretsOf(settings)) {
    const std::string& secret = value.Reveal();
    for (size_t at = text.find(secret); at != std::string::npos;
         at = text.find(secret, at + kInstead.size())) {
      text.replace(at, secret.size(), kInstead);
    }
  }
  return text;
}

}  // namespace escalation
