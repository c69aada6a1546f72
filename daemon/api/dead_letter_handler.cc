#include "daemon/api/dead_letter_handler.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "state/base/text.h"
#include "state/policy/problems.h"

namespace escalation {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view kPath = "/v1/dead-letters";
constexpr int64_t kLimitMax = 1'000;
constexpr size_t kReadBytesMax = size_t{16} << 20;

std::optional<int64_t> ParseNumber(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

HttpResponse Json(const ordered_json& document) {
  HttpResponse response;
  response.body = document.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
  return response;
}

ordered_json Summary(const StoredLetter& stored, bool retried) {
  const v1::DeadLetter& letter = stored.letter;
  ordered_json out;
  out["position"] = std::to_string(stored.position);
  out["received_at"] = ToText(FromProto(letter.received_at()));
  out["source"] = letter.source();
  out["tenant"] = letter.tenant();
  if (letter.positioned()) {
    out["topic"] = letter.topic();
    out["partition"] = letter.partition();
    out["offset"] = std::to_string(letter.offset());
    out["generation"] = letter.generation();
  }
  out["kind"] = absl::AsciiStrToLower(v1::DeadLetter::Kind_Name(letter.kind()));
  out["reason"] = letter.reason();
  out["bytes"] = letter.value().size();
  out["retried"] = retried;
  return out;
}

// As text where it is some, else in base64 under NAME_base64.
void AddBytes(const std::string& name, const std::string& bytes, ordered_json* out) {
  try {
    ordered_json(bytes).dump();
    (*out)[name] = bytes;
  } catch (const ordered_json::exception&) {
    (*out)[name + "_base64"] = absl::Base64Escape(bytes);
  }
}

}  // namespace

v1::Origin OriginOfRetry(const DeadLetters& letters, const StoredLetter& letter) {
  v1::Origin origin;
  origin.set_source(Cat(letter.letter.source(), ".retry"));
  origin.set_generation(Cat(letters.incarnation(), "/", letter.position));
  origin.set_positioned(true);
  return origin;
}

DeadLetterHandler::DeadLetterHandler(World world)
    : world_(std::move(world)),
      queue_([this](const HttpRequest& request,
                    const HttpRespond& respond) { respond(Answer(request)); },
             {}) {}

void DeadLetterHandler::Handle(HttpRequest request, HttpRespond respond) {
  queue_.Handle(std::move(request), std::move(respond));
}

HttpResponse DeadLetterHandler::Answer(const HttpRequest& request) const {
  const bool reads = request.method == "GET" || request.method == "HEAD";
  std::string_view rest = std::string_view(request.path).substr(kPath.size());
  if (rest.empty()) return reads ? List(request) : MethodNotAllowedResponse("GET");
  rest.remove_prefix(1);
  const size_t slash = std::min(rest.find('/'), rest.size());
  const std::optional<int64_t> position = ParseNumber(rest.substr(0, slash));
  const std::string_view verb = rest.substr(slash);
  if (!position || (!verb.empty() && verb != "/retry")) return NotFoundResponse(request.path);
  if (verb.empty()) return reads ? Show(*position) : MethodNotAllowedResponse("GET");
  return request.method == "POST" ? Retry(*position) : MethodNotAllowedResponse("POST");
}

HttpResponse DeadLetterHandler::List(const HttpRequest& request) const {
  int64_t from = 0;
  int64_t limit = 100;
  std::string source;
  std::string tenant;
  for (const auto& [name, value] : request.query) {
    const std::optional<int64_t> number = ParseNumber(value);
    if (name == "source") {
      source = value;
    } else if (name == "tenant") {
      tenant = value;
    } else if (name != "from" && name != "limit") {
      return ErrorResponse(400, Cat("no such parameter, expected from, limit, source or tenant"),
                           name);
    } else if (!number || (name == "limit" && (*number < 1 || *number > kLimitMax))) {
      return ErrorResponse(
          400, Cat(Quoted(value), ", expected a number", name == "limit" ? " from 1 to 1000" : ""),
          name);
    } else {
      (name == "from" ? from : limit) = *number;
    }
  }
  ordered_json letters = ordered_json::array();
  // Of other sources many may stand before the first of this one.
  for (;;) {
    const auto page =
        world_.letters->List(from, static_cast<size_t>(limit) - letters.size(), kReadBytesMax);
    if (!page.ok()) return ErrorResponse(page.status());
    for (const StoredLetter& letter : page->letters) {
      if (!source.empty() && letter.letter.source() != source) continue;
      if (!tenant.empty() && letter.letter.tenant() != tenant) continue;
      letters.push_back(Summary(letter, world_.is_retried(letter)));
    }
    from = page->next;
    const bool more = page->next < page->end;
    if (more && letters.size() < static_cast<size_t>(limit)) continue;
    ordered_json document = {{"letters", std::move(letters)}};
    if (more) document["next"] = std::to_string(from);
    return Json(document);
  }
}

HttpResponse DeadLetterHandler::Show(int64_t position) const {
  const absl::StatusOr<StoredLetter> letter = world_.letters->Get(position);
  if (!letter.ok()) return ErrorResponse(letter.status());
  ordered_json document = Summary(*letter, world_.is_retried(*letter));
  if (letter->letter.has_key()) AddBytes("key", letter->letter.key(), &document);
  ordered_json headers = ordered_json::array();
  for (const v1::DeadLetter::Header& header : letter->letter.headers()) {
    ordered_json& one = headers.emplace_back(ordered_json{{"name", header.name()}});
    AddBytes("value", header.value(), &one);
  }
  document["headers"] = std::move(headers);
  AddBytes("value", letter->letter.value(), &document);
  return Json(document);
}

HttpResponse DeadLetterHandler::Retry(int64_t position) const {
  const absl::StatusOr<StoredLetter> letter = world_.letters->Get(position);
  if (!letter.ok()) return ErrorResponse(letter.status());
  const absl::StatusOr<size_t> accepted = world_.retry(*letter);
  if (!accepted.ok()) return ErrorResponse(accepted.status());
  return Json({{"accepted", *accepted}});
}

}  // namespace escalation
