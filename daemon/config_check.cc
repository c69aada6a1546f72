#include "daemon/config_check.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_split.h"
#include "daemon/deliver/body_program.h"
#include "daemon/deliver/sample_pages.h"
#include "daemon/source/event_decoder.h"
#include "state/base/text.h"
#include "state/policy/policy_names.h"
#include "state/policy/policy_places.h"

namespace escalation {
namespace {

// Where the config names a program, and how it is called in messages.
struct Program {
  Place place;
  // `source "desk": "program": `
  std::string where;
};

Program ProgramOf(const Positions& positions, std::string_view list, std::string_view item,
                  const std::string& name, std::string_view key) {
  return {PlaceOf(positions, Cat(PartPath(list, name), ".", key)),
          Cat(item, " ", Quoted(name), ": ", Quoted(key), ": ")};
}

// Each of the program's own lines.
void Add(const Program& program, const absl::Status& status, Problems* problems) {
  constexpr std::string_view kHint = "\n  hint: ";
  const std::string message(status.message());
  const size_t hint = std::min(message.find(kHint), message.size());
  const std::string told = hint < message.size() ? message.substr(hint + kHint.size()) : "";
  for (const auto& line : absl::StrSplit(message.substr(0, hint), '\n')) {
    problems->Add(program.place, Cat(program.where, std::string(line)), told);
  }
}

void CheckBody(const DeliveryRoute& route, const Program& named, Problems* problems) {
  const auto program = BodyProgram::Start(*route.body);
  if (!program.ok()) return Add(named, program.status(), problems);
  for (const Delivery& page : SamplePages(route.name)) {
    const absl::Status made = (*program)->Make(page).status();
    if (made.ok()) continue;
    const v1::Decision& decision = page.decision;
    const auto* body = v1::Decision::descriptor()->FindFieldByNumber(decision.body_case());
    problems->Add(named.place, Cat(named.where, std::string(made.message()), ", for a sample of ",
                                   body->name()));
  }
}

}  // namespace

Problems CheckPrograms(const Config& config, const Positions& positions) {
  Problems problems(config.path);
  for (const SourceConfig& source : config.sources) {
    if (source.decoder.format != SourceFormat::kJq) continue;
    const absl::Status compiled = MakeDecoder(source.decoder).status();
    if (compiled.ok()) continue;
    Add(ProgramOf(positions, "sources", "source", source.name, "program"), compiled, &problems);
  }
  for (const DeliveryRoute& route : config.routes) {
    if (route.body == nullptr) continue;
    CheckBody(route, ProgramOf(positions, "routes", "route", route.name, "body"), &problems);
  }
  return problems;
}

}  // namespace escalation
