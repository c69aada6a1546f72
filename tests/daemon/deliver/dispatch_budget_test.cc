// What leaves when a provider takes only so many requests a minute.

#include "daemon/deliver/dispatch_budget.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/daemon/deliver/dispatch_queue_fixture.h"

namespace escalation {
namespace {

using DispatchBudgetTest = DispatchQueueFixture;

TEST_F(DispatchBudgetTest, the_budget_holds_for_every_minute_and_spares_closings_and_the_worst) {
  DeliveryRoute pager = RouteNamed("pager");
  pager.per_minute_max = 2;
  DispatchOptions options = Options();
  options.digest_after = Duration::Minutes(10);  // One by one.
  queue_.SetOptions(options);
  queue_.SetRoutes({pager, RouteNamed("other")});
  Add(PageFor(1, "a", 0));
  Add(PageFor(2, "b", 3));
  Add(PageFor(3, "c", 1));
  Add(CloseOf(4, "d"));
  Add(PageFor(5, "e", 3));
  Add(PageFor(6, "f", 0, "other"));
  EXPECT_EQ(Step(), "send 6, send 4, send 2");
  EXPECT_EQ(next_, kNoon + Duration::Minutes(1));
  for (const uint64_t seq : {2u, 4u, 6u}) Reply(seq, Delivered());
  now_ = kNoon + Duration::Seconds(59);
  EXPECT_EQ(Step(), "delivered 2, delivered 4, delivered 6");
  now_ = kNoon + Duration::Minutes(1);
  EXPECT_EQ(Step(), "send 5, send 3");
  now_ = kNoon + Duration::Minutes(2);
  EXPECT_EQ(Step(), "send 1");
}

// A storm that ends must not hold up the next page for as long as it has closings.
TEST_F(DispatchBudgetTest, many_closings_let_a_page_through) {
  DeliveryRoute pager = RouteNamed("pager");
  pager.per_minute_max = 5;
  queue_.SetRoutes({pager});
  for (uint64_t seq = 1; seq <= 9; ++seq) Add(CloseOf(seq, Cat("k", seq)));
  Add(PageFor(10, "low", 0));
  Add(PageFor(11, "high", 1));
  EXPECT_EQ(Step(), "send 1, send 2, send 3, send 11, send 4");
}

TEST_F(DispatchBudgetTest, routes_of_one_victorops_organisation_share_its_budget) {
  std::vector<DeliveryRoute> routes;
  for (const std::string name : {"pager", "other"}) {
    DeliveryRoute route = RouteNamed(name);
    route.provider = DeliveryRoute::Provider::kVictorOps;
    route.url =
        Secret("https://alert.victorops.com/integrations/generic/20131114/alert/ORG/" + name);
    route.per_minute_max = 1;
    routes.push_back(route);
  }
  EXPECT_EQ(BudgetGroupOf(routes[0]), BudgetGroupOf(routes[1]));
  EXPECT_EQ(BudgetGroupOf(routes[0]).find("ORG"), std::string::npos);
  queue_.SetRoutes(routes);
  Add(PageFor(1, "a", 0, "pager"));
  Add(PageFor(2, "b", 0, "other"));
  EXPECT_EQ(Step(), "send 1");
}

}  // namespace
}  // namespace escalation
