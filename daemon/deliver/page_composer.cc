#include "daemon/deliver/page_composer.h"

#include <condition_variable>
#include <deque>
#include <thread>
#include <utility>

#include "daemon/deliver/body_program.h"
#include "state/base/text.h"

namespace escalation {

// One program, its thread, and what waits for it.
class PageComposer::Worker {
 public:
  Worker(PageComposer* composer, std::string route, std::shared_ptr<const MappingProgram> program,
         std::unique_ptr<BodyProgram> runner)
      : composer_(*composer),
        route_(std::move(route)),
        program_(std::move(program)),
        runner_(std::move(runner)),
        thread_([this] { Run(); }) {}

  ~Worker() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      changed_.notify_all();
    }
    thread_.join();
  }

  bool Runs(const MappingProgram& program) const {
    return program_->name == program.name && program_->text == program.text;
  }

  // False: it has ended, and the delivery is as it was.
  bool Take(Delivery* delivery, Done* done) {
    const Instant until = composer_.world_.clock() + kComposeWaitMax;
    const std::lock_guard lock(mutex_);
    if (stopping_) return false;
    jobs_.push_back({std::move(*delivery), std::move(*done), until});
    changed_.notify_all();
    return true;
  }

 private:
  struct Job {
    Delivery delivery;
    Done done;
    Instant until;
  };

  void Run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      Job job = std::move(jobs_.front());
      jobs_.pop_front();
      const bool stopping = stopping_;
      lock.unlock();
      Make(std::move(job), stopping);
      lock.lock();
    }
  }

  void Make(Job job, bool stopping) {
    const Instant now = composer_.world_.clock();
    std::string why;
    if (stopping) {
      why = "it is being replaced";
    } else if (now < rests_until_) {
      why = Cat("it rests after ", killed_, " runs that had to be ended");
    } else if (now > job.until) {
      why = Cat("it was busy for ", kComposeWaitMax);
    }
    if (!why.empty()) {
      return composer_.Fail(route_, Cat(program_->name, ": ", why), std::move(job.delivery),
                            job.done);
    }
    absl::StatusOr<PageBody> made = runner_->Make(job.delivery);
    killed_ = absl::IsDeadlineExceeded(made.status()) ? killed_ + 1 : 0;
    if (killed_ >= kComposeKilledMax) rests_until_ = composer_.world_.clock() + kComposeRest;
    if (!made.ok()) {
      return composer_.Fail(route_, std::string(made.status().message()), std::move(job.delivery),
                            job.done);
    }
    job.delivery.body = *std::move(made);
    job.done(std::move(job.delivery));
  }

  PageComposer& composer_;
  const std::string route_;
  const std::shared_ptr<const MappingProgram> program_;
  const std::unique_ptr<BodyProgram> runner_;
  // Of the thread: runs in a row that had to be ended, and until when there is none.
  int killed_ = 0;
  Instant rests_until_ = Instant::Past();

  std::mutex mutex_;  // Guards what follows.
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  bool stopping_ = false;
  // Last: it uses the others.
  std::thread thread_;
};

PageComposer::PageComposer(World world) : world_(std::move(world)) {}

PageComposer::~PageComposer() {
  std::map<std::string, std::shared_ptr<Worker>> workers;
  const std::lock_guard lock(mutex_);
  workers.swap(workers_);
}

absl::Status PageComposer::SetRoutes(const std::vector<DeliveryRoute>& routes) {
  std::map<std::string, std::shared_ptr<Worker>> workers;
  for (const DeliveryRoute& route : routes) {
    if (route.body == nullptr) continue;
    {
      const std::lock_guard lock(mutex_);
      const auto found = workers_.find(route.name);
      if (found != workers_.end() && found->second->Runs(*route.body)) {
        workers.insert(*found);
        continue;
      }
    }
    auto program = BodyProgram::Start(*route.body, world_.mapper);
    if (!program.ok()) {
      return absl::Status(program.status().code(),
                          Cat("route ", route.name, ": ", std::string(program.status().message())));
    }
    workers[route.name] =
        std::make_shared<Worker>(this, route.name, route.body, *std::move(program));
  }
  const std::lock_guard lock(mutex_);
  for (const auto& [route, worker] : workers) failures_.try_emplace(route, 0);
  workers_.swap(workers);
  return absl::OkStatus();
}

void PageComposer::Compose(const DeliveryRoute& route, Delivery delivery, Done done) {
  std::shared_ptr<Worker> worker;
  {
    const std::lock_guard lock(mutex_);
    const auto found = workers_.find(route.name);
    if (found != workers_.end()) worker = found->second;
  }
  if (worker != nullptr && worker->Take(&delivery, &done)) return;
  Fail(route.name, "its program is not there", std::move(delivery), done);
}

void PageComposer::Fail(const std::string& route, std::string why, Delivery delivery,
                        const Done& done) {
  {
    const std::lock_guard lock(mutex_);
    ++failures_[route];
  }
  world_.tell(route, why);
  delivery.body_trouble = std::move(why);
  done(std::move(delivery));
}

std::map<std::string, uint64_t> PageComposer::Failures() const {
  const std::lock_guard lock(mutex_);
  return failures_;
}

}  // namespace escalation
