// microgpt lab: the web lab, from this program to a browser on this machine.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <thread>

#include "browser.h"
#include "command.h"
#include "data_source.h"
#include "interrupt.h"
#include "lab_server.h"
#include "message.h"
#include "microgpt/error.h"
#include "site.h"

namespace microgpt {
namespace {

struct LabOptions {
  int port = 0;
  bool has_port = false;
  bool open = false;
  std::string folder;  // to export to
  std::string data;
  std::string site;
};

// What the page can train on besides what it brings. A file that nobody named may be anything.
std::optional<LocalData> find_names(const std::string& data) {
  try {
    return find_local_data(data);
  } catch (const Error& error) {
    if (!data.empty()) throw;
    print_note(fmt::format("the page can't train on {}", error.what()));
    return std::nullopt;
  }
}

void export_files(std::span<const SiteFile> files, const std::string& folder) {
  export_site(files, folder);
  std::size_t bytes = 0;
  for (const SiteFile& file : files) bytes += file.bytes.size();
  print_note(fmt::format("the lab is in {}: {} files, {} bytes", shell_quoted(folder),
                         grouped(files.size()), grouped(bytes)));
}

void serve(std::span<const SiteFile> files, const LabOptions& options, Output& out) {
  constexpr std::chrono::milliseconds kPause(20);
  auto names = find_names(options.data);
  if (names) print_note(fmt::format("the page can train on {}", names->origin));
  LabServer server(LabPages(files, std::move(names)), options.port);
  catch_interrupts();
  const std::string address = fmt::format("http://127.0.0.1:{}/", server.port());
  out.write(address + "\n");
  out.flush();
  print_note("Ctrl-C ends it");
  server.start();
  std::optional<Browser> browser;
  if (options.open) browser.emplace(address);
  while (caught_interrupt() == 0 && server.runs()) {
    std::this_thread::sleep_for(kPause);
    if (browser) browser->check();
  }
  if (caught_interrupt() == 0) throw Error("the server has ended by itself; start it again");
}

void check_options(const LabOptions& options) {
  constexpr int kMaxPort = 65535;
  if (options.port < 0 || options.port > kMaxPort) {
    throw UsageError(fmt::format("--port: expected 0 to {}, got {}", kMaxPort, options.port));
  }
  if (!options.folder.empty() && (options.has_port || options.open || !options.data.empty())) {
    throw UsageError("--export serves nothing, expected no --port, --open and --data beside it");
  }
}

int run_lab(const LabOptions& options, Output& out) {
  check_options(options);
  std::optional<SiteFolder> folder;
  if (!options.site.empty()) folder.emplace(options.site);
  const auto embedded = folder ? std::vector<SiteFile>() : embedded_site();
  const std::span<const SiteFile> files = folder ? folder->files() : embedded;
  if (files.empty()) {
    throw Error(
        "this build has no lab: its pages were not there when the program was made; "
        "`make lab` in the sources makes both, --site DIR takes the pages from a folder");
  }
  if (!options.folder.empty()) {
    export_files(files, options.folder);
  } else {
    serve(files, options, out);
  }
  return 0;
}

constexpr char kExamples[] = R"(Examples:
  microgpt lab                    prints the address to open
  microgpt lab --open             opens it, too
  microgpt lab --data towns.txt   lets the page train on your own list
  microgpt lab --export public    the same as files, for a web server of yours)";

}  // namespace

Command lab_command(CLI::App& program) {
  CLI::App& app = *program.add_subcommand(
      "lab",
      "Serve the web lab: microgpt.py taken apart in the browser, computed by this engine there.\n"
      "The pages come from the program itself and only this machine can reach them; no network is\n"
      "used. Besides the names that it brings, the page can train on the data that `train` would\n"
      "take, if that is on the disk. It runs until Ctrl-C.");
  const auto options = std::make_shared<LabOptions>();
  const CLI::Option* const port = add_value(app, "--port", &options->port, "N", "0 to 65535",
                                            "where to serve; 0 takes any that is free");
  app.add_flag("--open", options->open, "open the address in the browser");
  add_value(app, "--data", &options->data, "FILE|names|embedded", "",
            "what the page can train on (default: input.txt, or names.txt if it was fetched)");
  add_value(app, "--export", &options->folder, "DIR", "",
            "write the pages into a folder and serve nothing");
  add_value(app, "--site", &options->site, "DIR", "",
            "take the pages from this folder, not from the program");
  app.footer(kExamples);
  return {&app, [options, port](Output& out) {
            options->has_port = port->count() > 0;
            return run_lab(*options, out);
          }};
}

}  // namespace microgpt
