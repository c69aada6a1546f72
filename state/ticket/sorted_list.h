// state/ticket/sorted_list.h
//
// Lists of words that a ticket keeps sorted, each once.
//
//   Invariants  1. what is added stands in its place in byte order
//   Threads     stateless; safe everywhere
#pragma once

#include <algorithm>
#include <string>

#include "google/protobuf/repeated_ptr_field.h"

namespace escalation {

using WordList = google::protobuf::RepeatedPtrField<std::string>;

inline void AddSorted(WordList* list, const std::string& word) {
  const auto at = std::lower_bound(list->begin(), list->end(), word);
  if (at != list->end() && *at == word) return;
  const int index = static_cast<int>(at - list->begin());
  list->Add(std::string(word));
  std::rotate(list->begin() + index, list->end() - 1, list->end());
}

inline void RemoveWord(WordList* list, const std::string& word) {
  const auto at = std::find(list->begin(), list->end(), word);
  if (at != list->end()) list->erase(at);
}

inline bool Holds(const WordList& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

// "a, b"
inline void AddToText(const std::string& word, std::string* text) {
  if (!text->empty()) text->append(", ");
  text->append(word);
}

}  // namespace escalation
