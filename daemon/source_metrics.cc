#include "daemon/source_metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <functional>
#include <optional>

#include "absl/strings/ascii.h"

namespace escalation {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

struct Row {
  MetricType type;
  const char* name;
  const char* help;
  // Empty optional: does not apply to this source, or is not known.
  std::optional<double> (*value)(const SourceStatus& source, Instant now);
};

constexpr Row kRows[] = {
    {MetricType::Counter, "escalationd_source_messages_total", "Messages taken from the source.",
     [](const SourceStatus& s, Instant) { return std::optional<double>(s.messages); }},
    {MetricType::Counter, "escalationd_source_events_total", "Events made of them.",
     [](const SourceStatus& s, Instant) { return std::optional<double>(s.events); }},
    {MetricType::Counter, "escalationd_source_ignored_total",
     "Messages that are about nothing that policies act on, such as pages of others.",
     [](const SourceStatus& s, Instant) { return std::optional<double>(s.ignored); }},
    {MetricType::Counter, "escalationd_source_failures_total",
     "Times that the broker, the log or the dead letters were away; tried again.",
     [](const SourceStatus& s, Instant) { return std::optional<double>(s.failures); }},
    {MetricType::Counter, "escalationd_source_unverified_total",
     "Requests of a hook whose sender could not be verified.",
     [](const SourceStatus& s, Instant) {
       return s.kind == SourceStatus::Kind::kHook ? std::optional<double>(s.unverified)
                                                  : std::nullopt;
     }},
    {MetricType::Counter, "escalationd_source_gaps_total",
     "Times that retention removed records before they were read.",
     [](const SourceStatus& s, Instant) { return std::optional<double>(s.gaps); }},
    {MetricType::Counter, "escalationd_source_missed_records_total",
     "Records that retention removed before they were read.",
     [](const SourceStatus& s, Instant) { return std::optional<double>(s.records_missed); }},
    {MetricType::Counter, "escalationd_source_recreations_total",
     "Partitions that turned out to be others than before, and were read from their beginning.",
     [](const SourceStatus& s, Instant) { return std::optional<double>(s.recreations); }},
    {MetricType::Gauge, "escalationd_source_reading",
     "1 while this instance reads the source or answers the hook.",
     [](const SourceStatus& s, Instant) { return std::optional<double>(s.reading ? 1 : 0); }},
    {MetricType::Gauge, "escalationd_source_lag_records",
     "Records in the source that are not in the log yet, as last asked.",
     [](const SourceStatus& s, Instant) {
       return s.lag_records < 0 || !s.reading
                  ? std::nullopt
                  : std::optional<double>(static_cast<double>(s.lag_records));
     }},
    {MetricType::Gauge, "escalationd_source_mark_age_seconds",
     "Since the moment up to which everything that the source held is in the log.",
     [](const SourceStatus& s, Instant now) {
       return s.through == Instant::Past() || !s.reading
                  ? std::nullopt
                  : std::optional<double>(static_cast<double>((now - s.through).ms) / 1000.0);
     }},
};

ClientMetric Metric(MetricType type, std::vector<ClientMetric::Label> labels, double value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  (type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  return metric;
}

}  // namespace

std::string LetterMetricsText(uint64_t dropped) {
  MetricFamily family{"escalationd_dead_letters_dropped_total",
                      "Dead letters that were removed, the oldest first, to make room or by age.",
                      MetricType::Counter,
                      {Metric(MetricType::Counter, {}, static_cast<double>(dropped))}};
  return prometheus::TextSerializer().Serialize({family});
}

std::string SourceMetricsText(const std::vector<SourceStatus>& sources, Instant now) {
  std::vector<MetricFamily> families;
  for (const Row& row : kRows) {
    MetricFamily family{row.name, row.help, row.type, {}};
    for (const SourceStatus& source : sources) {
      const std::optional<double> value = row.value(source, now);
      if (value) family.metric.push_back(Metric(row.type, {{"source", source.name}}, *value));
    }
    if (!family.metric.empty()) families.push_back(std::move(family));
  }
  MetricFamily letters{"escalationd_source_dead_letters_total",
                       "Messages that became dead letters, by kind.",
                       MetricType::Counter,
                       {}};
  for (const SourceStatus& source : sources) {
    for (size_t kind = 1; kind < source.letters.size(); ++kind) {
      const std::string name =
          absl::AsciiStrToLower(v1::DeadLetter::Kind_Name(static_cast<v1::DeadLetter::Kind>(kind)));
      letters.metric.push_back(Metric(MetricType::Counter,
                                      {{"source", source.name}, {"kind", name}},
                                      static_cast<double>(source.letters[kind])));
    }
  }
  if (!letters.metric.empty()) families.push_back(std::move(letters));
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace escalation
