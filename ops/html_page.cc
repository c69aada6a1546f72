#include "ops/html_page.h"

#include <algorithm>
#include <fstream>

#include "daemon/deliver/plain_text.h"
#include "state/base/text.h"

namespace escalation {
namespace {

constexpr int kChartHeight = 160;
constexpr int kChartWidth = 900;
constexpr int kLabelHeight = 20;
constexpr const char* kColours[] = {"#8a8f98", "#1f6feb", "#d1242f", "#bf8700"};

constexpr char kStyle[] =
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;"
    "color:#1f2328;background:#fff}"
    "table{border-collapse:collapse;margin:1rem 0}"
    "th,td{padding:.25rem .75rem;border-bottom:1px solid #d1d9e0;text-align:left}"
    "td.n{text-align:right;font-variant-numeric:tabular-nums}"
    "pre{background:#f6f8fa;padding:.75rem;overflow-x:auto;font-size:13px}"
    ".minus{color:#a40e26}.plus{color:#116329}svg{max-width:100%;height:auto}"
    "text{font:11px system-ui,sans-serif;fill:#59636e}";

bool IsNumber(const std::string& cell) {
  return !cell.empty() && cell.find_first_not_of("0123456789.,+-% ") == std::string::npos;
}

}  // namespace

HtmlPage::HtmlPage(std::string_view title) : title_(EscapeHtml(title)) {}

void HtmlPage::Heading(std::string_view text) {
  CatTo(&body_, "<h2>", EscapeHtml(text), "</h2>\n");
}

void HtmlPage::Paragraph(std::string_view text) {
  CatTo(&body_, "<p>", EscapeHtml(text), "</p>\n");
}

void HtmlPage::Table(const std::vector<std::string>& headers,
                     const std::vector<std::vector<std::string>>& rows) {
  CatTo(&body_, "<table>\n<tr>");
  for (const std::string& header : headers) CatTo(&body_, "<th>", EscapeHtml(header), "</th>");
  CatTo(&body_, "</tr>\n");
  for (const std::vector<std::string>& row : rows) {
    CatTo(&body_, "<tr>");
    for (const std::string& cell : row) {
      CatTo(&body_, IsNumber(cell) ? "<td class=\"n\">" : "<td>", EscapeHtml(cell), "</td>");
    }
    CatTo(&body_, "</tr>\n");
  }
  CatTo(&body_, "</table>\n");
}

void HtmlPage::Lines(const std::vector<std::string>& lines) {
  CatTo(&body_, "<pre>");
  for (const std::string& line : lines) {
    const bool minus = line.starts_with('-');
    const bool plus = line.starts_with('+');
    const char* const open = minus ? "<span class=\"minus\">" : "<span class=\"plus\">";
    const bool coloured = minus || plus;
    CatTo(&body_, coloured ? open : "", EscapeHtml(line), coloured ? "</span>\n" : "\n");
  }
  CatTo(&body_, "</pre>\n");
}

void HtmlPage::Chart(std::string_view title, const std::vector<std::string>& series,
                     const std::vector<Bars>& groups) {
  if (groups.empty()) return;
  int64_t highest = 1;
  for (const Bars& bars : groups) {
    for (const int64_t value : bars.values) highest = std::max(highest, value);
  }
  CatTo(&body_, "<h3>", EscapeHtml(title), "</h3>\n<p>");
  for (size_t i = 0; i < series.size(); ++i) {
    CatTo(&body_, "<span style=\"color:", kColours[i % 4], "\">&#9632;</span> ",
          EscapeHtml(series[i]), " ");
  }
  CatTo(&body_, "(highest: ", highest, ")</p>\n<svg viewBox=\"0 0 ", kChartWidth, " ",
        kChartHeight + kLabelHeight, "\" width=\"", kChartWidth, "\" role=\"img\">\n");
  const int step = kChartWidth / static_cast<int>(groups.size());
  const int width = std::max(step * 8 / 10 / std::max(static_cast<int>(series.size()), 1), 1);
  int left = 0;
  for (const Bars& bars : groups) {
    int x = left + step / 10;
    for (size_t i = 0; i < bars.values.size(); ++i) {
      const auto height = static_cast<int>(bars.values[i] * kChartHeight / highest);
      CatTo(&body_, "<rect x=\"", x, "\" y=\"", kChartHeight - height, "\" width=\"", width,
            "\" height=\"", height, "\" fill=\"", kColours[i % 4], "\"><title>",
            EscapeHtml(bars.label), ": ", bars.values[i], "</title></rect>\n");
      x += width;
    }
    CatTo(&body_, "<text x=\"", left + step / 2, "\" y=\"", kChartHeight + 14,
          "\" text-anchor=\"middle\">", EscapeHtml(bars.label), "</text>\n");
    left += step;
  }
  CatTo(&body_, "</svg>\n");
}

std::string HtmlPage::Text() const {
  return Cat("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>",
             title_, "</title>\n<style>", kStyle, "</style>\n</head>\n<body>\n<h1>", title_,
             "</h1>\n", body_, "</body>\n</html>\n");
}

absl::Status HtmlPage::WriteTo(const std::string& path) const {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << Text();
  file.close();
  if (file) return absl::OkStatus();
  return absl::UnavailableError(Cat(path, ": cannot be written"));
}

}  // namespace escalation
