#include <iostream>

#include "ops/app.h"

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  return escalation::RunEscalationctl(arguments, std::cin, std::cout, std::cerr);
}
