#include "state/policy/redaction_check.h"

#include <re2/re2.h>

#include "state/base/text.h"
#include "state/policy/problems.h"

namespace escalation {

std::vector<PolicyProblem> CheckRedactionPatterns(const v1::Redaction& redaction) {
  std::vector<PolicyProblem> problems;
  re2::RE2::Options options;
  options.set_log_errors(false);
  for (int i = 0; i < redaction.patterns_size(); ++i) {
    const std::string& expression = redaction.patterns(i);
    const re2::RE2 pattern(expression, options);
    const std::string path = Cat("redact.patterns[", i, "]");
    if (!pattern.ok()) {
      problems.push_back(
          {path, Cat("redact: ", Quoted(expression), " is not a pattern: ", pattern.error()),
           "patterns are RE2: https://github.com/google/re2/wiki/Syntax"});
    } else if (re2::RE2::FullMatch("", pattern)) {
      problems.push_back({path, Cat("redact: ", Quoted(expression), " matches the empty text"),
                          "write + instead of *, or name what must be there"});
    }
  }
  return problems;
}

}  // namespace escalation
