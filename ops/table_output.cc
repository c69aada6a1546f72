#include "ops/table_output.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "daemon/deliver/plain_text.h"

namespace escalation {
namespace {

using nlohmann::ordered_json;

constexpr size_t kCellBytesMax = 48;

std::string Cell(const ordered_json& row, const char* pointer) {
  const ordered_json::json_pointer at(pointer);
  if (!row.contains(at)) return "-";
  const ordered_json& value = row.at(at);
  std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  if (value.is_boolean()) text = value.get<bool>() ? "yes" : "no";
  text = CutText(OneLine(text), kCellBytesMax);
  return text.empty() ? "-" : text;
}

void PrintTable(const ordered_json& rows, const std::vector<Column>& columns, std::ostream& out) {
  std::vector<std::vector<std::string>> lines(1);
  for (const Column& column : columns) lines[0].emplace_back(column.title);
  for (const ordered_json& row : rows) {
    auto& line = lines.emplace_back();
    for (const Column& column : columns) line.push_back(Cell(row, column.pointer));
  }
  std::vector<size_t> widths(columns.size());
  for (const auto& line : lines) {
    for (size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  }
  for (const auto& line : lines) {
    for (size_t i = 0; i < line.size(); ++i) {
      out << line[i];
      if (i + 1 < line.size()) out << std::string(widths[i] - line[i].size() + 2, ' ');
    }
    out << "\n";
  }
}

}  // namespace

void PrintRows(const ordered_json& document, const char* name, const std::vector<Column>& columns,
               OutputForm form, std::ostream& out) {
  const ordered_json rows = document.value(name, ordered_json::array());
  if (form == OutputForm::kTable) return PrintTable(rows, columns, out);
  if (form == OutputForm::kJson) {
    out << rows.dump(2) << "\n";
    return;
  }
  for (const ordered_json& row : rows) out << row.dump() << "\n";
}

}  // namespace escalation
