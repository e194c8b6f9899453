// What check reads, and what it says of files that it can't read.
#include "conform/log.h"

#include <gtest/gtest.h>

#include <cmath>

#include "support/message_of.h"

namespace microgpt::conform {
namespace {

Log read(std::string_view bytes) { return parse_log(bytes, "log"); }
std::string message(std::string_view bytes) {
  return message_of([&] { read(bytes); });
}

// The losses of steps 1 and 2 in every format.
TEST(ParseLog, Formats) {
  for (const char* text :
       {"3.25\n2.5\n", "3.25\r\n2.50\r\n", "# mine\n\n 3.25\n 2.5", "1 3.25\n2 2.5\n",
        "0,3.25\n1,2.5\n", "step,loss\n1,3.25\n2,2.5\n", "Loss;Step\n3.25;0\n2.5;1\n",
        "step\tlr\tloss\n1\t0.1\t3.25\n2\t0.1\t2.5\n", "[3.25, 2.5]", "[\"3.25\", \"0x1.4p+1\"]",
        "step    1 /    2 | loss 3.2500\nstep    2 /    2 | loss 2.5000\n",
        "num docs: 3\nstep 1 / 2 | loss 3.25\rstep 2 / 2 | loss 2.5\r\n",
        "{\"step\": 1, \"loss\": 3.25}\n{\"step\": 2, \"loss\": 2.5}\n",
        "{\"losses\": [3.25, 2.5]}", "{\n\"losses\": {\"1\": 3.25, \"2\": \"2.5\"}}",
        "{\"losses_hex\": [\"0x1.ap+1\", \"0x1.4p+1\"], \"losses\": [1, 2]}"}) {
    const Log log = read(text);
    EXPECT_EQ(log.losses, (std::set<std::int64_t>{1, 2})) << text;
    ASSERT_TRUE(log.has("step1.loss") && log.has("step2.loss")) << text;
    EXPECT_EQ(log.numbers.at("step1.loss")[0].value, 3.25) << text;
    EXPECT_EQ(log.numbers.at("step2.loss")[0].value, 2.5) << text;
  }
}

TEST(ParseLog, Precision) {
  EXPECT_EQ(read("3.3660\n").decimals, 4);
  EXPECT_DOUBLE_EQ(read("3.3660\n2.5\n").numbers.at("step2.loss")[0].half_unit, 0.00005);
  EXPECT_FALSE(read("3.36601\n").every_digit);
  EXPECT_TRUE(read("3.366012345678901\n2.5\n").every_digit);
  EXPECT_EQ(read("3.366012345678901\n2.5\n").numbers.at("step2.loss")[0].half_unit, 0);
  EXPECT_TRUE(read("0x1.ap+1\n").every_digit);
  EXPECT_DOUBLE_EQ(read("3.366e+00\n").numbers.at("step1.loss")[0].half_unit, 0.0005);
  EXPECT_TRUE(std::isnan(read("2.5\nnan\n").numbers.at("step2.loss")[0].value));
  EXPECT_EQ(read("2.5\n-inf\n").numbers.at("step2.loss")[0].value, -INFINITY);
}

TEST(ParseLog, Dump) {
  const Log log = read(R"({"init": {"wte": [[1, 2], [3, "0x1p+2"]]},
    "trace": [{"step": 3, "data": {"pos0.loss": 1.5}, "grad": {"wte": [0.5]}}],
    "params": {"step": 9, "data": {"wte": [1]}}, "samples": ["anna", ""], "num_steps": 20})");
  EXPECT_EQ(log.numbers.at("init.wte").size(), 4u);
  EXPECT_EQ(log.numbers.at("init.wte")[3].value, 4);
  EXPECT_TRUE(log.has("step3.pos0.loss") && log.has("step3.grad.wte"));
  EXPECT_TRUE(log.has("step9.params.wte"));
  EXPECT_EQ(log.last_step(), 9);
  EXPECT_EQ(log.samples.at(2), "");
  EXPECT_EQ(log.num_steps, 20);
}

// Each part of a dump has the digits that it shows.
TEST(ParseLog, PartsOfADumpHaveTheirOwnPrecision) {
  const Log log = read(R"({"losses": [3.366012345678901, 2.5],
    "init": {"wte": [0.123, 0.5], "wpe": [0.25]}})");
  EXPECT_FALSE(log.every_digit);
  EXPECT_EQ(log.numbers.at("step2.loss")[0].half_unit, 0);
  EXPECT_DOUBLE_EQ(log.numbers.at("init.wte")[0].half_unit, 0.0005);
  const Log all = read(R"({"init": {"wte": [0.1234567890123456, 0.5], "wpe": [0.25]}})");
  EXPECT_TRUE(all.every_digit);
  EXPECT_EQ(all.numbers.at("init.wpe")[0].half_unit, 0);
}

TEST(ParseLog, SamplesAreCountedFromOne) {
  const char* steps = "step 1 / 9 | loss 3.2\n";
  EXPECT_EQ(read(std::string(steps) + "sample  1: anna\nsample  2: \n").samples,
            (std::map<std::size_t, std::string>{{1, "anna"}, {2, ""}}));
  EXPECT_EQ(read(std::string(steps) + "sample 0: anna\nsample 1: b\n").samples,
            (std::map<std::size_t, std::string>{{1, "anna"}, {2, "b"}}));
}

TEST(ParseLog, NamesWhatIsWrongAndWhere) {
  EXPECT_EQ(message(""), "log: empty, expected losses");
  EXPECT_EQ(message(" \n\n"), "log: empty, expected losses");
  EXPECT_EQ(message(std::string_view("3.2\0", 4)),
            "log: binary, expected text or JSON, got a NUL byte at 3");
  EXPECT_EQ(message("3.2\nx\n"), "log:2: 'x' is no number");
  EXPECT_EQ(message("3.2\n3.1 2\n"), "log:2: expected 1 column, got 2");
  EXPECT_EQ(message("1 3.2\n1 3.1\n"), "log:2: step 1 after step 1, expected rising steps");
  EXPECT_EQ(message("1.5 3.2\n"), "log:1: '1.5' is no step");
  EXPECT_EQ(message("-1 3.2\n"), "log:1: step -1, expected 1 or more");
  EXPECT_EQ(message("step 1 of 2: 3.4\nstep 2 | loss 3\n"),
            "log:1: expected 'step S / N | loss X'");
  EXPECT_EQ(message("step 1 / 2 | loss x\n"), "log:1: 'x' is no number");
  EXPECT_EQ(message("3.2\n1e999\n"), "log:2: '1e999' is no number");
  EXPECT_EQ(message("step 1 / 9999999 | loss 3.2\n"),
            "log: 9999999 steps, expected at most 1000000");
  EXPECT_EQ(message("step 1 / 9 | loss 3.2\nsample 123456: a\n"),
            "log:2: sample 123456, expected at most 100000");
  EXPECT_EQ(message("{\"trace\": [{\"step\": 1}, {\"step\": 1}]}"), "log: trace: step 1 twice");
  EXPECT_TRUE(message("Epoch 1: loss=3.2\n").starts_with("log:1: no format that is known"));
  EXPECT_TRUE(message("# only this\n").starts_with("log: no losses"));
  EXPECT_TRUE(message("{\"losses\": [3.2, 3.").starts_with("log: not JSON"));
  EXPECT_TRUE(message("{\"step\":1,\"loss\":3}\n{\"step\":2,\"lo").starts_with("log:2: not JSON"));
  EXPECT_TRUE(message("{\"loss_curve\": [3.2]}").starts_with("log: expected one of the keys"));
  EXPECT_TRUE(message("{\"losses\": [true]}").starts_with("log: expected a number, got true"));
  EXPECT_TRUE(message("{\"trace\": [{\"data\": {}}]}").starts_with("log: trace: no key"));
  EXPECT_TRUE(message("{\"params\": {\"step\": 0}}").starts_with("log: params: step is"));
  EXPECT_TRUE(message("{\"samples\": [1]}").starts_with("log: samples: expected strings"));
  EXPECT_TRUE(message("{\"losses\": {\"x\": 1}}").starts_with("log: 'x' is no step"));
}

}  // namespace
}  // namespace microgpt::conform
