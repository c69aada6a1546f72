#include "daemon/log/dead_letters.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "daemon/log/kafka_dead_letters.h"
#include "state/base/text.h"

namespace escalation {
namespace {

class DeadLettersTest : public testing::Test {
 protected:
  void SetUp() override {
    dir_ = Cat(testing::TempDir(), "/dead-letters-",
               testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(dir_);
    Open();
  }
  void TearDown() override {
    letters_.reset();
    std::filesystem::remove_all(dir_);
  }
  void Open() {
    letters_.reset();
    options_.clock = [this] { return now_; };
    auto opened = OpenEmbeddedDeadLetters(dir_, options_);
    ASSERT_TRUE(opened.ok()) << opened.status();
    letters_ = *std::move(opened);
  }
  int64_t Put(const std::string& value) {
    v1::DeadLetter letter;
    letter.set_source("desk");
    letter.set_value(value);
    const auto position = letters_->Put(letter);
    EXPECT_TRUE(position.ok()) << position.status();
    return *position;
  }
  std::string Values() {
    std::string out;
    const auto page = letters_->List(0, 100, 1 << 20);
    for (const StoredLetter& letter : page->letters) {
      CatTo(&out, letter.position, "=", letter.letter.value(), " ");
    }
    return out;
  }

  Instant now_ = Instant::Seconds(1'773'133'200);
  EmbeddedDeadLettersOptions options_;
  std::string dir_;
  std::unique_ptr<DeadLetters> letters_;
};

TEST_F(DeadLettersTest, letters_keep_position_and_bytes_over_a_restart) {
  const std::string bytes("\0\xff\n{", 4);
  EXPECT_EQ(Put("a"), 0);
  EXPECT_EQ(Put(bytes), 1);
  const std::string incarnation = letters_->incarnation();
  EXPECT_EQ(incarnation.size(), 32U);
  Open();
  EXPECT_EQ(letters_->incarnation(), incarnation);
  EXPECT_EQ(Put("c"), 2);
  EXPECT_EQ(letters_->Get(1)->letter.value(), bytes);
  EXPECT_TRUE(absl::IsNotFound(letters_->Get(3).status()));
}

TEST_F(DeadLettersTest, list_goes_on_where_a_page_ended) {
  for (const char* value : {"a", "b", "c"}) Put(value);
  auto page = letters_->List(0, 2, 1 << 20);
  EXPECT_EQ(page->letters.size(), 2U);
  EXPECT_EQ(page->next, 2);
  EXPECT_EQ(page->end, 3);
  page = letters_->List(page->next, 2, 1 << 20);
  EXPECT_EQ(page->letters.size(), 1U);
  EXPECT_EQ(page->next, page->end);
  // One at least, however large.
  EXPECT_EQ(letters_->List(0, 10, 1)->letters.size(), 1U);
}

TEST_F(DeadLettersTest, the_oldest_go_first_and_positions_are_never_given_again) {
  options_.bytes_max = 200;
  Open();
  for (int i = 0; i < 10; ++i) Put(std::string(50, static_cast<char>('a' + i)));
  EXPECT_TRUE(absl::IsNotFound(letters_->Get(0).status()));
  EXPECT_TRUE(letters_->Get(9).ok());
  now_ = now_ + options_.age_max + Duration{1};
  Put("later");
  EXPECT_EQ(Values(), "10=later ");
  Open();
  EXPECT_EQ(Put("after"), 11);
  EXPECT_EQ(Values(), "10=later 11=after ");
}

TEST_F(DeadLettersTest, letters_that_go_are_counted_and_told_once_a_minute) {
  std::string told;
  options_.bytes_max = 200;
  options_.on_dropped = [&](const DroppedLetters& dropped) {
    CatTo(&told, dropped.count, " up to ", dropped.oldest, "; ");
  };
  Open();
  const auto put = [this] { Put(std::string(50, 'x')); };
  for (int i = 0; i < 3; ++i) put();
  EXPECT_EQ(letters_->dropped(), 0U);
  EXPECT_EQ(told, "");
  put();
  EXPECT_EQ(letters_->dropped(), 1U);
  EXPECT_EQ(told, "1 up to 1; ");
  put();
  put();
  EXPECT_EQ(letters_->dropped(), 3U);
  EXPECT_EQ(told, "1 up to 1; ");
  now_ = now_ + Duration::Minutes(1);
  put();
  EXPECT_EQ(letters_->dropped(), 4U);
  EXPECT_EQ(told, "1 up to 1; 3 up to 4; ");
  // By age all but the new one.
  now_ = now_ + options_.age_max + Duration{1};
  put();
  EXPECT_EQ(letters_->dropped(), 7U);
  EXPECT_EQ(told, "1 up to 1; 3 up to 4; 3 up to 7; ");
  // A clock that is set back silences nobody.
  now_ = now_ - Duration::Hours(1);
  for (int i = 0; i < 3; ++i) put();
  EXPECT_EQ(letters_->dropped(), 8U);
  EXPECT_EQ(told, "1 up to 1; 3 up to 4; 3 up to 7; 1 up to 8; ");
}

TEST(KafkaDeadLettersTest, headers_hold_everything_but_key_and_value) {
  v1::DeadLetter letter;
  letter.set_source("desk");
  letter.set_generation("tickets#2");
  letter.set_topic("tickets");
  letter.set_partition(3);
  letter.set_offset(41);
  letter.set_positioned(true);
  letter.set_tenant("default");
  letter.set_kind(v1::DeadLetter::NOT_MAPPED);
  letter.set_reason("the program takes too long");
  ToProto(Instant::Seconds(1'773'133'200), letter.mutable_received_at());
  v1::DeadLetter::Header* const header = letter.add_headers();
  header->set_name("trace");
  header->set_value(std::string("\0a", 2));
  v1::DeadLetter back;
  ReadHeaders(HeadersOf(letter), &back);
  EXPECT_EQ(back.SerializeAsString(), letter.SerializeAsString());
  letter.clear_offset();
  letter.set_positioned(false);
  back.Clear();
  ReadHeaders(HeadersOf(letter), &back);
  EXPECT_FALSE(back.positioned());
}

}  // namespace
}  // namespace escalation
