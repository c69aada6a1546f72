// tests/support/kafka_broker.h
//
// A real Kafka broker for a test: the one that all tests with the label kafka share, or one of its
// own that it may kill.
//
//   Output      settings to reach it; names of topics that nobody else uses
//   Errors      aborts, saying what is missing: such a test fails, it is never skipped
//   Threads     one thread
#pragma once

#include <gtest/gtest.h>
#include <sys/random.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>

#include "daemon/log/kafka_settings.h"
#include "state/base/check.h"
#include "state/base/text.h"
#include "tests/support/temporary_directory.h"

namespace escalation {

inline KafkaSettings SettingsOfBroker(const std::string& dir) {
  std::ifstream in(dir + "/bootstrap");
  KafkaSettings settings;
  std::getline(in, settings.brokers);
  ESCALATION_CHECK(!settings.brokers.empty(),
                   dir + " holds no broker: run these tests by ctest or ops/test kafka");
  settings.plaintext = Plaintext::kAllowed;
  return settings;
}

inline KafkaSettings SharedBroker() {
  const char* dir = std::getenv("ESCALATION_KAFKA");
  ESCALATION_CHECK(dir != nullptr, "ESCALATION_KAFKA is not set: run these tests by ctest");
  return SettingsOfBroker(dir);
}

inline std::string NewTopic(std::string_view stem) {
  uint64_t number = 0;
  ESCALATION_CHECK(::getrandom(&number, sizeof(number), 0) == sizeof(number), "getrandom");
  return Cat(stem, "-", number);
}

class OwnBroker {
 public:
  OwnBroker() { Run("start --dir"); }
  ~OwnBroker() { Run("kill"); }

  KafkaSettings settings() const { return SettingsOfBroker(dir_ / "broker"); }
  // SIGKILL; Start: on the same port, with its data.
  void Kill() { Run("kill"); }
  void Start() { Run("start --dir"); }
  // SIGSTOP and SIGCONT.
  void Pause() { Run("pause"); }
  void Resume() { Run("resume"); }

 private:
  void Run(const std::string& verb) const {
    const std::string command =
        Cat(ESCALATION_SOURCE_DIR "/ops/kafka-local ", verb, " ", dir_ / "broker", " >&2");
    const int status = std::system(command.c_str());  // NOLINT: one thread starts it.
    ESCALATION_CHECK(status == 0, command);
  }

  TemporaryDirectory dir_;
};

}  // namespace escalation
