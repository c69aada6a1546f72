#include "daemon/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <utility>

#include "state/base/text.h"

namespace escalation {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

class Families {
 public:
  void Add(MetricType type, const char* name, const char* help,
           std::vector<ClientMetric::Label> labels, double value) {
    if (families_.empty() || families_.back().name != name) {
      families_.push_back({name, help, type, {}});
    }
    ClientMetric metric;
    metric.label = std::move(labels);
    if (type == MetricType::Counter) {
      metric.counter.value = value;
    } else {
      metric.gauge.value = value;
    }
    families_.back().metric.push_back(std::move(metric));
  }

  std::string Text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  std::vector<MetricFamily> families_;
};

double Seconds(Duration d) { return static_cast<double>(d.ms) / 1000.0; }

// One metric of every partition.
struct PartitionRow {
  MetricType type;
  const char* name;
  const char* help;
  double (*value)(const PipelineStatus& status, Instant now);
};

constexpr PartitionRow kPartitionRows[] = {
    {MetricType::Counter, "escalationd_records_folded_total", "Records folded since the start.",
     [](const PipelineStatus& s, Instant) { return static_cast<double>(s.counts.records); }},
    {MetricType::Counter, "escalationd_duplicate_events_total",
     "Events dropped because they came before.",
     [](const PipelineStatus& s, Instant) { return static_cast<double>(s.counts.duplicates); }},
    {MetricType::Counter, "escalationd_late_events_total",
     "Events put in their place behind later ones.",
     [](const PipelineStatus& s, Instant) { return static_cast<double>(s.counts.late_events); }},
    {MetricType::Gauge, "escalationd_log_end_offset", "The offset that the log's next record gets.",
     [](const PipelineStatus& s, Instant) { return static_cast<double>(s.end.value); }},
    {MetricType::Gauge, "escalationd_fold_lag_records",
     "Records in the log that are not folded yet.",
     [](const PipelineStatus& s, Instant) {
       return static_cast<double>(s.end.value - s.position.value);
     }},
    {MetricType::Gauge, "escalationd_timer_lag_seconds",
     "How long the earliest due moment is overdue; 0: none is.",
     [](const PipelineStatus& s, Instant now) {
       return s.next_due == Instant::Never() || s.next_due >= now ? 0.0 : Seconds(now - s.next_due);
     }},
    {MetricType::Gauge, "escalationd_outbox_decisions",
     "Decisions that are not in the decisions stream yet.",
     [](const PipelineStatus& s, Instant) {
       return s.seq > s.published_through ? static_cast<double>(s.seq - s.published_through) : 0.0;
     }},
    {MetricType::Gauge, "escalationd_pages_held",
     "Pages held back until the log was read to its end.",
     [](const PipelineStatus& s, Instant) { return static_cast<double>(s.held); }},
    {MetricType::Gauge, "escalationd_caught_up",
     "1 once the log was read to its end since the start.",
     [](const PipelineStatus& s, Instant) { return s.caught_up ? 1.0 : 0.0; }},
    {MetricType::Gauge, "escalationd_leads",
     "1 while this instance owns the partition: it ticks, publishes and delivers.",
     [](const PipelineStatus& s, Instant) { return s.leads ? 1.0 : 0.0; }},
};

struct RouteRow {
  MetricType type;
  const char* name;
  const char* help;
  double (*value)(const RouteStatistics& route, Instant now);
};

constexpr RouteRow kRouteRows[] = {
    {MetricType::Counter, "escalationd_deliveries_delivered_total",
     "Page operations that the provider took.",
     [](const RouteStatistics& r, Instant) { return static_cast<double>(r.delivered); }},
    {MetricType::Counter, "escalationd_deliveries_failed_total",
     "Page operations given up for good.",
     [](const RouteStatistics& r, Instant) { return static_cast<double>(r.failed); }},
    {MetricType::Counter, "escalationd_deliveries_suppressed_total",
     "Page operations that were not sent on purpose.",
     [](const RouteStatistics& r, Instant) { return static_cast<double>(r.suppressed); }},
    {MetricType::Counter, "escalationd_deliveries_digested_total",
     "Pages that the provider took together with others.",
     [](const RouteStatistics& r, Instant) { return static_cast<double>(r.digested); }},
    {MetricType::Gauge, "escalationd_deliveries_standing",
     "Pages that are open and renewed there, or closed together with others.",
     [](const RouteStatistics& r, Instant) { return static_cast<double>(r.standing); }},
    {MetricType::Counter, "escalationd_delivery_attempts_total", "Requests made to the provider.",
     [](const RouteStatistics& r, Instant) { return static_cast<double>(r.attempts); }},
    {MetricType::Gauge, "escalationd_deliveries_waiting", "Page operations without an outcome.",
     [](const RouteStatistics& r, Instant) {
       return static_cast<double>(r.waiting + r.in_flight);
     }},
    {MetricType::Gauge, "escalationd_oldest_delivery_seconds",
     "Age of the oldest page operation without an outcome; 0: none.",
     [](const RouteStatistics& r, Instant now) {
       return r.oldest == Instant::Never() ? 0.0 : Seconds(now - r.oldest);
     }},
};

}  // namespace

std::string MetricsText(const std::vector<PartitionMetrics>& partitions,
                        const std::map<std::string, RouteStatistics>& routes, Instant now) {
  Families families;
  for (const PartitionRow& row : kPartitionRows) {
    for (const PartitionMetrics& partition : partitions) {
      families.Add(row.type, row.name, row.help, {{"partition", Cat(partition.partition)}},
                   row.value(partition.status, now));
    }
  }
  for (const PartitionMetrics& partition : partitions) {
    for (const auto& [kind, count] : partition.status.decisions_by_kind) {
      families.Add(MetricType::Counter, "escalationd_decisions_total", "Decisions by kind.",
                   {{"partition", Cat(partition.partition)}, {"kind", kind}},
                   static_cast<double>(count));
    }
  }
  for (const RouteRow& row : kRouteRows) {
    for (const auto& [route, statistics] : routes) {
      families.Add(row.type, row.name, row.help, {{"route", route}}, row.value(statistics, now));
    }
  }
  return families.Text();
}

std::string BodyMetricsText(const std::map<std::string, uint64_t>& failures) {
  Families families;
  for (const auto& [route, count] : failures) {
    families.Add(MetricType::Counter, "escalationd_page_body_failures_total",
                 "Pages that left with the standard body since their route's program made none.",
                 {{"route", route}}, static_cast<double>(count));
  }
  return families.Text();
}

}  // namespace escalation
