#include "daemon/source/form_fields.h"

#include <gtest/gtest.h>

namespace escalation {
namespace {

TEST(FormFields, names_and_values_in_order) {
  const auto fields = ParseFormFields("b=1&a=two+words&a=%C3%A9%00&=x&c&&d=");
  ASSERT_TRUE(fields.ok()) << fields.status();
  using namespace std::string_literals;
  EXPECT_EQ(
      *fields,
      (FormFields{
          {"b", "1"}, {"a", "two words"}, {"a", "\xC3\xA9\0"s}, {"", "x"}, {"c", ""}, {"d", ""}}));
  EXPECT_TRUE(ParseFormFields("")->empty());
}

TEST(FormFields, broken_escapes_are_named_by_their_place) {
  EXPECT_EQ(ParseFormFields("a=1&b=%G0").status().message(), "byte 6: a broken %-escape of a form");
  EXPECT_EQ(ParseFormFields("a%4").status().message(), "byte 1: a broken %-escape of a form");
  EXPECT_EQ(ParseFormFields("a=%").status().message(), "byte 2: a broken %-escape of a form");
}

TEST(FormFields, there_is_an_end_to_them) {
  std::string text;
  for (size_t i = 0; i < kFormFieldsMax; ++i) text += "a=&";
  EXPECT_EQ(ParseFormFields(text)->size(), kFormFieldsMax);
  EXPECT_FALSE(ParseFormFields(text + "a=").ok());
}

}  // namespace
}  // namespace escalation
