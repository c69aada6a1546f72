// tests/daemon/fake_ownership.h
//
// Claims that a test gives and takes.
#pragma once

#include <cstdint>

#include "daemon/ownership.h"

namespace escalation {

class FakeOwnership : public Ownership {
 public:
  uint64_t ClaimOf(Partition) const override { return claim; }
  void Progress(Partition) override { ++progress; }
  void Leave() override { claim = 0; }

  uint64_t claim = 0;
  int progress = 0;
};

}  // namespace escalation
