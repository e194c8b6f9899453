// Differences of texts, held against diff(1) and patch(1).
#include "line_diff.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "cli/run_program.h"
#include "support/temp_folder.h"

namespace microgpt {
namespace {

std::string unified(const std::vector<Hunk>& hunks) {
  std::string text;
  for (const Hunk& hunk : hunks) {
    text += hunk_header(hunk) + "\n";
    for (const DiffLine& line : hunk.lines) text += fmt::format("{}{}\n", line.sign, line.text);
  }
  return text;
}

std::string unified(const std::string& a, const std::string& b) {
  return unified(diff_lines(a, b));
}

std::ptrdiff_t count_changes(const std::vector<Hunk>& hunks) {
  std::ptrdiff_t changes = 0;
  for (const Hunk& hunk : hunks) {
    changes += std::ranges::count_if(hunk.lines, [](const DiffLine& l) { return l.sign != ' '; });
  }
  return changes;
}

TEST(LineDiff, EqualTextsHaveNoHunk) {
  EXPECT_TRUE(diff_lines("", "").empty());
  EXPECT_TRUE(diff_lines("a\nb\n", "a\nb\n").empty());
}

TEST(LineDiff, OneChangeWithThreeLinesAround) {
  EXPECT_EQ(unified("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n"),
            "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
}

TEST(LineDiff, ChangesSixLinesApartShareAHunkAndSevenLinesApartDoNot) {
  EXPECT_EQ(diff_lines("1\n2\n3\n4\n5\n6\n", "x\n1\n2\n3\n4\n5\n6\ny\n").size(), 1u);
  EXPECT_EQ(diff_lines("1\n2\n3\n4\n5\n6\n7\n", "x\n1\n2\n3\n4\n5\n6\n7\ny\n").size(), 2u);
}

TEST(LineDiff, EmptyRangesAndSingleLinesAreNamedAsDiffDoes) {
  EXPECT_EQ(unified("", "a\nb\n"), "@@ -0,0 +1,2 @@\n+a\n+b\n");
  EXPECT_EQ(unified("a\n", ""), "@@ -1 +0,0 @@\n-a\n");
}

// Property: patch(1) makes the new text of the old one, and diff(1) finds no shorter way.
TEST(LineDiff, RandomTextsAgreeWithDiffAndPatch) {
  if (run_program({.command = {"sh", "-c", "command -v diff && command -v patch"}}).status != 0) {
    GTEST_SKIP() << "diff or patch is not there";
  }
  const TempFolder folder;
  std::mt19937 random(1);
  for (int round = 0; round < 60; ++round) {
    const auto random_text = [&] {
      std::string text;
      for (auto lines = random() % 40; lines > 0; --lines) {
        text += fmt::format("line {}\n", random() % (2 + random() % 8));
      }
      return text;
    };
    const std::string a = random_text(), b = random_text();
    put_file(folder / "a", a);
    put_file(folder / "b", b);
    const auto hunks = diff_lines(a, b);
    put_file(folder / "patch", "--- a\n+++ b\n" + unified(hunks));
    const RunResult result = run_program(
        {.command = {"sh", "-c",
                     "diff --minimal a b | grep -c '^[<>]';"
                     "test ! -s patch || cmp -s a b || patch -s --fuzz=0 a patch && cmp a b"},
         .folder = folder.path()});
    EXPECT_EQ(result.status, 0) << round << result.err << result.out;
    EXPECT_EQ(fmt::format("{}\n", count_changes(hunks)), result.out) << round;
  }
}

}  // namespace
}  // namespace microgpt
