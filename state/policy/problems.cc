#include "state/policy/problems.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <tuple>

#include "state/base/text.h"

namespace escalation {
namespace {

constexpr size_t kQuotedBytesMax = 60;
constexpr size_t kListedMax = 24;
// Beyond these, no slip is looked for: a hint is not worth minutes.
constexpr size_t kComparedBytesMax = 64;
constexpr size_t kComparedMax = 256;

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

// Edit distance in which swapping two neighbours is one edit, without regard to ASCII case. Both
// have at most kComparedBytesMax bytes.
int Distance(std::string_view a, std::string_view b) {
  using Row = std::array<int, kComparedBytesMax + 1>;
  Row rows[3];
  Row *before = &rows[0], *above = &rows[1], *row = &rows[2];
  for (size_t j = 0; j <= b.size(); ++j) (*above)[j] = static_cast<int>(j);
  for (size_t i = 1; i <= a.size(); ++i) {
    (*row)[0] = static_cast<int>(i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const char x = Lower(a[i - 1]), y = Lower(b[j - 1]);
      int best = std::min({(*above)[j] + 1, (*row)[j - 1] + 1, (*above)[j - 1] + (x == y ? 0 : 1)});
      if (i > 1 && j > 1 && x == Lower(b[j - 2]) && Lower(a[i - 2]) == y) {
        best = std::min(best, (*before)[j - 2] + 1);
      }
      (*row)[j] = best;
    }
    Row* const oldest = before;
    before = above;
    above = row;
    row = oldest;
  }
  return (*above)[b.size()];
}

}  // namespace

void Problems::Add(Place place, std::string text, std::string hint) {
  problems_.push_back({place, std::move(text), std::move(hint)});
}

absl::Status Problems::ToStatus() const {
  if (problems_.empty()) return absl::OkStatus();
  std::vector<const Problem*> sorted;
  for (const Problem& problem : problems_) sorted.push_back(&problem);
  std::stable_sort(sorted.begin(), sorted.end(), [](const Problem* a, const Problem* b) {
    return std::tie(a->place.line, a->place.column) < std::tie(b->place.line, b->place.column);
  });
  std::string message;
  for (size_t i = 0; i < sorted.size() && i < kProblemsMax; ++i) {
    if (i > 0) message += '\n';
    message += file_;
    if (sorted[i]->place.line > 0) {
      CatTo(&message, ":", sorted[i]->place.line, ":", sorted[i]->place.column);
    }
    CatTo(&message, ": ", sorted[i]->text);
    if (!sorted[i]->hint.empty()) CatTo(&message, "\n  hint: ", sorted[i]->hint);
  }
  if (sorted.size() > kProblemsMax) {
    CatTo(&message, "\n", file_, ": and ", sorted.size() - kProblemsMax, " more");
  }
  return absl::InvalidArgumentError(message);
}

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  size_t end = std::min(text.size(), kQuotedBytesMax);
  // Never cut inside a UTF-8 sequence.
  while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) {
    --end;
  }
  for (const char c : text.substr(0, end)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7F) {
      char escaped[8];
      std::snprintf(escaped, sizeof(escaped), "\\x%02x", byte);
      out += escaped;
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else {
      out += c;
    }
  }
  return out + (end < text.size() ? "...\"" : "\"");
}

std::string Nearest(std::string_view text, const std::vector<std::string>& candidates) {
  if (text.empty() || text.size() > kComparedBytesMax) return "";
  std::string best;
  int best_distance = static_cast<int>(std::min<size_t>(text.size() / 3 + 1, 3)) + 1;
  for (size_t i = 0; i < candidates.size() && i < kComparedMax; ++i) {
    const std::string& candidate = candidates[i];
    const size_t shorter = std::min(text.size(), candidate.size());
    const size_t longer = std::max(text.size(), candidate.size());
    if (longer > kComparedBytesMax || static_cast<int>(longer - shorter) >= best_distance) continue;
    const int distance = Distance(text, candidate);
    // A word of which nothing is left is not a slip.
    if (distance >= static_cast<int>(longer) || distance >= best_distance) continue;
    best = candidate;
    best_distance = distance;
  }
  return best;
}

std::string HintOf(std::string_view text, const std::vector<std::string>& candidates,
                   std::string_view otherwise) {
  const std::string nearest = Nearest(text, candidates);
  if (!nearest.empty()) return Cat("did you mean ", Quoted(nearest), "?");
  if (candidates.empty()) return "";
  std::string hint = Cat(otherwise, " ");
  for (size_t i = 0; i < candidates.size() && i < kListedMax; ++i) {
    CatTo(&hint, i > 0 ? ", " : "", candidates[i]);
  }
  if (candidates.size() > kListedMax)
    CatTo(&hint, " and ", candidates.size() - kListedMax, " more");
  return hint;
}

}  // namespace escalation
