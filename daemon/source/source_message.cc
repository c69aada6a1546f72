#include "daemon/source/source_message.h"

#include "absl/strings/match.h"

namespace escalation {

std::optional<std::string_view> SourceMessage::FindHeader(std::string_view name) const {
  for (const Header& header : headers) {
    if (absl::EqualsIgnoreCase({header.name.data(), header.name.size()},
                               {name.data(), name.size()})) {
      return header.value;
    }
  }
  return std::nullopt;
}

}  // namespace escalation
