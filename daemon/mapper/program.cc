#include "daemon/mapper/program.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <vector>

extern "C" {
#include <jq.h>
}

#include "daemon/mapper/frame.h"

namespace escalation {
namespace {

// On a line of its own, so that the program's lines keep their columns.
constexpr char kPrologue[] =
    ".headers as $headers | .topic as $topic | .key as $key | .stamped as $stamped | .body |\n";
constexpr int kPrologueLines = 1;

// Built-in functions of C that ask for more than the message, and how a person calls them.
struct Forbidden {
  const char* function;
  const char* name;
  const char* why;
};
constexpr Forbidden kForbidden[] = {
    {"now", "now", "a message gives the same events at any time; $stamped is when it came"},
    {"localtime", "localtime", "a message gives the same events on any machine; gmtime is UTC"},
    {"strflocaltime", "strflocaltime",
     "a message gives the same events on any machine; strftime is UTC"},
    {"env", "env", "the environment is no part of a message"},
    {"_input", "input", "a message is mapped alone"},
    {"input_filename", "input_filename", "a message is no file"},
    {"input_line_number", "input_line_number", "a message is no file"},
    {"halt", "halt", "a mapping goes on with the next message"},
    {"halt_error", "halt_error", "a mapping goes on with the next message; error(...) refuses one"},
    {"stderr", "stderr", "what people wrote is not printed"},
    {"modulemeta", "modulemeta", "a mapping is one file"},
    {"get_search_list", "get_search_list", "a mapping is one file"},
    {"get_prog_origin", "get_prog_origin", "a mapping is one file"},
    {"get_jq_origin", "get_jq_origin", "a mapping is one file"},
};
// How kMapperEnvironment looks as an object.
constexpr char kEnvironmentObject[] = R"("escalation-mapper":"environment")";

// Takes `value`.
std::string TextOf(jv value) {
  jv text = jv_get_kind(value) == JV_KIND_STRING ? value : jv_dump_string(value, 0);
  std::string out(jv_string_value(text),
                  static_cast<size_t>(jv_string_length_bytes(jv_copy(text))));
  jv_free(text);
  return out;
}

void CollectError(void* data, jv message) {
  static_cast<std::vector<std::string>*>(data)->push_back(TextOf(jq_format_error(message)));
}

bool IsWordCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$' || c == '.';
}

// Where `word` stands by itself, outside of comments; npos: nowhere.
size_t FindWord(std::string_view text, std::string_view word) {
  for (size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    if (at > 0 && IsWordCharacter(text[at - 1])) continue;
    const size_t end = at + word.size();
    if (end < text.size() && IsWordCharacter(text[end])) continue;
    const size_t line = text.rfind('\n', at) + 1;  // npos + 1 == 0
    if (text.substr(line, at - line).find('#') != std::string_view::npos) continue;
    return at;
  }
  return std::string_view::npos;
}

// "LINE:COLUMN: " of a byte; columns in bytes, from 1.
std::string PlaceOf(std::string_view text, size_t at) {
  const std::string_view before = text.substr(0, at);
  const size_t line = before.rfind('\n') + 1;
  return std::to_string(std::count(before.begin(), before.end(), '\n') + 1) + ":" +
         std::to_string(at - line + 1) + ": ";
}

std::string_view LineOf(std::string_view text, int number) {
  for (; number > 1; --number) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  return text.substr(0, text.find('\n'));
}

// "jq: error: nope/0 is not defined at <top-level>, line 2:\n..." as "1:5: nope/0 is not defined".
std::string PlacedError(const std::string& message, const std::string& program) {
  constexpr std::string_view kBefore = "jq: error: ";
  constexpr std::string_view kPlace = " at <top-level>, line ";
  constexpr std::string_view kShell = " (Unix shell quoting issues?)";
  const size_t place = message.find(kPlace);
  if (place == std::string::npos) return message;
  std::string what = message.substr(0, place);
  if (what.rfind(kBefore, 0) == 0) what.erase(0, kBefore.size());
  if (const size_t shell = what.find(kShell); shell != std::string::npos) {
    what.erase(shell, kShell.size());
  }
  const int line = std::max(std::atoi(message.c_str() + place + kPlace.size()) - kPrologueLines, 1);
  std::string out = std::to_string(line) + ":";
  // jq 1.6 tells no column, but it tells a name.
  const std::string name = what.substr(0, what.find_first_of("/ "));
  const size_t column = what.find(" is not defined") == std::string::npos
                            ? std::string_view::npos
                            : FindWord(LineOf(program, line), name);
  if (column != std::string_view::npos) out += std::to_string(column + 1) + ":";
  return out + " " + what;
}

// What the compiled program does, one instruction a line.
std::string Disassembly(jq_state* jq) {
  // jq prints it to the standard output, which is the socket: a file in memory takes its place.
  std::fflush(stdout);
  const int memory = memfd_create("disassembly", MFD_CLOEXEC);
  const int kept = dup(STDOUT_FILENO);
  std::string text;
  if (memory >= 0 && kept >= 0 && dup2(memory, STDOUT_FILENO) >= 0) {
    jq_dump_disassembly(jq, 0);
    std::fflush(stdout);
    dup2(kept, STDOUT_FILENO);
    lseek(memory, 0, SEEK_SET);
    char buffer[16 * 1024];
    for (ssize_t n = 0; (n = read(memory, buffer, sizeof buffer)) > 0;) {
      text.append(buffer, static_cast<size_t>(n));
    }
  }
  if (memory >= 0) close(memory);
  if (kept >= 0) close(kept);
  return text;
}

}  // namespace

MapperProgram::MapperProgram(void (*out_of_memory)(void*)) : jq_(jq_init()) {
  if (jq_ != nullptr) jq_set_nomem_handler(jq_, out_of_memory, nullptr);
}

MapperProgram::~MapperProgram() {
  jq_state* jq = jq_;
  if (jq != nullptr) jq_teardown(&jq);
}

std::string MapperProgram::FindForbidden(const std::string& text) {
  const std::string code = Disassembly(jq_);
  if (code.empty()) return "what the program does cannot be looked at here";
  const auto refuse = [&text](const char* name, const char* why) {
    const size_t at = FindWord(text, name);
    return (at == std::string_view::npos ? std::string("1: ") : PlaceOf(text, at)) + name +
           " is not available: " + why;
  };
  for (const Forbidden& forbidden : kForbidden) {
    if (code.find(std::string("CALL_BUILTIN ") + forbidden.function + "\n") != std::string::npos) {
      return refuse(forbidden.name, forbidden.why);
    }
  }
  if (code.find(kEnvironmentObject) != std::string::npos) {
    return refuse("$ENV", "the environment is no part of a message");
  }
  return "";
}

std::string MapperProgram::Compile(const std::string& text) {
  if (jq_ == nullptr) return "jq cannot be started";
  std::vector<std::string> errors;
  jq_set_error_cb(jq_, CollectError, &errors);
  const bool compiled = jq_compile(jq_, (kPrologue + text).c_str()) != 0;
  jq_set_error_cb(jq_, nullptr, nullptr);
  if (compiled) return FindForbidden(text);
  std::string out;
  for (const std::string& error : errors) {
    // The last one counts the others.
    if (&error == &errors.back() && errors.size() > 1) break;
    out += (out.empty() ? "" : "\n") + PlacedError(error, text);
  }
  return out.empty() ? "it does not compile" : out;
}

void MapperProgram::Run(std::string_view document, size_t output_bytes_max, std::string* out) {
  const size_t begin = out->size();
  std::string error;
  jv input = jv_parse_sized(document.data(), static_cast<int>(document.size()));
  if (!jv_is_valid(input)) {
    error = TextOf(jv_invalid_get_msg(input));
    return AppendReply(kMapperError, error, out);
  }
  jq_start(jq_, input, 0);
  jv result = jq_next(jq_);
  for (; jv_is_valid(result); result = jq_next(jq_)) {
    AppendReply(kMapperOutput, TextOf(jv_dump_string(result, 0)), out);
    if (out->size() - begin <= output_bytes_max) continue;
    out->resize(begin);
    return AppendReply(kMapperError,
                       "gave more than " + std::to_string(output_bytes_max) + " bytes", out);
  }
  if (jv_invalid_has_msg(jv_copy(result))) {
    error = TextOf(jv_invalid_get_msg(result));
    out->resize(begin);
    return AppendReply(kMapperError, std::string_view(error).substr(0, kMapperErrorBytesMax), out);
  }
  jv_free(result);
  AppendReply(kMapperDone, "", out);
}

}  // namespace escalation
