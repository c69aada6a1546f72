// daemon/mapper/frame.h
//
// What escalation-mapper and the process that started it say to each other, over one stream socket
// that is the mapper's standard input and output.
//
//   request := size:u32 bytes             -- first the program's text, then JSON documents, each
//                                            answered before the next
//   reply   := output* end
//   output  := 'O' size:u32 bytes         -- one JSON text
//   end     := 'D' 0:u32                  -- all went well; the outputs count
//            | 'E' size:u32 bytes         -- the program's error, or that it does not compile; the
//                                            outputs before it do not count
//
//   Integers    little endian
//   Arguments   MEMORY-BYTES PROCESSOR-MILLISECONDS OUTPUT-BYTES PARENT-PID
//   Ends        at the end of its input; kMapperOutOfMemory when memory is over; by SIGPROF when
//               processor time is
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace escalation {

inline constexpr char kMapperOutput = 'O';
inline constexpr char kMapperDone = 'D';
inline constexpr char kMapperError = 'E';
// In its environment, so that a program's use of it is seen.
inline constexpr char kMapperEnvironment[] = "escalation-mapper=environment";
inline constexpr int kMapperOutOfMemory = 86;
inline constexpr size_t kMapperFrameHeadBytes = 5;
// Longer error texts are cut.
inline constexpr size_t kMapperErrorBytesMax = 4096;

inline void AppendSize(size_t size, std::string* out) {
  for (int shift = 0; shift < 32; shift += 8) out->push_back(static_cast<char>(size >> shift));
}

inline size_t ReadSize(const char* bytes) {
  size_t size = 0;
  for (int i = 3; i >= 0; --i) size = size << 8 | static_cast<unsigned char>(bytes[i]);
  return size;
}

inline void AppendReply(char kind, std::string_view bytes, std::string* out) {
  out->push_back(kind);
  AppendSize(bytes.size(), out);
  out->append(bytes);
}

}  // namespace escalation
