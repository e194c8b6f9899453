// Where the data comes from when no file is named.
#include <gtest/gtest.h>

#include <optional>
#include <thread>

#include "cli/cli_test.h"

namespace microgpt {
namespace {

const std::string kNamesSha256 = "0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d";

class DataSourceTest : public CliTest {
 protected:
  RunResult train_from(const std::string& url, const Arguments& more = {}) const {
    Arguments arguments = {"train", "--num-steps", "1", "--num-samples", "0"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    RunOptions with_url = options(arguments);
    with_url.environment["MICROGPT_NAMES_URL"] = url;
    return run_program(with_url);
  }

  nlohmann::json provenance() const {
    return nlohmann::json::parse(output_of({"info", "out", "--json"}))["provenance"];
  }

  void expect_names(const RunResult& result) const {
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_TRUE(result.out.starts_with("num docs: 32033\n")) << result.err;
    EXPECT_EQ(provenance()["data"], "names");
    EXPECT_EQ(provenance()["data_sha256"], kNamesSha256);
  }

  const std::string cached_ = "cache/microgpt/names.txt";
  const std::string dead_ = "http://127.0.0.1:9/";
};

TEST_F(DataSourceTest, EmbeddedNamesWithoutANetwork) {
  const RunResult result = train_from(dead_);
  EXPECT_EQ(result.status, 0);
  EXPECT_TRUE(
      contains(result.err, "the embedded names, as names.txt can't be had (" + dead_ + ": "))
      << result.err;
  EXPECT_EQ(provenance()["data"], "embedded");
  EXPECT_FALSE(exists(cached_));
  EXPECT_EQ(result.out, train_from(dead_, {"--data", "embedded"}).out);
}

TEST_F(DataSourceTest, NamesOrNothing) {
  const RunResult result = train_from(dead_, {"--data", "names"});
  EXPECT_EQ(result.status, 1);
  EXPECT_TRUE(result.err.starts_with("microgpt: " + dead_ + ": ")) << result.err;
  EXPECT_EQ(result.out, "");
}

TEST_F(DataSourceTest, FetchedOnceThenCached) {
  MICROGPT_NEED_SHARED();
  expect_names(train_from("file://" + kNames));
  EXPECT_EQ(file(cached_), get_file(kNames));
  expect_names(train_from(dead_));
  expect_names(train_from(dead_, {"--data", "names"}));
}

TEST_F(DataSourceTest, DamagedCacheIsReplaced) {
  MICROGPT_NEED_SHARED();
  std::string damaged = get_file(kNames);
  damaged[1000] = 'Z';
  std::filesystem::create_directories(folder_ / "cache/microgpt");
  for (const std::string& bad : {damaged, std::string("short"), std::string()}) {
    put_file(folder_ / cached_, bad);
    EXPECT_EQ(train_from(dead_, {"--data", "names"}).status, 1);
    expect_names(train_from("file://" + kNames));
    EXPECT_EQ(file(cached_), get_file(kNames));
  }
}

TEST_F(DataSourceTest, WrongFileIsNotTaken) {
  put_file(folder_ / "wrong", "anna\nbob\n");
  const RunResult wrong = train_from("file://" + folder_ / "wrong", {"--data", "names"});
  EXPECT_EQ(wrong.status, 1);
  EXPECT_TRUE(contains(wrong.err, "not the file expected, with SHA-256 " + kNamesSha256))
      << wrong.err;
  put_file(folder_ / "wrong", std::string(300000, 'a'));
  EXPECT_TRUE(contains(train_from("file://" + folder_ / "wrong", {"--data", "names"}).err,
                       "more than 228145 bytes"));
  EXPECT_FALSE(exists(cached_));
}

TEST_F(DataSourceTest, CacheThatCantBeWrittenIsNoError) {
  MICROGPT_NEED_SHARED();
  put_file(folder_ / "cache", "a file where the folder should be");
  expect_names(train_from("file://" + kNames));
  std::filesystem::remove(folder_ / "cache");
  std::filesystem::create_directories(folder_ / cached_);  // a folder where the file should be
  expect_names(train_from("file://" + kNames));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_ / "cache/microgpt"), {}), 1);
}

TEST_F(DataSourceTest, ParallelFirstRunsDoNotCollide) {
  MICROGPT_NEED_SHARED();
  std::vector<std::thread> runs;
  for (int i = 0; i < 4; ++i) {
    runs.emplace_back([this, i] {
      EXPECT_EQ(train_from("file://" + kNames, {"--out", "out" + std::to_string(i)}).status, 0);
    });
  }
  for (std::thread& thread : runs) thread.join();
  EXPECT_EQ(file(cached_), get_file(kNames));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_ / "cache/microgpt"), {}), 1);
}

// Serves the test's folder at a port of the system's choice, and says which in the file "port".
class HttpTest : public DataSourceTest {
 protected:
  void SetUp() override {
    MICROGPT_NEED_ORACLE();
    put_file(folder_ / "serve.py",
             "import functools, http.server, os\n"
             "class Handler(http.server.SimpleHTTPRequestHandler):\n"
             "  def do_GET(self):\n"
             "    if self.path == '/away':\n"
             "      self.send_response(302)\n"
             "      self.send_header('Location', '/names.txt')\n"
             "      self.end_headers()\n"
             "    elif self.path == '/local':\n"
             "      self.send_response(302)\n"
             "      self.send_header('Location', 'file://' + os.path.abspath('names.txt'))\n"
             "      self.end_headers()\n"
             "    else: super().do_GET()\n"
             "server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)\n"
             "open('port.new', 'w').write(str(server.server_address[1]))\n"
             "os.rename('port.new', 'port')\n"
             "server.serve_forever()\n");
    std::filesystem::copy(kNames, folder_ / "names.txt");
    server_.emplace(RunOptions{.command = {"python3", "serve.py"}, .folder = folder_.path()});
    for (int i = 0; i < 10000 && !exists("port"); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    url_ = "http://127.0.0.1:" + file("port") + "/";
  }

  std::optional<Process> server_;
  std::string url_;
};

TEST_F(HttpTest, NamesFromAServer) { expect_names(train_from(url_ + "names.txt")); }

TEST_F(HttpTest, RedirectsAreFollowedButNotToFiles) {
  EXPECT_EQ(train_from(url_ + "local", {"--data", "names"}).status, 1);
  expect_names(train_from(url_ + "away"));
}

TEST_F(HttpTest, MissingPageIsAnError) {
  const RunResult result = train_from(url_ + "absent", {"--data", "names"});
  EXPECT_EQ(result.status, 1);
  EXPECT_TRUE(contains(result.err, "404")) << result.err;
}

}  // namespace
}  // namespace microgpt
