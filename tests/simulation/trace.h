// tests/simulation/trace.h
//
// What happened, step by step: the latest steps for people, a hash of all of them for machines.
//
//   Output      hash: two runs with the same hash took the same steps at the same moments
//   Threads     one owner
#pragma once

#include <cstdio>
#include <deque>
#include <string>
#include <string_view>

#include "state/base/text.h"

namespace escalation::simulation {

class Trace {
 public:
  explicit Trace(bool print) : print_(print) {}

  template <typename... Pieces>
  void Add(Instant at, const Pieces&... pieces) {
    std::string line = Cat(pieces...);
    // FNV-1a
    for (const char c : line) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    hash_ = (hash_ ^ static_cast<uint64_t>(at.ms)) * 0x100000001b3u;
    ++steps_;
    if (print_) std::printf("%s %s\n", ToText(at).c_str(), line.c_str());
    latest_.emplace_back(at, std::move(line));
    if (latest_.size() > kLatestMax) latest_.pop_front();
  }

  uint64_t hash() const { return hash_; }
  uint64_t steps() const { return steps_; }
  std::string Latest() const {
    std::string text;
    for (const auto& [at, line] : latest_) CatTo(&text, "  ", at, " ", line, "\n");
    return text;
  }

 private:
  static constexpr size_t kLatestMax = 40;

  const bool print_;
  uint64_t hash_ = 0xcbf29ce484222325u;
  uint64_t steps_ = 0;
  std::deque<std::pair<Instant, std::string>> latest_;
};

}  // namespace escalation::simulation
