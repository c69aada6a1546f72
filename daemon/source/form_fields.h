// daemon/source/form_fields.h
//
// The fields of a form (application/x-www-form-urlencoded), as browsers and many webhooks send it.
//
//   Input       untrusted bytes: "a=1&b=two+words&c=%C3%A9"
//   Output      names and values in the order of the text; names may repeat
//   Errors      kInvalidArgument "byte N: what": a broken escape, more than kFormFieldsMax fields
//   Threads     stateless; safe everywhere
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace escalation {

inline constexpr size_t kFormFieldsMax = 2'000;

using FormFields = std::vector<std::pair<std::string, std::string>>;

absl::StatusOr<FormFields> ParseFormFields(std::string_view text);

}  // namespace escalation
