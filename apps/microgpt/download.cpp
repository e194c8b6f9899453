#include "download.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <fmt/format.h>

#include <array>
#include <memory>

#include "microgpt/error.h"

namespace microgpt {
namespace {

// By number: newer headers call these names deprecated, and older ones lack their successors.
constexpr auto kProtocols = static_cast<CURLoption>(CURLOPTTYPE_LONG + 181);
constexpr auto kRedirectProtocols = static_cast<CURLoption>(CURLOPTTYPE_LONG + 182);

// The part of libcurl that is used here.
struct Curl {
  decltype(&curl_easy_init) init;
  decltype(&curl_easy_setopt) set_option;
  decltype(&curl_easy_perform) perform;
  decltype(&curl_easy_strerror) describe;
  decltype(&curl_easy_cleanup) cleanup;
};

template <class Function>
void find_symbol(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  if (function == nullptr) throw Error(fmt::format("libcurl has no {}", name));
}

// The library stays open until the program ends, as libcurl's own threads may.
Curl open_curl() {
  void* library = nullptr;
  for (const char* name : {"libcurl.so.4", "libcurl-gnutls.so.4", "libcurl.4.dylib"}) {
    if (library == nullptr) library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  }
  if (library == nullptr) throw Error("libcurl is not installed");
  Curl curl{};
  find_symbol(library, "curl_easy_init", curl.init);
  find_symbol(library, "curl_easy_setopt", curl.set_option);
  find_symbol(library, "curl_easy_perform", curl.perform);
  find_symbol(library, "curl_easy_strerror", curl.describe);
  find_symbol(library, "curl_easy_cleanup", curl.cleanup);
  return curl;
}

struct Received {
  std::string bytes;
  std::size_t max_bytes;
  bool too_many = false;
};

// libcurl's CURLOPT_WRITEFUNCTION: taking fewer bytes than offered ends the transfer.
std::size_t receive(const char* data, std::size_t, std::size_t size, void* user) {
  auto& received = *static_cast<Received*>(user);
  received.too_many = size > received.max_bytes - received.bytes.size();
  if (received.too_many) return 0;
  received.bytes.append(data, size);
  return size;
}

}  // namespace

std::string download(const std::string& url, std::size_t max_bytes, bool any_protocol) {
  const Curl curl = open_curl();
  const std::unique_ptr<CURL, decltype(curl.cleanup)> handle(curl.init(), curl.cleanup);
  if (handle == nullptr) throw Error(fmt::format("{}: libcurl can't start", url));
  Received received{.bytes = "", .max_bytes = max_bytes};
  std::array<char, CURL_ERROR_SIZE> detail{};
  CURLcode code = CURLE_OK;
  const auto set = [&](CURLoption option, auto value) {
    if (code == CURLE_OK) code = curl.set_option(handle.get(), option, value);
  };
  const long redirects = any_protocol ? CURLPROTO_HTTP | CURLPROTO_HTTPS : CURLPROTO_HTTPS;
  set(CURLOPT_URL, url.c_str());
  set(kProtocols, any_protocol ? redirects | CURLPROTO_FILE : redirects);
  set(kRedirectProtocols, redirects);
  set(CURLOPT_FOLLOWLOCATION, 1L);
  set(CURLOPT_MAXREDIRS, 5L);
  set(CURLOPT_CONNECTTIMEOUT, 5L);
  set(CURLOPT_TIMEOUT, 30L);
  set(CURLOPT_FAILONERROR, 1L);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_ERRORBUFFER, detail.data());
  set(CURLOPT_WRITEFUNCTION, &receive);
  set(CURLOPT_WRITEDATA, &received);
  if (code == CURLE_OK) code = curl.perform(handle.get());
  if (received.too_many) throw Error(fmt::format("{}: more than {} bytes", url, max_bytes));
  if (code != CURLE_OK) {
    throw Error(
        fmt::format("{}: {}", url, detail[0] != '\0' ? detail.data() : curl.describe(code)));
  }
  return received.bytes;
}

}  // namespace microgpt
