// daemon/service.h
//
// The HTTP API's table of paths: who answers what.
//
//   Input       whole requests
//   Output      POST /v1/events -> Ingest; POST /v1/hooks/NAME -> the sources; /v1/dead-letters;
//               POST /v1/policy -> the log; GET /v1/... -> queries; /metrics; /-/healthy; /-/ready
//   Invariants  1. a path has one owner; a known path with another method is 405, an unknown path
//                  404
//   Errors      as daemon/api/http.h
//   Threads     Handle from several threads; what it borrows outlives it
#pragma once

#include <functional>
#include <map>
#include <string>

#include "daemon/api/http.h"
#include "daemon/log_writer.h"
#include "daemon/redactor_table.h"
#include "state/base/instant.h"
#include "state/partition/turn.h"

namespace escalation {

class Service : public HttpHandler {
 public:
  struct World {
    HttpHandler* ingest = nullptr;
    HttpHandler* queries = nullptr;
    // Null: there are none.
    HttpHandler* hooks = nullptr;
    HttpHandler* dead_letters = nullptr;
    const LogWriter* writer = nullptr;
    // Learns of policies that are published here; may be null.
    RedactorTable* redactors = nullptr;
    // The committed state of each tenant's partition.
    std::map<std::string, const StateReader*> states;
    std::function<Instant()> now;
    // Prometheus text.
    std::function<std::string()> metrics;
    // Empty: ready. Else what is missing.
    std::function<std::string()> not_ready;
  };
  explicit Service(World world) : world_(std::move(world)) {}

  void Handle(HttpRequest request, HttpRespond respond) override;

 private:
  void PublishPolicy(const HttpRequest& request, const HttpRespond& respond) const;

  const World world_;
};

}  // namespace escalation
