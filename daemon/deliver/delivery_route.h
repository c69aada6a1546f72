// daemon/deliver/delivery_route.h
//
// A route of the daemon's config: which provider pages go to, and with what credentials.
//
//   Output      values
//   Invariants  what opens a provider's door is a Secret
//   Threads     values
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "daemon/secret.h"
#include "state/base/instant.h"

namespace escalation {

struct KafkaSettings;
struct MappingProgram;

// Of an e-mail route.
struct MailRoute {
  // Addresses alone, such as "oncall@example.com".
  std::string from;
  std::vector<std::string> to;
  // Empty: no log-in. The password is the route's key.
  std::string user;
  // Nothing is said to a server that offers no TLS.
  bool encrypted = true;
};

// Of a route to a topic.
struct TopicRoute {
  // Of Kafka routes never null.
  std::shared_ptr<const KafkaSettings> cluster;
  std::string topic;
};

struct DeliveryRoute {
  enum class Provider {
    kVictorOps,
    kWebhook,
    kPagerDuty,
    kSlack,
    kJsm,
    kEmail,
    kAlertmanager,
    kKafka
  };
  // As policies name it; also the name of the destination in outcomes.
  std::string name;
  Provider provider = Provider::kWebhook;
  // Complete; of VictorOps with key and routing key.
  Secret url;
  // PagerDuty's routing key, JSM's API key, Slack's token, a mail server's password; empty: none.
  Secret key;
  // Sign webhooks (Standard Webhooks), each with a signature of its own, so that a receiver can
  // change from one to the next; none: unsigned.
  std::vector<Secret> signing_secrets;
  // Extra request headers. Values may be credentials.
  std::vector<std::pair<std::string, Secret>> headers;
  // Webhooks: the jq program that makes their body; null: the standard one.
  std::shared_ptr<const MappingProgram> body;
  // How urgent its pages are in the provider's own words; empty: as urgent as it knows.
  std::string urgency;
  // Slack: where messages go when a token is used, and whether they have buttons.
  std::string channel;
  bool buttons = false;
  // Alertmanager: labels beside our own, by which it routes.
  std::vector<std::pair<std::string, std::string>> labels;
  MailRoute mail;
  TopicRoute topic;
  // Requests a minute; 0: unlimited. Routes of one VictorOps organisation share the lowest.
  int per_minute_max = 0;
  // Decided and published, not delivered.
  bool shadow = false;
  // Of one request, whole.
  Duration timeout = Duration::Seconds(10);
};

// Routes with the same text share a budget and a fate: an organisation at VictorOps, else the
// route. Holds no secret.
std::string BudgetGroupOf(const DeliveryRoute& route);

}  // namespace escalation
