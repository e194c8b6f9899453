#include "lab_pages.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <sstream>

namespace microgpt {
namespace {

constexpr char kPolicy[] =
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; worker-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

constexpr char kLocalPath[] = "/names-local.txt";
constexpr char kHtml[] = "text/html; charset=utf-8";
constexpr char kText[] = "text/plain; charset=utf-8";

constexpr char kNotFound[] =
    "<!doctype html>\n<html lang=\"en\">\n<title>Not found</title>\n"
    "<h1>There is no such page</h1>\n<p><a href=\"/\">To the lab</a></p>\n</html>\n";

constexpr std::array<std::pair<std::string_view, std::string_view>, 17> kTypes = {{
    {"html", kHtml},
    {"js", "text/javascript; charset=utf-8"},
    {"mjs", "text/javascript; charset=utf-8"},
    {"css", "text/css; charset=utf-8"},
    {"wasm", "application/wasm"},
    {"json", "application/json"},
    {"map", "application/json"},
    {"webmanifest", "application/manifest+json"},
    {"txt", kText},
    {"py", kText},
    {"md", kText},
    {"svg", "image/svg+xml"},
    {"png", "image/png"},
    {"ico", "image/x-icon"},
    {"woff2", "font/woff2"},
    {"pdf", "application/pdf"},
    {"gz", "application/gzip"},
}};

std::string type_of(std::string_view path) {
  const std::string_view ending = path.substr(std::min(path.rfind('.') + 1, path.size()));
  const auto* const type = std::ranges::find(kTypes, ending, &decltype(kTypes)::value_type::first);
  return std::string(type == kTypes.end() ? "application/octet-stream" : type->second);
}

// FNV-1a: told apart must be the versions of one file, not files of an enemy.
std::string entity_tag(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char byte : bytes) {
    hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  }
  return fmt::format("\"{:016x}\"", hash);
}

// The host without its port: that may be another one, where somebody forwards it.
bool is_this_machine(const std::string& host) {
  const std::string name = host.substr(0, host.rfind(':'));
  return name == "127.0.0.1" || name == "localhost";
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  std::erase_if(text, [](char c) { return c == ' ' || c == '\t'; });
  return text;
}

// Whether Accept-Encoding lists gzip, and not with a weight of zero.
bool accepts_gzip(const std::string& accept_encoding) {
  std::istringstream codings(lower(accept_encoding));
  for (std::string coding; std::getline(codings, coding, ',');) {
    const std::size_t name_end = std::min(coding.find(';'), coding.size());
    if (coding.substr(0, name_end) != "gzip") continue;
    const std::string weight = coding.substr(name_end);
    return !weight.starts_with(";q=0") || weight.find_first_of("123456789") != std::string::npos;
  }
  return false;
}

// Vite puts a hash of what is in them into the names of these files.
bool never_changes(const std::string& path) { return path.starts_with("/assets/"); }

// A path as a header can hold it.
std::string percent_encoded(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = byte < 0x80 && (std::isalnum(byte) != 0 ||
                                       std::string_view("-._/").find(c) != std::string_view::npos);
    result += plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return result;
}

}  // namespace

const HttpHeaders& lab_headers() {
  static const HttpHeaders headers = {
      {"Content-Security-Policy", kPolicy},
      {"X-Content-Type-Options", "nosniff"},
      {"Referrer-Policy", "no-referrer"},
      {"Cross-Origin-Opener-Policy", "same-origin"},
      {"Cross-Origin-Resource-Policy", "same-origin"},
  };
  return headers;
}

LabPages::LabPages(std::span<const SiteFile> files, std::optional<LocalData> local)
    : local_(std::move(local)) {
  for (const SiteFile& file : files) {
    pages_["/" + file.path] = {file.bytes, entity_tag(file.bytes)};
  }
}

LabReply LabPages::answer(const LabRequest& request) const {
  if (!is_this_machine(request.host)) {
    return {403, kText, {}, "Expected the host 127.0.0.1 or localhost.\n"};
  }
  if (request.method != "GET" && request.method != "HEAD") {
    return {405, kText, {{"Allow", "GET, HEAD"}}, "Expected GET or HEAD.\n"};
  }
  if (local_ && request.path == kLocalPath) return local_reply();
  const std::string path = request.path + (request.path.ends_with('/') ? "index.html" : "");
  if (const Page* const page = find(path)) return reply_with(*page, path, request);
  return {404, kHtml, {{"Cache-Control", "no-store"}}, kNotFound};
}

const LabPages::Page* LabPages::find(const std::string& path) const {
  const auto page = pages_.find(path);
  return page == pages_.end() ? nullptr : &page->second;
}

LabReply LabPages::reply_with(const Page& page, const std::string& path,
                              const LabRequest& request) const {
  const Page* const small = find(path + ".gz");
  const bool zipped = small != nullptr && accepts_gzip(request.accept_encoding);
  const Page& sent = zipped ? *small : page;
  LabReply reply{200, type_of(path), {}, sent.bytes};
  reply.headers = {
      {"ETag", sent.tag},
      {"Cache-Control", never_changes(path) ? "public, max-age=31536000, immutable" : "no-cache"}};
  if (small != nullptr) reply.headers.emplace_back("Vary", "Accept-Encoding");
  if (request.if_none_match == "*" || request.if_none_match.find(sent.tag) != std::string::npos) {
    reply.status = 304;
    reply.bytes = {};
  } else if (zipped) {
    reply.headers.emplace_back("Content-Encoding", "gzip");
  }
  return reply;
}

LabReply LabPages::local_reply() const {
  return {200,
          kText,
          {{"Cache-Control", "no-store"}, {"X-Data-Origin", percent_encoded(local_->origin)}},
          local_->bytes};
}

}  // namespace microgpt
