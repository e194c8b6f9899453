#include "lab_server.h"

#include <fmt/format.h>
#include <httplib.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>
#include <thread>
#include <utility>

#include "microgpt/error.h"

namespace microgpt {
namespace {

constexpr char kHost[] = "127.0.0.1";
// A browser opens a few connections and leaves some of them unused for a while.
constexpr std::size_t kThreads = 16;
constexpr time_t kSecondsUnused = 1, kSecondsToRead = 2;

// Whether all parts that are asked for lie in a file of this size. cpp-httplib 0.11 doesn't look:
// it would have a provider send what lies behind the file in memory.
bool lie_within(const httplib::Ranges& parts, std::size_t size) {
  return std::ranges::all_of(parts, [size](const auto& part) {
    const auto [first, last] = part;  // -1: not given
    const auto end = static_cast<std::ptrdiff_t>(size);
    return first < 0 ? last > 0 && end > 0 : first < end && last < end;
  });
}

void write_reply(const LabReply& reply, const httplib::Ranges& parts, httplib::Response& response) {
  const bool fits = lie_within(parts, reply.bytes.size());
  // The library decides between 200 and 206, for a part of a file.
  if (reply.status != 200) response.status = reply.status;
  for (const auto& [name, value] : reply.headers) response.set_header(name, value);
  if (reply.status == 200 && !fits) {
    response.status = 416;
    response.set_header("Content-Range", fmt::format("bytes */{}", reply.bytes.size()));
  }
  if (reply.bytes.empty() || !fits) {
    response.set_header("Content-Type", reply.type);
    return;
  }
  // A provider's bytes are sent as they are; set_content's would be compressed once more.
  response.set_content_provider(
      reply.bytes.size(), reply.type,
      [bytes = reply.bytes](std::size_t offset, std::size_t size, httplib::DataSink& sink) {
        return sink.write(bytes.data() + offset, size);
      });
}

// One that names two hosts is none.
std::string host_of(const httplib::Request& request) {
  return request.get_header_value_count("Host") == 1 ? request.get_header_value("Host") : "";
}

void set_options(httplib::Server& server) {
  // The library's own would share the port with a second server.
  server.set_socket_options([](socket_t socket) {
    const int yes = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
  // One request a connection: otherwise each that a browser keeps would keep a thread.
  server.set_keep_alive_max_count(1);
  server.set_keep_alive_timeout(kSecondsUnused);
  server.set_read_timeout(kSecondsToRead);
  server.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  httplib::Headers headers;
  for (const auto& [name, value] : lab_headers()) headers.emplace(name, value);
  server.set_default_headers(headers);
}

}  // namespace

struct LabServer::Impl {
  explicit Impl(LabPages its_pages) : pages(std::move(its_pages)) {}

  LabPages pages;
  httplib::Server server;
  int port = 0;
  std::thread thread;
  std::atomic<bool> ended = false;
};

LabServer::LabServer(LabPages pages, int port) : impl_(std::make_unique<Impl>(std::move(pages))) {
  set_options(impl_->server);
  impl_->server.set_pre_routing_handler(
      [&pages = impl_->pages](const httplib::Request& request, httplib::Response& response) {
        const LabRequest asked = {request.method, request.path, host_of(request),
                                  request.get_header_value("Accept-Encoding"),
                                  request.get_header_value("If-None-Match")};
        write_reply(pages.answer(asked), request.ranges, response);
        return httplib::Server::HandlerResponse::Handled;
      });
  errno = 0;
  const bool bound = port != 0 && impl_->server.bind_to_port(kHost, port);
  impl_->port = port == 0 ? impl_->server.bind_to_any_port(kHost) : port;
  if (bound || (port == 0 && impl_->port > 0)) return;
  const char* const reason = errno == 0 ? "it can't be had" : std::strerror(errno);
  throw Error(
      fmt::format("port {} of {}: {}; --port 0 takes any that is free", port, kHost, reason));
}

LabServer::~LabServer() {
  if (!impl_->thread.joinable()) return;
  impl_->server.stop();
  impl_->thread.join();
}

int LabServer::port() const { return impl_->port; }

void LabServer::start() {
  impl_->thread = std::thread([impl = impl_.get()] {
    impl->server.listen_after_bind();
    impl->ended = true;
  });
  // Before it runs, a stop would be forgotten.
  while (!impl_->server.is_running() && runs()) std::this_thread::yield();
}

bool LabServer::runs() const { return !impl_->ended; }

}  // namespace microgpt
