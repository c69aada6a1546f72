#include "state/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace escalation::internal {

void CheckFailed(const char* file, int line, const char* condition, const std::string& values) {
  std::fprintf(stderr, "%s:%d: CHECK %s failed: %s\n", file, line, condition, values.c_str());
  std::fflush(stderr);
  std::abort();
}

}  // namespace escalation::internal
