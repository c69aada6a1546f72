// ops/table_output.h
//
// Rows of a JSON answer as a table, one JSON array, or JSON lines.
//
//   Output      one line for each row; text is cut, and safe on a terminal
//   Threads     stateless; safe everywhere
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <ostream>
#include <vector>

#include "ops/decision_output.h"

namespace escalation {

struct Column {
  const char* title;
  // A JSON pointer into the row.
  const char* pointer;
};

// The array `name` of the document.
void PrintRows(const nlohmann::ordered_json& document, const char* name,
               const std::vector<Column>& columns, OutputForm form, std::ostream& out);

}  // namespace escalation
