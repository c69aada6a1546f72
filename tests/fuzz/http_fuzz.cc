// Bytes as a request to the whole API, as the server hands it over: always answered, never with
// 500, and JSON is JSON.
//
//   input := METHOD ' ' PATH ['?' QUERY] '\n' (NAME ':' VALUE '\n')* '\n' BODY

#include <google/protobuf/stubs/logging.h>

#include <nlohmann/json.hpp>

#include "daemon/api/ingest.h"
#include "daemon/api/query_handler.h"
#include "daemon/log/memory_log.h"
#include "daemon/service.h"
#include "daemon/source/event_json.h"
#include "state/base/check.h"
#include "state/base/text.h"
#include "state/policy/policy_loader.h"
#include "tests/fuzz/byte_source.h"
#include "tests/fuzz/folding.h"

using namespace escalation;

namespace {

constexpr Instant kBegin{1'773'050'400'000};
constexpr char kHistory[] =
    R"({"ticket_id":"T-1","actor":{"id":"ann","kind":"customer"},"opened":{"severity":"urgent","subject":"down"}}
{"ticket_id":"T-2","actor":{"id":"bob","kind":"customer"},"opened":{"severity":"high","account":"acme"}}
{"ticket_id":"T-2","actor":{"id":"maria","kind":"agent"},"message_added":{"visibility":"public"}}
{"ticket_id":"T-3","actor":{"id":"eve","kind":"customer"},"opened":{"severity":"low"}}
{"ticket_id":"T-3","merged":{"into":"T-1"}}
{"account_changed":{"account":"acme","plan":"silver"}})";

// Answers on the calling thread.
class Queries : public HttpHandler {
 public:
  explicit Queries(const QueryHandler* handler) : handler_(*handler) {}
  void Handle(HttpRequest request, HttpRespond respond) override {
    respond(handler_.Answer(request));
  }

 private:
  const QueryHandler& handler_;
};

struct World {
  World() {
    const auto loaded =
        LoadPolicyFile(ESCALATION_SOURCE_DIR "/tests/state/partition/random_history.yaml");
    ESCALATION_CHECK(loaded.ok() && folding.Open().ok(), "");
    v1::Event event;
    event.set_tenant("default");
    *event.mutable_calendars_published()->mutable_calendars() = loaded->calendars;
    Take(event, 0);
    *event.mutable_policy_published()->mutable_policy() = loaded->policy;
    Take(event, 0);
    const auto events = EventsFromBody(kHistory, BodyForm::kJsonLines);
    ESCALATION_CHECK(events.ok(), events.status().ToString());
    for (v1::Event told : *events) {
      told.set_tenant("default");
      Take(told, 1);
    }
    v1::Event tick;
    ToProto(kBegin + Duration::Hours(3), tick.mutable_tick()->mutable_until());
    Take(tick, 180);
    std::vector<PublishedDecision> decisions;
    for (const v1::Decision& decision : folding.decisions()) {
      decisions.push_back({decision.seq(), decision.id(), decision.SerializeAsString()});
    }
    ESCALATION_CHECK(log.Publish(Partition{0}, decisions).ok(), "");
  }

  void Take(const v1::Event& event, int minutes) {
    const absl::Status status = folding.Append(event, kBegin + Duration::Minutes(minutes));
    ESCALATION_CHECK(status.ok(), status.ToString());
  }

  Folding folding;
  MemoryLog log{"fuzz", 1, [] { return kBegin; }};
};

HttpResponse Answer(const HttpRequest& request) {
  static World* const world = new World;
  static const auto now = [] { return kBegin + Duration::Hours(4); };
  static const QueryHandler* const queries =
      new QueryHandler({{Partition{0}, &world->folding.store(), &world->log}},
                       {{"default", Partition{0}}}, "default", now);
  // What is posted must not make the next answer another one.
  MemoryLog taken("taken", 1, now);
  const LogWriter writer(&taken, {{"default", Partition{0}}});
  Ingest ingest({"default", {"default"}, "http"}, now,
                [&](std::vector<v1::Event> events, AppendDone done) {
                  writer.Append(std::move(events), std::move(done));
                });
  Queries handler(queries);
  Service service({&ingest,
                   &handler,
                   nullptr,
                   nullptr,
                   &writer,
                   nullptr,
                   {{"default", &world->folding.store()}},
                   now,
                   [] { return std::string("metric 1\n"); },
                   [] { return std::string(); }});
  int answers = 0;
  HttpResponse got;
  service.Handle(request, [&](HttpResponse response) {
    if (answers++ == 0) got = std::move(response);
  });
  ESCALATION_CHECK(answers == 1, Cat(answers, " answers"));
  return got;
}

// False: the server itself answers 400.
bool Read(ByteSource* source, HttpRequest* request) {
  const std::string_view line = source->Line();
  const size_t space = std::min(line.find(' '), line.size());
  request->method = line.substr(0, space);
  const std::string_view target = line.substr(std::min(space + 1, line.size()));
  const size_t mark = std::min(target.find('?'), target.size());
  const auto path = PercentDecode(target.substr(0, mark));
  if (!path) return false;
  request->path = *path;
  std::string_view query = target.substr(std::min(mark + 1, target.size()));
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const size_t equals = std::min(pair.find('='), pair.size());
    const auto name = PercentDecode(pair.substr(0, equals));
    const auto value = PercentDecode(pair.substr(std::min(equals + 1, pair.size())));
    if (!name || !value) return false;
    request->query.emplace_back(*name, *value);
  }
  for (std::string_view header = source->Line(); !header.empty(); header = source->Line()) {
    const size_t colon = std::min(header.find(':'), header.size());
    std::string name(header.substr(0, colon));
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    std::string_view value = header.substr(std::min(colon + 1, header.size()));
    while (value.starts_with(' ')) value.remove_prefix(1);
    request->headers.emplace_back(std::move(name), value);
  }
  request->body = source->Rest();
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  google::protobuf::SetLogHandler(nullptr);  // Text that is not UTF-8 is nothing to tell.
  ByteSource source(data, size);
  HttpRequest request;
  if (!Read(&source, &request)) return 0;
  const HttpResponse response = Answer(request);
  ESCALATION_CHECK(response.status >= 200 && response.status < 500,
                   Cat(response.status, " ", response.body));
  if (response.content_type == "application/json") {
    ESCALATION_CHECK(nlohmann::json::accept(response.body), response.body);
  }
  for (const auto& [name, value] : response.headers) {
    ESCALATION_CHECK(value.find_first_of("\r\n") == std::string::npos, name);
  }
  return 0;
}
