#include "book/markdown.h"

#include <gtest/gtest.h>

namespace microgpt {
namespace {

TEST(WrapMarkdown, WrapsParagraphsAndItems) {
  EXPECT_EQ(wrap_markdown("one two\nthree four\n\nfive\n", 9), "one two\nthree\nfour\n\nfive\n");
  EXPECT_EQ(wrap_markdown("- one two three\n- four\n", 9), "- one two\n  three\n- four\n");
  EXPECT_EQ(wrap_markdown("longer_than_a_line x\n", 5), "longer_than_a_line\nx\n");
  EXPECT_EQ(wrap_markdown("", 9), "");
}

TEST(WrapMarkdown, LeavesHeadingsAndFencesAlone) {
  const std::string text =
      "# a heading that is long\n\n```\n  a   drawing  that is wide\n- x\n```\n";
  EXPECT_EQ(wrap_markdown(text, 9), text);
}

// A line that begins with one of these would be a list or a heading.
TEST(WrapMarkdown, NeverBeginsALineWithAMark) {
  EXPECT_EQ(wrap_markdown("aaa bbb + ccc * ddd - e\n", 7), "aaa bbb +\nccc *\nddd - e\n");
  EXPECT_EQ(wrap_markdown("aaa bbb 12. c\n", 7), "aaa bbb 12.\nc\n");
  EXPECT_EQ(wrap_markdown("aaa bbb -0.5\n", 7), "aaa bbb\n-0.5\n");
  EXPECT_EQ(wrap_markdown("aaa bbb # c\n", 7), "aaa bbb #\nc\n");
}

TEST(WrapMarkdown, AlignsTables) {
  EXPECT_EQ(wrap_markdown("| a | long |\n|---|---|\n| longer | b |\n", 9),
            "| a      | long |\n| ------ | ---- |\n| longer | b    |\n");
}

TEST(WrapMarkdown, CountsCharactersAndNotBytes) {
  EXPECT_EQ(wrap_markdown("| \u00e9 | b |\n|---|---|\n| ab | c |\n", 9),
            "| \u00e9  | b |\n| -- | - |\n| ab | c |\n");
  EXPECT_EQ(wrap_markdown("\u00e9\u00e9 \u00e9\u00e9\n", 5), "\u00e9\u00e9 \u00e9\u00e9\n");
}

// As a terminal shows it, without the backslash, the columns are even.
TEST(WrapMarkdown, KeepsBarsInCells) {
  EXPECT_EQ(wrap_markdown("| \\| | b |\n|---|---|\n| ab | c |\n", 9),
            "| \\|  | b |\n| -- | - |\n| ab | c |\n");
}

}  // namespace
}  // namespace microgpt
