#include "daemon/api/query_handler.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "daemon/api/explain_ticket.h"
#include "daemon/api/query_json.h"
#include "daemon/api/query_lists.h"
#include "daemon/api/query_manual.h"
#include "daemon/api/query_params.h"
#include "daemon/api/query_view.h"
#include "daemon/source/message_json.h"
#include "state/base/text.h"
#include "state/partition/ticket_text.h"

namespace escalation {
namespace {

using nlohmann::ordered_json;

constexpr size_t kLimitMax = 1'000;
constexpr size_t kLimitUsual = 100;

HttpResponse Busy(const char* why) { return ErrorResponse(absl::UnavailableError(why)); }

// One request, while it is answered.
class Query {
 public:
  Query(const std::vector<PartitionView>& partitions,
        const std::map<std::string, Partition>& tenants, const std::string& default_tenant,
        Instant now, const HttpRequest& request)
      : partitions_(partitions),
        tenants_(tenants),
        default_tenant_(default_tenant),
        now_(now),
        request_(request) {}

  absl::StatusOr<HttpResponse> Answer() {
    const std::string& path = request_.path;
    if (path == "/v1/tickets") return Tickets();
    if (path == "/v1/at-risk") return AtRisk();
    if (path == "/v1/timers") return Timers();
    if (path == "/v1/pages") return Pages();
    if (path == "/v1/policy") return Policy();
    if (path == "/v1/mutes") return Mutes();
    constexpr std::string_view kRecord = "/v1/records/";
    if (path.starts_with(kRecord)) return Record(path.substr(kRecord.size()));
    constexpr std::string_view kTicket = "/v1/tickets/";
    constexpr std::string_view kExplain = "/explain";
    if (!path.starts_with(kTicket)) return NotFoundResponse(path);
    std::string ticket_id = path.substr(kTicket.size());
    const bool explain = ticket_id.ends_with(kExplain);
    if (explain) ticket_id.resize(ticket_id.size() - kExplain.size());
    if (ticket_id.find('/') != std::string::npos) return NotFoundResponse(path);
    if (!IsId(ticket_id, kIdBytesMax)) {
      return FieldError("ticket_id", Cat("expected 1 to ", kIdBytesMax, " of [A-Za-z0-9._:-]"));
    }
    return explain ? Explain(ticket_id) : Ticket(ticket_id);
  }

 private:
  // Reads the parameters and opens the tenant that they name.
  absl::Status Open(std::initializer_list<std::string_view> known) {
    absl::StatusOr<QueryParams> params = QueryParams::Read(request_, known);
    if (!params.ok()) return params.status();
    params_ = *std::move(params);
    const std::string wished = params_.Text("tenant");
    const std::string& tenant = wished.empty() ? default_tenant_ : wished;
    const auto home = tenants_.find(tenant);
    if (home == tenants_.end()) {
      return FieldError("tenant", Cat("\"", tenant.substr(0, 100), "\" is not served here"));
    }
    for (const PartitionView& partition : partitions_) {
      if (partition.partition != home->second) continue;
      absl::StatusOr<std::unique_ptr<TenantView>> view = TenantView::Open(partition, tenant);
      if (!view.ok()) return view.status();
      view_ = *std::move(view);
      return absl::OkStatus();
    }
    return absl::UnavailableError(
        Cat("partition ", home->second, " of tenant ", tenant, " is not open"));
  }

  absl::StatusOr<HttpResponse> Tickets() {
    if (absl::Status s = Open({"tenant", "limit", "after", "status"}); !s.ok()) return s;
    TicketsQuestion question;
    const absl::StatusOr<size_t> limit = params_.Limit(kLimitUsual, kLimitMax);
    if (!limit.ok()) return limit.status();
    question.limit = *limit;
    question.after = params_.Text("after");
    if (!question.after.empty() && !IsId(question.after, kIdBytesMax)) {
      return FieldError("after", "expected a ticket id");
    }
    const std::string status = params_.Text("status");
    for (const int value : {1, 2, 3, 4, 5}) {
      const auto candidate = static_cast<v1::StatusChanged::Status>(value);
      if (status == StatusText(candidate)) question.status = candidate;
    }
    if (!status.empty() && !question.status) {
      return FieldError("status", "expected open, pending, on_hold, resolved or closed");
    }
    return Respond(ListTickets(*view_, question));
  }

  absl::StatusOr<HttpResponse> AtRisk() {
    if (absl::Status s = Open({"tenant", "limit"}); !s.ok()) return s;
    const absl::StatusOr<size_t> limit = params_.Limit(kLimitUsual, kLimitMax);
    if (!limit.ok()) return limit.status();
    return Respond(ListAtRisk(*view_, *limit, now_));
  }

  absl::StatusOr<HttpResponse> Timers() {
    if (absl::Status s = Open({"tenant", "limit"}); !s.ok()) return s;
    const absl::StatusOr<size_t> limit = params_.Limit(kLimitUsual, kLimitMax);
    if (!limit.ok()) return limit.status();
    return Respond(ListTimers(partitions_, params_.Text("tenant"), *limit));
  }

  absl::StatusOr<HttpResponse> Pages() {
    if (absl::Status s = Open({"tenant", "limit"}); !s.ok()) return s;
    const absl::StatusOr<size_t> limit = params_.Limit(kLimitMax, kLimitMax);
    if (!limit.ok()) return limit.status();
    return Respond(ListPages(*view_, *limit));
  }

  absl::StatusOr<HttpResponse> Mutes() {
    if (absl::Status s = Open({"tenant"}); !s.ok()) return s;
    return Respond(ListMutes(*view_));
  }

  absl::StatusOr<HttpResponse> Record(const std::string& text) {
    if (absl::Status s = Open({"tenant"}); !s.ok()) return s;
    Offset offset;
    const char* const end = text.data() + text.size();
    const auto [read, error] = std::from_chars(text.data(), end, offset.value);
    if (error != std::errc() || read != end || offset.value < 0) {
      return FieldError("record", "expected a record's offset, 0 or more");
    }
    return Respond(RecordJson(*view_, offset));
  }

  absl::StatusOr<HttpResponse> Policy() {
    if (absl::Status s = Open({"tenant"}); !s.ok()) return s;
    const absl::StatusOr<v1::CalendarSet> calendars = view_->FindCalendars();
    if (!calendars.ok()) return calendars.status();
    const v1::Policy& policy = view_->environment().CurrentPolicy().policy();
    ordered_json document = {{"tenant", view_->name()},
                             {"revision", std::to_string(policy.revision())},
                             {"calendars_revision", std::to_string(calendars->revision())}};
    SetText(&document, "zone_version", calendars->zone_version());
    document["calendars"] = ordered_json::array();
    for (const v1::CalendarDefinition& calendar : calendars->calendars()) {
      document["calendars"].push_back({{"name", calendar.name()}, {"zone", calendar.zone()}});
    }
    document["policy"] = nullptr;
    if (view_->has_policy()) document["policy"] = ordered_json::parse(MessageToJson(policy));
    return JsonResponse(document);
  }

  absl::StatusOr<HttpResponse> Ticket(const std::string& ticket_id) {
    if (absl::Status s = Open({"tenant"}); !s.ok()) return s;
    const absl::StatusOr<v1::TicketState> ticket = view_->FindTicket(ticket_id);
    if (!ticket.ok()) return ticket.status();
    ordered_json document = {{"tenant", view_->name()}};
    document.update(TicketJson(view_->environment(), ticket_id, *ticket, now_));
    return Respond(std::move(document));
  }

  absl::StatusOr<HttpResponse> Explain(const std::string& ticket_id) {
    if (absl::Status s = Open({"tenant", "clock", "page"}); !s.ok()) return s;
    const absl::StatusOr<v1::TicketState> ticket = view_->FindTicket(ticket_id);
    if (!ticket.ok()) return ticket.status();
    const ExplainQuestion question{ticket_id, params_.Text("clock"), params_.Text("page"), now_};
    const absl::StatusOr<std::vector<std::string>> lines = ExplainTicket(*view_, *ticket, question);
    if (!lines.ok()) return lines.status();
    const std::string_view accept = request_.Header("accept").value_or("");
    if (accept.find("text/plain") != std::string_view::npos) {
      HttpResponse response;
      response.content_type = "text/plain; charset=utf-8";
      for (const std::string& line : *lines) CatTo(&response.body, line, '\n');
      return response;
    }
    ordered_json document = {{"tenant", view_->name()}, {"ticket_id", ticket_id}};
    document["lines"] = *lines;
    document["ticket"] = TicketJson(view_->environment(), ticket_id, *ticket, now_);
    return Respond(std::move(document));
  }

  absl::StatusOr<HttpResponse> Respond(absl::StatusOr<ordered_json> document) const {
    if (!document.ok()) return document.status();
    if (!view_->status().ok()) return view_->status();
    return JsonResponse(*document);
  }

  const std::vector<PartitionView>& partitions_;
  const std::map<std::string, Partition>& tenants_;
  const std::string& default_tenant_;
  const Instant now_;
  const HttpRequest& request_;
  QueryParams params_;
  std::unique_ptr<TenantView> view_;
};

}  // namespace

QueryHandler::QueryHandler(std::vector<PartitionView> partitions,
                           std::map<std::string, Partition> tenants, std::string default_tenant,
                           std::function<Instant()> now)
    : partitions_(std::move(partitions)),
      tenants_(std::move(tenants)),
      default_tenant_(std::move(default_tenant)),
      now_(std::move(now)),
      thread_([this] { Run(); }) {}

QueryHandler::~QueryHandler() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_one();
  }
  thread_.join();
}

void QueryHandler::Handle(HttpRequest request, HttpRespond respond) {
  if (request.method != "GET" && request.method != "HEAD") {
    return respond(MethodNotAllowedResponse("GET"));
  }
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() < kWaitingMax) {
      waiting_.emplace_back(std::move(request), std::move(respond));
      changed_.notify_one();
      return;
    }
  }
  respond(Busy("too many queries wait"));
}

void QueryHandler::Run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    auto [request, respond] = std::move(waiting_.front());
    waiting_.pop_front();
    const bool stopping = stopping_;
    lock.unlock();
    respond(stopping ? Busy("stopping") : Answer(request));
    respond = nullptr;  // Let go of the request before the next wait.
    lock.lock();
  }
}

HttpResponse QueryHandler::Answer(const HttpRequest& request) const {
  Query query(partitions_, tenants_, default_tenant_, now_(), request);
  absl::StatusOr<HttpResponse> response = query.Answer();
  return response.ok() ? *std::move(response) : ErrorResponse(response.status());
}

}  // namespace escalation
