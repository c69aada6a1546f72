// state/policy/problems.h
//
// Collects what is wrong in one file that a person wrote, and says it in file order.
//
//   Input       places, what is wrong there, and how it can be put right
//   Output      one status whose message has a line "FILE:LINE:COLUMN: text" for each problem, and
//               under it a line "  hint: ..." where there is one
//   Invariants  1. lines are sorted by place; those of one place keep the order of adding
//               2. at most kProblemsMax are shown, followed by the number of the others
//               3. text from the file appears only through Quoted: no control characters, bounded
//   Time        none
//   Errors      kInvalidArgument when there is any problem
//   Threads     not safe; one owner
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace escalation {

// Counted from 1, columns in characters. Line 0: the file as a whole.
struct Place {
  int line = 0;
  int column = 0;
};

// Where a value of the file stands, by its path such as "plans.gold.targets[0].within".
using Positions = std::map<std::string, Place, std::less<>>;

class Problems {
 public:
  static constexpr size_t kProblemsMax = 50;

  explicit Problems(std::string file) : file_(std::move(file)) {}

  void Add(Place place, std::string text, std::string hint = "");
  bool empty() const { return problems_.empty(); }
  size_t size() const { return problems_.size(); }
  absl::Status ToStatus() const;

 private:
  struct Problem {
    Place place;
    std::string text;
    std::string hint;
  };
  std::string file_;
  std::vector<Problem> problems_;
};

// The value in double quotes, control characters escaped, cut after about 60 bytes.
std::string Quoted(std::string_view text);

// The candidate that `text` is most likely a slip of; empty: none is near.
std::string Nearest(std::string_view text, const std::vector<std::string>& candidates);

// "did you mean "x"?" for the nearest candidate, else the list of candidates after `otherwise`.
std::string HintOf(std::string_view text, const std::vector<std::string>& candidates,
                   std::string_view otherwise);

}  // namespace escalation
