#include "ops/option_form.h"

#include <CLI/CLI.hpp>
#include <map>
#include <string>

namespace escalation {

void AddFormOption(CLI::App* command, OutputForm* form) {
  const std::map<std::string, OutputForm> words = {{"table", OutputForm::kTable},
                                                   {"json", OutputForm::kJson},
                                                   {"jsonl", OutputForm::kJsonLines}};
  const char* const fallback = *form == OutputForm::kTable  ? "table"
                               : *form == OutputForm::kJson ? "json"
                                                            : "jsonl";
  command->add_option("-o,--output", *form, "table, json or jsonl")
      ->transform(CLI::CheckedTransformer(words).description(""))
      ->option_text(std::string("FORM (default ") + fallback + ")");
}

}  // namespace escalation
