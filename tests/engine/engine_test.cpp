#include "microgpt/engine.h"

#include <gtest/gtest.h>
#ifdef __linux__
#include <sched.h>
#endif

#include <algorithm>

#include "microgpt/machine.h"
#include "support/message_of.h"

namespace microgpt {
namespace {

bool has(std::string_view name) { return std::ranges::count(engine_names(), name) == 1; }

TEST(DefaultEngine, ByParametersAndBatch) {
  Config config;
  config.vocab_size = 27;
  const std::string_view small = has("exact") ? "exact" : engine_names().front();
  const std::string_view large = has("cpu") ? "cpu" : engine_names().front();
  EXPECT_EQ(default_engine(config), small);
  EXPECT_EQ(default_engine(config, 1), small);
  EXPECT_EQ(default_engine(config, 2), large);
  config.parts.wpe = false;
  EXPECT_EQ(default_engine(config, 2), small);
  config.parts.wpe = true;
  config.n_embd = 88;
  EXPECT_LE(config.num_params(), kSmallModel);
  EXPECT_EQ(default_engine(config), small);
  config.n_embd = 92;
  EXPECT_GT(config.num_params(), kSmallModel);
  EXPECT_EQ(default_engine(config), large);
}

TEST(MakeEngine, CpuKnowsWholeModelsOnly) {
  if (!has("cpu")) GTEST_SKIP() << "no engine cpu here";
  Config config;
  config.vocab_size = 3;
  config.parts.residual = false;
  EXPECT_EQ(message_of([&] { make_engine("cpu", config); }),
            "engine cpu: expected a whole model, got one without residual; only the engines exact "
            "and reference compute such a model");
}

TEST(MakeEngine, RefusesThreadsOutOfRange) {
  Config config;
  config.vocab_size = 3;
  for (const int threads : {0, -1, kMaxThreads + 1}) {
    EXPECT_EQ(message_of([&] { make_engine("reference", config, {.threads = threads}); }),
              "threads: out of range, expected 1 to 1024, got " + std::to_string(threads));
  }
}

#ifdef __linux__
TEST(Processors, AreThoseThatTheProcessMayUse) {
  cpu_set_t all, one;
  ASSERT_EQ(sched_getaffinity(0, sizeof all, &all), 0);
  EXPECT_EQ(processors(), CPU_COUNT(&all));
  CPU_ZERO(&one);
  for (std::size_t i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++i) {
    if (CPU_ISSET(i, &all)) CPU_SET(i, &one);
  }
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(processors(), 1);
  sched_setaffinity(0, sizeof all, &all);
}
#endif

}  // namespace
}  // namespace microgpt
