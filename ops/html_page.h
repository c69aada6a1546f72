// ops/html_page.h
//
// One self-contained page for a browser: tables, texts and bar charts, without a script and without
// anything from elsewhere.
//
//   Input       texts as they are: they are escaped here, and only here
//   Output      HTML 5
//   Errors      WriteTo: kUnavailable, the file cannot be written
//   Threads     one owner
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace escalation {

class HtmlPage {
 public:
  explicit HtmlPage(std::string_view title);

  void Heading(std::string_view text);
  void Paragraph(std::string_view text);
  // Rows have as many cells as there are headers. Cells that hold a number stand to the right.
  void Table(const std::vector<std::string>& headers,
             const std::vector<std::vector<std::string>>& rows);
  // Lines of fixed width; those that begin with - or + are coloured.
  void Lines(const std::vector<std::string>& lines);

  struct Bars {
    std::string label;
    std::vector<int64_t> values;  // One for each series; none is below 0.
  };
  // Groups of bars beside each other.
  void Chart(std::string_view title, const std::vector<std::string>& series,
             const std::vector<Bars>& groups);

  std::string Text() const;
  absl::Status WriteTo(const std::string& path) const;

 private:
  std::string body_;
  std::string title_;
};

}  // namespace escalation
