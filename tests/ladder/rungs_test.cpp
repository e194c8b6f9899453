// What the program says about the rungs.
#include "rungs.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "line_diff.h"
#include "support/temp_folder.h"

namespace microgpt {
namespace {

TEST(Rungs, SourcesAreThoseOfTheTree) {
  for (const auto& programs : {rungs(), programs_beside()}) {
    for (const LadderProgram& program : programs) {
      const std::string path =
          std::string(MICROGPT_SOURCE_DIR "/ladder/").append(program.name).append(".cpp");
      EXPECT_EQ(ladder_source(program.name), get_file(path));
    }
  }
}

TEST(Rungs, TableOfTheDocumentIsThatOfTheProgram) {
  const std::string document = get_file(MICROGPT_SOURCE_DIR "/docs/ladder.md");
  for (const LadderProgram& rung : rungs()) {
    const std::string row = fmt::format("\n| {} | {} | {:.4f} | {} |\n", rung.name, rung.num_params,
                                        rung.loss, rung.adds);
    EXPECT_NE(document.find(row), std::string::npos) << row;
  }
}

// A sentence belongs to the hunk at its place if the code that it names was changed there.
TEST(Rungs, EachHunkHasItsSentenceAndEachSentenceItsHunk) {
  for (std::size_t to = 1; to < rungs().size(); ++to) {
    const auto hunks =
        diff_lines(ladder_source(rungs()[to - 1].name), ladder_source(rungs()[to].name));
    ASSERT_EQ(changes(to).size(), hunks.size()) << rungs()[to].name;
    for (std::size_t i = 0; i < hunks.size(); ++i) {
      const Change& change = changes(to)[i];
      const bool named = std::ranges::any_of(hunks[i].lines, [&](const DiffLine& line) {
        return line.sign != ' ' && line.text.find(change.code) != std::string_view::npos;
      });
      EXPECT_TRUE(named) << rungs()[to].name << ", " << hunk_header(hunks[i]) << ": no change of '"
                         << change.code << "'";
      EXPECT_TRUE(change.why.ends_with('.')) << change.why;
    }
  }
}

}  // namespace
}  // namespace microgpt
