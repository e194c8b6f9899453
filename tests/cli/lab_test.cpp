// microgpt lab: what is served to whom, and what is exported.
#include <gtest/gtest.h>
#include <httplib.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <optional>
#include <thread>

#include "cli/cli_test.h"
#include "site.h"

namespace microgpt {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

template <class Condition>
bool becomes_true(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + 30s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

// A lab that runs, from the first line that it prints.
class Lab {
 public:
  explicit Lab(RunOptions options) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    options.output = ends[1];
    process_.emplace(options);
    close(ends[1]);
    for (char c; read(ends[0], &c, 1) == 1 && c != '\n';) address_ += c;
    close(ends[0]);
  }

  const std::string& address() const { return address_; }

  // 0 if nothing, or something else, was printed.
  int port() const {
    const std::string before = "http://127.0.0.1:";
    if (!address_.starts_with(before) || !address_.ends_with('/')) return 0;
    return std::stoi(address_.substr(before.size()));
  }

  // The reply as it was sent. Its status is 0 where there is none.
  httplib::Response get(const std::string& path, const httplib::Headers& headers = {}) const {
    return taken(client().Get(path, headers));
  }
  httplib::Response head(const std::string& path, const httplib::Headers& headers = {}) const {
    return taken(client().Head(path, headers));
  }
  httplib::Response post(const std::string& path) const {
    return taken(client().Post(path, "text", "text/plain"));
  }

  RunResult end(int signal) {
    process_->send(signal);
    return process_->wait();
  }

 private:
  httplib::Client client() const {
    httplib::Client client("127.0.0.1", port());
    client.set_read_timeout(30s);
    client.set_url_encode(false);
    client.set_decompress(false);
    return client;
  }

  static httplib::Response taken(const httplib::Result& result) {
    httplib::Response none;
    none.status = 0;
    return result ? *result : none;
  }

  std::optional<Process> process_;
  std::string address_;
};

class LabTest : public CliTest {
 protected:
  LabTest() {
    fs::create_directories(folder_ / "site/assets");
    for (const auto& [path, bytes] : files_) put_file(folder_ / ("site/" + path), bytes);
  }

  static RunOptions with(RunOptions options, Arguments more) {
    options.command.insert(options.command.end(), more.begin(), more.end());
    return options;
  }

  RunOptions lab(const Arguments& more = {}) const {
    return with(options({"lab", "--site", "site"}), more);
  }

  RunResult export_to(const std::string& folder) const {
    return run({"lab", "--site", "site", "--export", folder});
  }

  // A message for the person, and the exit status of its kind.
  static void expect_failure(const RunResult& result, int status, const std::string& message) {
    EXPECT_EQ(result.status, status) << result.err;
    EXPECT_EQ(result.out, "");
    EXPECT_TRUE(result.err.starts_with("microgpt: ") && contains(result.err, message))
        << result.err;
  }

  void expect_site_in(const std::string& folder) const {
    for (const auto& [path, bytes] : files_) {
      EXPECT_EQ(file(folder + "/" + path), bytes) << path;
    }
  }

  std::map<std::string, std::string> files_ = {
      {"index.html", "<!doctype html><title>Lab</title>"},
      {"assets/app-1a2b3c4d.js", "let a = 1;\n"},
      {"assets/app-1a2b3c4d.js.gz", "zipped"},  // what it holds is not the server's business
      {"microgpt.wasm", std::string("\0asm\x01\0\0\0", 8)},
      {"style.css", "p { color: red }"},
      {"model.json", "{}"},
      {"empty.txt", ""},
  };
};

// ---- Serving ----

TEST_F(LabTest, PagesWithTheirTypes) {
  const Lab lab(this->lab());
  ASSERT_GT(lab.port(), 0) << lab.address();
  const std::map<std::string, std::string> types = {
      {"/", "text/html; charset=utf-8"},
      {"/index.html", "text/html; charset=utf-8"},
      {"/microgpt.wasm", "application/wasm"},
      {"/style.css", "text/css; charset=utf-8"},
      {"/model.json", "application/json"},
      {"/empty.txt", "text/plain; charset=utf-8"},
      {"/assets/app-1a2b3c4d.js", "text/javascript; charset=utf-8"}};
  for (const auto& [path, type] : types) {
    const auto reply = lab.get(path + "?query");
    EXPECT_EQ(reply.status, 200) << path;
    EXPECT_EQ(reply.get_header_value("Content-Type"), type) << path;
    EXPECT_EQ(reply.body, files_.at(path == "/" ? "index.html" : path.substr(1))) << path;
  }
}

TEST_F(LabTest, NothingFromElsewhereAndNothingToElsewhere) {
  const Lab lab(this->lab());
  for (const auto& reply : {lab.get("/"), lab.head("/model.json"), lab.get("/nothing"),
                            lab.post("/"), lab.get("/", {{"Host", "example.org"}})}) {
    EXPECT_NE(reply.status, 0);
    EXPECT_EQ(reply.get_header_value("Content-Security-Policy"),
              "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; "
              "img-src 'self' data:; font-src 'self'; connect-src 'self'; worker-src 'self'; "
              "base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    EXPECT_EQ(reply.get_header_value("X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(reply.get_header_value("Referrer-Policy"), "no-referrer");
    EXPECT_EQ(reply.get_header_value("Cross-Origin-Opener-Policy"), "same-origin");
    EXPECT_EQ(reply.get_header_value("Cross-Origin-Resource-Policy"), "same-origin");
  }
}

TEST_F(LabTest, ZippedForThoseWhoTakeThat) {
  const Lab lab(this->lab());
  const std::string script = "/assets/app-1a2b3c4d.js";
  for (const char* accepted : {"gzip", "br, gzip", "deflate , GZip;q=0.5", "gzip; q=0.001"}) {
    const auto reply = lab.get(script, {{"Accept-Encoding", accepted}});
    EXPECT_EQ(reply.body, "zipped") << accepted;
    EXPECT_EQ(reply.get_header_value("Content-Encoding"), "gzip");
    EXPECT_EQ(reply.get_header_value("Content-Type"), "text/javascript; charset=utf-8");
    EXPECT_EQ(reply.get_header_value("Vary"), "Accept-Encoding");
  }
  for (const char* accepted : {"", "br", "identity", "gzip;q=0", "gzip; q=0.000", "xgzip"}) {
    const auto reply = lab.get(script, {{"Accept-Encoding", accepted}});
    EXPECT_EQ(reply.body, files_.at(script.substr(1))) << accepted;
    EXPECT_FALSE(reply.has_header("Content-Encoding")) << accepted;
    EXPECT_EQ(reply.get_header_value("Vary"), "Accept-Encoding");
  }
  const auto plain = lab.get("/style.css", {{"Accept-Encoding", "gzip, br"}});
  EXPECT_EQ(plain.body, files_.at("style.css"));
  EXPECT_FALSE(plain.has_header("Content-Encoding"));
}

TEST_F(LabTest, WhatABrowserHasIsNotSentAgain) {
  const Lab lab(this->lab());
  const std::string tag = lab.get("/").get_header_value("ETag");
  EXPECT_EQ(tag.size(), 18U) << tag;
  for (const std::string& known : {tag, "W/" + tag, "\"other\", " + tag, std::string("*")}) {
    const auto reply = lab.get("/", {{"If-None-Match", known}});
    EXPECT_EQ(reply.status, 304) << known;
    EXPECT_EQ(reply.body, "");
    EXPECT_EQ(reply.get_header_value("ETag"), tag);
  }
  EXPECT_EQ(lab.get("/", {{"If-None-Match", "\"0123456789abcdef\""}}).status, 200);

  const std::string script = "/assets/app-1a2b3c4d.js";
  EXPECT_NE(lab.get(script, {{"Accept-Encoding", "gzip"}}).get_header_value("ETag"),
            lab.get(script, {{"Accept-Encoding", ""}}).get_header_value("ETag"));
  EXPECT_EQ(lab.get("/").get_header_value("Cache-Control"), "no-cache");
  EXPECT_EQ(lab.get(script).get_header_value("Cache-Control"),
            "public, max-age=31536000, immutable");
}

TEST_F(LabTest, HeadAndParts) {
  const Lab lab(this->lab());
  const auto head = lab.head("/style.css");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body, "");
  EXPECT_EQ(head.get_header_value("Content-Length"), "16");
  const auto part = lab.get("/style.css", {{"Range", "bytes=4-8"}});
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, "color");
  EXPECT_EQ(lab.get("/style.css", {{"Range", "bytes=-5"}}).body, "red }");
}

// What lies in memory behind a file is nobody's business.
TEST_F(LabTest, PartsThatAFileHasNot) {
  const Lab lab(this->lab());
  for (const char* range : {"bytes=0-16", "bytes=0-100000", "bytes=16-", "bytes=20-30", "bytes=-0",
                            "bytes=0-1,2-9999", "bytes=99999999999999999999-"}) {
    const auto reply = lab.get("/style.css", {{"Range", range}});
    EXPECT_EQ(reply.status, 416) << range;
    EXPECT_EQ(reply.body, "") << range;
  }
  EXPECT_EQ(lab.get("/empty.txt", {{"Range", "bytes=0-9"}}).status, 416);
  const auto nothing = lab.get("/nothing", {{"Range", "bytes=0-100000"}});
  EXPECT_EQ(nothing.status, 404);
  EXPECT_EQ(nothing.body, "");
}

TEST_F(LabTest, OtherPathsAndMethods) {
  put_file(folder_ / "secret", "secret");
  put_file(folder_ / "site/.hidden", "hidden");
  const Lab lab(this->lab());
  for (const char* path :
       {"/nothing", "/assets", "/assets/", "/../secret", "/assets/../../secret", "/%2e%2e/secret",
        "/..%2fsecret", "//index.html", "/assets/../index.html", "/.hidden", "/index.html/",
        "/index.html%00", "/INDEX.HTML", "/names-local.txt"}) {
    const auto reply = lab.get(path);
    EXPECT_EQ(reply.status, 404) << path;
    EXPECT_TRUE(contains(reply.body, "There is no such page")) << path;
  }
  const auto posted = lab.post("/");
  EXPECT_EQ(posted.status, 405);
  EXPECT_EQ(posted.get_header_value("Allow"), "GET, HEAD");
}

// A page of another site whose name leads to 127.0.0.1 sends that name along.
TEST_F(LabTest, OnlyForThisMachine) {
  const Lab lab(this->lab());
  const std::string port = std::to_string(lab.port());
  for (const std::string& host : {"127.0.0.1:" + port, "localhost:" + port,
                                  std::string("localhost"), std::string("localhost:1234")}) {
    EXPECT_EQ(lab.get("/", {{"Host", host}}).status, 200) << host;
  }
  for (const std::string& host :
       {"example.org:" + port, std::string("127.0.0.1.example.org"), std::string("localhost.evil"),
        std::string("evil:127.0.0.1"), std::string("0.0.0.0")}) {
    EXPECT_EQ(lab.get("/", {{"Host", host}}).status, 403) << host;
  }
  EXPECT_EQ(lab.get("/", {{"Host", "localhost"}, {"Host", "example.org"}}).status, 403);
}

TEST_F(LabTest, SeveralAtOnceButNotOnOnePort) {
  Lab one(lab()), other(lab());
  EXPECT_NE(one.port(), other.port());
  EXPECT_EQ(one.get("/").status, 200);
  EXPECT_EQ(other.get("/").status, 200);
  const std::string port = std::to_string(one.port());
  expect_failure(run_program(lab({"--port", port})), 1,
                 "port " + port + " of 127.0.0.1: Address already in use; --port 0 takes any");
  EXPECT_EQ(one.end(SIGINT).status, 0);
  const Lab next(lab({"--port", port}));  // at once
  EXPECT_EQ(next.port(), std::stoi(port));
  EXPECT_EQ(next.get("/").status, 200);
}

TEST_F(LabTest, EndsWhenTold) {
  for (const int signal : {SIGINT, SIGTERM}) {
    Lab lab(this->lab());
    EXPECT_EQ(lab.get("/").status, 200);
    const RunResult result = lab.end(signal);
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(result.err, "Ctrl-C ends it\n");
  }
}

// As browsers do, in case they should need it.
TEST_F(LabTest, EndsThoughSomebodyKeepsAConnection) {
  Lab lab(this->lab());
  const int idle = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(lab.port()));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(connect(idle, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(lab.get("/").status, 200);
  EXPECT_EQ(lab.end(SIGINT).status, 0);
  close(idle);
}

TEST_F(LabTest, PortsThatAreNone) {
  for (const char* port : {"65536", "-1", "http", "80.5", ""}) {
    expect_failure(run_program(lab({"--port", port})), 2, "--port: ");
  }
}

TEST_F(LabTest, FoldersThatAreNoSite) {
  fs::create_directory(folder_ / "void");
  expect_failure(run({"lab", "--site", "void"}), 1, "void: has no index.html");
  expect_failure(run({"lab", "--site", "nowhere"}), 1, "nowhere: can't be read, No such file");
  expect_failure(run({"lab", "--site", "site/index.html"}), 1, "can't be read, Not a directory");
}

// ---- The data that the page can train on ----

TEST_F(LabTest, NamesOfTheReader) {
  const std::string text = "anna\nbob\n", towns = "mar\nder\n";
  const std::string name = "my\ntowns.txt";  // must not end its header; the client decodes it
  put_file(folder_ / name, towns);
  const Lab of_file(lab({"--data", name}));
  EXPECT_EQ(of_file.get("/names-local.txt").body, towns);
  EXPECT_EQ(of_file.get("/names-local.txt").get_header_value("X-Data-Origin"), name);
  EXPECT_EQ(of_file.get("/names-local.txt").get_header_value("Cache-Control"), "no-store");

  put_file(folder_ / "input.txt", text);
  const Lab of_folder(lab());
  EXPECT_EQ(of_folder.get("/names-local.txt").body, text);
  EXPECT_EQ(of_folder.get("/names-local.txt").get_header_value("X-Data-Origin"), "input.txt");
  EXPECT_EQ(Lab(lab({"--data", "embedded"})).get("/names-local.txt").status, 404);
}

TEST_F(LabTest, NamesOfTheCache) {
  MICROGPT_NEED_SHARED();
  fs::create_directories(folder_ / "cache/microgpt");
  fs::copy_file(kNames, folder_ / "cache/microgpt/names.txt");
  const Lab lab(this->lab());
  EXPECT_EQ(lab.get("/names-local.txt").body, get_file(kNames));
  EXPECT_EQ(lab.get("/names-local.txt").get_header_value("X-Data-Origin"), "names");
  put_file(folder_ / "cache/microgpt/names.txt", "damaged");
  EXPECT_EQ(Lab(this->lab()).get("/names-local.txt").status, 404);
}

TEST_F(LabTest, DataThatIsNone) {
  put_file(folder_ / "binary", std::string("a\0b", 3));
  expect_failure(run_program(lab({"--data", "binary"})), 1, "binary: ");
  expect_failure(run_program(lab({"--data", "nothing"})), 1, "nothing: can't be read, No such");
  expect_failure(run_program(lab({"--data", "site"})), 1, "site: can't be read, Is a directory");
  expect_failure(run_program(lab({"--data", "names"})), 1, "names: not in the cache");
  fs::rename(folder_ / "binary", folder_ / "input.txt");  // nobody named it
  Lab lab(this->lab());
  EXPECT_EQ(lab.get("/names-local.txt").status, 404);
  EXPECT_TRUE(contains(lab.end(SIGINT).err, "the page can't train on input.txt: "));
}

// ---- The browser ----

#ifndef __APPLE__
TEST_F(LabTest, OpensTheBrowser) {
  const auto opener = [&](const std::string& lines) {
    put_file(folder_ / "xdg-open", "#!/bin/sh\n" + lines + "\n");
    fs::permissions(folder_ / "xdg-open", fs::perms::owner_all);
    RunOptions options = lab({"--open"});
    options.command.insert(options.command.begin(), {"sh", "-c", "exec \"$0\" \"$@\" 2>err"});
    options.environment["PATH"] = folder_.path() + ":" + std::getenv("PATH");
    return options;
  };
  const Lab opened(opener("echo \"$@\" > part && mv part opened"));
  EXPECT_TRUE(becomes_true([&] { return exists("opened"); }));
  EXPECT_EQ(file("opened"), opened.address() + "\n");

  const Lab failed(opener("exit 3"));
  EXPECT_TRUE(becomes_true([&] {
    return contains(file("err"), "no browser was opened (xdg-open: it failed); open the address");
  })) << file("err");
  EXPECT_EQ(failed.get("/").status, 200);

  RunOptions none = lab({"--open"});
  none.environment["PATH"] = folder_ / "nowhere";
  Lab missing(none);
  EXPECT_EQ(missing.get("/").status, 200);
  const RunResult result = missing.end(SIGINT);
  EXPECT_EQ(result.status, 0);
  EXPECT_TRUE(contains(result.err, "no browser was opened (xdg-open: No such file")) << result.err;
}
#endif

// ---- Exporting ----

TEST_F(LabTest, ExportsWhatItServes) {
  const RunResult result = export_to("new/public/");
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.err, "the lab is in new/public/: 7 files, 76 bytes\n");
  expect_site_in("new/public");
  fs::rename(folder_ / "site", folder_ / "before");
  fs::rename(folder_ / "new/public", folder_ / "site");
  const Lab lab(this->lab());
  EXPECT_EQ(lab.get("/").body, files_["index.html"]);
}

TEST_F(LabTest, ExportsOverAnEarlierExport) {
  EXPECT_EQ(export_to("public").status, 0);
  put_file(folder_ / "public/CNAME", "example.org");
  fs::rename(folder_ / "site/assets/app-1a2b3c4d.js", folder_ / "site/app-99999999.js");
  put_file(folder_ / "site/index.html", "<!doctype html><title>Newer</title>");
  EXPECT_EQ(export_to("public").status, 0);
  EXPECT_EQ(file("public/index.html"), "<!doctype html><title>Newer</title>");
  EXPECT_TRUE(exists("public/app-99999999.js"));
  EXPECT_FALSE(exists("public/assets/app-1a2b3c4d.js"));
  EXPECT_EQ(file("public/CNAME"), "example.org");

  put_file(folder_ / "site/CNAME", "example.com");
  expect_failure(export_to("public"), 1, "public/CNAME: not written by an earlier export");
  EXPECT_EQ(file("public/CNAME"), "example.org");
}

TEST_F(LabTest, ExportLeavesTheFilesOfOthers) {
  fs::create_directory(folder_ / "mine");
  EXPECT_EQ(export_to("mine").status, 0);  // empty
  put_file(folder_ / "data", "x");
  expect_failure(export_to("data"), 1, "data: is a file, expected a folder");
  expect_failure(export_to("data/below"), 1, "data/below: can't be written, Not a directory");
  expect_failure(export_to("."), 1, ".: has files of others (");
  EXPECT_FALSE(exists("index.html"));

  // A list that names what is not below the folder.
  put_file(folder_ / "mine/.microgpt-lab",
           "../data\n/tmp\n" + folder_.path() + "/data\nindex.html\n");
  put_file(folder_ / "other", "x");
  for (const auto& [path, bytes] : files_) fs::remove(folder_ / ("mine/" + path));
  EXPECT_EQ(export_to("mine").status, 0);
  EXPECT_EQ(file("data"), "x");
}

TEST_F(LabTest, ExportIsWholeOrNotAtAll) {
  EXPECT_EQ(export_to("public").status, 0);
  put_file(folder_ / "site/index.html", "newer");
  put_file(folder_ / "site/z.txt", std::string(200'000, 'z'));  // the last one
  for (const std::string target : {"public", "other"}) {
    RunOptions limited = lab({"--export", target});
    limited.command.insert(limited.command.begin(),
                           {"sh", "-c", "trap '' XFSZ; ulimit -f 100; exec \"$0\" \"$@\""});
    expect_failure(run_program(limited), 1, "z.txt: can't be written, File too large");
  }
  expect_site_in("public");
  EXPECT_FALSE(exists("other"));
  EXPECT_FALSE(exists("public/z.txt"));
  for (const auto& entry : fs::directory_iterator(folder_ / "public")) {
    EXPECT_FALSE(entry.path().filename().string().starts_with(".microgpt-lab.")) << entry.path();
  }
}

TEST_F(LabTest, ExportServesNothing) {
  for (const Arguments& more : {Arguments{"--port", "0"}, {"--open"}, {"--data", "x"}}) {
    expect_failure(run_program(with(lab({"--export", "public"}), more)), 2,
                   "--export serves nothing");
  }
  EXPECT_FALSE(exists("public"));
}

// ---- Embedding ----

void expect_files_of(const std::string& folder, std::span<const SiteFile> files) {
  for (const SiteFile& file : files) {
    EXPECT_EQ(file.bytes, get_file(folder + "/" + file.path)) << file.path;
  }
}

TEST(EmbeddedSiteTest, HasTheFilesBytes) {
  const auto files = embedded_site();  // of this test program: see CMakeLists.txt
  ASSERT_EQ(files.size(), 3U);
  EXPECT_EQ(files[1].path, "README.md");
  EXPECT_GT(files[0].bytes.size(), 1000U);
  expect_files_of(MICROGPT_SOURCE_DIR, files);
}

TEST_F(LabTest, ABuildHasItsPagesOrSaysWhy) {
  const RunResult result = run({"lab", "--export", "public"});
  if (fs::exists(std::string(MICROGPT_LAB_SITE) + "/index.html")) {
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(file("public/index.html"), get_file(MICROGPT_LAB_SITE + std::string("/index.html")));
  } else {
    expect_failure(result, 1, "this build has no lab: ");
    EXPECT_TRUE(contains(result.err, "`make lab`"));
    expect_failure(run({"lab"}), 1, "this build has no lab: ");
  }
}

}  // namespace
}  // namespace microgpt
