#include "daemon/source/source_position.h"

#include <gtest/gtest.h>

#include <string>

namespace escalation {
namespace {

constexpr const char* kPrint = "0123456789abcdef";

TEST(PositionNoteTest, text_and_back) {
  const PositionNote read{2, 41, kPrint};
  EXPECT_EQ(ToText(read), "g=2;o=41;f=0123456789abcdef");
  EXPECT_EQ(ParsePositionNote(ToText(read)), read);
  const PositionNote fresh{1, -1, ""};
  EXPECT_EQ(ParsePositionNote(ToText(fresh)), fresh);
}

TEST(PositionNoteTest, what_others_committed_is_no_note) {
  for (const char* text : {"", "g=2", "g=2;o=41", "g=0;o=41;f=0123456789abcdef", "g=2;o=41;f=",
                           "g=2;o=-1;f=01", "g=2;o=-2;f=", "g=x;o=41;f=0123456789abcdef",
                           "metadata", "g=2;o=99999999999999999999;f=0123456789abcdef"}) {
    EXPECT_FALSE(ParsePositionNote(text).has_value()) << text;
  }
}

// Empty note: no commit. Generation 0: the log knows nothing.
KnownPosition Known(int64_t offset, const std::string& note, FoldedPosition folded,
                    StreamExtent extent) {
  KnownPosition known;
  if (!note.empty()) known.committed = CommittedPosition{offset, note};
  if (folded.generation > 0) known.folded = folded;
  known.extent = extent;
  return known;
}

std::string Note(int generation, int64_t last) {
  return ToText(PositionNote{generation, last, last < 0 ? "" : kPrint});
}

struct Row {
  int line;
  const char* claim;
  KnownPosition known;
  Evidence evidence;
  Witness::By witness;
  // generation, offset, missed_from, missed_to
  std::vector<int64_t> expected;
};

TEST(ResolveTest, each_row) {
  using By = Witness::By;
  const std::string none;
  const FoldedPosition nothing{0, 0};
  const Row rows[] = {
      {__LINE__,
       "nothing is known: from the beginning",
       Known(0, none, nothing, {5, 9}),
       Evidence::kNotAsked,
       By::kNone,
       {1, 5, 0, 0}},
      {__LINE__,
       "the commit of another program says nothing",
       Known(7, "theirs", nothing, {5, 9}),
       Evidence::kNotAsked,
       By::kNone,
       {1, 5, 0, 0}},
      {__LINE__,
       "a generation of which nothing was read yet is no news the second time",
       Known(0, Note(2, -1), {1, 9}, {0, 30}),
       Evidence::kNotAsked,
       By::kNone,
       {2, 0, 0, 0}},
      {__LINE__,
       "the same partition goes on where it was",
       Known(7, Note(2, 6), nothing, {5, 9}),
       Evidence::kSame,
       By::kFingerprint,
       {2, 7, 0, 0}},
      {__LINE__,
       "at its end",
       Known(9, Note(2, 8), nothing, {5, 9}),
       Evidence::kSame,
       By::kFingerprint,
       {2, 9, 0, 0}},
      {__LINE__,
       "another message there: created anew",
       Known(7, Note(2, 6), nothing, {0, 9}),
       Evidence::kOther,
       By::kFingerprint,
       {3, 0, 0, 0}},
      {__LINE__,
       "it ends before what was read: created anew",
       Known(7, Note(2, 6), nothing, {0, 6}),
       Evidence::kNotAsked,
       By::kNone,
       {3, 0, 0, 0}},
      {__LINE__,
       "retention took only what was read",
       Known(7, Note(2, 6), nothing, {7, 9}),
       Evidence::kNotAsked,
       By::kNone,
       {2, 7, 0, 0}},
      {__LINE__,
       "retention took more: a gap",
       Known(7, Note(2, 6), nothing, {8, 9}),
       Evidence::kNotAsked,
       By::kNone,
       {2, 8, 7, 8}},
      {__LINE__,
       "compaction took the message",
       Known(7, Note(2, 4), nothing, {0, 9}),
       Evidence::kGone,
       By::kFingerprint,
       {2, 7, 0, 0}},
      {__LINE__,
       "no commit: again from the place that the log knows",
       Known(0, none, {2, 6}, {0, 9}),
       Evidence::kSame,
       By::kEvents,
       {2, 6, 0, 0}},
      {__LINE__,
       "no commit, other events there: created anew",
       Known(0, none, {2, 6}, {0, 9}),
       Evidence::kOther,
       By::kEvents,
       {3, 0, 0, 0}},
      {__LINE__,
       "no commit, and it ends before: created anew",
       Known(0, none, {2, 6}, {0, 6}),
       Evidence::kNotAsked,
       By::kNone,
       {3, 0, 0, 0}},
      {__LINE__,
       "no commit, and retention was there: a gap",
       Known(0, none, {2, 6}, {9, 12}),
       Evidence::kNotAsked,
       By::kNone,
       {2, 9, 7, 9}},
      {__LINE__,
       "no commit, and retention took only what was read",
       Known(0, none, {2, 6}, {7, 12}),
       Evidence::kNotAsked,
       By::kNone,
       {2, 7, 0, 0}},
      {__LINE__,
       "the log knows of a later generation than a late commit",
       Known(7, Note(1, 6), {2, 3}, {0, 9}),
       Evidence::kSame,
       By::kEvents,
       {2, 3, 0, 0}},
      {__LINE__,
       "a commit without a message, and the log knows more",
       Known(0, Note(2, -1), {2, 3}, {0, 9}),
       Evidence::kSame,
       By::kEvents,
       {2, 3, 0, 0}},
      {__LINE__,
       "a commit without a message, and nothing more",
       Known(4, Note(2, -1), nothing, {0, 9}),
       Evidence::kNotAsked,
       By::kNone,
       {2, 4, 0, 0}},
  };
  for (const Row& row : rows) {
    const Witness witness = WitnessOf(row.known);
    EXPECT_EQ(witness.by, row.witness) << row.line << ": " << row.claim;
    const ResolvedPosition resolved = Resolve(row.known, row.evidence);
    EXPECT_EQ((std::vector<int64_t>{resolved.generation, resolved.offset, resolved.missed_from,
                                    resolved.missed_to}),
              row.expected)
        << row.line << ": " << row.claim;
    EXPECT_EQ(resolved.note.generation, resolved.generation) << row.line << ": " << row.claim;
  }
}

}  // namespace
}  // namespace escalation
