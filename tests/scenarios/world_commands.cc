// The commands of a scenario, one function each.

#include <algorithm>
#include <fstream>
#include <sstream>

#include "daemon/source/event_json.h"
#include "escalation/v1/state.pb.h"
#include "state/base/text.h"
#include "state/partition/keys.h"
#include "tests/scenarios/crashing_store.h"
#include "tests/scenarios/state_text.h"
#include "tests/scenarios/world.h"

namespace escalation::scenarios {
namespace {

constexpr char kTenant[] = "default";

absl::Status Wrong(std::string message) { return absl::InvalidArgumentError(std::move(message)); }

absl::Status WantWords(const std::vector<std::string>& words, size_t least, const char* usage) {
  return words.size() >= least ? absl::OkStatus() : Wrong(Cat("expected: ", usage));
}

// "tenant/ticket/..."
std::string TicketOfKey(const std::string& key) {
  std::istringstream parts(key);
  std::string ticket;
  std::getline(parts, ticket, '/');
  std::getline(parts, ticket, '/');
  return ticket;
}

absl::StatusOr<int> ReadCount(const std::string& text) {
  const int count = std::atoi(text.c_str());
  if (count < 1) return Wrong(Cat("expected a number above 0, got \"", text, "\""));
  return count;
}

// name=value pairs from words[first] on, onto `message`.
absl::Status SetPairs(const std::vector<std::string>& words, size_t first,
                      google::protobuf::Message* message, const TimeReader& times) {
  for (size_t i = first; i < words.size(); ++i) {
    const size_t equals = words[i].find('=');
    if (equals == std::string::npos) return Wrong(Cat("expected name=value, got ", words[i]));
    absl::Status status =
        SetByName(message, words[i].substr(0, equals), words[i].substr(equals + 1), times);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

std::string Indented(const std::string& text) {
  std::istringstream lines(text);
  std::string line, out;
  while (std::getline(lines, line)) CatTo(&out, line.empty() ? "" : "  ", line, "\n");
  return out;
}

}  // namespace

const std::map<std::string, World::Handler>& World::Handlers() {
  static const auto* const kHandlers = new std::map<std::string, Handler>{
      {"policy", &World::Policy},
      {"calendars", &World::Calendars},
      {"at", &World::At},
      {"event", &World::Event},
      {"json", &World::Json},
      {"repeat", &World::Repeat},
      {"tickets", &World::Tickets},
      {"tick", &World::Tick},
      {"advance", &World::Advance},
      {"mark", &World::Mark},
      {"outcome", &World::Outcome},
      {"ack", &World::Acknowledge},
      {"restart", &World::Restart},
      {"crash", &World::Crash},
      {"batch", &World::Batch},
      {"state", &World::State},
      {"log", &World::Log},
      {"quiet", &World::Quiet},
      {"decisions", &World::Decisions},
  };
  return *kHandlers;
}

absl::Status World::Policy(const Words& words, const Command& command) {
  auto apply = v1::PolicyPublished::NEW;
  std::string text = command.input;
  for (size_t i = 1; i < words.size(); ++i) {
    if (words[i] == "apply=running") {
      apply = v1::PolicyPublished::RUNNING;
      continue;
    }
    const std::string path = Cat(ESCALATION_SOURCE_DIR, "/deploy/policies/", words[i]);
    std::ifstream file(path);
    if (!file) return Wrong(Cat("there is no file ", words[i]));
    text.assign(std::istreambuf_iterator<char>(file), {});
  }
  absl::Status status = Publish(text, apply, /*policy=*/true);
  if (status.ok()) out_ += "ok\n";
  return status;
}

absl::Status World::Calendars(const Words&, const Command& command) {
  const std::string text =
      Cat("policy: calendars\nrevision: ", calendars_revision_ + 1,
          "\nseverities: [any]\nplans: {any: {}}\ncalendars:\n", Indented(command.input));
  return Publish(text, v1::PolicyPublished::NEW, /*policy=*/false);
}

absl::Status World::At(const Words& words, const Command&) {
  if (absl::Status status = WantWords(words, 2, "at TIME"); !status.ok()) return status;
  const absl::StatusOr<Instant> t = times_.Read(words[1]);
  if (t.ok()) simulation_->set_now(*t);
  return t.status();
}

absl::StatusOr<Instant> World::AppendedOf(Words* words, Instant otherwise) {
  for (auto word = words->begin(); word != words->end(); ++word) {
    if (word->rfind("appended=", 0) != 0) continue;
    const absl::StatusOr<Instant> t = times_.Peek(word->substr(9));
    words->erase(word);
    return t;
  }
  return otherwise;
}

absl::Status World::Event(const Words& words, const Command&) {
  if (absl::Status status = WantWords(words, 3, "event TIME BODY TICKET ..."); !status.ok()) {
    return status;
  }
  const absl::StatusOr<Instant> occurred = times_.Read(words[1]);
  if (!occurred.ok()) return occurred.status();
  Words rest(words.begin() + 2, words.end());
  const absl::StatusOr<Instant> appended = AppendedOf(&rest, *occurred);
  if (!appended.ok()) return appended.status();
  absl::StatusOr<v1::Event> event = ReadEvent(rest, times_);
  if (!event.ok()) return event.status();
  shown_now_ = *occurred;
  Redact(&*event);
  return Take(*std::move(event), *occurred, *appended);
}

absl::Status World::Json(const Words&, const Command& command) {
  absl::StatusOr<v1::Event> event = EventFromJson(command.text.substr(5));
  if (!event.ok()) return event.status();
  const Instant occurred = FromProto(event->occurred_at());
  const Instant written = event->has_written_at() ? FromProto(event->written_at()) : occurred;
  times_.set_latest(occurred);
  shown_now_ = occurred;
  Redact(&*event);
  return Take(*std::move(event), occurred, written);
}

absl::Status World::Repeat(const Words& words, const Command&) {
  if (absl::Status status = WantWords(words, 5, "repeat N +STEP BODY TICKET"); !status.ok()) {
    return status;
  }
  const absl::StatusOr<int> count = ReadCount(words[1]);
  if (!count.ok()) return count.status();
  for (int i = 0; i < *count; ++i) {
    Words one{"event", words[2]};
    one.insert(one.end(), words.begin() + 3, words.end());
    if (absl::Status status = Event(one, {}); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status World::Tickets(const Words& words, const Command&) {
  if (absl::Status status = WantWords(words, 3, "tickets N BODY ..."); !status.ok()) return status;
  const absl::StatusOr<int> count = ReadCount(words[1]);
  if (!count.ok()) return count.status();
  for (int i = 1; i <= *count; ++i) {
    Words one{words[2], Cat("T-", i)};
    one.insert(one.end(), words.begin() + 3, words.end());
    absl::StatusOr<v1::Event> event = ReadEvent(one, times_);
    if (!event.ok()) return event.status();
    shown_now_ = simulation_->now();
    absl::Status status = Take(*std::move(event), simulation_->now(), simulation_->now());
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status World::Tick(const Words& words, const Command&) {
  if (absl::Status status = WantWords(words, 2, "tick TIME"); !status.ok()) return status;
  const absl::StatusOr<Instant> until = times_.Read(words[1]);
  if (!until.ok()) return until.status();
  Words rest = words;
  const absl::StatusOr<Instant> appended = AppendedOf(&rest, simulation_->now());
  if (!appended.ok()) return appended.status();
  v1::Event event;
  ToProto(*until, event.mutable_tick()->mutable_until());
  return Take(std::move(event), Instant::Past(), *appended);
}

absl::Status World::Advance(const Words& words, const Command&) {
  if (absl::Status status = WantWords(words, 2, "advance TIME"); !status.ok()) return status;
  const absl::StatusOr<Instant> end = times_.Read(words[1]);
  if (!end.ok()) return end.status();
  if (absl::Status status = FoldRest(); !status.ok() || down_) return status;
  absl::Status status = AfterFold(simulation_->AdvanceTo(*end, Simulation::Edge::kThrough));
  simulation_->set_now(*end);
  return status;
}

absl::Status World::Mark(const Words& words, const Command&) {
  if (absl::Status status = WantWords(words, 3, "mark SOURCE TIME"); !status.ok()) return status;
  const absl::StatusOr<Instant> through = times_.Read(words[2]);
  if (!through.ok()) return through.status();
  simulation_->set_now(*through);
  v1::Event event;
  event.set_tenant(kTenant);
  event.mutable_source_mark()->set_source(words[1]);
  ToProto(*through, event.mutable_source_mark()->mutable_through_time());
  return TakeOwn(std::move(event));
}

absl::Status World::Outcome(const Words& words, const Command&) {
  absl::Status status = WantWords(words, 3, "outcome KEY delivered|failed|suppressed|digested");
  if (!status.ok()) return status;
  v1::Event event;
  event.set_tenant(kTenant);
  event.set_ticket_id(TicketOfKey(words[1]));
  v1::PageOutcome* const outcome = event.mutable_page_outcome();
  outcome->set_key(words[1]);
  outcome->set_operation(v1::PageOutcome::TRIGGER);
  outcome->set_attempts(1);
  status = SetByName(outcome, "outcome", words[2], times_);
  if (outcome->outcome() == v1::PageOutcome::DELIVERED) outcome->set_destination("pager-prod");
  if (status.ok()) status = SetPairs(words, 3, outcome, times_);
  if (!status.ok()) return status;
  for (const v1::Decision& decision : history_) {
    const bool asked = outcome->operation() == v1::PageOutcome::CLOSE
                           ? decision.page_closed().key() == words[1]
                           : decision.page_requested().key() == words[1];
    // What is only put into a digest waits for its outcome still.
    const bool settles = outcome->outcome() != v1::PageOutcome::DIGESTED;
    if (asked && settles) outcome->set_decision_seq(decision.seq());
  }
  return TakeOwn(std::move(event));
}

absl::Status World::Acknowledge(const Words& words, const Command&) {
  if (absl::Status status = WantWords(words, 2, "ack KEY by=NAME"); !status.ok()) return status;
  v1::Event event;
  event.set_tenant(kTenant);
  event.set_ticket_id(TicketOfKey(words[1]));
  event.mutable_page_acknowledged()->set_key(words[1]);
  absl::Status status = SetPairs(words, 2, event.mutable_page_acknowledged(), times_);
  if (!status.ok()) return status;
  return TakeOwn(std::move(event));
}

absl::Status World::Crash(const Words& words, const Command&) {
  absl::Status status = WantWords(words, 2, "crash before-commit|after-commit [N]");
  if (!status.ok()) return status;
  const absl::StatusOr<int> n = ReadCount(words.size() > 2 ? words[2] : "1");
  if (!n.ok()) return n.status();
  if (words[1] != "before-commit" && words[1] != "after-commit") {
    return Wrong("expected: crash before-commit|after-commit [N]");
  }
  store_->CrashAt(words[1] == "before-commit" ? CrashingStore::Point::kBeforeCommit
                                              : CrashingStore::Point::kAfterCommit,
                  *n);
  return absl::OkStatus();
}

absl::Status World::Batch(const Words& words, const Command&) {
  if (absl::Status status = WantWords(words, 2, "batch N"); !status.ok()) return status;
  const absl::StatusOr<int> n = ReadCount(words[1]);
  if (!n.ok()) return n.status();
  batch_ = static_cast<size_t>(*n);
  simulation_->set_batch(batch_);
  return absl::OkStatus();
}

absl::Status World::State(const Words& words, const Command&) {
  if (absl::Status status = WantWords(words, 2, "state TICKET"); !status.ok()) return status;
  if (absl::Status status = FoldRest(); !status.ok()) return status;
  Print();  // Before the state that followed.
  const auto value = store_->Get(keys::Ticket(kTenant, words[1]));
  if (!value.ok()) return value.status();
  if (!value->has_value()) {
    out_ += Cat("ticket ", words[1], " unknown\n");
    return absl::OkStatus();
  }
  v1::TicketState state;
  if (!state.ParseFromString(**value)) return absl::DataLossError("the ticket cannot be read");
  out_ += StateText(words[1], state, times_.offset_s());
  return absl::OkStatus();
}

absl::Status World::Log(const Words&, const Command&) {
  if (simulation_->records().empty()) return Wrong("the log is empty");
  Print();  // Before the record that caused it.
  v1::Event event = simulation_->records().back().event;
  event.clear_tenant();
  out_ += Cat(ToJson(event), "\n");
  return absl::OkStatus();
}

absl::Status World::Quiet(const Words&, const Command&) {
  quiet_ = true;
  return absl::OkStatus();
}

absl::Status World::Decisions(const Words& words, const Command&) {
  json_ = words.size() > 1 && words[1] == "json";
  return absl::OkStatus();
}

}  // namespace escalation::scenarios
