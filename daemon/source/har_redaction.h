// daemon/source/har_redaction.h
//
// Redacts an HTTP archive (HAR 1.2), as browsers record it: what was sent and received.
//
//   Input       the file's text; a redactor
//   Output      the text with placeholders: values of headers, cookies, parameters, addresses,
//               bodies, messages of web sockets, titles and comments
//   Invariants  1. the same names, shape and numbers; what holds nothing to redact stays byte by
//                  byte
//               2. cookies, and headers and parameters with names of secrets, are replaced whole
//               3. bodies in base64 stay base64; recorded sizes stay as they were recorded
//               4. redacting twice changes nothing more
//   Errors      kInvalidArgument "LINE:COLUMN: what" or "log.entries[0].request: what"
//   Threads     stateless; safe everywhere
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "daemon/source/redactor.h"

namespace escalation {

absl::StatusOr<std::string> RedactHar(std::string_view text, const Redactor& redactor);

}  // namespace escalation
