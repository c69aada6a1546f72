// daemon/mapper/sandbox.h
//
// Takes from this process what a mapping does not need.
//
//   LimitProcess     memory, core dumps; the process ends with the one that started it
//   EnterSandbox     from here on: reading and writing what is open, memory, its own end. Any other
//                    system call fails
//
//   Errors      a text that says what was refused; empty: done. What cannot be confined MUST not
//               run
//   Threads     before any other thread
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>

namespace escalation {

std::string LimitProcess(size_t memory_bytes_max, pid_t parent);
std::string EnterSandbox();

// From now on the process may compute so long; 0: without bound.
void AllowProcessorTime(long milliseconds);

}  // namespace escalation
