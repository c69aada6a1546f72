#include "daemon/log/open_log.h"

#include <string_view>
#include <utility>

#include "daemon/log/archive_log.h"
#include "state/base/text.h"

namespace escalation {
namespace {

// True, and the rest in *rest, if `uri` starts with `scheme`.
bool Takes(std::string_view uri, std::string_view scheme, std::string* rest) {
  if (uri.substr(0, scheme.size()) != scheme) return false;
  *rest = std::string(uri.substr(scheme.size()));
  return true;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Log>> OpenLog(const std::string& uri, EmbeddedLogOptions options) {
  std::string rest;
  if (Takes(uri, "kafka://", &rest)) {
    return absl::UnimplementedError(Cat(uri, ": kafka logs are not in this build"));
  }
  const bool embedded = Takes(uri, "embedded:", &rest);
  if (!embedded && !Takes(uri, "archive:", &rest)) {
    return absl::InvalidArgumentError(Cat("\"", uri,
                                          "\" names no log, expected embedded:DIR, archive:DIR or "
                                          "kafka://BROKERS/TOPIC"));
  }
  if (rest.empty()) return absl::InvalidArgumentError(Cat("\"", uri, "\" names no directory"));
  if (embedded) return OpenEmbeddedLog(rest, std::move(options));
  if (options.access == Access::kReadWrite) {
    return absl::FailedPreconditionError(Cat(uri, ": an archive can be read only"));
  }
  return OpenArchiveLog(rest);
}

}  // namespace escalation
