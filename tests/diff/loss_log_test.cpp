#include "microgpt/loss_log.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "support/message_of.h"

namespace microgpt {
namespace {

using Losses = std::map<std::int64_t, double>;

TEST(LossLog, ReadsEachFormat) {
  const Losses expected = {{1, 3.366}, {2, 3.4243}};
  for (const char* text :
       {"3.3660\n3.4243\n", "1 3.3660\n2 3.4243", "\r\n1\t3.3660\r\n2\t3.4243\r\n",
        "num docs: 32033\nstep    1 / 1000 | loss 3.3660\nstep    2 / 1000 | loss 3.4243\n\n"
        "--- inference (new, hallucinated names) ---\nsample  1: kamon\n",
        "step 1 / 2 | loss 3.3660\rstep 2 / 2 | loss 3.4243\r",
        "{\"step\": 1, \"loss\": 3.366}\n{\"step\": 2, \"loss\": 3.4243, \"tokens\": 7}\n",
        "{\"step\": 1, \"loss\": 3.366}\n{\"loss\": 3.4243, \"step\": 2}\n{\"step\": 3, \"lo"}) {
    const LossLog log = parse_loss_log(text, "log");
    EXPECT_EQ(log.losses, expected) << text;
    EXPECT_EQ(log.decimals, 4) << text;
    EXPECT_FALSE(log.every_digit) << text;
  }
}

TEST(LossLog, KnowsItsPrecision) {
  EXPECT_TRUE(parse_loss_log("3.3659669475848504\n", "log").every_digit);
  EXPECT_TRUE(parse_loss_log("1 0x1.aed8ff69c8e4bp+1\n", "log").every_digit);
  EXPECT_EQ(parse_loss_log("0x1.8p+1", "log").losses.at(1), 3.0);
  EXPECT_EQ(parse_loss_log("3\n3.25\n", "log").decimals, 2);
  EXPECT_EQ(parse_loss_log("33e-1\n", "log").decimals, 1);
  EXPECT_EQ(parse_loss_log("0.000000000000033660\n", "log").every_digit, false);
  EXPECT_TRUE(std::isnan(parse_loss_log("3.3\nnan\n", "log").losses.at(2)));
}

TEST(LossLog, LossesAreComparedAsFarAsTheyWerePrinted) {
  LossLog four, six, all;
  four.decimals = 4;
  six.decimals = 6;
  all.every_digit = true;
  EXPECT_TRUE(same_as_printed(3.3660, four, 3.36595, all));
  EXPECT_TRUE(same_as_printed(3.36605, all, 3.3660, four));
  EXPECT_FALSE(same_as_printed(3.3660, four, 3.36594, all));
  EXPECT_FALSE(same_as_printed(3.3660, four, 3.3661, four));
  EXPECT_TRUE(same_as_printed(3.3660, four, 3.366050, six));
  EXPECT_FALSE(same_as_printed(3.3660, four, 3.366052, six));
  EXPECT_FALSE(same_as_printed(3.0, all, 3.0000000000000004, all));
}

TEST(LossLog, OtherFilesAreErrorsThatNameTheLine) {
  const auto message = [](std::string_view text) {
    return message_of([&] { parse_loss_log(text, "log"); });
  };
  EXPECT_EQ(message(""), "log: empty, expected losses");
  EXPECT_EQ(message("3.1\nemma\n"), "log:2: 'emma' is no number");
  EXPECT_EQ(message("2 3.1\n2 3.0\n"), "log:2: step 2 after step 2, expected rising steps");
  EXPECT_EQ(message("{\"samples\": [\"emma\"]}"), "log: no losses");
  EXPECT_EQ(message("{\"step\": 1, \"loss\": 3}\n{\"st\n{\"step\": 2, \"loss\": 2}").substr(0, 15),
            "log:2: not JSON");
}

}  // namespace
}  // namespace microgpt
