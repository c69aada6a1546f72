#include "daemon/source_set.h"

#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "daemon/api/answer_deadline.h"
#include "daemon/api/dead_letter_handler.h"
#include "daemon/api/hook.h"
#include "daemon/config.h"
#include "daemon/log/kafka_dead_letters.h"
#include "daemon/log_writer.h"
#include "daemon/logging.h"
#include "daemon/redactor_table.h"
#include "daemon/source/kafka_stream.h"
#include "daemon/source_config.h"
#include "daemon/source_metrics.h"
#include "state/base/text.h"
#include "state/partition/keys.h"

namespace escalation {
namespace {

constexpr std::string_view kHooksPath = "/v1/hooks/";

void Tell(const std::string& source, const SourceNotice& notice) {
  switch (notice.level) {
    case SourceNotice::Level::kInfo:
      return LogInfo("source", {{"source", source}, {"what", notice.text}});
    case SourceNotice::Level::kWarning:
      return LogWarning("source", {{"source", source}, {"what", notice.text}});
    case SourceNotice::Level::kError:
      return LogError("source", {{"source", source}, {"what", notice.text}});
  }
}

void TellDropped(const DroppedLetters& dropped) {
  LogWarning("dead letters were removed, the oldest first, to make room or by age",
             {{"letters", dropped.count}, {"oldest_left", dropped.oldest}});
}

// What earlier readers of this process counted is added.
void Add(const SourceStatus& before, SourceStatus* status) {
  status->messages += before.messages;
  status->events += before.events;
  status->ignored += before.ignored;
  for (size_t i = 0; i < before.letters.size(); ++i) status->letters[i] += before.letters[i];
  status->failures += before.failures;
  status->gaps += before.gaps;
  status->records_missed += before.records_missed;
  status->recreations += before.recreations;
  status->through = std::max(status->through, before.through);
}

}  // namespace

class SourceSet::Impl : public HttpHandler {
 public:
  Impl(std::unique_ptr<DeadLetters> letters, World world)
      : store_(std::move(letters)), world_(std::move(world)) {}
  ~Impl() override { StopAll(); }

  absl::Status Add(const SourceConfig& config);
  void ServeLetters();
  absl::Status Start(Partition partition, const StateReader* state);
  void Stop(Partition partition);
  void StopAll();
  // Hooks.
  void Handle(HttpRequest request, HttpRespond respond) override;
  HttpHandler* letters() { return letters_.get(); }
  std::vector<SourceStatus> Status() const;
  std::string Metrics() const;

 private:
  struct Source {
    SourceConfig config;
    std::unique_ptr<LogWriter> writer;
    // Of a hook.
    std::unique_ptr<Hook> hook;
    // Of a topic.
    std::unique_ptr<EventIntake> intake;
    std::unique_ptr<MessageStream> stream;
    std::unique_ptr<SourceReader> reader;
    SourceStatus before;
    std::thread thread;
    // For letters; made when the first one is tried again.
    std::mutex retry_mutex;
    std::unique_ptr<EventIntake> retry;
  };

  absl::StatusOr<std::unique_ptr<EventIntake>> MakeIntake(const SourceConfig& config) const;
  absl::Status StartOne(Source* source, const StateReader* state);
  Source* Find(std::string_view name) const;
  absl::StatusOr<size_t> Retry(const StoredLetter& stored);
  bool IsRetried(const StoredLetter& stored) const;

  const std::unique_ptr<DeadLetters> store_;
  const World world_;
  // Of the hooks, which it outlives.
  AnswerDeadline deadline_;
  std::vector<std::unique_ptr<Source>> sources_;
  // One Start or Stop at a time; before mutex_.
  std::mutex turn_;
  bool stopped_ = false;
  // Guards readers and states for those who only look.
  mutable std::mutex mutex_;
  std::map<Partition, const StateReader*> states_;
  // Last: its thread uses the others.
  std::unique_ptr<DeadLetterHandler> letters_;
};

absl::StatusOr<std::unique_ptr<EventIntake>> SourceSet::Impl::MakeIntake(
    const SourceConfig& config) const {
  EventIntake::World world;
  world.source = config.name;
  world.tenant = config.tenant;
  auto decoder = MakeDecoder(config.decoder);
  if (!decoder.ok()) {
    return absl::Status(decoder.status().code(),
                        Cat("source ", config.name, ": ", std::string(decoder.status().message())));
  }
  world.decoder = *std::move(decoder);
  world.redactor = [this](const std::string& tenant) { return world_.redactors->Of(tenant); };
  world.now = world_.now;
  return std::make_unique<EventIntake>(std::move(world));
}

absl::Status SourceSet::Impl::Add(const SourceConfig& config) {
  absl::StatusOr<std::unique_ptr<EventIntake>> intake = MakeIntake(config);
  if (!intake.ok()) return intake.status();
  auto source = std::make_unique<Source>();
  source->config = config;
  source->writer = std::make_unique<LogWriter>(
      world_.log, std::map<std::string, Partition>{{config.tenant, config.partition}});
  source->before.name = config.name;
  source->before.tenant = config.tenant;
  if (config.hook.has_value()) {
    Hook::World world;
    world.verification = *config.hook;
    world.intake = *std::move(intake);
    world.letters = store_.get();
    world.append = [writer = source->writer.get()](std::vector<v1::Event> events, AppendDone done) {
      writer->Append(std::move(events), std::move(done));
    };
    world.now = world_.now;
    world.tell = [name = config.name](const SourceNotice& notice) { Tell(name, notice); };
    world.deadline = &deadline_;
    source->hook = std::make_unique<Hook>(std::move(world));
  } else {
    source->intake = *std::move(intake);
  }
  sources_.push_back(std::move(source));
  return absl::OkStatus();
}

void SourceSet::Impl::ServeLetters() {
  DeadLetterHandler::World world;
  world.letters = store_.get();
  world.retry = [this](const StoredLetter& letter) { return Retry(letter); };
  world.is_retried = [this](const StoredLetter& letter) { return IsRetried(letter); };
  letters_ = std::make_unique<DeadLetterHandler>(std::move(world));
}

absl::Status SourceSet::Impl::Start(Partition partition, const StateReader* state) {
  const std::lock_guard turn(turn_);
  if (stopped_) return absl::OkStatus();
  {
    const std::lock_guard lock(mutex_);
    states_[partition] = state;
  }
  for (const auto& source : sources_) {
    if (!source->config.kafka.has_value() || source->config.partition != partition) continue;
    if (source->reader != nullptr) continue;
    if (absl::Status status = StartOne(source.get(), state); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status SourceSet::Impl::StartOne(Source* source, const StateReader* state) {
  const KafkaSourceConfig& kafka = *source->config.kafka;
  KafkaStreamOptions options;
  options.settings = kafka.settings;
  options.client_id = Cat("escalationd-", source->config.name);
  options.group = kafka.group;
  options.topics = kafka.topics;
  absl::StatusOr<std::unique_ptr<MessageStream>> stream = OpenKafkaStream(options);
  if (!stream.ok()) return stream.status();
  SourceReaderOptions reading;
  reading.partition = source->config.partition;
  reading.start = kafka.start;
  reading.mark_every = kafka.mark_every;
  SourceReader::World world;
  world.stream = stream->get();
  world.intake = source->intake.get();
  world.log = world_.log;
  world.letters = store_.get();
  world.state = state;
  world.now = world_.now;
  world.tell = [name = source->config.name](const SourceNotice& notice) { Tell(name, notice); };
  auto reader = std::make_unique<SourceReader>(reading, std::move(world));
  if (absl::Status status = reader->Hold(); !status.ok()) return status;
  source->stream = *std::move(stream);
  source->thread = std::thread([raw = reader.get()] { raw->Run(); });
  const std::lock_guard lock(mutex_);
  source->reader = std::move(reader);
  return absl::OkStatus();
}

void SourceSet::Impl::Stop(Partition partition) {
  const std::lock_guard turn(turn_);
  // All at once: each may have to wait a moment.
  for (const auto& source : sources_) {
    if (source->reader != nullptr && source->config.partition == partition) source->reader->Stop();
  }
  for (const auto& source : sources_) {
    if (source->reader == nullptr || source->config.partition != partition) continue;
    source->thread.join();
    const std::lock_guard lock(mutex_);
    SourceStatus last = source->reader->Status();
    escalation::Add(source->before, &last);
    source->before = std::move(last);
    source->before.reading = false;
    source->reader = nullptr;
    source->stream = nullptr;
  }
}

void SourceSet::Impl::StopAll() {
  {
    const std::lock_guard turn(turn_);
    stopped_ = true;
    for (const auto& source : sources_) {
      if (source->reader != nullptr) source->reader->Stop();
    }
  }
  for (const auto& source : sources_) Stop(source->config.partition);
}

SourceSet::Impl::Source* SourceSet::Impl::Find(std::string_view name) const {
  for (const auto& source : sources_) {
    if (source->config.name == name) return source.get();
  }
  return nullptr;
}

void SourceSet::Impl::Handle(HttpRequest request, HttpRespond respond) {
  const bool hook = request.path.starts_with(kHooksPath);
  Source* const source = hook ? Find(request.path.substr(kHooksPath.size())) : nullptr;
  if (source == nullptr || source->hook == nullptr) {
    return respond(NotFoundResponse(request.path));
  }
  source->hook->Handle(std::move(request), std::move(respond));
}

std::vector<SourceStatus> SourceSet::Impl::Status() const {
  const std::lock_guard lock(mutex_);
  std::vector<SourceStatus> out;
  for (const auto& source : sources_) {
    if (source->hook != nullptr) {
      out.push_back(source->hook->Status());
    } else if (source->reader == nullptr) {
      out.push_back(source->before);
    } else {
      escalation::Add(source->before, &out.emplace_back(source->reader->Status()));
    }
  }
  return out;
}

std::string SourceSet::Impl::Metrics() const {
  return SourceMetricsText(Status(), world_.now()) + LetterMetricsText(store_->dropped());
}

absl::StatusOr<size_t> SourceSet::Impl::Retry(const StoredLetter& stored) {
  const std::string& name = stored.letter.source();
  Source* const source = Find(name);
  if (source == nullptr) {
    return absl::FailedPreconditionError(Cat("there is no source \"", name, "\" here any more"));
  }
  const std::lock_guard lock(source->retry_mutex);
  if (source->retry == nullptr) {
    absl::StatusOr<std::unique_ptr<EventIntake>> intake = MakeIntake(source->config);
    if (!intake.ok()) return intake.status();
    source->retry = *std::move(intake);
  }
  absl::StatusOr<Intake> intake =
      source->retry->Take(MessageOf(stored.letter), OriginOfRetry(*store_, stored));
  if (!intake.ok()) return intake.status();
  if (intake->letter.has_value()) return absl::FailedPreconditionError(intake->letter->reason());
  const size_t count = intake->events.size();
  const auto offsets = source->writer->AppendAndWait(std::move(intake->events));
  if (!offsets.ok()) return offsets.status();
  return count;
}

bool SourceSet::Impl::IsRetried(const StoredLetter& stored) const {
  const Source* const source = Find(stored.letter.source());
  const StateReader* state = nullptr;
  if (source != nullptr) {
    const std::lock_guard lock(mutex_);
    const auto found = states_.find(source->config.partition);
    if (found != states_.end()) state = found->second;
  }
  if (state == nullptr) return false;
  const v1::Origin origin = OriginOfRetry(*store_, stored);
  const auto seen = state->Get(keys::SourcePosition(stored.letter.tenant(), origin.source(),
                                                    origin.generation(), origin.partition()));
  return seen.ok() && seen->has_value();
}

absl::StatusOr<std::unique_ptr<SourceSet>> SourceSet::Open(const std::vector<SourceConfig>& sources,
                                                           std::unique_ptr<DeadLetters> letters,
                                                           World world) {
  auto impl = std::make_unique<Impl>(std::move(letters), std::move(world));
  for (const SourceConfig& source : sources) {
    if (absl::Status status = impl->Add(source); !status.ok()) return status;
  }
  impl->ServeLetters();
  return std::unique_ptr<SourceSet>(new SourceSet(std::move(impl)));
}

absl::StatusOr<std::unique_ptr<SourceSet>> OpenConfiguredSources(const Config& config,
                                                                 SourceSet::World world) {
  absl::StatusOr<std::unique_ptr<DeadLetters>> letters;
  if (config.log.kind == LogConfig::Kind::kKafka) {
    letters = OpenKafkaDeadLetters(config.log.kafka, config.log.dead_letters,
                                   Cat("escalationd-letters-", config.instance));
  } else {
    EmbeddedDeadLettersOptions options;
    options.clock = world.now;
    options.on_dropped = TellDropped;
    letters = OpenEmbeddedDeadLetters(Cat(config.state_dir, "/dead-letters"), std::move(options));
  }
  if (!letters.ok()) return letters.status();
  return SourceSet::Open(config.sources, *std::move(letters), std::move(world));
}

SourceSet::SourceSet(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SourceSet::~SourceSet() = default;
absl::Status SourceSet::Start(Partition partition, const StateReader* state) {
  return impl_->Start(partition, state);
}
void SourceSet::Stop(Partition partition) { impl_->Stop(partition); }
void SourceSet::StopAll() { impl_->StopAll(); }
HttpHandler* SourceSet::hooks() { return impl_.get(); }
HttpHandler* SourceSet::letters() { return impl_->letters(); }
std::vector<SourceStatus> SourceSet::Status() const { return impl_->Status(); }
std::string SourceSet::Metrics() const { return impl_->Metrics(); }

}  // namespace escalation
