// ops/option_form.h
//
// The option -o, the same in every command that has it.
//
//   Output      the chosen form; the default is the command's
//   Errors      another word: a usage error
//   Threads     one command runs at a time
#pragma once

#include "ops/decision_output.h"

namespace CLI {
class App;
}

namespace escalation {

// `form` holds the default and must live as long as the command.
void AddFormOption(CLI::App* command, OutputForm* form);

}  // namespace escalation
