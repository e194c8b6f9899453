// Fetching a file from the network.
#pragma once

#include <cstddef>
#include <string>

namespace microgpt {

// The bytes at url. libcurl is opened here and not linked: linking it would make each start of the
// program load some 30 libraries.
//   any_protocol: also http and file, and redirects to http; otherwise nothing but https.
// Throws Error starting with url: libcurl is not there, the fetch failed or took over 30 seconds,
// or there are more than max_bytes.
std::string download(const std::string& url, std::size_t max_bytes, bool any_protocol);

}  // namespace microgpt
