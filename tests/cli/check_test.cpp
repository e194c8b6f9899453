// microgpt check.
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "cli/cli_test.h"

namespace microgpt {
namespace {

using Json = nlohmann::json;

class CheckTest : public CliTest {
 protected:
  Json json_of(Arguments arguments, int status) const {
    arguments.insert(arguments.begin(), "check");
    arguments.push_back("--json");
    const RunResult result = run(std::move(arguments));
    EXPECT_EQ(result.status, status) << result.err;
    return Json::parse(result.out, nullptr, false);
  }

  static Json finding(const Json& check, const std::string& fault) {
    for (const Json& finding : check["findings"]) {
      if (finding["fault"] == fault) return finding;
    }
    return {};
  }

  void expect_error(Arguments more, int status, const std::string& message) const {
    Arguments arguments = {"check"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const RunResult result = run(std::move(arguments));
    EXPECT_EQ(result.status, status) << message;
    EXPECT_TRUE(contains(result.err, message)) << result.err;
    EXPECT_EQ(result.out, "");
  }
};

TEST_F(CheckTest, ATableForPeople) {
  write_data("anna\nb\u200Bob\n\nanna \n");
  const RunResult result = run({"check", "data"});
  EXPECT_EQ(result.status, 1);
  EXPECT_EQ(result.err, "");
  for (const char* part :
       {"list     data\n", "size     19 bytes, 4 lines, 3 documents, 2 of them different\n",
        "\nwarning  invisible: 1 invisible character\n",
        "\n           line 2, byte 2       U+200B zero width space  b",
        "\nnote     empty-line: 1 empty line\n", "\nno errors, 2 warnings, ",
        "\nsuggested for this list\n", "by heart", "\n  microgpt train --data data --"}) {
    EXPECT_TRUE(contains(result.out, part)) << part << "\n" << result.out;
  }
  EXPECT_LT(result.out.find("warning"), result.out.find("note"));
}

TEST_F(CheckTest, NotesAreNoFailure) {
  write_data("anna\r\nbob\r\n");
  EXPECT_TRUE(contains(output_of({"check", "data"}), "no errors, no warnings, 2 notes\n"));
}

// names.txt has 2,539 lines too many; three tools that share no code say so.
TEST_F(CheckTest, NamesAsTheyAre) {
  MICROGPT_NEED_SHARED();
  const Json check = json_of({kNames}, 0);
  EXPECT_EQ(check["format"], "microgpt-check-v1");
  EXPECT_EQ(check["documents"], 32033);
  EXPECT_EQ(check["distinct"], 29494);
  EXPECT_EQ(check["sampling"], 0);
  EXPECT_EQ(finding(check, "duplicate")["count"], 2539);
  EXPECT_EQ(finding(check, "duplicate")["severity"], "note");
  EXPECT_EQ(check["units"]["codepoint"],
            (Json{{"different", 26}, {"total", 196113}, {"longest", 15}}));
  EXPECT_EQ(check["warnings"], 0);
  const RunResult sorted =
      run_program({.command = {"sh", "-c", "sort -u '" + kNames + "' | wc -l"}});
  EXPECT_EQ(32033 - std::stoi(sorted.out), 2539);
  // Each of the 2,539 stands there twice. One copy is in validation and the other in training with
  // m/n * (n - m)/(n - 1); over the m documents of validation that is 5,078 / n * (n - m)/(n - 1).
  const double n = 32033, m = 3204;
  EXPECT_NEAR(check["leak"].get<double>(), 5078 / n * (n - m) / (n - 1), 1e-12);
}

TEST_F(CheckTest, JsonHasTheDocumentedKeys) {
  write_data("anna\nbob\nanna\nzo\u00EB\xEF\xBB\xBF\n");
  const Json check = json_of({"data", "--block-size", "4"}, 1);
  const auto keys = [](const Json& object) {
    std::vector<std::string> names;
    for (const auto& [key, value] : object.items()) names.push_back(key);
    return names;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(keys(check),
            (Names{"block_size", "bytes",     "distinct",   "documents",     "errors",
                   "file",       "findings",  "fixed",      "format",        "joiners_in_place",
                   "leak",       "length_95", "lines",      "median_length", "notes",
                   "sampling",   "scripts",   "suggestion", "units",         "warnings"}));
  EXPECT_EQ(keys(check["suggestion"]),
            (Names{"batch_size", "block_size", "command", "engine", "epochs", "learning_rate",
                   "memorises", "n_embd", "n_head", "n_layer", "num_params", "num_steps", "reasons",
                   "seconds", "tokens"}));
  const Json invisible = finding(check, "invisible");
  const Json example = {{"line", 4},
                        {"byte", 5},
                        {"what", "U+FEFF byte order mark"},
                        {"text", "zo\u00EB\uFEFF"},
                        {"cut", false}};
  EXPECT_EQ(invisible, (Json{{"fault", "invisible"},
                             {"severity", "warning"},
                             {"count", 1},
                             {"estimated", false},
                             {"fixable", true},
                             {"message", "1 invisible character"},
                             {"advice", invisible["advice"]},
                             {"examples", Json::array({example})}}));
  EXPECT_EQ(finding(check, "longer-than-block")["count"], 3);
  EXPECT_EQ(check["block_size"], 4);
  EXPECT_EQ(check["fixed"], nullptr);
  EXPECT_EQ(check["scripts"], (Json{{"Latin", 14}}));
  const Json fixed = json_of({"data", "--fix", "clean", "--drop-duplicates"}, 0)["fixed"];
  EXPECT_EQ(keys(fixed), (Names{"changes", "changes_path", "documents", "findings", "path"}));
  EXPECT_EQ(finding(fixed, "invisible"), Json());
}

TEST_F(CheckTest, TheSuggestedCommandTrains) {
  std::string list;
  for (int i = 0; i < 300; ++i)
    list += "name" + std::string(1, char('a' + i % 26)) + std::to_string(i) + "\n";
  write_data(list);
  const Json check = json_of({"data"}, 0);
  std::string command = check["suggestion"]["command"];
  ASSERT_TRUE(command.starts_with("microgpt train --data data")) << command;
  command = MICROGPT_PROGRAM + command.substr(std::string("microgpt").size()) + " --num-steps 3";
  RunOptions shell = options({});
  shell.command = {"sh", "-c", command};
  const RunResult trained = run_program(shell);
  EXPECT_EQ(trained.status, 0) << trained.err;
  EXPECT_TRUE(contains(trained.out, "num docs: 300\n")) << trained.out;
  EXPECT_TRUE(contains(trained.out, "num params: " + check["suggestion"]["num_params"].dump()));
}

TEST_F(CheckTest, StandardInput) {
  RunOptions piped = options({"check", "-"});
  piped.input = "anna\nb\tob\n";
  const RunResult result = run_program(piped);
  EXPECT_EQ(result.status, 1);
  EXPECT_TRUE(contains(result.out, "line 2, byte 2       U+0009 tab")) << result.out;
}

TEST_F(CheckTest, AllShowsAll) {
  std::string list;
  for (int i = 0; i < 20; ++i) list += " anna\n";
  write_data(list);
  const std::string some = run({"check", "data"}).out;
  EXPECT_TRUE(contains(some, "and 15 more; --all shows them")) << some;
  EXPECT_FALSE(contains(some, "line 17"));
  const std::string all = run({"check", "data", "--all"}).out;
  EXPECT_FALSE(contains(all, " more; --all"));
  EXPECT_TRUE(contains(all, "line 17"));
  // Of the longest documents a thousand are kept.
  std::string lengths;
  for (int i = 0; i < 20'000; ++i) lengths += "a\n";
  for (int i = 0; i < 1010; ++i) lengths += "abcdef\n";
  write_data(lengths);
  EXPECT_TRUE(contains(run({"check", "data", "--all"}).out, "and 10 more, none of them longer\n"));
}

TEST_F(CheckTest, FixWritesACleanCopyAndWhatItChanged) {
  write_data("\uFEFFanna\r\nb\u200Bob\r\n\r\nanna\r\nzoe\u0308 \r\n");
  const std::string before = file("data");
  const RunResult result = run({"check", "data", "--fix", "clean", "--drop-duplicates"});
  EXPECT_EQ(result.status, 0) << result.out;
  EXPECT_EQ(result.err, "3 documents are in clean, 7 changes in clean.changes\n");
  EXPECT_EQ(file("data"), before);
  EXPECT_EQ(file("clean"), "anna\nbob\nzo\u00EB\n");
  EXPECT_EQ(
      file("clean.changes"),
      "1\tbyte order mark removed\n2\tU+200B zero width space removed\n3\tempty line removed\n"
      "4\tremoved, same as line 1\n5\twhite space at the ends cut off\n"
      "5\tletters composed (NFC)\n1\tline end made \\n, on 5 lines in all\n");
  EXPECT_TRUE(contains(result.out, "microgpt train --data clean ")) << result.out;
  const Json check = json_of({"clean"}, 0);
  for (const Json& each : check["findings"]) EXPECT_EQ(each["fixable"], false) << each;
  // Without the option a duplicate stays, for how often a document comes can mean something.
  output_of({"check", "clean", "--fix", "again"});
  EXPECT_EQ(file("again"), file("clean"));
  EXPECT_EQ(file("again.changes"), "");
}

// The status and the suggestion are those of the copy, checked by itself.
TEST_F(CheckTest, TheCleanCopyCounts) {
  const auto expect_as_by_itself = [&](const std::string& text, int status) {
    write_data(text);
    const Json fixing = json_of({"data", "--fix", "clean"}, status);
    const Json alone = json_of({"clean"}, status);
    EXPECT_EQ(fixing["fixed"]["findings"], alone["findings"]);
    for (const char* key : {"block_size", "num_params", "num_steps", "batch_size", "command"}) {
      EXPECT_EQ(fixing["suggestion"][key], alone["suggestion"][key]) << key;
    }
  };
  expect_as_by_itself("name\nna\u200Bme\nbob\n", 1);  // duplicates come to light
  EXPECT_TRUE(contains(run({"check", "data", "--fix", "clean"}).out,
                       "\nclean copy clean: no errors, 1 warning, 2 notes\nwarning  duplicate: "));
  expect_as_by_itself("abcdefghijklmn\u200Bo\nbob\n", 0);          // what was too long fits
  expect_as_by_itself("\u00D0\u009C\u00D0\u00BE\n\tbob\tx\n", 1);  // mojibake stays
}

TEST_F(CheckTest, DocumentsThatTheSuggestedBlockHoldsAreNoFault) {
  write_data("abcdefghijklmnopqrst\nabcdefghijklmnopqrsu\n");
  const Json check = json_of({"data"}, 0);
  EXPECT_EQ(check["block_size"], 21);
  EXPECT_TRUE(contains(check["suggestion"]["command"], "--block-size 21"));
  EXPECT_EQ(json_of({"data", "--block-size", "20"}, 1)["block_size"], 20);
}

// `train --data names` would read other names.
TEST_F(CheckTest, FilesWhoseNamesMeanOtherData) {
  for (const char* name : {"names", "embedded"}) {
    put_file(folder_ / name, "anna\nbob\n");
    EXPECT_TRUE(contains(output_of({"check", name}), fmt::format("--data ./{} ", name)));
  }
}

TEST_F(CheckTest, MarksOfDirectionAreShownEscaped) {
  write_data("a\u202Eb\u2067c\u200F\u061Cd\u0645\n");
  EXPECT_TRUE(contains(run({"check", "data"}).out,
                       "a\\xe2\\x80\\xaeb\\xe2\\x81\\xa7c\\xe2\\x80\\x8f\\xd8\\x9cd\u0645"));
}

TEST_F(CheckTest, FixFromLatin1) {
  write_data("zo\xEB\nren\xE9\n");
  EXPECT_EQ(run({"check", "data"}).status, 1);
  output_of({"check", "data", "--encoding", "latin-1", "--fix", "clean"});
  EXPECT_EQ(file("clean"), "zo\u00EB\nren\u00E9\n");
}

TEST_F(CheckTest, FixLosesNothing) {
  write_data("anna\nb\xEBob\n");
  put_file(folder_ / "clean", "precious\n");
  const auto expect_kept = [&](const Arguments& arguments, int status, const std::string& message) {
    const RunResult result = run(arguments);
    EXPECT_EQ(result.status, status) << message;
    EXPECT_TRUE(contains(result.err, message)) << result.err;
    EXPECT_EQ(file("clean"), "precious\n");
    EXPECT_EQ(file("data"), "anna\nb\xEBob\n");
    EXPECT_EQ(folder_.size(), 2) << "something is left behind";
  };
  expect_kept({"check", "data", "--fix", "clean"}, 1,
              "clean: not written; data: line 2, byte 2: not UTF-8");
  expect_kept({"check", "data", "--fix", "data"}, 2, "--fix: data is the list itself");
  expect_kept({"check", "data", "--fix", "./data"}, 2, "is the list itself");
  expect_kept({"check", "clean", "--fix", "absent/clean"}, 1,
              "absent/clean: can't be opened for writing");
  expect_kept({"check", "data", "--drop-duplicates"}, 2, "--drop-duplicates: expected --fix");
  expect_kept({"check", "data", "--fix", "-"}, 2, "--fix: expected the name of a file, got -");
  ASSERT_EQ(symlink("clean", (folder_ / "link.changes").c_str()), 0);
  const RunResult result = run({"check", "clean", "--fix", "link"});
  EXPECT_EQ(result.status, 2);
  EXPECT_TRUE(contains(result.err, "link.changes is the list itself")) << result.err;
  EXPECT_FALSE(exists("link"));
  RunOptions redirected = options({});
  redirected.command = {"sh", "-c", "\"$0\" check - --fix data < data", MICROGPT_PROGRAM};
  EXPECT_TRUE(contains(run_program(redirected).err, "--fix: data is the list itself"));
  EXPECT_EQ(file("data"), "anna\nb\xEBob\n");
}

TEST_F(CheckTest, FixReplacesNoChangesOfOthers) {
  write_data("anna\nb\tob\n");
  put_file(folder_ / "clean.changes", "precious\n");
  expect_error({"data", "--fix", "clean"}, 1, "clean.changes: not written by an earlier --fix");
  EXPECT_EQ(file("clean.changes"), "precious\n");
  EXPECT_FALSE(exists("clean"));
  for (const char* earlier : {"", "1\tempty line removed\n"}) {
    put_file(folder_ / "clean.changes", earlier);
    output_of({"check", "data", "--fix", "clean"});
    EXPECT_EQ(file("clean.changes"), "2\tU+0009 tab made a plain space\n");
  }
}

TEST_F(CheckTest, FixThatIsInterruptedLeavesNothing) {
  write_data("anna\n");
  ASSERT_EQ(mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  Process process(options({"check", "pipe", "--fix", "clean"}));
  const Process writer(
      {.command = {"sh", "-c", "exec > pipe; yes anna"}, .folder = folder_.path()});
  for (int i = 0; i < 200 && folder_.size() < 4; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  process.send(SIGTERM);
  EXPECT_EQ(process.wait().status, 128 + SIGTERM);
  EXPECT_EQ(folder_.size(), 2);
}

TEST_F(CheckTest, BadInput) {
  expect_error({"absent"}, 1, "absent: can't be read, No such file or directory");
  expect_error({"."}, 1, ".: can't be read, Is a directory");
  expect_error({}, 2, "file is required");
  write_data();
  expect_error({"data", "--block-size", "0"}, 1, "block_size: out of range");
  expect_error({"data", "--block-size", "x"}, 2, "--block-size: not a whole number");
  expect_error({"data", "--encoding", "ebcdic"}, 2, "--encoding: expected utf-8 or latin-1");
  if (geteuid() != 0) {  // who may read everything
    ASSERT_EQ(chmod((folder_ / "data").c_str(), 0), 0);
    expect_error({"data"}, 1, "data: can't be read, Permission denied");
  }
}

TEST_F(CheckTest, WhatIsNoListIsSaidToBeNone) {
  put_file(folder_ / "empty", "");
  EXPECT_TRUE(contains(run({"check", "empty"}).out, "error    no-documents: the file is empty\n"));
  const RunResult binary = run({"check", MICROGPT_PROGRAM, "--fix", "clean"});
  EXPECT_EQ(binary.status, 1);
  EXPECT_TRUE(contains(binary.out, "error    encoding: the file is binary data")) << binary.out;
  EXPECT_TRUE(contains(binary.err, "clean: not written; ")) << binary.err;
  EXPECT_FALSE(exists("clean"));
  // No file can steer a terminal.
  write_data("anna\x1B[31m\n");
  EXPECT_FALSE(contains(run({"check", "data"}).out, "\x1B"));
}

// Different short lines, more than are kept, take no more memory than is meant for them.
TEST_F(CheckTest, MemoryIsBounded) {
  if (kSanitized) GTEST_SKIP() << "sanitizers hold on to memory";
  const std::pair<std::string, int> ways[] = {{"", 256}, {" --fix clean", 384}};
  for (const auto& [way, most] : ways) {
    RunOptions limited = options({});
    limited.command = {"sh", "-c", "seq 10000001 14000000 | \"$0\" check - --json" + way,
                       MICROGPT_PROGRAM};
    const RunResult result = run_program(limited);
    EXPECT_EQ(result.status, 0) << result.err;
    const Json check = Json::parse(result.out, nullptr, false);
    EXPECT_EQ(check["documents"], 4000000);
    EXPECT_GT(check["sampling"], 0);
    EXPECT_NEAR(check["distinct"].get<double>(), 4000000, 4000000 * 0.005);
    EXPECT_LT(result.peak_mib, most) << way;
  }
}

}  // namespace
}  // namespace microgpt
