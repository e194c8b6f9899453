// What the lab's server answers: which bytes under which address, and with which headers.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data_source.h"
#include "site.h"

namespace microgpt {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct LabRequest {
  std::string method;
  std::string path;  // decoded, without a query
  std::string host, accept_encoding, if_none_match;
};

struct LabReply {
  int status = 200;
  std::string type;
  HttpHeaders headers;  // besides lab_headers()
  std::string_view bytes;
};

// Of every reply. The page may run its own scripts and WebAssembly and talk to this server: nothing
// comes from elsewhere, nothing goes there. An exported index.html says the same in a <meta>.
const HttpHeaders& lab_headers();

class LabPages {
 public:
  // The files must outlive this.
  //   local: served as /names-local.txt.
  LabPages(std::span<const SiteFile> files, std::optional<LocalData> local);

  // For hosts that name this machine only: a page of another site could have its own name lead
  // here, and would then read what it likes.
  LabReply answer(const LabRequest& request) const;

 private:
  struct Page {
    std::string_view bytes;
    std::string tag;
  };

  const Page* find(const std::string& path) const;
  LabReply reply_with(const Page& page, const std::string& path, const LabRequest& request) const;
  LabReply local_reply() const;

  std::map<std::string, Page> pages_;
  std::optional<LocalData> local_;
};

}  // namespace microgpt
