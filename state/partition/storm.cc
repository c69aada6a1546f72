// Mutes, problems and storms of a tenant: whether a page may go out, and when one of them is over.

#include <algorithm>
#include <utility>

#include "state/base/text.h"
#include "state/partition/tenant.h"

namespace escalation {
namespace {

constexpr int kDigestTicketsMax = 20;

}  // namespace

v1::BucketState& Tenant::Bucket(const v1::Route& route) {
  v1::BucketState* bucket = nullptr;
  for (v1::BucketState& known : *state_.mutable_buckets()) {
    if (known.route() == route.name()) bucket = &known;
  }
  if (bucket == nullptr) {
    bucket = state_.add_buckets();
    bucket->set_route(route.name());
    bucket->set_period_start_ms(appended_.ms);
  }
  if (appended_.ms >= bucket->period_start_ms() + route.period_ms()) {
    if (bucket->suppressed() > bucket->digested()) Digest(bucket, appended_);
    bucket->Clear();
    bucket->set_route(route.name());
    bucket->set_period_start_ms(appended_.ms);
  }
  return *bucket;
}

PageAnswer Tenant::AdmitPage(const PageWish& wish, bool highest) {
  if (const v1::MuteState* const mute = MuteOf(wish)) {
    v1::MuteState* const counted = FindMute(mute->mute_id());
    counted->set_kept_back(counted->kept_back() + 1);
    MarkDirty();
    return {PageAdmission::kMuted, {}, mute};
  }
  std::string standing = problems_.Standing(wish.ticket_id, wish.facts.problem(), wish.route);
  if (!standing.empty()) return {PageAdmission::kJoined, std::move(standing)};
  const PageAdmission admission = TakePage(wish.ticket_id, wish.route, highest);
  if (admission == PageAdmission::kAdmitted) {
    problems_.AddPage(wish.ticket_id, wish.facts.problem(), wish.escalation, wish.route);
  }
  return {admission};
}

PageAdmission Tenant::TakePage(const std::string& ticket_id, const std::string& route,
                               bool highest) {
  const v1::Route* const definition = current_->FindRoute(route);
  if (definition == nullptr || definition->pages_max() == 0) return PageAdmission::kAdmitted;
  v1::BucketState& bucket = Bucket(*definition);
  MarkDirty();
  if (bucket.pages() < definition->pages_max()) {
    bucket.set_pages(bucket.pages() + 1);
    return PageAdmission::kAdmitted;
  }
  if (highest && bucket.exempt_pages() < definition->exempt_max()) {
    bucket.set_exempt_pages(bucket.exempt_pages() + 1);
    return PageAdmission::kAdmitted;
  }
  bucket.set_suppressed(bucket.suppressed() + 1);
  if (bucket.ticket_ids_size() < kDigestTicketsMax) bucket.add_ticket_ids(ticket_id);
  // The first one is told at once, the rest when the period ends.
  if (bucket.suppressed() == 1) Digest(&bucket, appended_);
  return PageAdmission::kDigested;
}

void Tenant::Digest(v1::BucketState* bucket, Instant at) {
  bucket->set_digests(bucket->digests() + 1);
  bucket->set_digested(bucket->suppressed());
  MarkDirty();
  v1::PageDigest* const digest =
      sink_.Add(at, Instant::Never(), Cat("routes.", bucket->route())).mutable_page_digest();
  digest->set_route(bucket->route());
  digest->set_key(Cat(name_, "//digest/", bucket->route(), '/', bucket->period_start_ms()));
  digest->set_generation(bucket->digests());
  digest->set_suppressed(bucket->suppressed());
  *digest->mutable_ticket_ids() = bucket->ticket_ids();
}

Instant Tenant::NextMoment() const {
  Instant next = Instant::Never();
  for (const v1::BucketState& bucket : state_.buckets()) {
    const v1::Route* const route = current_->FindRoute(bucket.route());
    if (route == nullptr || bucket.suppressed() <= bucket.digested()) continue;
    next = std::min(next, Instant{bucket.period_start_ms() + route->period_ms()});
  }
  for (const v1::MuteState& mute : state_.mutes()) {
    if (mute.until_ms() != 0) next = std::min(next, Instant{mute.until_ms()});
  }
  return next;
}

void Tenant::EndPeriods(Instant limit) {
  sink_.About(name_, "", current_->revision());
  auto* const buckets = state_.mutable_buckets();
  for (v1::BucketState& bucket : *buckets) {
    const v1::Route* const route = current_->FindRoute(bucket.route());
    const Instant end{bucket.period_start_ms() + (route == nullptr ? 0 : route->period_ms())};
    if (end <= limit && bucket.suppressed() > bucket.digested()) Digest(&bucket, end);
  }
  MarkDirty();
}

}  // namespace escalation
