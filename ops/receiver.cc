#include "ops/receiver.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "daemon/deliver/plain_text.h"
#include "ops/receiver_provider.h"
#include "state/base/text.h"

namespace escalation {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kPagesMax = 10'000;

// As a person reads it: a line that says what and where, then the page's own lines.
std::string Readable(const ReceivedPage& page, Instant now) {
  std::string out = Cat(ToText(now), "  ", OneLine(page.operation), "  ", page.provider, " ",
                        OneLine(page.route), page.key.empty() ? "" : "  ", OneLine(page.key), "\n");
  if (!page.title.empty()) CatTo(&out, "  ", OneLine(page.title), "\n");
  std::string_view rest = page.text;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    // Columns of spaces are the page's own layout, so only what is harmful is taken out.
    const std::string_view line = rest.substr(0, end);
    const size_t name = std::min(line.find(' '), line.size());
    const size_t value = std::min(line.find_first_not_of(' ', name), line.size());
    CatTo(&out, "    ", OneLine(line.substr(0, name)), std::string(value - name, ' '),
          OneLine(line.substr(value)), "\n");
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return out + "\n";
}

}  // namespace

Receiver::Receiver(const Options& options, std::function<Instant()> now, std::ostream* out)
    : options_(options), now_(std::move(now)), out_(*out) {}

void Receiver::Show(const std::string& line) { out_ << line << std::flush; }

HttpResponse Receiver::List() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  HttpResponse response;
  response.body = "{\"pages\":[";
  for (size_t i = 0; i < pages_.size(); ++i) CatTo(&response.body, i == 0 ? "" : ",", pages_[i]);
  response.body += "]}\n";
  return response;
}

HttpResponse Receiver::Take(const HttpRequest& request) {
  const Instant now = now_();
  Json body;
  Received received = Understand(request, now, &body);
  if (!received.page.has_value()) return received.answer;
  const ReceivedPage& page = *received.page;
  Json record = {{"received_at", ToText(now)},
                 {"provider", page.provider},
                 {"route", page.route},
                 {"operation", page.operation},
                 {"key", page.key}};
  for (const char* name : {"webhook-id", "webhook-timestamp", "webhook-signature"}) {
    if (const auto value = request.Header(name)) record[name] = std::string(*value);
  }
  record["body"] = body;
  const std::string line = record.dump();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (pages_.size() == kPagesMax) pages_.pop_front();
    pages_.push_back(line);
    Show(options_.json ? line + "\n" : Readable(page, now));
  }
  return received.answer;
}

void Receiver::Handle(HttpRequest request, HttpRespond respond) {
  if (request.method == "GET" && request.path == "/pages") return respond(List());
  if (const auto answer = AnswerAbout(request.path); answer && request.method == "GET") {
    return respond(*answer);
  }
  if (request.method != "POST") return respond(MethodNotAllowedResponse("POST, GET /pages"));
  bool refuse = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    refuse = refused_ < options_.fail_first;
    refused_ += refuse;
    if (refuse && !options_.json) {
      Show(Cat(ToText(now_()), "  refused ", refused_, " of ", options_.fail_first, "\n"));
    }
  }
  if (refuse) return respond(ErrorResponse(503, "refused, as asked by --fail-first"));
  HttpResponse response = Take(request);
  if (options_.status != 0) response.status = options_.status;
  respond(std::move(response));
}

}  // namespace escalation
