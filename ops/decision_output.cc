#include "ops/decision_output.h"

#include "daemon/source/event_json.h"
#include "state/partition/decision_text.h"

namespace escalation {

void DecisionOutput::Print(const v1::Decision& decision) {
  switch (form_) {
    case OutputForm::kTable:
      out_ << DecisionText(decision) << "\n";
      break;
    case OutputForm::kJsonLines:
      out_ << ToJson(decision) << "\n";
      break;
    case OutputForm::kJson:
      out_ << (any_ ? ",\n " : "[") << ToJson(decision);
      break;
  }
  any_ = true;
}

void DecisionOutput::Finish() {
  if (form_ == OutputForm::kJson) out_ << (any_ ? "]\n" : "[]\n");
}

}  // namespace escalation
